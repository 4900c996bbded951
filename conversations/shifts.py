"""Who is on duty, as plain values: people and how they may be reached, and when it is whose turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType

DUTY, OUT_OF_HOURS = "duty", "out_of_hours"
LONGEST_SHIFT = timedelta(days=7, hours=1)
"""A week, with the hour more that it has in October."""


@dataclass(frozen=True, slots=True)
class Way:
    """One proven way to reach somebody: sms, voice or email, and the number or address."""

    kind: str
    address: str


@dataclass(frozen=True, slots=True)
class DutyPerson:
    """Somebody who may be told of an alert, with their proven ways in the order in which they want them used."""

    id: int
    name: str
    ways: tuple[Way, ...] = ()
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """When it is somebody's turn, from `starts_at` until just before `ends_at`, in UTC."""

    rota: str
    person: int
    starts_at: datetime
    ends_at: datetime
    override: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """When nobody is on duty and somebody must be, in UTC."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Rota:
    """Everybody who may be told, and whose turn it is when; `people` are active staff with a proven way."""

    people: Mapping[int, DutyPerson] = field(default_factory=lambda: MappingProxyType({}))
    shifts: tuple[Shift, ...] = ()


def on_duty(rota: Rota, at: datetime, which: str = DUTY) -> tuple[int, ...]:
    """Whose turn it is at this moment, first to be told first; overrides go before the shifts that they lie on."""
    running = [
        shift
        for shift in rota.shifts
        if shift.rota == which and shift.starts_at <= at < shift.ends_at and shift.person in rota.people
    ]
    chosen = [shift for shift in running if shift.override] or running
    ordered = sorted(chosen, key=lambda shift: (shift.starts_at, shift.person))
    return tuple(dict.fromkeys(shift.person for shift in ordered))


def on_call(rota: Rota, at: datetime) -> tuple[int, ...]:
    """Who answers at this moment, by whatever rota: the duty rota, and where it is empty the out-of-hours rota."""
    return on_duty(rota, at) or on_duty(rota, at, OUT_OF_HOURS)


def gaps(rota: Rota, must: Iterable[tuple[datetime, datetime]]) -> tuple[Gap, ...]:
    """When nobody answers, of the stretches of time in which somebody must."""
    parts = (part for start, end in must for part in pairwise(_edges(rota.shifts, start, end)))
    return _joined(Gap(begins, ends) for begins, ends in parts if not on_call(rota, begins))


def made(before: Sequence[Gap], after: Iterable[Gap]) -> tuple[Gap, ...]:
    """The parts of gaps that were not there before a change."""
    left = list(after)
    for old in before:
        left = [part for gap in left for part in _without(gap, old)]
    return tuple(left)


def doubled(rota: Rota, start: datetime, end: datetime) -> tuple[Gap, ...]:
    """When more than one person is on the same rota and no override says which of them, between two moments."""
    parts = pairwise(_edges(rota.shifts, start, end))
    return _joined(
        Gap(begins, ends)
        for begins, ends in parts
        if any(len(on_duty(rota, begins, which)) > 1 for which in (DUTY, OUT_OF_HOURS))
    )


def refusal(shift: Shift, rota: Rota, now: datetime) -> str:
    """Why this shift cannot be kept, in words for whoever wanted it; empty when it can."""
    faults = {
        "It ends before it begins": shift.ends_at < shift.starts_at,
        "It has no length: it ends when it begins, or lies in the hour that the clocks leave out": (
            shift.ends_at == shift.starts_at
        ),
        "It is longer than seven days": shift.ends_at - shift.starts_at > LONGEST_SHIFT,
        "It lies in the past": shift.ends_at <= now,
        "They are on this rota at that time already": any(_is_same_turn(shift, other) for other in rota.shifts),
        "They have no proven way to be reached, or may not answer alerts": shift.person not in rota.people,
    }
    return next((fault for fault, found in faults.items() if found), "")


def changed(rota: Rota, gone: Iterable[str] = (), new: Iterable[Shift] = ()) -> Rota:
    """The rota as it would be without some of its shifts and with others."""
    without = frozenset(gone)
    kept = [shift for shift in rota.shifts if shift.id not in without]
    return replace(rota, shifts=(*kept, *new))


def without_person(rota: Rota, person: int) -> Rota:
    """The rota as it would be if this person could not be told any more."""
    return replace(rota, people={key: each for key, each in rota.people.items() if key != person})


def leads(rota: Rota) -> tuple[int, ...]:
    """The safeguarding leads who can be told."""
    return tuple(person.id for person in rota.people.values() if person.lead)


def _is_same_turn(shift: Shift, other: Shift) -> bool:
    same = (other.person, other.rota, other.override) == (shift.person, shift.rota, shift.override)
    return same and other.starts_at < shift.ends_at and shift.starts_at < other.ends_at


def _edges(shifts: Iterable[Shift], start: datetime, end: datetime) -> list[datetime]:
    """Where anything may change between two moments, themselves among them."""
    moments = {moment for shift in shifts for moment in (shift.starts_at, shift.ends_at) if start < moment < end}
    return sorted(moments | {start, end})


def _joined(parts: Iterable[Gap]) -> tuple[Gap, ...]:
    """Parts in their order, those that meet made one."""
    found: list[Gap] = []
    for part in parts:
        begins = found.pop().starts_at if found and found[-1].ends_at == part.starts_at else part.starts_at
        found.append(Gap(begins, part.ends_at))
    return tuple(found)


def _without(gap: Gap, other: Gap) -> list[Gap]:
    if other.ends_at <= gap.starts_at or gap.ends_at <= other.starts_at:
        return [gap]
    before = Gap(gap.starts_at, max(gap.starts_at, other.starts_at))
    after = Gap(min(gap.ends_at, other.ends_at), gap.ends_at)
    return [part for part in (before, after) if part.starts_at < part.ends_at]
