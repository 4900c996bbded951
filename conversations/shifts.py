"""Who is on duty, as plain values: people and how they may be reached, and when it is whose turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

DUTY, OUT_OF_HOURS = "duty", "out_of_hours"


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


def leads(rota: Rota) -> tuple[int, ...]:
    """The safeguarding leads who can be told."""
    return tuple(person.id for person in rota.people.values() if person.lead)
