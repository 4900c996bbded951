"""Each trouble of the table is found when it is there, and not a moment before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from bot import jobs, resealing, second_look, seeing, troubles
from bot.parts import Parts
from conversations import alerts, audit, heartbeats, worries
from conversations.duty_models import RelayRow, ShiftRow, WayRow
from conversations.models import AlertRow, AttemptRow, CommentRow, OptRequestRow, ResponseRow
from conversations.staff_models import RoleRow, StaffRoleRow
from tests.fakes import Clock
from tests.seeds import (
    acknowledge,
    make_seals,
    seed_alert,
    seed_staff,
    seed_text,
    seed_told,
    seed_worry,
    worker_contacts,
)

WORKER = "the worker does not answer"
OVERDUE = "alerts are overdue"
REACHED_NOBODY = "an alert has reached nobody"
WAITING = "attempts to tell a duty worker are waiting"
NOBODY_TAKES = "nobody takes an alert"
UNREAD = "worries are waiting past their time"
UNSEEN = "texts wait for a second look"
KEPT = ("worker", "urgent", "housekeeping", "daily batch", "rewritten")


def beat(session: Session, clock: Clock) -> None:
    """The worker has just done all that it does."""
    for each in KEPT:
        heartbeats.beat(session, each, clock())
    session.commit()


def found(session: Session, parts: Parts, beating: bool = True, **changes: Any) -> set[str]:
    """What a watch that has watched for a year finds, while its front door answers."""
    if beating:
        beat(session, parts.clock)  # type: ignore[arg-type]  # the tests' clock
    session.commit()
    now = parts.clock()
    seen = seeing.look(session, parts, now - timedelta(days=365), now)
    session.rollback()
    return set(troubles.troubles(replace(seen, **changes)))


def test_all_is_well_after_a_round_of_the_worker(session: Session, app_parts: Parts) -> None:
    seed_alert(session, app_parts)
    jobs.work_once(session, app_parts)
    assert found(session, app_parts, beating=False) == set()


@pytest.mark.parametrize(("seconds", "silent"), [(0, False), (90, False), (91, True), (86400, True)])
def test_a_worker_that_stopped_is_missed(
    session: Session, app_parts: Parts, clock: Clock, seconds: int, silent: bool
) -> None:
    beat(session, clock)
    clock.forward(seconds=seconds)
    assert (WORKER in found(session, app_parts, beating=False)) == silent


@pytest.mark.parametrize(("seconds", "silent"), [(90, False), (91, True)])
def test_an_urgent_loop_that_hangs_while_the_other_works_is_missed(
    session: Session, app_parts: Parts, clock: Clock, seconds: int, silent: bool
) -> None:
    heartbeats.beat(session, "urgent", clock())
    clock.forward(seconds=seconds)
    for each in set(KEPT) - {"urgent"}:
        heartbeats.beat(session, each, clock())
    assert ("the worker's urgent loop does not answer" in found(session, app_parts, beating=False)) == silent


@pytest.mark.parametrize(("seconds", "silent"), [(90, False), (91, True)])
def test_a_worker_has_time_to_start_with_the_watch(
    session: Session, app_parts: Parts, clock: Clock, seconds: int, silent: bool
) -> None:
    since = clock() - timedelta(seconds=seconds)
    assert (WORKER in found(session, app_parts, beating=False, since=since)) == silent


@pytest.mark.parametrize(("seconds", "expected"), [(60, set()), (61, {REACHED_NOBODY, WAITING})])
def test_an_alert_that_nobody_is_told_about_is_seen(
    session: Session, app_parts: Parts, clock: Clock, seconds: int, expected: set[str]
) -> None:
    seed_told(session, app_parts)
    clock.forward(seconds=seconds)
    assert found(session, app_parts) - {OVERDUE} == expected


def test_an_alert_whose_every_attempt_has_failed_has_reached_nobody(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    seed_told(session, app_parts)
    session.execute(update(AttemptRow).values(state="failed"))
    session.execute(update(AlertRow).values(next_action_at=clock() + timedelta(minutes=5)))
    clock.forward(seconds=61)
    assert found(session, app_parts) == {REACHED_NOBODY}


def test_an_alert_that_left_by_one_way_has_reached_somebody(session: Session, app_parts: Parts, clock: Clock) -> None:
    seed_alert(session, app_parts)
    jobs.work_once(session, app_parts)
    session.execute(update(AttemptRow).where(AttemptRow.way == "sms").values(state="failed", sent_at=None))
    session.commit()
    clock.forward(seconds=61)
    assert found(session, app_parts) == set()


def test_an_alert_that_waits_for_cover_is_nobodys_trouble_until_its_next_action(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    seed_alert(session, app_parts)
    resealing.reseal(session, app_parts, worker_contacts(app_parts))
    session.query(AttemptRow).delete()
    session.execute(update(AlertRow).values(next_action_at=clock() + timedelta(hours=9)))
    session.commit()
    clock.forward(hours=9, seconds=60)
    assert found(session, app_parts) == set()
    clock.forward(seconds=1)
    assert found(session, app_parts) == {OVERDUE, REACHED_NOBODY}


@pytest.mark.parametrize(("level", "minutes"), [("immediate", 10), ("concern", 90)])
def test_an_alert_that_everybody_knows_and_nobody_takes_is_seen(
    session: Session, app_parts: Parts, clock: Clock, level: str, minutes: int
) -> None:
    alert_id = seed_alert(session, app_parts)
    jobs.work_once(session, app_parts)
    ahead = clock() + timedelta(hours=2)
    session.execute(update(AlertRow).values(level=level, next_action_at=ahead))
    session.commit()
    clock.forward(minutes=minutes)
    assert found(session, app_parts) == set()
    clock.forward(seconds=1)
    assert found(session, app_parts) == {NOBODY_TAKES}
    acknowledge(session, alert_id, "Ada", clock())
    assert found(session, app_parts) - {OVERDUE} == set()


def test_an_alert_that_breaks_the_worker_again_and_again_comes_to_the_operator(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts)
    assert found(session, app_parts) == set()
    alerts.record(session, alert_id, clock(), seeing.NEEDS_US, "Heard")
    assert found(session, app_parts) == {"an alert needs the operator"}


def test_a_closed_alert_is_nobodys_trouble(session: Session, app_parts: Parts, clock: Clock) -> None:
    alert_id = seed_alert(session, app_parts)
    acknowledge(session, alert_id, "Ada", clock())
    alerts.record_outcome(session, alert_id, "Ada", "no_harm", clock())
    clock.forward(days=9)
    keep_house(session, app_parts, clock)
    assert found(session, app_parts) == set()


@pytest.mark.parametrize(("hours", "expected"), [(5, set()), (5.01, {UNREAD})])
def test_a_worry_that_nobody_reads_in_time_is_seen(
    session: Session, app_parts: Parts, clock: Clock, hours: float, expected: set[str]
) -> None:
    worry_id = seed_worry(session, app_parts)
    clock.forward(hours=hours)
    assert found(session, app_parts) == expected
    worries.record_outcome(session, worry_id, "Ada", "read", clock())
    assert found(session, app_parts) == set()


@pytest.mark.parametrize(
    ("seconds", "looks", "expected"),
    [(120, True, set()), (121, True, {UNSEEN}), (3000, True, {UNSEEN}), (3000, False, set())],
)
def test_a_text_that_waits_for_its_second_look_is_seen_where_the_worker_is_to_look(
    session: Session, app_parts: Parts, clock: Clock, seconds: int, looks: bool, expected: set[str]
) -> None:
    second_look.ask(session, make_seals(app_parts), "sms", None, clock())
    clock.forward(seconds=seconds)
    encoder = replace(app_parts.settings, triage_encoder="worker" if looks else "request")
    assert found(session, replace(app_parts, settings=encoder)) == expected


def _relay(session: Session, parts: Parts) -> None:
    alert_id = seed_alert(session, parts)
    acknowledge(session, alert_id, "Ada", parts.clock())
    made = {"id": "r", "alert_id": alert_id, "who": "Ada", "sealed_words": b"", "state": "due", "tries": 0}
    session.execute(insert(RelayRow).values(written_at=parts.clock(), due_at=parts.clock(), **made))


def _wish(session: Session, parts: Parts) -> None:
    made = {"id": "o", "kind": "stop", "sealed_contact": b""}
    session.execute(insert(OptRequestRow).values(requested_at=parts.clock(), **made))


WAITS: dict[str, Callable[[Session, Parts], None]] = {
    "words of duty workers are waiting": _relay,
    "texts to young people are waiting": seed_text,
    "wishes to stop are waiting": _wish,
}


@pytest.mark.parametrize("trouble", WAITS)
def test_a_queue_that_grows_old_is_seen(session: Session, app_parts: Parts, clock: Clock, trouble: str) -> None:
    WAITS[trouble](session, app_parts)
    session.commit()
    clock.forward(minutes=5)
    assert trouble not in found(session, app_parts)
    clock.forward(seconds=1)
    assert trouble in found(session, app_parts)


@pytest.mark.parametrize(("days", "late"), [(0, False), (1, True)])
def test_a_comment_that_nobody_reviewed_in_time_is_seen(
    session: Session, app_parts: Parts, clock: Clock, days: int, late: bool
) -> None:
    words = {"script": "check-in", "step": "s", "theme": "t", "language": "en", "text": "x", "state": "waiting"}
    session.execute(insert(CommentRow).values(id="c", due_on=clock().date(), **words))
    clock.forward(days=days)
    assert ("comments wait past their time" in found(session, app_parts)) == late


LATE, KEYS_LATE = "something is kept past its life", "keys are kept past their life"


def keep_house(session: Session, parts: Parts, clock: Clock) -> None:
    """The next round of the worker in which the house is due."""
    clock.forward(minutes=5)
    jobs.rest_once(session, parts)


def close(session: Session, alert_id: str, now: datetime) -> None:
    """Somebody takes an alert and says that all is well."""
    acknowledge(session, alert_id, "Ada", now)
    alerts.record_outcome(session, alert_id, "Ada", "no_harm", now)


@pytest.mark.parametrize(("minutes", "late"), [(59, False), (60, True)])
def test_a_row_that_nobody_deleted_is_seen_an_hour_after_its_life(
    session: Session, app_parts: Parts, clock: Clock, minutes: int, late: bool
) -> None:
    close(session, seed_alert(session, app_parts), clock())
    clock.forward(days=7, minutes=minutes)
    assert (LATE in found(session, app_parts)) == late
    keep_house(session, app_parts, clock)
    assert LATE not in found(session, app_parts)


def test_a_response_past_the_analysis_life_is_seen_and_the_worker_ends_it(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    named = {"script": "check-in", "version": "1", "language": "en", "ending": "finished"}
    session.execute(insert(ResponseRow).values(id="r", month="2026-10", **named))
    short = replace(app_parts, settings=replace(app_parts.settings, analysis_months=1))
    assert LATE not in found(session, short)
    clock.forward(days=9)
    assert LATE in found(session, short)
    assert LATE not in found(session, app_parts)
    keep_house(session, short, clock)
    assert LATE not in found(session, short)


def test_old_lines_of_the_audit_are_seen_and_the_worker_prunes_them(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    key = audit.audit_key(app_parts.settings.record_key)
    audit.record(session, "ada@example.org", [audit.Act("read a comment", "comment 1")], clock(), key)
    clock.now += audit.LIFE
    assert LATE not in found(session, app_parts)
    clock.forward(hours=1)
    assert LATE in found(session, app_parts)
    keep_house(session, app_parts, clock)
    assert LATE not in found(session, app_parts)
    assert audit.verify(session, key) is None


def test_keys_that_nobody_destroyed_are_seen(session: Session, app_parts: Parts, clock: Clock) -> None:
    clock.forward(days=7, hours=12, minutes=59)
    assert KEYS_LATE not in found(session, app_parts)
    clock.forward(minutes=1)
    assert KEYS_LATE in found(session, app_parts)
    keep_house(session, app_parts, clock)
    assert KEYS_LATE not in found(session, app_parts)


@pytest.mark.parametrize("trouble", [LATE, KEYS_LATE])
def test_a_worker_that_starts_with_the_watch_has_time_to_delete(
    session: Session, app_parts: Parts, clock: Clock, trouble: str
) -> None:
    close(session, seed_alert(session, app_parts), clock())
    clock.forward(days=9)
    assert trouble not in found(session, app_parts, since=clock() - timedelta(minutes=15))
    assert trouble in found(session, app_parts, since=clock() - timedelta(minutes=16))


@pytest.mark.parametrize(("hours", "sqlite", "seen"), [(49, True, False), (50, True, True), (50, False, False)])
def test_a_file_that_is_not_rewritten_is_seen_where_there_is_one(
    session: Session, app_parts: Parts, clock: Clock, hours: int, sqlite: bool, seen: bool
) -> None:
    heartbeats.beat(session, "rewritten", clock())
    clock.forward(hours=hours)
    not_rewritten = "the database file is not rewritten"
    assert (not_rewritten in found(session, app_parts, beating=False, sqlite=sqlite)) == seen


def test_a_helpline_that_nobody_checked_is_seen(session: Session, app_parts: Parts, clock: Clock) -> None:
    stale = "a helpline has not been checked for 90 days"
    assert stale not in found(session, app_parts)
    clock.forward(days=120)
    assert stale in found(session, app_parts)


@pytest.mark.parametrize(("seconds", "shut"), [(60, False), (61, True)])
def test_a_front_door_that_does_not_answer_is_seen(
    session: Session, app_parts: Parts, clock: Clock, seconds: int, shut: bool
) -> None:
    web_at = clock() - timedelta(seconds=seconds)
    assert ("the front door does not answer" in found(session, app_parts, web_at=web_at)) == shut


def keep_rota(session: Session, clock: Clock, hours: float) -> None:
    """Ada is on duty from an hour ago, for so many hours from now."""
    ada = seed_staff(session)
    role = RoleRow(name="duty", description="")
    session.add(role)
    session.flush()
    session.execute(insert(StaffRoleRow).values(staff_id=ada, role_id=role.id))
    way = {"id": "w", "kind": "sms", "address": "+447700900001", "place": 0, "code_tries": 0}
    session.execute(insert(WayRow).values(staff_id=ada, verified_at=clock(), **way))
    starts, ends = clock() - timedelta(hours=1), clock() + timedelta(hours=hours)
    shift = {"id": "s", "rota": "duty", "override": False}
    session.execute(insert(ShiftRow).values(staff_id=ada, starts_at=starts, ends_at=ends, **shift))
    session.commit()


SOON, LATER = "nobody is on duty within a day", "the rota has a gap within two weeks"


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(23, {SOON, LATER}), (24, {SOON, LATER}), (25, {LATER}), (24 * 14 - 1, {LATER}), (24 * 14, set())],
)
def test_a_gap_in_the_rota_is_seen_before_it_comes(
    session: Session, app_parts: Parts, clock: Clock, hours: float, expected: set[str]
) -> None:
    keep_rota(session, clock, hours)
    assert found(session, app_parts) == expected


def test_without_any_rota_the_duty_contact_is_on_duty(session: Session, app_parts: Parts) -> None:
    assert not {SOON, LATER} & found(session, app_parts)


@pytest.mark.parametrize(("minutes", "missed"), [(15, False), (16, True)])
def test_a_house_that_nobody_keeps_is_seen(
    session: Session, app_parts: Parts, clock: Clock, minutes: int, missed: bool
) -> None:
    beat(session, clock)
    clock.forward(minutes=minutes)
    heartbeats.beat(session, "worker", clock())
    assert ("the house is not kept" in found(session, app_parts, beating=False)) == missed


@pytest.mark.parametrize(("hours", "missed"), [(12.9, False), (13.2, False), (13.3, True)])
def test_a_nightly_batch_that_was_not_made_is_seen_after_one(
    session: Session, app_parts: Parts, clock: Clock, hours: float, missed: bool
) -> None:
    beat(session, clock)
    clock.forward(hours=hours)
    for each in ("worker", "housekeeping"):
        heartbeats.beat(session, each, clock())
    assert ("the nightly batch was not made" in found(session, app_parts, beating=False)) == missed


@pytest.mark.parametrize(("hours", "late"), [(73, False), (74, True)])
def test_copies_at_twilio_that_stay_are_seen(
    session: Session, app_parts: Parts, clock: Clock, hours: int, late: bool
) -> None:
    heartbeats.beat(session, "copies", clock())
    clock.forward(hours=hours)
    assert ("copies at Twilio are older than 72 hours" in found(session, app_parts)) == late


def test_what_the_alarm_says_is_plain_and_fits() -> None:
    names = [each.name for each in troubles.TROUBLES]
    assert len(set(names)) == len(names)
    for each in troubles.TROUBLES:
        assert len(each.name) <= 64
        assert len(f"{each.name}. {each.cure}") <= 153
        assert f"{each.name}{each.cure}".isascii()
        assert each.cure.endswith(".")
