"""Each way out, against a real peer that misbehaves: over in time, typed, and without a word of anybody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from bot.parts import Parts
from bot.past_the_store import notify_past_the_store
from bot.sender import SECONDS, Fault, NotSent, Outgoing, Sender, Tracker
from bot.ways import meanings, ways_out
from bot.ways.deadline import THREAD, within
from bot.ways.mail import MailSender
from bot.ways.notify import AS_TWILIO_SAYS, NotifySender, token
from bot.ways.sms import TwilioSender
from bot.ways.teams import TeamsSender
from bot.ways.voice import AS_A_TEXT, VoiceSender
from bot.ways.webhook import WebhookSender, signature
from tests.fakes import NOON, Clock, RecordingSender
from tests.make import PUBLIC_URL, make_settings
from tests.peers import Peer, free_port, http_peer, mail_peer
from tests.seeds import DANGER

SERVICE, SECRET = str(uuid.UUID(int=7)), str(uuid.UUID(int=9))
KEY = f"heard-{SERVICE}-{SECRET}"
NUMBER, MAIL = "+447700900123", "ada@example.org"
MESSAGE = Outgoing(
    NUMBER,
    "+447700900999",
    f"Heard alert K7MQ2X, level immediate. Open it and acknowledge: {PUBLIC_URL}/staff/alerts/",
    subject="Heard alert K7MQ2X",
    life=300,
    attempt="a" * 32,
)
SECONDS_HERE = 0.3
SLACK = 0.5
VECTORS = Path(__file__).parents[1] / "vectors" / "twilio" / "error_codes.json"

Make = Callable[..., Sender]
OVER_HTTP: dict[str, Make] = {
    "sms": lambda settings, seconds: TwilioSender(settings, seconds),
    "voice": lambda settings, seconds: VoiceSender(settings, seconds),
    "notify_sms": lambda settings, seconds: NotifySender(settings, "sms", Clock(), seconds),
    "notify_email": lambda settings, seconds: NotifySender(settings, "email", Clock(), seconds),
    "teams": lambda settings, seconds: TeamsSender(settings, seconds),
    "webhook": lambda settings, seconds: WebhookSender(settings, Clock(), seconds),
}
YES: dict[str, tuple[int, dict[str, object]]] = {
    "sms": (201, {"sid": "SM" + "1" * 32}),
    "voice": (201, {"sid": "CA" + "1" * 32}),
    "notify_sms": (201, {"id": str(uuid.UUID(int=3))}),
    "notify_email": (201, {"id": str(uuid.UUID(int=3))}),
    "teams": (202, {}),
    "webhook": (204, {}),
}


def settings_for(folder: Path, base: str, **changes: Any) -> Any:
    given = {
        "twilio_api_url": base,
        "notify_url": base,
        "notify_key": KEY,
        "notify_sms_template": str(uuid.UUID(int=1)),
        "notify_email_template": str(uuid.UUID(int=2)),
        "teams_url": f"{base}/workflow?sig=secret",
        "webhook_url": f"{base}/hook",
        "webhook_secret": "w" * 32,
    }
    return make_settings(folder, "sqlite://", **(given | changes))


@pytest.fixture
def peer() -> Iterator[Peer]:
    with http_peer() as peer:
        yield peer


def made(way: str, folder: Path, base: str, seconds: float = SECONDS_HERE) -> Sender:
    return OVER_HTTP[way](settings_for(folder, base), seconds)


def refusal(sender: Any, message: Outgoing = MESSAGE) -> NotSent:
    with pytest.raises(NotSent) as failed:
        sender.send(message)
    said = failed.value
    assert said.__cause__ is None
    assert said.__suppress_context__ or said.__context__ is None  # a traceback would show the provider's words
    shown = f"{said} {said.code} {said.args}"
    assert not [secret for secret in (message.to, message.body, KEY, SECRET, "sig=secret") if secret in shown]
    assert len(said.code) <= 64
    return said


def nobody_waits() -> bool:
    """Whether no thread of ours is still held by a peer, a moment after we gave up."""
    until = time.monotonic() + 3
    while time.monotonic() < until:
        if not [thread for thread in threading.enumerate() if thread.name == THREAD]:
            return True
        time.sleep(0.02)
    return False


def seconds_of(prove: bool) -> float:
    return SECONDS if prove else SECONDS_HERE


# --- B5: whatever the provider does, a try is over in time, and says whether another may help -------------------------


@pytest.mark.parametrize("does", ["hang", "reset", "drip", "drip body"])
@pytest.mark.parametrize("way", OVER_HTTP)
def test_b5_a_provider_that_breaks_off_or_never_ends_costs_so_many_seconds_and_no_thread(
    peer: Peer, tmp_path: Path, way: str, does: str, prove: bool
) -> None:
    peer.does = does
    peer.answers(200, {"padding": "x" * 2000})
    seconds, started = seconds_of(prove), time.monotonic()
    assert refusal(made(way, tmp_path, peer.base, seconds)).again
    assert time.monotonic() - started < seconds + SLACK
    assert len(peer.got) == 1
    assert nobody_waits()


@pytest.mark.parametrize(("status", "fault"), [("500", Fault.LATER), ("503", Fault.LATER), ("429", Fault.LATER)])
@pytest.mark.parametrize("way", OVER_HTTP)
def test_b5_a_provider_that_is_busy_or_broken_may_be_tried_again(
    peer: Peer, tmp_path: Path, way: str, status: str, fault: Fault
) -> None:
    peer.does = status
    failed = refusal(made(way, tmp_path, peer.base, 5))
    assert (failed.again, failed.fault) == (True, fault)


@pytest.mark.parametrize("way", OVER_HTTP)
def test_b5_a_provider_that_is_not_there_is_noticed_at_once(tmp_path: Path, way: str) -> None:
    started = time.monotonic()
    assert refusal(made(way, tmp_path, f"http://127.0.0.1:{free_port()}", 5)).again
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("does", ["hang", "reset", "drip", "drip later"])
def test_b5_a_mail_server_that_breaks_off_or_never_ends_costs_so_many_seconds_and_no_thread(
    tmp_path: Path, does: str, prove: bool
) -> None:
    seconds = seconds_of(prove)
    with mail_peer(does) as port:
        sender = MailSender(make_settings(tmp_path, "sqlite://", smtp_port=port), seconds)
        started = time.monotonic()
        assert refusal(sender, Outgoing(MAIL, "heard@example.org", "x", subject="x")).again
        assert time.monotonic() - started < seconds + SLACK
        assert nobody_waits()


def test_b5_a_name_that_is_never_found_costs_no_more_than_the_rest() -> None:
    """Looking a name up cannot be timed: the call goes on beside us, and we do not wait for it."""
    asleep, hung_up = threading.Event(), []
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        within(0.1, lambda: asleep.wait(20), lambda: hung_up.append(asleep.set()))
    assert time.monotonic() - started < 0.1 + SLACK
    assert nobody_waits()
    assert hung_up


def test_b5_every_way_has_ten_seconds_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    ways = ways_out(settings_for(tmp_path, "http://127.0.0.1:1"), Clock())
    assert SECONDS == 10
    assert {name: way.seconds for name, way in ways.items()} == dict.fromkeys([*OVER_HTTP, "email"], SECONDS)  # type: ignore[attr-defined]


@pytest.mark.parametrize("way", OVER_HTTP)
def test_a_yes_is_a_yes_and_gives_the_providers_id(peer: Peer, tmp_path: Path, way: str) -> None:
    status, says = YES[way]
    peer.answers(status, says)
    given = made(way, tmp_path, peer.base, 5).send(MESSAGE)
    assert given == (uuid.UUID(int=3).hex if way.startswith("notify") else says.get("sid", ""))
    assert len(peer.got) == 1
    assert nobody_waits()


@pytest.mark.parametrize("way", OVER_HTTP)
def test_a_redirect_is_not_followed_and_is_no_yes(peer: Peer, tmp_path: Path, way: str) -> None:
    peer.does = "302"
    assert not refusal(made(way, tmp_path, peer.base, 5)).again or way in {"sms", "voice"}
    assert len(peer.got) == 1


@pytest.mark.parametrize("says", ["", "<html>busy</html>", "[]", "null", '"SM1"', "{}", '{"id": "x y", "sid": ""}'])
@pytest.mark.parametrize("way", ["sms", "voice", "notify_sms"])
def test_a_yes_that_makes_no_sense_may_be_tried_again(peer: Peer, tmp_path: Path, way: str, says: str) -> None:
    peer.answers(201, says)
    assert refusal(made(way, tmp_path, peer.base, 5)).again


def test_an_answer_that_is_too_large_to_be_one_is_none(peer: Peer, tmp_path: Path) -> None:
    peer.answers(200, "x" * 600_000)
    assert refusal(made("webhook", tmp_path, peer.base, 5)).again


# --- what a refusal means ---------------------------------------------------------------------------------------------

CLASSES = {
    "retry": Fault.LATER,
    "account": Fault.ACCOUNT,
    "permanent-number": Fault.ADDRESS,
    "opted-out": Fault.OPTED_OUT,
    "content": Fault.MESSAGE,
    "our-bug": Fault.MESSAGE,
}
OF_MESSAGES = [
    each
    for each in json.loads(VECTORS.read_text())["codes"]
    if each["klass"] in CLASSES and each["code"] not in {11750, 12300, 13803, 14103}  # of TwiML, not of sending
]


@pytest.mark.parametrize("known", OF_MESSAGES, ids=lambda known: str(known["code"]))
def test_each_code_of_twilio_means_what_the_study_says(known: dict[str, Any]) -> None:
    assert meanings.TWILIO[known["code"]] == CLASSES[known["klass"]]


@pytest.mark.parametrize(
    ("status", "name", "fault"),
    [
        (400, "BadRequestError", Fault.ACCOUNT),
        (400, "ValidationError", Fault.ADDRESS),
        (403, "AuthError", Fault.ACCOUNT),
        (429, "RateLimitError", Fault.LATER),
        (429, "TooManyRequestsError", Fault.LATER),
        (500, "Exception", Fault.LATER),
        (400, f"Not enough digits in {NUMBER}", Fault.MESSAGE),
        (404, "", Fault.ACCOUNT),
    ],
)
def test_what_notify_refuses_is_kept_by_its_kind_and_never_by_its_words(
    peer: Peer, tmp_path: Path, status: int, name: str, fault: Fault
) -> None:
    peer.answers(status, {"errors": [{"error": name, "message": f"{NUMBER} is wrong"}], "status_code": status})
    failed = refusal(made("notify_sms", tmp_path, peer.base, 5))
    assert (failed.fault, failed.again) == (fault, fault is Fault.LATER)
    assert failed.code == f"notify {status} {name if name.isalpha() else ''}".strip()


@pytest.mark.parametrize(
    ("status", "fault"),
    [(400, Fault.MESSAGE), (401, Fault.ACCOUNT), (404, Fault.ACCOUNT), (410, Fault.ACCOUNT), (502, Fault.LATER)],
)
@pytest.mark.parametrize("way", ["teams", "webhook"])
def test_a_card_or_webhook_that_is_refused_is_judged_by_the_status(
    peer: Peer, tmp_path: Path, way: str, status: int, fault: Fault
) -> None:
    peer.answers(status, {"error": MESSAGE.body})
    failed = refusal(made(way, tmp_path, peer.base, 5))
    assert (failed.code, failed.fault) == (f"{way} {status}", fault)


# --- what each way says -----------------------------------------------------------------------------------------------


def form_of(peer: Peer) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(peer.got[0].body.decode()).items()}


@pytest.mark.parametrize("life", [None, 300])
def test_b6_a_text_of_limited_use_says_how_long_it_is_of_use(peer: Peer, tmp_path: Path, life: int | None) -> None:
    peer.answers(*YES["sms"])
    made("sms", tmp_path, peer.base, 5).send(Outgoing(NUMBER, "+447700900999", "x", life=life))
    assert form_of(peer).get("ValidityPeriod") == (str(life) if life else None)


def test_a_call_about_an_attempt_asks_our_page_what_to_say(peer: Peer, tmp_path: Path) -> None:
    peer.answers(*YES["voice"])
    made("voice", tmp_path, peer.base, 5).send(MESSAGE)
    form = form_of(peer)
    assert (form["To"], form["From"]) == (NUMBER, "+447700900999")
    assert form["Url"] == f"{PUBLIC_URL}/voice/alert?attempt={'a' * 32}"
    assert form["StatusCallback"] == f"{PUBLIC_URL}/voice/status"
    assert int(form["Timeout"]) <= 30
    assert "Twiml" not in form
    assert not [value for value in form.values() if "K7MQ2X" in value]


def test_a_call_about_nothing_we_keep_says_its_words_and_ends(peer: Peer, tmp_path: Path) -> None:
    peer.answers(*YES["voice"])
    settings = settings_for(tmp_path, peer.base, voice_number="+441632960999")
    VoiceSender(settings).send(Outgoing(NUMBER, "", "Your code is 1, 2 & 3."))
    form = form_of(peer)
    assert form["From"] == "+441632960999"
    assert form["Twiml"].count("Your code is 1, 2 &amp; 3.") == 3
    assert form["Twiml"].endswith("<Hangup /></Response>")
    assert "Url" not in form


def test_a_card_says_the_words_and_leads_to_the_alerts(peer: Peer, tmp_path: Path) -> None:
    made("teams", tmp_path, peer.base, 5).send(MESSAGE)
    [got] = peer.got
    assert got.path == "/workflow?sig=secret"
    assert got.headers["Content-Type"] == "application/json"
    [attachment] = got.json["attachments"]
    card = attachment["content"]
    assert got.json["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert [block["text"] for block in card["body"]] == [MESSAGE.subject, MESSAGE.body]
    assert [action["url"] for action in card["actions"]] == [f"{PUBLIC_URL}/staff/alerts/"]


def test_a_webhook_is_signed_over_time_and_body(peer: Peer, tmp_path: Path) -> None:
    made("webhook", tmp_path, peer.base, 5).send(MESSAGE)
    [got] = peer.got
    assert got.json == {"attempt": MESSAGE.attempt, "title": MESSAGE.subject, "text": MESSAGE.body}
    parts = dict(part.split("=", 1) for part in got.headers["Heard-Signature"].split(","))
    assert int(parts["t"]) == int(NOON.timestamp())
    wanted = hmac.new(b"w" * 32, f"{parts['t']}.".encode() + got.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(parts["v1"], wanted)


@pytest.mark.parametrize("change", [("secret", 5, b"body2"), ("secret", 6, b"body"), ("other", 5, b"body")])
def test_another_body_time_or_secret_gives_another_signature(change: tuple[str, int, bytes]) -> None:
    assert signature(*change).partition("v1=")[2] != signature("secret", 5, b"body").partition("v1=")[2]


def unpacked(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize(
    ("way", "address", "template"),
    [("notify_sms", "phone_number", str(uuid.UUID(int=1))), ("notify_email", "email_address", str(uuid.UUID(int=2)))],
)
def test_notify_gets_the_words_in_its_template_and_a_proof_of_the_key(
    peer: Peer, tmp_path: Path, way: str, address: str, template: str
) -> None:
    peer.answers(*YES[way])
    made(way, tmp_path, peer.base, 5).send(MESSAGE)
    [got] = peer.got
    assert got.path == f"/v2/notifications/{way.partition('_')[2]}"
    assert got.json == {
        address: NUMBER,
        "template_id": template,
        "personalisation": {"body": MESSAGE.body},
        "reference": MESSAGE.attempt,
    }
    head, claims, proof = got.headers["Authorization"].removeprefix("Bearer ").split(".")
    assert (unpacked(head), unpacked(claims)) == (
        {"typ": "JWT", "alg": "HS256"},
        {"iss": SERVICE, "iat": int(NOON.timestamp())},
    )
    signed = hmac.new(SECRET.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(proof + "=") == signed


@pytest.mark.parametrize("key", ["", "heard", f"heard-{SERVICE}", f"{SERVICE}-{SECRET}", f"heard-{SERVICE}-{SECRET}x"])
def test_a_key_that_is_none_is_the_operators_fault_and_not_shown(key: str) -> None:
    with pytest.raises(NotSent) as failed:
        token(key, 1)
    assert (failed.value.fault, failed.value.again) == (Fault.ACCOUNT, False)
    assert SERVICE not in str(failed.value)


def values_in(said: Any) -> Iterator[str]:
    """Every text in a body, however deep it lies."""
    if isinstance(said, dict):
        said = list(said.values())
    if isinstance(said, list):
        for each in said:
            yield from values_in(each)
    elif said is not None:
        yield str(said)


@pytest.mark.parametrize("way", OVER_HTTP)
def test_b32_a_way_adds_nothing_to_what_it_was_given(
    peer: Peer, tmp_path: Path, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What an alert says is the duty clock's affair: here nothing joins it on the way out, nor goes into a log."""
    peer.answers(*YES[way])
    with caplog.at_level("DEBUG"):
        made(way, tmp_path, peer.base, 5).send(MESSAGE)
    [got] = peer.got
    said = list(values_in(got.json)) if got.body.startswith(b"{") else list(form_of(peer).values())
    given = [MESSAGE.to, MESSAGE.body, MESSAGE.subject, MESSAGE.sender, MESSAGE.attempt, str(MESSAGE.life)]
    settings = settings_for(tmp_path, peer.base)
    ours = [settings.notify_sms_template, settings.notify_email_template, f"{PUBLIC_URL}/staff/alerts/"]
    ours += [f"{PUBLIC_URL}/sms/status", f"{PUBLIC_URL}/voice/status", f"{PUBLIC_URL}/voice/alert?attempt={'a' * 32}"]
    fixed = {"message", "AdaptiveCard", "1.4", "TextBlock", "True", "Bolder", "Default", "Action.OpenUrl", "Open"}
    fixed |= {"http://adaptivecards.io/schemas/adaptive-card.json", "application/vnd.microsoft.card.adaptive"}
    fixed |= {"POST", "30", "240"}
    assert set(said) <= {*given, *ours, *fixed}
    logged = " ".join(each.getMessage() for each in caplog.records)
    assert not [secret for secret in (NUMBER, MESSAGE.body, KEY, SECRET) if secret in logged]


