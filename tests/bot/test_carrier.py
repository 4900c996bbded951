"""The practice carrier takes texts from us as Twilio does, over real HTTP and through Twilio's own library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from bot.channels.simulator.refusals import REFUSED, UNSENT
from tests.bot.carrier_house import LANDLINE, OURS, SAM, SERVICE, SID, TOKEN, House, open_house

VECTORS = Path(__file__).parent.parent / "vectors" / "twilio"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


SEQUENCES = vectors("status_sequences.json")["sequences"]
CODES = [each["code"] for each in vectors("error_codes.json")["codes"]]


@pytest.fixture
def house() -> Iterator[House]:
    with open_house() as house:
        yield house
        assert not house.carrier.breaches


def test_twilios_own_client_sends_fetches_lists_redacts_and_deletes(house: House) -> None:
    sent = house.send(body="Hello €")
    assert (sent.status, sent.direction, sent.num_segments, sent.to) == ("queued", "outbound-api", "1", SAM)
    house.carrier.settle()
    assert [each["MessageStatus"] for each in house.product.statuses] == ["sent", "delivered"]
    assert {each["attempt"] for each in house.product.statuses} == {"7"}
    fetched = house.messages(sent.sid).fetch()
    assert (fetched.status, fetched.body) == ("delivered", "Hello €")
    assert [each.sid for each in house.messages.list(to=SAM)] == [sent.sid]
    assert house.messages(sent.sid).update(body="").body == ""
    assert house.messages(sent.sid).delete()
    assert house.messages.list() == []
    with pytest.raises(TwilioRestException) as gone:
        house.messages(sent.sid).fetch()
    assert (gone.value.status, gone.value.code) == (404, 20404)
    assert [text.body for text in house.carrier.thread(SAM)] == ["Hello €"]


def test_a_message_on_its_way_cannot_be_deleted_yet(house: House) -> None:
    sent = house.send()
    with pytest.raises(TwilioRestException) as early:
        house.messages(sent.sid).delete()
    assert early.value.code == 20009
    house.carrier.settle()
    assert house.messages(sent.sid).delete()


def test_lists_are_filtered_by_both_ends_and_by_date(house: House) -> None:
    house.text("one")
    house.send()
    unsent = house.send(to=LANDLINE, body="two")
    assert {each.direction for each in house.messages.list(from_=SAM)} == {"inbound"}
    assert [each.body for each in house.messages.list(to=LANDLINE)] == ["two"]
    house.carrier.settle()
    day = house.messages(unsent.sid).fetch().date_sent
    assert len(house.messages.list(date_sent_after=day.replace(hour=0, minute=0), date_sent_before=day)) >= 1
    assert len(house.messages.list(date_sent=day.date())) == 3
    assert house.messages.list(date_sent_before=day.replace(year=2020)) == []
    assert house.messages.list(date_sent_after=day.replace(year=2100)) == []


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 50])
def test_pages_of_any_size_give_each_message_once_and_newest_first(house: House, size: int) -> None:
    sids = [house.text(f"text {number}").sid for number in range(6)]
    assert [message.sid for message in house.messages.stream(limit=20, page_size=size)] == sids[::-1]


def test_pages_lose_nothing_when_messages_are_deleted_between_them(house: House) -> None:
    sids = [house.text(f"text {number}").sid for number in range(7)]
    seen = []
    for message in house.messages.stream(page_size=2):
        seen.append(message.sid)
        house.messages(message.sid).delete()
    assert seen == sids[::-1]


@pytest.mark.parametrize("sequence", SEQUENCES, ids=lambda each: each["id"])
def test_every_known_sequence_can_be_played(house: House, sequence: dict[str, Any]) -> None:
    house.carrier.patience = 0.05
    house.carrier.play(sequence["id"])
    events = sequence["events"]
    answers = [event for event in events if event.endswith("*") or event.startswith(("HTTP", "TIMEOUT"))]
    given = [attempt(house) for _ in answers]
    assert given == [event.removesuffix("*") for event in answers]
    house.carrier.settle()
    expected = [event.lstrip("?").partition(":") for event in events if event not in answers]
    heard = [(each["MessageStatus"], each.get("ErrorCode", "")) for each in house.product.statuses]
    assert heard == [(status, code) for status, _, code in expected]
    if sequence["final_status"] not in {None, "rejected"}:
        assert house.messages.list(to=SAM)[0].status == sequence["final_status"]


def attempt(house: House) -> str:
    """Send once; say what came of it in the words of the sequences."""
    try:
        return str(house.send().status)
    except TwilioRestException as refused:
        return f"HTTP{refused.status}" + (f":{refused.code}" if refused.code != 20500 else "")
    except requests.ConnectionError:
        return "TIMEOUT"


def test_a_callback_that_comes_before_the_answer_is_already_here_when_the_answer_comes(house: House) -> None:
    house.carrier.play("callback-before-api-response")
    sent = house.send()
    assert [each["MessageSid"] for each in house.product.statuses] == [sent.sid]


def test_a_callback_for_a_message_that_nobody_knows_is_posted(house: House) -> None:
    house.carrier.play("unknown-sid")
    house.carrier.settle()
    assert house.product.statuses[0]["MessageSid"].startswith("SM")
    assert house.messages.list() == []


@pytest.mark.parametrize("code", sorted(set(CODES) & set(REFUSED)))
def test_every_code_of_a_refusal_can_be_asked_for_once(house: House, code: int) -> None:
    house.carrier.play(str(code))
    with pytest.raises(TwilioRestException) as refused:
        house.send()
    usual = {20003: 401, 20429: 429, 21611: 429}.get(code, 400)
    assert (refused.value.status, refused.value.code) == (usual, code)
    assert house.send().status == "queued"


@pytest.mark.parametrize("code", sorted(set(CODES) & set(UNSENT)))
def test_every_code_of_a_failed_delivery_can_be_asked_for(house: House, code: int) -> None:
    house.carrier.play(str(code))
    sent = house.send()
    house.carrier.settle()
    assert house.product.statuses[-1]["ErrorCode"] == str(code)
    fetched = house.messages(sent.sid).fetch()
    assert (fetched.status, fetched.error_code) == (UNSENT[code][0], code)
    assert house.carrier.thread(SAM) == ()


@pytest.mark.parametrize(
    ("code", "changes", "wish"),
    [
        (21211, {}, {"to": "07700900123"}),
        (21211, {}, {"to": "Mum"}),
        (21408, {}, {"to": "+33612345678"}),
        (21602, {}, {"body": ""}),
        (21606, {}, {"from_": "+447700900998"}),
        (21606, {}, {"from_": "Heard"}),
        (21606, {}, {"to": OURS}),
        (21608, {"verified": ("+447700900101",)}, {}),
        (21617, {}, {"body": "a" * 1601}),
        (21701, {}, {"from_": None, "messaging_service_sid": SERVICE}),
    ],
)
def test_a_rule_of_twilio_refuses_by_itself(code: int, changes: dict[str, Any], wish: dict[str, Any]) -> None:
    with open_house(**changes) as house, pytest.raises(TwilioRestException) as refused:
        house.send(**wish)
    assert refused.value.code == code


def test_a_landline_is_refused_or_fails_later_until_it_is_mended(house: House) -> None:
    house.carrier.mark(LANDLINE, 21635)
    with pytest.raises(TwilioRestException) as refused:
        house.send(to=LANDLINE)
    assert refused.value.code == 21635
    house.carrier.mark(LANDLINE, 30006)
    house.send(to=LANDLINE)
    house.carrier.settle()
    assert house.product.statuses[-1]["ErrorCode"] == "30006"
    house.carrier.mark(LANDLINE, 0)
    house.send(to=LANDLINE)
    house.carrier.settle()
    assert house.product.statuses[-1]["MessageStatus"] == "delivered"


def test_a_scheduled_text_waits_and_can_be_called_off() -> None:
    later = {"send_at": "2099-01-01T08:00:00Z", "schedule_type": "fixed", "messaging_service_sid": SERVICE}
    with open_house(service=SERVICE) as serviced:
        sent = serviced.send(from_=None, **later)
        assert sent.status == "scheduled"
        assert serviced.carrier.settle() == 0
        assert serviced.carrier.thread(SAM) == ()
        assert serviced.messages(sent.sid).update(status="canceled").status == "canceled"


def test_the_wrong_token_and_another_account_are_turned_away(house: House) -> None:
    address = f"{house.base}/2010-04-01/Accounts/{SID}/Messages.json"
    for auth in (None, (SID, "wrong"), ("AC" + "1" * 32, TOKEN)):
        answer = requests.get(address, auth=auth, timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    other = requests.get(address.replace(SID, "AC" + "1" * 32), auth=(SID, TOKEN), timeout=5)
    assert (other.status_code, other.json()["code"]) == (404, 20404)


def test_a_request_out_of_contract_is_refused_and_written_down() -> None:
    with open_house() as house:
        with pytest.raises(TwilioRestException) as refused:
            house.send(validity_period=0, provide_feedback="perhaps")
        assert (refused.value.status, refused.value.code) == (400, 20001)
        assert len(house.carrier.breaches) == 2
        assert all(breach.startswith("request: CreateMessage form") for breach in house.carrier.breaches)
        assert len(house.carrier.ledger) == 0


def test_an_answer_out_of_contract_is_refused_and_written_down() -> None:
    with open_house() as house:
        sent = house.send()
        house.carrier.ledger.find(sent.sid).status = "brand_new_status"
        with pytest.raises(TwilioRestException) as refused:
            house.messages(sent.sid).fetch()
        assert refused.value.status == 400
        assert list(house.carrier.breaches) == [
            f"answer: FetchMessage answer status: breaks enum {STATUSES}",
        ]


STATUSES = vectors("status_sequences.json")["status_enum_from_twilio_oai"]


def test_paths_that_the_carrier_does_not_play_are_answered_404_in_twilios_form(house: House) -> None:
    sent = house.send()
    address = f"{house.base}/2010-04-01/Accounts/{SID}/Messages/{sent.sid}/Feedback.json"
    missing = requests.post(address, auth=(SID, TOKEN), timeout=5)
    assert (missing.status_code, missing.json()["code"]) == (404, 20404)


def test_discarded_content_is_gone_at_the_carrier_and_not_on_the_phone(house: House) -> None:
    sent = house.send(body="private", content_retention="discard")
    assert house.messages(sent.sid).fetch().body == ""
    assert house.carrier.thread(SAM)[0].body == "private"


def test_only_so_many_messages_are_remembered(house: House) -> None:
    house.carrier.ledger._kept = 3
    for number in range(5):
        house.send(body=str(number))
    assert [each.body for each in house.messages.list()] == ["4", "3", "2"]


def test_many_senders_at_once_get_ids_of_their_own(house: House) -> None:
    with ThreadPoolExecutor(8) as pool:
        sids = set(pool.map(lambda number: house.send(body=str(number)).sid, range(40)))
    assert len(sids) == 40
    house.carrier.settle()
    assert len(house.product.statuses) == 80
