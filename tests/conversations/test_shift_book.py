"""Keeping the rota as rows: what is refused, what a change would leave uncovered, and who was first."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.parts import Parts
from conversations import proofs, shift_book
from conversations.db import db
from conversations.duty_models import ShiftRow
from conversations.shift_book import CannotKeep, Change
from conversations.shifts import DUTY, Gap, Shift
from tests.fakes import NOON, Clock
from tests.rota_seeds import seed_person, seed_shift, seed_way
from tests.seeds import own_session

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def turn(who: int, start: float = 1, end: float = 9, override: bool = False) -> Shift:
    return Shift(DUTY, who, NOON + start * HOUR, NOON + end * HOUR, override)


def kept(session: Session) -> list[tuple[int, float, float]]:
    rows = session.scalars(select(ShiftRow).order_by(ShiftRow.starts_at, ShiftRow.staff_id))
    return [(row.staff_id, (row.starts_at - NOON) / HOUR, (row.ends_at - NOON) / HOUR) for row in rows]


def test_shifts_are_kept_in_one_go_and_one_that_has_begun_begins_now(session: Session, clock: Clock) -> None:
    ann = seed_person(session, "Ann", "duty")
    shift_book.add(session, [turn(ann, -1, 3), turn(ann, 24, 32)], clock())
    assert kept(session) == [(ann, 0, 3), (ann, 24, 32)]


@pytest.mark.parametrize("proven", [(), None])
def test_b17_nobody_without_a_proven_way_comes_onto_the_rota(
    session: Session, clock: Clock, proven: tuple[str, ...] | None
) -> None:
    ann = seed_person(session, "Ann", "duty" if proven is not None else "viewer", proven=proven or ())
    seed_way(session, ann, proven=proven is None)
    with pytest.raises(CannotKeep, match="no proven way"):
        shift_book.add(session, [turn(ann)], clock())
    assert kept(session) == []


def test_all_or_none_of_a_series_is_kept(session: Session, clock: Clock) -> None:
    ann = seed_person(session, "Ann", "duty")
    seed_shift(session, ann, NOON + 7 * DAY)
    with pytest.raises(CannotKeep, match="already"):
        shift_book.add(session, [turn(ann, n * 24 * 7, n * 24 * 7 + 8) for n in range(3)], clock())
    assert kept(session) == [(ann, 168, 176)]


def test_two_people_take_each_others_shift(session: Session, clock: Clock) -> None:
    ann, ben = (seed_person(session, name, "duty") for name in ("Ann", "Ben"))
    first, second = seed_shift(session, ann, NOON + HOUR), seed_shift(session, ben, NOON + DAY)
    shift_book.swap(session, first, second, clock())
    assert kept(session) == [(ben, 1, 9), (ann, 24, 32)]


def test_a_swap_that_puts_somebody_on_duty_twice_or_out_of_reach_is_refused(session: Session, clock: Clock) -> None:
    ann, ben = (seed_person(session, name, "duty") for name in ("Ann", "Ben"))
    cat = seed_person(session, "Cat", "duty", proven=())
    first, second = seed_shift(session, ann, NOON + HOUR), seed_shift(session, ben, NOON + DAY)
    seed_shift(session, ben, NOON + 2 * HOUR, 1)
    third, begun = seed_shift(session, cat, NOON + 3 * DAY), seed_shift(session, ann, NOON - HOUR, 2)
    for one, other, why in (
        (first, second, "already"), (first, third, "no proven way"), (first, first, "same person"),
        (begun, second, "has begun"),
    ):
        with pytest.raises(CannotKeep, match=why):
            shift_book.swap(session, one, other, clock())
    with pytest.raises(LookupError):
        shift_book.swap(session, first, "nothing", clock())


def test_a_shift_ahead_is_taken_out_and_one_that_has_begun_stays(session: Session, clock: Clock) -> None:
    ann = seed_person(session, "Ann", "duty")
    ahead, begun = seed_shift(session, ann, NOON + HOUR), seed_shift(session, ann, NOON - 9 * HOUR, 9.5)
    shift_book.remove(session, ahead, clock())
    with pytest.raises(CannotKeep, match="has begun"):
        shift_book.remove(session, begun, clock())
    with pytest.raises(LookupError):
        shift_book.remove(session, ahead, clock())
    assert kept(session) == [(ann, -9, 0.5)]


def test_b17_what_a_change_leaves_uncovered_is_said_before_also_far_ahead(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    ann, ben = (seed_person(session, name, "duty") for name in ("Ann", "Ben"))
    seed_shift(session, ann, NOON, 10 * 24)
    part = seed_shift(session, ben, NOON + 10 * DAY, 4 * 24)
    far = seed_shift(session, ben, NOON + 30 * DAY)
    doubled = seed_shift(session, ben, NOON + DAY)
    settings = app_parts.settings
    made = {name: shift_book.gaps_made(session, settings, Change((name,)), clock()) for name in (part, far, doubled)}
    assert made == {
        part: (Gap(NOON + 10 * DAY, NOON + 14 * DAY),),
        far: (Gap(NOON + 30 * DAY, NOON + 30 * DAY + 8 * HOUR),),
        doubled: (),
    }
    assert shift_book.gaps_without(session, settings, ben, clock()) == made[part]
    assert [row.id for row in shift_book.coming(session, ben, clock())] == [doubled, part, far]


def test_b17_of_a_shift_and_the_loss_of_the_last_way_at_one_moment_one_is_refused(app: Flask, clock: Clock) -> None:
    with own_session(app) as session:
        ann = seed_person(session, "Ann", "duty", proven=())
        way = seed_way(session, ann)
        session.commit()
    start, refused = threading.Barrier(2), []

    def run(keep: bool) -> None:
        with own_session(app) as session:
            start.wait()
            try:
                if keep:
                    shift_book.add(session, [turn(ann)], clock())
                else:
                    proofs.remove(session, ann, way, clock())
                session.commit()
            except (CannotKeep, proofs.CannotProve) as why:
                session.rollback()
                refused.append(str(why))

    threads = [threading.Thread(target=run, args=(keep,)) for keep in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    with app.app_context():
        assert (len(kept(db.session())) == 1) is bool(proofs.ways_of(db.session(), ann))
