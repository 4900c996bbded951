"""How an event of a calendar is repeated: by the day or by the week, so often or until then, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"})
MOST = 500
FARTHEST = 366 * 3
"""Days ahead; whoever plans farther is mistaken about the year."""
UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


class CannotRepeat(ValueError):
    """A rule that we do not understand; says what of it."""


def days_ahead(rule: str, first: date, moment_of: Callable[[int], datetime]) -> tuple[int, ...]:
    """How many days after `first`, on which an event begins, each repetition lies by its RRULE; the first is 0.

    `moment_of` gives when the event begins so many days on. Raises CannotRepeat for what we do not understand, and for
    a rule without an end.
    """
    parts = _parts(rule)
    count, until = _count(parts), parts.get("UNTIL")
    if (count is None) == (until is None):
        raise CannotRepeat("RRULE needs COUNT or UNTIL, and not both")
    last = _until(until) if until is not None else None
    days: list[int] = []
    for ahead in _matching(parts, first):
        if len(days) == count or (last is not None and _is_past(moment_of(ahead), first + timedelta(days=ahead), last)):
            break
        days.append(ahead)
        if len(days) > MOST:
            raise CannotRepeat(f"RRULE repeats it more than {MOST} times")
    else:
        raise CannotRepeat("RRULE goes on for more than three years")
    if days[:1] != [0]:
        raise CannotRepeat("RRULE does not name the day on which it begins")
    return tuple(days)


def _parts(rule: str) -> Mapping[str, str]:
    parts = {name.upper(): value.upper() for name, _, value in (part.partition("=") for part in rule.split(";"))}
    if strange := sorted(parts.keys() - PARTS):
        raise CannotRepeat(f"RRULE has {', '.join(strange)}, which is not understood here")
    if parts.get("FREQ") not in ("DAILY", "WEEKLY"):
        raise CannotRepeat("RRULE must repeat it DAILY or WEEKLY")
    return parts


def _count(parts: Mapping[str, str]) -> int | None:
    return _number(parts, "COUNT") if "COUNT" in parts else None


def _number(parts: Mapping[str, str], name: str) -> int:
    text = parts.get(name, "1")
    if not re.fullmatch(r"[1-9]\d{0,3}", text):
        raise CannotRepeat(f"RRULE has {name}={text}, which is no number")
    return int(text)


def _matching(parts: Mapping[str, str], first: date) -> Iterator[int]:
    """Every day from the first on that the rule names, as days ahead of the first."""
    interval, weekly = _number(parts, "INTERVAL"), parts["FREQ"] == "WEEKLY"
    named = _weekdays(parts.get("BYDAY", WEEKDAYS[first.weekday()] if weekly else ",".join(WEEKDAYS)))
    begins = _weekdays(parts.get("WKST", "MO"))
    into_week = (first.weekday() - min(begins)) % 7
    for ahead in range(FARTHEST):
        passed = (ahead + into_week) // 7 if weekly else ahead
        if passed % interval == 0 and (first + timedelta(days=ahead)).weekday() in named:
            yield ahead


def _weekdays(text: str) -> frozenset[int]:
    days = text.split(",")
    if strange := [day for day in days if day not in WEEKDAYS]:
        raise CannotRepeat(f"RRULE has the weekday {strange[0] or '(none)'}, which is not understood here")
    return frozenset(WEEKDAYS.index(day) for day in days)


def _until(text: str) -> date | datetime:
    found = UNTIL.fullmatch(text)
    if found is None:
        raise CannotRepeat(f"RRULE has UNTIL={text}, which is no time")
    try:
        day = date.fromisoformat(found[1])
        return datetime.combine(day, time.fromisoformat(found[2]), UTC) if found[3] else day
    except ValueError:
        raise CannotRepeat(f"RRULE has UNTIL={text}, which is no time") from None


def _is_past(moment: datetime, day: date, last: date | datetime) -> bool:
    return moment > last if isinstance(last, datetime) else day > last
