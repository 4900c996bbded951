"""The practice carrier calls as Twilio does: the real sender rings, the real pages say what is heard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.channels.simulator.account import Account
from bot.channels.simulator.calls import PhoneCall
from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.delivery import Answer, to_client
from bot.channels.simulator.serving import make_carrier_server
from bot.channels.simulator.voice_twiml import Step, read
from bot.parts import Parts
from bot.sender import Fault, NotSent, Outgoing
from bot.ways.sms import TwilioSender
from bot.ways.voice import VoiceSender
from conversations.models import AlertRow, AttemptRow
from tests.bot.carrier_house import running
from tests.bot.workers import ADA, CODE, seed_told, seed_worker
from tests.fakes import Clock
from tests.make import ACCOUNT, OUR_NUMBER, PUBLIC_URL, TOKEN, make_settings


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """What a database has a say in is tested elsewhere."""
    return sqlite_database_url


@dataclass
class Exchange:
    """The carrier, and the sender of the product that rings through it."""

    carrier: Carrier
    sender: VoiceSender
    attempt: str

    def ring(self, to: str = ADA) -> str:
        return self.sender.send(Outgoing(to, "", "words", attempt=self.attempt))

    def at(self, number: str = ADA) -> PhoneCall:
        self.carrier.settle()
        call = self.carrier.switchboard.at(number)
        assert call is not None
        return call


@pytest.fixture
def exchange(app: Flask, session: Session, app_parts: Parts, clock: Clock, tmp_path: Path) -> Iterator[Exchange]:
    seed_told(session, app_parts, seed_worker(session, app_parts), way="voice", tries=0)
    attempt = session.scalars(select(AttemptRow).where(AttemptRow.way == "voice")).one().id
    session.rollback()
    account = Account(ACCOUNT, TOKEN, (OUR_NUMBER,), PUBLIC_URL)
    carrier = Carrier(account, to_client(app.test_client()), clock)
    with running(make_carrier_server(carrier)) as base:
        settings = make_settings(tmp_path, "sqlite://", twilio_api_url=base)
        yield Exchange(carrier, VoiceSender(settings, 2), attempt)
        carrier.released.set()
    assert not carrier.breaches


def alert_of(session: Session) -> AlertRow:
    session.rollback()
    return session.scalars(select(AlertRow)).one()


def note_sent(session: Session, sid: str) -> None:
    """What the worker does once the carrier has taken the call."""
    attempt = session.scalars(select(AttemptRow).where(AttemptRow.way == "voice")).one()
    attempt.state, attempt.provider_id = "sent", sid
    session.commit()


def status_of(session: Session) -> str | None:
    session.rollback()
    return session.scalar(select(AttemptRow.provider_status).where(AttemptRow.way == "voice"))


def test_a_call_rings_is_answered_and_takes_the_alert(exchange: Exchange, session: Session) -> None:
    sid = exchange.ring()
    note_sent(session, sid)
    assert exchange.sender.status(sid) == ("queued", "")
    call, switchboard = exchange.at(), exchange.carrier.switchboard
    assert exchange.sender.status(sid) == ("sent", "")
    switchboard.answer(call.sid)
    assert call.heard[0].startswith(f"This is Heard. Alert {', '.join(alert_of(session).reference)}. Level concern.")
    assert exchange.sender.status(sid) == ("delivered", "")
    switchboard.press(call.sid, "1")
    switchboard.press(call.sid, CODE)
    assert (call.status, call.heard[-1][:15]) == ("completed", "You have alert ")
    assert alert_of(session).acknowledged_by == "Ada"
    assert status_of(session) == "delivered"


@pytest.mark.parametrize(
    ("habit", "status", "told"),
    [
        ("busy", "busy", "undelivered"),
        ("failed", "failed", "failed"),
        ("no-answer", "no-answer", "undelivered"),
        ("voicemail", "completed", "delivered"),
    ],
)
def test_what_a_phone_does_by_itself_is_reported_and_takes_nothing(
    exchange: Exchange, session: Session, habit: str, status: str, told: str
) -> None:
    exchange.carrier.switchboard.habits[ADA] = habit
    sid = exchange.ring()
    note_sent(session, sid)
    exchange.carrier.settle()
    call = exchange.carrier.switchboard.find(sid)
    assert (call.status, status_of(session), alert_of(session).state) == (status, told, "open")
    assert bool(call.heard) == (habit == "voicemail")


def test_a_phone_that_nobody_picks_up_falls_silent_in_time(exchange: Exchange, session: Session, clock: Clock) -> None:
    sid = exchange.ring()
    note_sent(session, sid)
    exchange.carrier.settle()
    clock.forward(seconds=29)
    exchange.carrier.settle()
    assert exchange.carrier.switchboard.find(sid).status == "ringing"
    clock.forward(seconds=1)
    exchange.carrier.settle()
    assert (exchange.carrier.switchboard.find(sid).status, status_of(session)) == ("no-answer", "undelivered")


def test_hanging_up_takes_nothing(exchange: Exchange, session: Session) -> None:
    exchange.ring()
    call, switchboard = exchange.at(), exchange.carrier.switchboard
    switchboard.answer(call.sid)
    switchboard.press(call.sid, "1")
    switchboard.hang_up(call.sid)
    assert (call.status, alert_of(session).state) == ("completed", "open")
    assert switchboard.press(call.sid, CODE).status == "completed"
    assert alert_of(session).state == "open"


def test_a_call_about_no_attempt_says_its_words(exchange: Exchange) -> None:
    exchange.sender.send(Outgoing(ADA, "", "Your code is 1, 2, 3."))
    call = exchange.carrier.switchboard.answer(exchange.at().sid)
    assert (call.heard, call.status) == (["Your code is 1, 2, 3."] * 3, "completed")


@pytest.mark.parametrize("play", ["500", "429/20429", "reset", "hang", "drip", "timeout-but-accepted"])
def test_b5_the_faults_of_texts_are_the_faults_of_calls(exchange: Exchange, play: str) -> None:
    exchange.carrier.patience = 0.05
    exchange.carrier.play(play)
    with pytest.raises(NotSent) as failed:
        exchange.ring()
    assert failed.value.again
    assert (exchange.carrier.switchboard.at(ADA) is not None) == (play in {"drip", "timeout-but-accepted"})


@pytest.mark.parametrize(
    ("to", "changes", "code", "fault"),
    [
        ("0770", {}, "21211", Fault.ADDRESS),
        ("+15005550006", {}, "21215", Fault.ACCOUNT),
        (ADA, {"voice_number": "+447700900998"}, "21210", Fault.ACCOUNT),
    ],
)
def test_a_call_that_breaks_a_rule_is_refused(
    exchange: Exchange, tmp_path: Path, to: str, changes: dict[str, Any], code: str, fault: Fault
) -> None:
    base = exchange.sender.settings.twilio_api_url
    sender = VoiceSender(make_settings(tmp_path, "sqlite://", twilio_api_url=base, **changes))
    with pytest.raises(NotSent) as failed:
        sender.send(Outgoing(to, "", "words"))
    assert (failed.value.code, failed.value.fault, failed.value.again) == (code, fault, False)


def test_a_call_that_nobody_knows_cannot_be_asked_about(exchange: Exchange) -> None:
    with pytest.raises(NotSent) as failed:
        exchange.sender.status("CA" + "9" * 32)
    assert failed.value.code == "20404"


def test_b8_a_text_can_be_asked_about_when_every_report_of_it_was_lost(exchange: Exchange) -> None:
    texts = TwilioSender(exchange.sender.settings)
    exchange.carrier.play("queued* ~sent ~undelivered:30003")
    sid = texts.send(Outgoing(ADA, OUR_NUMBER, "words"))
    assert texts.status(sid) == ("queued", "")
    exchange.carrier.settle()
    assert texts.status(sid) == ("undelivered", "30003")


XML = "text/xml"


@pytest.mark.parametrize(
    ("content_type", "body", "steps", "code"),
    [
        (XML, "<Response><Say>a</Say><Pause/><Say>b</Say></Response>", (Step(("a",)), Step(("b",))), 0),
        (XML, "<Response><Say>a</Say><Hangup/><Say>b</Say></Response>", (Step(("a",)),), 0),
        (
            XML,
            '<Response><Gather numDigits="6" action="/x"><Say>a</Say></Gather></Response>',
            (Step(("a",), "/x", 6),),
            0,
        ),
        (XML, "<Response><Message>a</Message></Response>", (), 12200),
        (XML, "<Reply/>", (), 12100),
        (XML, "not XML", (), 12100),
        (XML, "<!DOCTYPE a><Response/>", (), 12100),
        (XML, f"<Response>{'<Say>' * 7}a{'</Say>' * 7}</Response>", (Step(("",)),), 0),
        (XML, f"<Response>{'<Say>' * 8}a{'</Say>' * 8}</Response>", (), 12100),
        (XML, f"<Response>{'<Gather>' * 20_000}{'</Gather>' * 20_000}</Response>", (), 12100),
        (XML, '<Response><Gather numDigits="many"/></Response>', (), 12200),
        (XML, f'<Response><Gather numDigits="{"9" * 5000}"/></Response>', (), 12200),
        ("text/html", "<Response/>", (), 12300),
    ],
)
def test_what_steers_a_call_is_read_as_distrustfully_as_what_answers_a_text(
    content_type: str, body: str, steps: tuple[Step, ...], code: int
) -> None:
    course = read(Answer(200, content_type, body.encode()))
    assert (course.steps, course.code) == (steps, code)
