"""The practice carrier brings us texts as Twilio does, and is as hard to please with what we answer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Response
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import add_port, remove_port

from bot.channels.simulator.account import Account
from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.delivery import Answer, Post, WebhookFailed, call, over_http, to_client
from bot.channels.simulator.refusals import NOTICED, REFUSED, UNSENT
from bot.channels.simulator.service import create_carrier_app
from bot.channels.simulator.signing import sign
from tests.bot.carrier_house import LANDLINE, OURS, SAM, SERVICE, SID, TOKEN, House, Product, open_house

VECTORS = Path(__file__).parent.parent / "vectors" / "twilio"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


CODES = [each["code"] for each in vectors("error_codes.json")["codes"]]
KEYWORDS = vectors("opt_out_keywords.json")
FIXTURES = vectors("inbound_fixtures.json")["fixtures"]
XML = "<?xml version='1.0' encoding='UTF-8'?>"


@pytest.fixture
def house() -> Iterator[House]:
    with open_house() as house:
        yield house
        assert not house.carrier.breaches


WRONG_ANSWERS: tuple[tuple[int, dict[str, Any], tuple[Any, ...]], ...] = (
    (11200, {}, ("down", "text/plain", 500)),
    (11200, {}, ("who?", "text/plain", 403)),
    (11200, {}, ("", "text/plain", 302)),
    (11750, {}, ("<Response>" + " " * 65536 + "</Response>",)),
    (12100, {}, ("<Response>",)),
    (12100, {}, ("<!DOCTYPE x [<!ENTITY a 'ha'>]><Response><Message>&a;</Message></Response>",)),
    (12100, {}, (b"\xff\xfe<\x00",)),
    (12200, {}, ("<Html/>",)),
    (12200, {}, ("<Response><Say>hello</Say></Response>",)),
    (12300, {}, ("<Response/>", "text/html")),
    (12300, {}, ('{"ok": true}', "application/json")),
    (13803, {"realm": "ie1"}, ("<Response><Message>hi</Message></Response>",)),
    (14103, {}, ("<Response><Message></Message></Response>",)),
    (14103, {}, ("<Response><Message>  </Message></Response>",)),
    (14103, {}, (f"<Response><Message>{'a' * 1601}</Message></Response>",)),
)


@pytest.mark.parametrize(("code", "changes", "answer"), WRONG_ANSWERS)
def test_a_wrong_answer_to_a_text_is_noticed_and_nothing_is_sent(
    code: int, changes: dict[str, Any], answer: tuple[Any, ...]
) -> None:
    with open_house(**changes) as house:
        house.answers(*answer)
        texted = house.text("hello")
        assert (texted.said, texted.codes, house.codes()) == ((), (code,), [code])
        assert [text.mine for text in house.carrier.thread(SAM)] == [True]


def test_every_code_that_we_plan_for_can_be_produced() -> None:
    elsewhere = {11205, 23002}  # nobody listens; redacted numbers: in the tests below
    noticed = {code for code, _, _ in WRONG_ANSWERS} | elsewhere
    assert set(CODES) <= set(REFUSED) | set(UNSENT) | noticed
    assert noticed <= set(NOTICED)


def test_a_reply_in_the_answer_reaches_the_phone_and_its_status_comes_back(house: House) -> None:
    house.answers(
        f"{XML}<Response><Message statusCallback='/sms/status?r=1'><Body>Hi &amp; bye</Body></Message>"
        f"<Message>{'a' * 1600}</Message></Response>"
    )
    assert house.text("hi").said == ("Hi & bye", "a" * 1600)
    assert [text.body for text in house.carrier.thread(SAM)] == ["hi", "Hi & bye", "a" * 1600]
    house.carrier.settle()
    assert [(each["MessageStatus"], each["r"]) for each in house.product.statuses] == [
        ("sent", "1"),
        ("delivered", "1"),
    ]
    assert {each.direction for each in house.messages.list(to=SAM)} == {"outbound-reply"}


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda each: each["id"])
def test_every_inbound_fixture_is_posted_as_it_is_and_signed(house: House, fixture: dict[str, Any]) -> None:
    house.carrier.post_inbound(fixture["form"])
    assert house.product.inbound == [fixture["form"]]


def test_a_text_has_the_fields_of_the_plain_fixture(house: House) -> None:
    house.text("I feel listened to")
    plain = next(each["form"] for each in FIXTURES if each["id"] == "plain")
    steady = {name: value for name, value in plain.items() if not name.endswith("Sid")}
    assert house.product.inbound[0].keys() == plain.keys()
    assert steady.items() <= house.product.inbound[0].items()


def test_a_repeated_text_keeps_its_id_and_is_kept_once(house: House) -> None:
    sid = house.text("hi").sid
    assert house.carrier.repeat(sid).sid == sid
    assert [each["MessageSid"] for each in house.product.inbound] == [sid, sid]
    assert len(house.messages.list()) == 1
    assert len(set(house.product.tokens)) == 2


def test_a_picture_without_words_and_a_text_by_whatsapp_have_their_own_fields(house: House) -> None:
    house.carrier.text_from_phone(SAM, "", media=2)
    house.text("hi", f"whatsapp:{SAM}")
    picture, whatsapp = house.product.inbound
    assert (picture["NumMedia"], picture["Body"], picture["MessageSid"][:2]) == ("2", "", "MM")
    assert "MediaUrl1" in picture
    assert "MediaUrl2" not in picture
    assert (whatsapp["From"], whatsapp["To"], whatsapp["WaId"]) == (f"whatsapp:{SAM}", f"whatsapp:{OURS}", SAM[1:])


@pytest.mark.parametrize("word", [form for each in KEYWORDS["stop"] for form in (each, each.lower(), each.title())])
def test_a_stop_word_blocks_and_is_still_passed_on(house: House, word: str) -> None:
    house.answers("<Response><Message>You have been heard</Message></Response>")
    house.text(word)
    assert house.product.inbound[0]["Body"] == word
    assert "OptOutType" not in house.product.inbound[0]
    assert house.codes() == [21610]
    assert [text.mine for text in house.carrier.thread(SAM)] == [True, False]
    with pytest.raises(TwilioRestException) as blocked:
        house.send()
    assert (blocked.value.status, blocked.value.code) == (400, 21610)
    assert house.send(to=LANDLINE).status == "queued"


@pytest.mark.parametrize("word", KEYWORDS["start"])
def test_a_start_word_unblocks(house: House, word: str) -> None:
    house.carrier.block(SAM)
    house.text(word)
    assert house.send().status == "queued"


def test_stop_and_start_are_only_answered_when_they_change_something(house: House) -> None:
    for word, answers in (("START", 0), ("STOP", 1), ("STOP", 1), ("START", 2), ("START", 2)):
        house.text(word)
        assert sum(not text.mine for text in house.carrier.thread(SAM)) == answers
    assert len(house.product.inbound) == 5


@pytest.mark.parametrize(
    "body", ["please stop", "STOP PLEASE", " Stop. ", "ＳＴＯＰ", "stopp", "make it end", "yes!", ""]
)
def test_a_keyword_among_other_words_does_nothing(house: House, body: str) -> None:
    house.text(body)
    assert house.send().status == "queued"
    assert len(house.product.inbound) == 1


@pytest.mark.parametrize(("body", "kind"), [("help", "HELP"), ("Info", "HELP"), ("stop", "STOP"), ("Yes", "START")])
def test_advanced_opt_out_says_which_keyword_it_saw_and_answers_in_our_words(body: str, kind: str) -> None:
    replies = {"HELP": "We got your message.", "STOP": "Bye.", "START": "Hello again."}
    with open_house(service=SERVICE, advanced_opt_out=True, replies=replies) as house:
        if kind == "START":
            house.carrier.block(SAM)
        house.text(body)
        assert (house.product.inbound[0]["OptOutType"], house.product.inbound[0]["MessagingServiceSid"]) == (
            kind,
            SERVICE,
        )
        assert house.carrier.thread(SAM)[-1].body == replies[kind]


def test_with_redacted_numbers_stop_does_not_block_and_the_carrier_complains() -> None:
    with open_house(redacts_numbers=True) as house:
        house.text("STOP")
        assert house.codes() == [23002]
        assert house.send().status == "queued"


def test_a_messaging_service_accepts_first_and_blocks_as_a_whole() -> None:
    with open_house(service=SERVICE) as house:
        assert house.send(from_=None, messaging_service_sid=SERVICE).status == "accepted"
        house.carrier.settle()
        assert [each["MessageStatus"] for each in house.product.statuses] == ["queued", "sending", "sent", "delivered"]
        house.text("stop")
        with pytest.raises(TwilioRestException, match="unsubscribed"):
            house.send(from_=None, messaging_service_sid=SERVICE)


def test_a_webhook_that_is_too_slow_is_noticed_and_the_fallback_answers() -> None:
    with open_house() as house:
        house.carrier.account = replace(house.carrier.account, fallback=f"{house.web}/fallback")
        house.carrier.deliver = partial(over_http, total=0.3)
        house.product.says = slow
        sid = house.text("hello").sid
        assert house.codes() == [11200]
        assert (house.product.fallen[0]["MessageSid"], house.product.fallen[0]["ErrorCode"]) == (sid, "11200")
        assert house.product.fallen[0]["ErrorUrl"] == f"{house.web}/sms/inbound"


def slow() -> Response:
    time.sleep(0.8)
    return Response("<Response/>", content_type="text/xml")


def test_a_webhook_that_drips_is_cut_off_by_the_total_time() -> None:
    with open_house() as house:
        house.carrier.deliver = partial(over_http, total=0.3)
        house.product.says = lambda: Response(drops(), content_type="text/xml")
        assert house.text("hello").codes == (11200,)


def drops() -> Iterator[bytes]:
    for _ in range(12):
        time.sleep(0.1)
        yield b" "


def test_a_webhook_that_is_not_there_is_tried_again_and_noticed(house: House) -> None:
    tried: list[str] = []

    def nobody(post: Post) -> Answer:
        tried.append(post.url)
        raise ConnectionError

    house.carrier.deliver = nobody
    assert house.text("hello").codes == (11205,)
    assert len(tried) == 2
    call_three_times = f"{house.web}/sms/inbound#rc=2"
    with pytest.raises(WebhookFailed):
        call(nobody, TOKEN, call_three_times, ())
    assert tried[2:] == [f"{house.web}/sms/inbound"] * 3


def test_a_text_is_kept_at_the_carrier_when_the_webhook_is_down(house: House) -> None:
    house.answers("down", "text/plain", 503)
    sid = house.text("nobody heard this").sid
    assert [(each.sid, each.body) for each in house.messages.list(to=OURS)] == [(sid, "nobody heard this")]


def test_nothing_is_ever_posted_beyond_this_machine(house: House) -> None:
    house.send(status_callback="https://heard.example.org/sms/status")
    house.carrier.settle()
    assert house.codes() == [11205, 11205]


def test_a_text_can_be_delivered_straight_into_a_test_client(house: House) -> None:
    client = house.product.app.test_client()
    carrier = Carrier(Account(SID, TOKEN, webhook="https://heard.example.org"))
    app = create_carrier_app(carrier, to_client(client))
    carrier.text_from_phone(SAM, "hello")
    assert (house.product.inbound[-1]["Body"], house.product.signed[-1]) == ("hello", True)
    address = f"/2010-04-01/Accounts/{SID}/Messages.json"
    assert app.test_client().get(address, auth=(SID, TOKEN)).get_json()["messages"][0]["body"] == "hello"


def test_a_signature_with_the_wrong_token_is_not_accepted() -> None:
    product = Product()
    Carrier(Account(SID, "another"), to_client(product.app.test_client())).text_from_phone(SAM, "hello")
    assert product.signed == [False]


FORMS = [each for each in vectors("signature_vectors.json")["vectors"] if each["body"] is None]


@pytest.mark.parametrize("vector", FORMS, ids=lambda each: each["id"])
def test_our_signature_is_the_one_of_the_vector(vector: dict[str, Any]) -> None:
    address = urlsplit(vector["url"])
    spellings = {vector["url"], add_port(address), remove_port(address)}
    form = [(name, value) for name, value in vector["params"]]
    signatures = {sign(vector["auth_token"], url, form) for url in spellings}
    assert (vector["signature"] in signatures) is vector["valid"]
