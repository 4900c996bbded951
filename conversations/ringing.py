"""Which alarms ring now, by which way, and when they are over: decided over values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from conversations.rota import is_day

AGAIN = timedelta(hours=1)
AGAIN_SLOW = timedelta(days=1)
QUIET = timedelta(minutes=2)
"""How long a trouble must be gone before it is over: one that comes and goes rings once."""
GIVEN_UP = timedelta(hours=1)
"""How long we try to say that it is over; when it began is tried without end."""


class Kind(StrEnum):
    """What a telling says."""

    BEGAN = "began"
    LASTS = "still"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A trouble as the watch knows it: since when, when each way last told of it, and since when it is gone."""

    trouble: str
    began_at: datetime
    slow: bool = False
    told: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    gone_at: datetime | None = None

    @property
    def told_at(self) -> datetime | None:
        """When somebody was last told of it."""
        return max(self.told.values(), default=None)


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to be said by one way."""

    way: str
    alarm: Alarm
    kind: Kind


Alarms = Mapping[str, Alarm]
"""By trouble."""


def after_look(known: Alarms, found: Mapping[str, bool], now: datetime) -> Alarms:
    """What rings after a look that found these troubles; the value of each says whether it is a slow one."""
    new = {name: Alarm(name, now, slow) for name, slow in found.items() if name not in known}
    return MappingProxyType({name: _looked_at(alarm, name in found, now) for name, alarm in known.items()} | new)


def _looked_at(alarm: Alarm, there: bool, now: datetime) -> Alarm:
    if there:
        return replace(alarm, gone_at=None)
    return replace(alarm, gone_at=alarm.gone_at or now)


def tellings(known: Alarms, ways: Collection[str], now: datetime) -> tuple[Telling, ...]:
    """What must be said now: each trouble once by each way, again while it lasts, and its end where it was told.

    A slow trouble, which can wait for the morning, is told by day.
    """
    found = ((way, alarm, _kind(alarm, way, now)) for alarm in known.values() for way in ways)
    return tuple(Telling(way, alarm, kind) for way, alarm, kind in found if kind and (is_day(now) or not alarm.slow))


def _kind(alarm: Alarm, way: str, now: datetime) -> Kind | None:
    last = alarm.told.get(way)
    if alarm.gone_at:
        return Kind.OVER if last and now - alarm.gone_at >= QUIET else None
    if last is None:
        return Kind.BEGAN
    every = AGAIN_SLOW if alarm.slow else AGAIN
    # Told later than now: the clock was put back.
    return Kind.LASTS if not timedelta() <= now - last < every else None


def after_telling(known: Alarms, done: Iterable[Telling], now: datetime) -> Alarms:
    """What rings after these tellings have left; a trouble that is over for everybody who heard of it is forgotten."""
    told = {name: dict(alarm.told) for name, alarm in known.items()}
    for telling in done:
        if telling.kind is Kind.OVER:
            told[telling.alarm.trouble].pop(telling.way, None)
        else:
            told[telling.alarm.trouble][telling.way] = now
    kept = {name: replace(alarm, told=MappingProxyType(told[name])) for name, alarm in known.items()}
    return MappingProxyType({name: alarm for name, alarm in kept.items() if not _is_over(alarm, now)})


def _is_over(alarm: Alarm, now: datetime) -> bool:
    if alarm.gone_at is None:
        return False
    gone = now - alarm.gone_at
    return gone >= GIVEN_UP or (gone >= QUIET and not alarm.told)


def somebody_knows(known: Alarms, now: datetime) -> bool:
    """Whether of every trouble that is there somebody has been told, but for slow ones that wait for the day."""
    there = [alarm for alarm in known.values() if alarm.gone_at is None]
    return all(alarm.told or (alarm.slow and not is_day(now)) for alarm in there)
