"""The rota as it is read at every step: who can be told now, and when nobody will be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, event, update
from sqlalchemy.orm import Session

from bot.parts import Parts
from conversations import duty_rota
from conversations.duty_models import WayRow
from conversations.shifts import OUT_OF_HOURS, Gap, on_call, on_duty
from conversations.staff_models import StaffRoleRow, StaffRow
from tests.fakes import NOON, Clock
from tests.rota_seeds import seed_person, seed_shift, seed_way

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def told(session: Session, clock: Clock) -> tuple[int, ...]:
    return on_duty(duty_rota.load(session, clock()), clock())


def test_whoever_has_a_shift_a_role_and_a_proven_way_is_on_duty_with_their_ways_in_order(
    session: Session, clock: Clock
) -> None:
    ann = seed_person(session, "Ann", "duty", "viewer", proven=())
    seed_way(session, ann, "email", place=2)
    seed_way(session, ann, "voice", place=1)
    seed_way(session, ann, "sms", proven=False, place=3)
    lead = seed_person(session, "Lorna", "lead")
    seed_shift(session, ann, NOON - HOUR)
    found = duty_rota.load(session, clock())
    assert on_duty(found, clock()) == (ann,)
    assert [way.kind for way in found.people[ann].ways] == ["voice", "email"]
    assert (found.people[ann].lead, found.people[lead].lead) == (False, True)


@pytest.mark.parametrize("hours", [-48, -1, 1, 12])
def test_b16_a_shift_that_is_over_or_has_not_begun_tells_nobody(session: Session, clock: Clock, hours: int) -> None:
    ann = seed_person(session, "Ann", "duty")
    start = NOON + hours * HOUR if hours > 0 else NOON + (hours - 8) * HOUR
    seed_shift(session, ann, start)
    assert told(session, clock) == ()


def test_b16_a_rota_of_people_without_a_proven_way_is_an_empty_one(session: Session, clock: Clock) -> None:
    for name in ("Ann", "Ben"):
        person = seed_person(session, name, "duty", proven=())
        seed_way(session, person, proven=False)
        seed_shift(session, person, NOON - HOUR)
    assert told(session, clock) == ()
    assert duty_rota.load(session, clock()).people == {}


def test_b16_an_empty_database_has_an_empty_rota(session: Session, clock: Clock) -> None:
    assert told(session, clock) == ()


LEAVE: dict[str, Callable[[Session, int], object]] = {
    "removed": lambda session, who: session.execute(delete(StaffRow).where(StaffRow.id == who)),
    "inactive": lambda session, who: session.execute(update(StaffRow).where(StaffRow.id == who).values(active=False)),
    "role taken away": lambda session, who: session.execute(
        delete(StaffRoleRow).where(StaffRoleRow.staff_id == who)
    ),
    "way taken away": lambda session, who: session.execute(delete(WayRow).where(WayRow.staff_id == who)),
    "way no longer proven": lambda session, who: session.execute(
        update(WayRow).where(WayRow.staff_id == who).values(verified_at=None)
    ),
}


@pytest.mark.parametrize("how", LEAVE)
def test_b40_whoever_leaves_between_two_steps_is_not_on_duty_at_the_second(
    session: Session, clock: Clock, how: str
) -> None:
    ann, ben = (seed_person(session, name, "duty") for name in ("Ann", "Ben"))
    seed_shift(session, ann, NOON - 2 * HOUR)
    seed_shift(session, ben, NOON - HOUR)
    assert told(session, clock) == (ann, ben)
    LEAVE[how](session, ann)
    assert told(session, clock) == (ben,)


def test_b40_a_shift_that_was_put_in_or_moved_counts_at_the_next_step(session: Session, clock: Clock) -> None:
    ann = seed_person(session, "Ann", "duty")
    assert told(session, clock) == ()
    seed_shift(session, ann, NOON)
    assert told(session, clock) == (ann,)


def test_it_is_read_in_three_statements_however_long_it_is(session: Session, clock: Clock) -> None:
    for name in ("Ann", "Ben", "Cat", "Dan"):
        person = seed_person(session, name, "duty", proven=("sms", "voice", "email"))
        for day in range(5):
            seed_shift(session, person, NOON + day * DAY)
    session.flush()
    statements: list[str] = []
    listener = lambda *each: statements.append(each[2])  # noqa: E731
    event.listen(session.get_bind(), "before_cursor_execute", listener)
    try:
        found = duty_rota.load(session, clock(), 14 * DAY)
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", listener)
    assert len(found.shifts) == 20
    assert len(statements) == 3, statements


def gaps(session: Session, parts: Parts, clock: Clock, hours: str) -> tuple[Gap, ...]:
    return duty_rota.gaps_ahead(session, replace(parts.settings, cover_hours=hours), clock())


def test_b17_without_a_rota_every_hour_that_must_be_covered_for_fourteen_days_is_a_gap(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    assert gaps(session, app_parts, clock, "always") == (Gap(NOON, NOON + 14 * DAY),)
    office = gaps(session, app_parts, clock, "09:00-17:00")
    assert len(office) == 10  # eleven days are touched, one of them is St Andrew's Day
    assert (office[0], office[-1].ends_at) == (Gap(NOON, NOON + 5 * HOUR), NOON + 14 * DAY)


def test_b17_a_day_that_is_covered_is_no_gap_and_a_half_of_one_is(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    ann, nine = seed_person(session, "Ann", "duty"), NOON - 3 * HOUR
    for day in range(15):
        seed_shift(session, ann, nine + day * DAY, 4 if day == 2 else 8)
    afternoon = Gap(nine + 2 * DAY + 4 * HOUR, nine + 2 * DAY + 8 * HOUR)
    assert gaps(session, app_parts, clock, "09:00-17:00") == (afternoon,)


def test_b17_the_last_proven_way_of_whoever_is_on_makes_the_gap(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    ann = seed_person(session, "Ann", "duty")
    seed_shift(session, ann, NOON, 14 * 24)
    assert gaps(session, app_parts, clock, "always") == ()
    session.execute(delete(WayRow))
    assert gaps(session, app_parts, clock, "always") == (Gap(NOON, NOON + 14 * DAY),)


def test_b17_where_an_out_of_hours_rota_is_kept_every_hour_must_be_covered(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    ann, ben = (seed_person(session, name, "duty") for name in ("Ann", "Ben"))
    seed_shift(session, ann, NOON, 14 * 24 - 24)
    assert gaps(session, app_parts, clock, "13:00-14:00") == ()
    seed_shift(session, ben, NOON, 24, OUT_OF_HOURS)
    assert gaps(session, app_parts, clock, "13:00-14:00") == (Gap(NOON + 13 * DAY, NOON + 14 * DAY),)
    assert on_call(duty_rota.load(session, clock()), clock()) == (ann,)