def test_b6_a_notice_past_the_store_is_of_use_for_five_minutes(peer: Peer, tmp_path: Path, safeguards: Parts) -> None:
    peer.answers(*YES["sms"])
    settings = settings_for(tmp_path, peer.base)
    ways = {"sms": TwilioSender(settings), "email": RecordingSender()}
    notify_past_the_store(DANGER, replace(safeguards, settings=settings, ways=ways))
    assert int(form_of(peer)["ValidityPeriod"]) == 300


# --- asking afterwards ------------------------------------------------------------------------------------------------

KNOWN = {
    "sms": ("SM" + "1" * 32, f"/2010-04-01/Accounts/AC{'0' * 32}/Messages/SM{'1' * 32}.json"),
    "voice": ("CA" + "1" * 32, f"/2010-04-01/Accounts/AC{'0' * 32}/Calls/CA{'1' * 32}.json"),
    "notify_sms": (uuid.UUID(int=3).hex, f"/v2/notifications/{uuid.UUID(int=3)}"),
}
WORDS = frozenset({"queued", "sending", "sent", "delivered", "undelivered", "failed", "canceled"})


def asked(way: str, folder: Path, base: str) -> tuple[str, str]:
    sender = made(way, folder, base, 5)
    assert isinstance(sender, Tracker)
    return sender.status(KNOWN[way][0])


