"""The rota as a list of days, and stretches of time as staff say them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from conversations import holidays
from conversations.rota import HERE, moment
from conversations.shifts import Gap, Shift

DAY = timedelta(days=1)
MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Part:
    """What of a shift or a gap lies on one day, in the words of that day; a gap is nobody's shift."""

    when: str
    starts_at: datetime
    shift: Shift | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the rota, the parts that lie on it in their order."""

    day: date
    holiday: str
    parts: tuple[Part, ...]


def said(gap: Gap) -> str:
    """A stretch of time, as in "Friday 27 November from 17:00 to 20:00"."""
    begins, ends = gap.starts_at.astimezone(HERE), gap.ends_at.astimezone(HERE)
    until = f"{ends:%H:%M}" if begins.date() == ends.date() else f"{ends:%H:%M} on {ends:%A %-d %B}"
    return f"{begins:%A %-d %B} from {begins:%H:%M} to {until}"


def days(first: date, number: int, turns: Iterable[Shift], gaps: Iterable[Gap]) -> tuple[Day, ...]:
    """So many days from the first, each with what lies on it; what goes over midnight lies on both."""
    stretches: list[tuple[datetime, datetime, Shift | None]] = []
    stretches += [(turn.starts_at, turn.ends_at, turn) for turn in turns]
    stretches += [(gap.starts_at, gap.ends_at, None) for gap in gaps]
    return tuple(_day(first + n * DAY, stretches) for n in range(number))


def _day(day: date, stretches: Iterable[tuple[datetime, datetime, Shift | None]]) -> Day:
    begins, ends = moment(day, MIDNIGHT), moment(day + DAY, MIDNIGHT)
    parts = [
        Part(_words(max(start, begins), min(end, ends), begins, ends), max(start, begins), turn)
        for start, end, turn in stretches
        if start < ends and end > begins
    ]
    return Day(day, holidays.name_of(day), tuple(sorted(parts, key=lambda part: part.starts_at)))


def _words(start: datetime, end: datetime, begins: datetime, ends: datetime) -> str:
    if (start, end) == (begins, ends):
        return "all day"
    until = "midnight" if end == ends else f"{end.astimezone(HERE):%H:%M}"
    return f"{start.astimezone(HERE):%H:%M} to {until}"
