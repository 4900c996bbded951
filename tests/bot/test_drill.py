"""The daily drill goes the true way to whoever is on duty, is measured, and is missed when it does not come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from bot import drill, jobs, seeing, troubles, watch
from bot.parts import Parts
from bot.sender import NotSent
from conversations import drills, outbox, queues
from conversations.models import AlertRow, AttemptRow
from tests.bot.test_watch import Outside
from tests.fakes import Clock, RecordingSender
from tests.seeds import acknowledge

UNANSWERED, UNDELIVERED = "nobody answered the drill", "the text of the drill never arrived"
MISSED = "the daily drill was not made"


def moment(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "at"),
    [
        ("always", "2026-11-23T12:00", "2026-11-23T10:00"),
        ("always", "2026-11-29T03:00", "2026-11-29T10:00"),  # a Sunday
        ("always", "2026-07-06T12:00", "2026-07-06T09:00"),  # ten o'clock here
        ("09:00-17:00", "2026-11-23T12:00", "2026-11-23T10:00"),
        ("09:00-17:00", "2026-11-29T12:00", None),
        ("12:30-20:00", "2026-11-23T12:00", "2026-11-23T12:30"),
        ("22:00-06:00", "2026-11-23T12:00", "2026-11-23T22:00"),
    ],
)
def test_the_drill_is_at_ten_or_when_somebody_is_first_on_duty(hours: str, now: str, at: str | None) -> None:
    found = drill.time_of(hours, moment(now))
    assert (found and found.astimezone(UTC)) == (at and moment(at))


@pytest.mark.parametrize(("clock", "due"), [("09:59", False), ("10:00", True), ("13:59", True), ("14:00", False)])
def test_a_drill_that_was_late_is_made_up_for_and_nobody_is_troubled_in_the_evening(clock: str, due: bool) -> None:
    assert drill.is_due("always", moment(f"2026-11-23T{clock}")) == due


@pytest.fixture
def earnest(app_parts: Parts, clock: Clock) -> Parts:
    """Parts of a service in earnest, which makes a drill each day; it is five to ten."""
    clock.now = moment("2026-11-23T09:55")
    return replace(app_parts, settings=replace(app_parts.settings, demo=False, public_url="https://heard.example.org"))


def go_on(session: Session, parts: Parts, clock: Clock, minutes: int, every: int = 1) -> None:
    """The watch and the worker, minute by minute or less often."""
    for _ in range(0, minutes, every):
        drill.go_on(session, parts)
        jobs.work_once(session, parts)
        clock.forward(minutes=every)


def found(session: Session, parts: Parts) -> set[str]:
    """What the watch finds of drills."""
    session.commit()
    seen = seeing.look(session, parts, moment("2026-11-01T00:00"), parts.clock())
    session.rollback()
    return set(troubles.troubles(seen)) & {UNANSWERED, UNDELIVERED, MISSED}


def delivered(session: Session, clock: Clock) -> None:
    """The carrier reports each text as delivered."""
    for row in session.query(AttemptRow).filter(AttemptRow.provider_id.is_not(None)).all():
        outbox.note_status(session, row.provider_id, "delivered", "", clock())
    session.commit()


def test_b37_a_marked_alert_goes_by_text_and_mail_to_whoever_is_on_duty_and_closes_itself(
    session: Session, earnest: Parts, clock: Clock, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    go_on(session, earnest, clock, 4, every=4)
    assert texts_out.sent == []
    clock.forward(minutes=1)
    go_on(session, earnest, clock, 1)
    sent = [*texts_out.sent, *mails_out.sent]
    assert [each.to for each in sent] == [earnest.settings.duty_phone, earnest.settings.duty_email]
    assert all("DRILL" in each.body and drills.latest(session)[0].reference in each.body for each in sent)
    delivered(session, clock)
    clock.forward(seconds=30)
    acknowledge(session, drills.latest(session)[0].id, "Ada", clock())
    session.commit()
    go_on(session, earnest, clock, 1)
    made = drills.latest(session)[0]
    assert (made.sent_at, made.acknowledged_by) == (made.raised_at, "Ada")
    assert made.after(made.delivered_at) == timedelta(minutes=1)
    assert made.after(made.acknowledged_at) == timedelta(seconds=90)
    row = session.get_one(AlertRow, made.id)
    assert (row.state, row.outcome, row.drill) == ("closed", "drill", True)
    go_on(session, earnest, clock, 90, every=15)
    assert len(drills.latest(session, 9)) == 1
    assert found(session, earnest) == set()


def test_b37_a_provider_that_takes_texts_and_never_delivers_is_found_out(
    session: Session, earnest: Parts, clock: Clock, mails_out: RecordingSender
) -> None:
    clock.now = moment("2026-11-23T10:00")
    go_on(session, earnest, clock, 1)
    acknowledge(session, drills.latest(session)[0].id, "Ada", clock())  # by the mail
    clock.now = moment("2026-11-23T10:14")
    assert found(session, earnest) == set()
    clock.now = moment("2026-11-23T10:15")
    assert found(session, earnest) == {UNDELIVERED}
    mails_out.sent.clear()
    watch.look_once(session, earnest, watch.Memory(clock(), clock()), Outside())
    assert [mail.subject for mail in mails_out.sent] == [f"Heard alarm: {UNDELIVERED}"]


def test_b37_a_drill_that_nobody_answers_within_the_hour_is_an_alarm_and_wakes_nobody_later(
    session: Session, earnest: Parts, clock: Clock, texts_out: RecordingSender
) -> None:
    clock.now = moment("2026-11-23T10:00")
    go_on(session, earnest, clock, 1)
    delivered(session, clock)
    go_on(session, earnest, clock, 58, every=29)
    assert found(session, earnest) == set()
    go_on(session, earnest, clock, 2)
    assert found(session, earnest) == {UNANSWERED}
    assert session.get_one(AlertRow, drills.latest(session)[0].id).state == "closed"
    told = len(texts_out.sent)
    go_on(session, earnest, clock, 30, every=10)
    assert len(texts_out.sent) == told


def test_b37_a_drill_that_cannot_be_sent_at_all_is_an_alarm(
    session: Session, earnest: Parts, clock: Clock, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    clock.now = moment("2026-11-23T10:00")
    texts_out.failures = mails_out.failures = [NotSent("500", again=True) for _ in range(200)]
    go_on(session, earnest, clock, 2)
    assert queues.unsent_since(session, clock()) is not None
    go_on(session, earnest, clock, 60, every=5)
    assert found(session, earnest) == {UNANSWERED}


def test_the_next_drill_that_goes_well_ends_it(session: Session, earnest: Parts, clock: Clock) -> None:
    clock.now = moment("2026-11-23T10:00")
    go_on(session, earnest, clock, 1)
    clock.now = moment("2026-11-24T10:00")
    assert UNANSWERED in found(session, earnest)
    go_on(session, earnest, clock, 1)
    assert len(drills.latest(session, 9)) == 2
    delivered(session, clock)
    acknowledge(session, drills.latest(session)[0].id, "Ada", clock())
    go_on(session, earnest, clock, 1)
    clock.forward(hours=2)
    assert found(session, earnest) == set()


def test_a_drill_that_was_not_made_is_missed_until_one_is(session: Session, earnest: Parts, clock: Clock) -> None:
    clock.now = moment("2026-11-23T10:00")
    drill.go_on(session, earnest)
    clock.now = moment("2026-11-24T10:14")
    assert MISSED not in found(session, earnest)
    clock.now = moment("2026-11-24T10:15")
    assert MISSED in found(session, earnest)
    clock.now = moment("2026-11-25T03:00")
    assert MISSED in found(session, earnest)
    clock.now = moment("2026-11-25T10:00")
    drill.go_on(session, earnest)
    assert MISSED not in found(session, earnest)


def test_a_watch_that_began_after_the_hour_misses_nothing() -> None:
    evening = moment("2026-11-23T20:00")
    assert not drill.is_missed(None, "always", evening, evening + timedelta(hours=1))
    assert drill.is_missed(None, "always", evening, evening + timedelta(hours=15))


def test_two_watches_make_one_drill(session: Session, earnest: Parts, clock: Clock) -> None:
    clock.now = moment("2026-11-23T10:00")
    for _ in range(3):
        drill.go_on(session, earnest)
    assert len(drills.latest(session, 9)) == 1


def test_the_demonstration_makes_a_drill_only_when_asked(session: Session, app_parts: Parts, clock: Clock) -> None:
    go_on(session, app_parts, clock, 1)
    assert drills.latest(session) == []
    assert drill.begin_now(session, app_parts) == drills.latest(session)[0].reference


def test_no_drill_is_made_by_hand_outside_cover_hours(session: Session, app_parts: Parts, clock: Clock) -> None:
    office = replace(app_parts, settings=replace(app_parts.settings, cover_hours="09:00-17:00"))
    clock.now = moment("2026-11-23T17:00")
    with pytest.raises(drill.NotNow):
        drill.begin_now(session, office)
    assert drills.latest(session) == []
    clock.now = moment("2026-11-23T16:59")
    assert drill.begin_now(session, office) == drills.latest(session)[0].reference


def test_b37_that_nobody_took_a_drill_is_told_by_day_and_once_a_day(
    session: Session, earnest: Parts, clock: Clock, mails_out: RecordingSender
) -> None:
    clock.now = moment("2026-11-23T10:00")
    go_on(session, earnest, clock, 1)
    delivered(session, clock)
    go_on(session, earnest, clock, 1)
    mails_out.sent.clear()
    memory = watch.Memory(clock(), clock())
    for hour in range(22):  # from eleven until nine in the morning
        clock.now = moment("2026-11-23T11:00") + timedelta(hours=hour)
        jobs.work_once(session, earnest)
        watch.look_once(session, earnest, memory, Outside())
    assert [each.subject for each in mails_out.sent if UNANSWERED in each.subject] == [f"Heard alarm: {UNANSWERED}"]


def test_a_drill_is_not_counted_among_open_alerts(session: Session, app_parts: Parts) -> None:
    drill.begin_now(session, app_parts)
    assert queues.open_alerts(session) == 0