@pytest.mark.parametrize(
    ("way", "found", "told"),
    [
        ("sms", {"status": "undelivered", "error_code": 30003}, ("undelivered", "30003")),
        ("sms", {"status": "delivered", "error_code": None}, ("delivered", "")),
        *(("voice", {"status": word}, told) for word, told in AS_A_TEXT.items()),
        ("voice", {"status": "brand-new"}, ("", "")),
        *(("notify_sms", {"status": word}, (told, "")) for word, told in AS_TWILIO_SAYS.items()),
        ("notify_sms", {"status": "brand-new"}, ("", "")),
    ],
)
def test_b8_a_provider_can_be_asked_what_became_of_a_message(
    peer: Peer, tmp_path: Path, way: str, found: dict[str, object], told: tuple[str, str]
) -> None:
    peer.answers(200, found)
    assert asked(way, tmp_path, peer.base) == told
    assert [(got.method, got.path) for got in peer.got] == [("GET", KNOWN[way][1])]
    assert told[0] in WORDS | {""}
    assert len(told[1]) <= 8  # a column holds it


@pytest.mark.parametrize("does", ["500", "404", "hang", "reset"])
@pytest.mark.parametrize("way", KNOWN)
def test_b8_a_provider_that_does_not_say_is_an_error_like_any_other(
    peer: Peer, tmp_path: Path, way: str, does: str
) -> None:
    peer.does = does
    sender = made(way, tmp_path, peer.base)
    assert isinstance(sender, Tracker)
    with pytest.raises(NotSent):
        sender.status(KNOWN[way][0])


