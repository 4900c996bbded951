"""The duty worker is told by each way, again until somebody acts, and nothing but a code, a level and a link."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import duty
from bot.desk import Desk
from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from conversations import alerts, attempts, outbox, segments
from conversations.models import AlertRow, AttemptRow
from tests.fakes import Clock, RecordingSender
from tests.make import OUR_NUMBER, PUBLIC_URL, Phone
from tests.seeds import DANGER, WORDS, acknowledge, make_seals, seed_alert

NOTICE = re.compile(
    r"Heard alert [A-HJKMNP-Z2-9]{6}, level (concern|immediate)\. "
    rf"Open it and acknowledge: {PUBLIC_URL}/staff/alerts/"
)

REMINDER = re.compile(
    r"Heard alert [A-HJKMNP-Z2-9]{6}, level immediate\. "
    rf"Its outcome is missing: {PUBLIC_URL}/staff/alerts/"
)


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """One database is enough: leases and locks are tested on both in test_outbox and test_alerts."""
    return sqlite_database_url


@pytest.fixture
def alert_id(session: Session, app_parts: Parts) -> str:
    return seed_alert(session, app_parts, DANGER)


def work(session: Session, parts: Parts) -> None:
    """What the worker does for alerts in one round."""
    duty.act_on_due(session, parts)
    duty.send_due(session, parts)


def states(session: Session, way: str = "sms") -> list[str]:
    session.expire_all()
    return list(session.scalars(select(AttemptRow.state).where(AttemptRow.way == way).order_by(AttemptRow.due_at)))


def history(session: Session, alert_id: str) -> list[tuple[str, str]]:
    return [(event.what, event.detail) for event in alerts.timeline(session, alert_id)]


def test_a_new_alert_is_told_once_by_text_and_once_by_mail(
    session: Session, app_parts: Parts, alert_id: str, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    for _ in range(3):
        work(session, app_parts)
    [text], [mail] = texts_out.sent, mails_out.sent
    assert (text.to, text.sender) == (app_parts.settings.duty_phone, OUR_NUMBER)
    assert (mail.to, mail.sender) == (app_parts.settings.duty_email, app_parts.settings.mail_from)
    assert text.life == 300


def test_a_notice_holds_code_level_and_link_and_nothing_else(
    phone: Phone, session: Session, app_parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    phone.says(WORDS)
    phone.says("i want to die tonight and i have the tablets")
    work(session, app_parts)
    alert = session.scalars(select(AlertRow)).one()
    for message in texts_out.sent + mails_out.sent:
        assert NOTICE.fullmatch(message.body), message.body
        assert alert.reference in message.body
        said = f"{message.subject} {message.body}".lower()
        forbidden = ["7700", "hits", "night", "tablets", "die", alert.id, *alert.reasons, "check-in", "north", "sms"]
        assert not [word for word in forbidden if word.lower() in said]
        assert message.subject in ("", f"Heard alert {alert.reference}")
    assert {segments.count(message.body).segments for message in texts_out.sent} == {1}


def test_nobody_is_told_again_before_it_is_time_and_everybody_when_it_is(
    session: Session,
    app_parts: Parts,
    alert_id: str,
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    clock: Clock,
) -> None:
    work(session, app_parts)
    told = []
    for _ in range(40):
        clock.forward(minutes=1)
        work(session, app_parts)
        told.append(len(texts_out.sent))
    assert told[3] == 1
    assert told[4] == 2
    assert told == sorted(told)
    assert told[-1] == 1 + 1 + 3
    assert len(mails_out.sent) == told[-1]


def test_a_level_that_rises_is_told_at_once_with_the_new_level(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts)
    work(session, app_parts)
    clock.forward(seconds=10)
    alerts.add_to_alert(session, alert_id, DANGER, make_seals(app_parts), clock())
    session.commit()
    work(session, app_parts)
    assert ["level immediate" in message.body for message in texts_out.sent] == [False, True]


def test_b12_an_acknowledged_alert_is_quiet_but_for_one_reminder_and_opens_again_after_an_hour_without_outcome(
    session: Session, app_parts: Parts, alert_id: str, texts_out: RecordingSender, clock: Clock
) -> None:
    work(session, app_parts)
    acknowledge(session, alert_id, "Ada", clock())
    session.commit()
    sent = []
    for _ in range(60):
        clock.forward(minutes=1)
        work(session, app_parts)
        sent.append(len(texts_out.sent))
    assert sent == [1] * 44 + [2] * 15 + [3]
    assert REMINDER.fullmatch(texts_out.sent[1].body)
    assert NOTICE.fullmatch(texts_out.sent[2].body)
    alert = session.get_one(AlertRow, alert_id)
    assert (alert.state, alert.acknowledged_by) == ("open", None)
    assert ("opened again", "no outcome in time") in history(session, alert_id)
    assert acknowledge(session, alert_id, "Bea", clock())


def test_a_closed_alert_is_never_told_again(
    session: Session, app_parts: Parts, alert_id: str, texts_out: RecordingSender, clock: Clock
) -> None:
    acknowledge(session, alert_id, "Ada", clock())
    alerts.record_outcome(session, alert_id, "Ada", "no_harm", clock())
    session.commit()
    clock.forward(days=3)
    work(session, app_parts)
    assert texts_out.sent == []


def test_an_acknowledgement_while_an_attempt_waits_to_be_made_stops_it(
    session: Session, app_parts: Parts, alert_id: str, texts_out: RecordingSender, clock: Clock
) -> None:
    duty.act_on_due(session, app_parts)
    outbox.claim(session, AttemptRow, clock())
    session.commit()
    acknowledge(session, alert_id, "Ada", clock())
    session.commit()
    clock.forward(seconds=61)  # the holder has died
    work(session, app_parts)
    assert texts_out.sent == []
    assert states(session) == ["cancelled"]


def test_a_try_that_may_help_is_made_again_after_five_twenty_and_twenty_five_seconds(
    session: Session, app_parts: Parts, alert_id: str, texts_out: RecordingSender, clock: Clock
) -> None:
    texts_out.failures = [NotSent("20429", again=True)] * 3
    for seconds in (0, 5, 20, 25):
        clock.forward(seconds=seconds - 1 if seconds else 0)
        work(session, app_parts)
        assert texts_out.sent == []
        clock.forward(seconds=1 if seconds else 0)
        work(session, app_parts)
    assert len(texts_out.sent) == 1
    assert states(session) == ["sent"]
    said = history(session, alert_id)
    assert said.count(("could not be sent", "sms: 20429")) == 3
    assert ("sent", "sms: try 4, perhaps twice") in said


def test_when_every_try_fails_the_next_telling_takes_its_place(
    session: Session, app_parts: Parts, alert_id: str, texts_out: RecordingSender, clock: Clock
) -> None:
    texts_out.failures = [NotSent("ReadTimeout", again=True)] * 4
    for _ in range(299):
        work(session, app_parts)
        clock.forward(seconds=1)
    assert states(session) == ["failed"]
    clock.forward(seconds=1)
    work(session, app_parts)
    assert states(session) == ["failed", "sent"]


@pytest.mark.parametrize("code", ["21211", "21610", "21614", "20003"])
def test_a_try_that_cannot_help_is_not_made_again_and_mail_goes_on(
    session: Session,
    app_parts: Parts,
    alert_id: str,
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    clock: Clock,
    code: str,
) -> None:
    texts_out.failures = [NotSent(code, again=False)]
    for _ in range(10):
        work(session, app_parts)
        clock.forward(seconds=20)
    assert (states(session), texts_out.sent, len(mails_out.sent)) == (["failed"], [], 1)
    assert ("could not be sent", f"sms: {code}") in history(session, alert_id)
    clock.forward(minutes=5)
    work(session, app_parts)
    assert len(texts_out.sent) == 1


def test_when_both_ways_fail_for_a_day_the_alert_is_still_told_when_they_work_again(
    session: Session,
    app_parts: Parts,
    alert_id: str,
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    clock: Clock,
) -> None:
    texts_out.failures = [NotSent("20003", again=False)] * 144
    mails_out.failures = [NotSent("smtp 550", again=False)] * 144
    for _ in range(150):
        work(session, app_parts)
        clock.forward(minutes=10)
    assert texts_out.sent
    assert mails_out.sent


class Crash(BaseException):
    """The process dies between the call and the record of it."""


class CrashingSender(RecordingSender):
    """Sends, and then the process is gone."""

    def send(self, message: object) -> str:
        super().send(message)  # type: ignore[arg-type]
        raise Crash


def test_b4_a_worker_that_dies_after_sending_leaves_an_attempt_that_is_made_again_and_marked(
    session: Session, app_parts: Parts, alert_id: str, texts_out: RecordingSender, clock: Clock
) -> None:
    duty.act_on_due(session, app_parts)
    with pytest.raises(Crash):
        duty.send_due(session, replace(app_parts, ways={"sms": CrashingSender(), "email": CrashingSender()}))
    session.rollback()
    work(session, app_parts)
    assert texts_out.sent == []
    clock.forward(seconds=60)
    work(session, app_parts)
    assert len(texts_out.sent) == 1
    assert ("sent", "sms: try 2, perhaps twice") in history(session, alert_id)
    assert set(session.scalars(select(AttemptRow.maybe_twice))) == {True}


def test_b3_a_worker_that_dies_before_sending_leaves_an_attempt_that_is_made_once_within_half_a_minute(
    session: Session, app_parts: Parts, alert_id: str, texts_out: RecordingSender, clock: Clock
) -> None:
    duty.act_on_due(session, app_parts)
    attempts.claim(session, {"sms": 9, "email": 9}, clock())
    session.commit()
    sent = []
    for _ in range(26):
        work(session, app_parts)
        sent.append(len(texts_out.sent))
        clock.forward(seconds=1)
    assert (sent[24], sent[25]) == (0, 1)


def test_b35_a_worker_that_was_stopped_past_its_lease_does_not_send_late(
    session: Session, app_parts: Parts, alert_id: str, texts_out: RecordingSender, clock: Clock
) -> None:
    class Stopped(Desk):
        def call(self, way: str, subject: object, call: Callable[[], object]) -> None:
            clock.forward(seconds=61)  # SIGSTOP between the look at the lease and the call
            super().call(way, subject, call)

    duty.act_on_due(session, app_parts)
    with Stopped() as desk:
        duty.hand_out(session, app_parts, desk)
        desk.settle()
        duty.take_back(session, app_parts, desk)
    assert texts_out.sent == []
    assert states(session) == ["leased"]
    work(session, app_parts)
    assert len(texts_out.sent) == 1


def test_b35_what_slips_through_all_the_same_is_marked(
    session: Session, app_parts: Parts, alert_id: str, texts_out: RecordingSender, clock: Clock
) -> None:
    class Slow(RecordingSender):
        def send(self, message: Outgoing) -> str:
            clock.forward(seconds=61)  # the call itself takes longer than the lease lasts
            return super().send(message)

    duty.act_on_due(session, app_parts)
    duty.send_due(session, replace(app_parts, ways={"sms": Slow(), "email": texts_out}))
    marked = select(AttemptRow.maybe_twice).where(AttemptRow.way == "sms")
    assert session.scalar(marked) is True


def test_b10_a_delivery_report_is_no_acknowledgement(
    session: Session, app_parts: Parts, alert_id: str, texts_out: RecordingSender, clock: Clock
) -> None:
    work(session, app_parts)
    for status in ("delivered", "read"):
        outbox.note_status(session, f"SM{1:032x}", status, "", clock())
    session.commit()
    clock.forward(minutes=5)
    work(session, app_parts)
    assert len(texts_out.sent) == 2
    assert session.get_one(AlertRow, alert_id).next_action_at == clock() + timedelta(minutes=10)
