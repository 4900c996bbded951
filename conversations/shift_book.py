"""The rota as staff write it: shifts are added, swapped and taken out, and none is kept for somebody out of reach."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from conversations import duty_rota, shifts
from conversations.duty_models import ShiftRow
from conversations.settings import Settings
from conversations.shifts import Gap, Rota, Shift
from conversations.staff_models import StaffRow

HAS_BEGUN = "It has begun: put an override on what is left of it"


class CannotKeep(ValueError):
    """The rota cannot be changed like this; says why."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a change takes out of the rota, and what it puts in."""

    gone: tuple[str, ...] = ()
    new: tuple[Shift, ...] = ()


def add(
    session: Session, wanted: Sequence[Shift], now: datetime, imported_as: Mapping[Shift, str] | None = None
) -> None:
    """Keep new shifts, all of them or none; one that should have begun begins now. Raises CannotKeep."""
    _hold(session, {shift.person for shift in wanted})
    check(session, wanted, now)
    marks = imported_as or {}
    for shift in wanted:
        kept = replace(shift, starts_at=max(shift.starts_at, now), id=secrets.token_hex(16))
        session.execute(insert(ShiftRow).values(**_columns(kept), imported_as=marks.get(shift)))


def check(session: Session, wanted: Sequence[Shift], now: datetime) -> None:
    """Raise CannotKeep for the first of these shifts that cannot be added."""
    rota = _until_the_end_of(session, wanted, now)
    for shift in wanted:
        if why := shifts.refusal(shift, rota, now):
            raise CannotKeep(why)
        rota = shifts.changed(rota, new=[shift])


def swap(session: Session, first_id: str, second_id: str, now: datetime) -> None:
    """Let two people take each other's shift. Raises CannotKeep; LookupError when one of them is no longer there."""
    change = swapped(session, first_id, second_id)
    if any(shift.starts_at <= now for shift in change.new):
        raise CannotKeep(HAS_BEGUN)
    _hold(session, {shift.person for shift in change.new})
    rota = shifts.changed(_until_the_end_of(session, change.new, now), change.gone)
    for shift in change.new:
        if why := shifts.refusal(shift, rota, now):
            raise CannotKeep(why)
    for shift in change.new:
        session.execute(update(ShiftRow).where(ShiftRow.id == shift.id).values(staff_id=shift.person))


def remove(session: Session, shift_id: str, now: datetime) -> None:
    """Take out a shift that has not begun. Raises CannotKeep; LookupError when it is no longer there."""
    if find(session, shift_id, lock=True).starts_at <= now:
        raise CannotKeep(HAS_BEGUN)
    session.execute(delete(ShiftRow).where(ShiftRow.id == shift_id))


def swapped(session: Session, first_id: str, second_id: str) -> Change:
    """What a swap would change; raises CannotKeep for a person with themselves, LookupError for what is not there."""
    one, other = (find(session, each, lock=True) for each in sorted((first_id, second_id)))
    if one.person == other.person:
        raise CannotKeep("Both shifts are of the same person")
    new = (replace(one, person=other.person), replace(other, person=one.person))
    return Change((one.id, other.id), new)


def gaps_made(session: Session, settings: Settings, change: Change, now: datetime) -> tuple[Gap, ...]:
    """When nobody would be on duty any more after a change, as far as the look-ahead and what it takes out reach."""
    ends = [find(session, each).ends_at for each in change.gone]
    end = max([now + duty_rota.AHEAD, *ends])
    before = duty_rota.load(session, now, end - now)
    after = shifts.changed(before, change.gone, change.new)
    must = duty_rota.must_be_covered(before, settings.cover_hours, now, end)
    return shifts.made(shifts.gaps(before, must), shifts.gaps(after, must))


def gaps_without(session: Session, settings: Settings, staff_id: int, now: datetime) -> tuple[Gap, ...]:
    """When nobody will be on duty, of the next fourteen days, if this person can be told no more."""
    before = duty_rota.load(session, now, duty_rota.AHEAD)
    must = duty_rota.must_be_covered(before, settings.cover_hours, now, now + duty_rota.AHEAD)
    after = shifts.without_person(before, staff_id)
    return shifts.made(shifts.gaps(before, must), shifts.gaps(after, must))


def find(session: Session, shift_id: str, lock: bool = False) -> Shift:
    """One shift; LookupError when it is not there. Locked, it stays as it is until this unit of work ends."""
    wanted = select(ShiftRow).where(ShiftRow.id == shift_id).execution_options(populate_existing=True)
    row = session.scalar(wanted.with_for_update() if lock else wanted)
    if row is None:
        raise LookupError(shift_id)
    return Shift(row.rota, row.staff_id, row.starts_at, row.ends_at, row.override, row.id)


def coming(session: Session, staff_id: int, now: datetime) -> Sequence[ShiftRow]:
    """The shifts of one person that run now or lie ahead, the next first."""
    wanted = select(ShiftRow).where(ShiftRow.staff_id == staff_id, ShiftRow.ends_at > now)
    return session.scalars(wanted.order_by(ShiftRow.starts_at)).all()


def imported(session: Session, marks: Iterable[str]) -> frozenset[str]:
    """Which of these marks of an import are on the rota already."""
    return frozenset(session.scalars(select(ShiftRow.imported_as).where(ShiftRow.imported_as.in_(list(marks)))))


def _hold(session: Session, people: Collection[int]) -> None:
    """Nobody loses their last way, and nobody gets another shift, until this unit of work ends."""
    held = select(StaffRow.id).where(StaffRow.id.in_(people)).order_by(StaffRow.id)
    session.execute(held.with_for_update()).all()


def _until_the_end_of(session: Session, wanted: Sequence[Shift], now: datetime) -> Rota:
    ends = max((shift.ends_at for shift in wanted), default=now)
    return duty_rota.load(session, now, max(ends - now, timedelta()))


def _columns(shift: Shift) -> dict[str, object]:
    return {
        "id": shift.id,
        "rota": shift.rota,
        "staff_id": shift.person,
        "starts_at": shift.starts_at,
        "ends_at": shift.ends_at,
        "override": shift.override,
    }