@pytest.mark.parametrize("way", ["teams", "webhook"])
def test_what_cannot_be_asked_does_not_say_that_it_can(tmp_path: Path, way: str) -> None:
    assert not isinstance(made(way, tmp_path, "http://127.0.0.1:1"), Tracker)


# --- which ways there are ---------------------------------------------------------------------------------------------


def test_texts_calls_and_mail_are_always_there(tmp_path: Path) -> None:
    assert set(ways_out(make_settings(tmp_path, "sqlite://"), Clock())) == {"sms", "voice", "email"}


@pytest.mark.parametrize(
    ("missing", "gone"),
    [
        ("notify_key", {"notify_sms", "notify_email"}),
        ("notify_sms_template", {"notify_sms"}),
        ("notify_email_template", {"notify_email"}),
        ("teams_url", {"teams"}),
        ("webhook_url", {"webhook"}),
        ("webhook_secret", {"webhook"}),
    ],
)
def test_a_way_that_is_set_by_halves_is_not_there(tmp_path: Path, missing: str, gone: set[str]) -> None:
    whole = set(ways_out(settings_for(tmp_path, "http://127.0.0.1:1"), Clock()))
    assert whole == {*OVER_HTTP, "email"}
    halved = settings_for(tmp_path, "http://127.0.0.1:1", **{missing: ""})
    assert set(ways_out(halved, Clock())) == whole - gone


def test_two_tries_of_any_way_fit_into_a_lease() -> None:
    from conversations import outbox

    assert timedelta(seconds=2 * SECONDS) < outbox.LEASE
