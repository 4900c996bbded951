"""Calendars as RFC 5545 has them: ours written out, others read so strictly that no shift is lost without a word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

from conversations.recurrences import CannotRepeat, days_ahead
from conversations.rota import moment

HERE_NAMES = frozenset({"Europe/London", "GMT Standard Time"})
"""Europe/London, and what Outlook calls it."""
MOST_EVENTS = 500
LONGEST_UID = 200
DEEPEST = 6
"""An alarm in an event in a calendar is three deep; what nests further than this is no calendar of shifts."""
STAMP = "%Y%m%dT%H%M%SZ"
CLOCK = re.compile(r"(\d{8})T(\d{6})(Z?)")
LINE = re.compile(r'([A-Za-z0-9-]+)((?:;[^:;"]*(?:"[^"]*"[^:;"]*)*)*):(.*)')


class Unreadable(ValueError):
    """Something in a calendar that we cannot read; says in which line, and what."""

    def __init__(self, line: int, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(f"Line {line}: {why}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One shift, as it goes out."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    title: str


@dataclass(frozen=True, slots=True)
class Event:
    """One shift, as it came in: when, who by mail or by title, and the line that it begins at."""

    uid: str
    recurrence: str
    starts_at: datetime
    ends_at: datetime
    mails: tuple[str, ...]
    title: str
    line: int

    @property
    def mark(self) -> str:
        """What one event of one calendar is known by, however often it is read."""
        return f"{self.uid} {self.recurrence}"


@dataclass(frozen=True, slots=True)
class Property:
    """One line of a calendar: its name, parameters and value, and its number in the file."""

    name: str
    parameters: Mapping[str, str]
    value: str
    line: int


@dataclass(slots=True)
class Block:
    """One VEVENT while it is read."""

    line: int
    of: dict[str, list[Property]] = field(default_factory=dict)

    def one(self, name: str) -> Property:
        """The property of this name, which must be there once."""
        found = self.of.get(name, [])
        if len(found) != 1:
            raise Unreadable(found[1].line if found else self.line, f"an event needs {name}, once")
        return found[0]

    def text(self, name: str) -> str:
        """The value of a property that may be missing."""
        return self.of[name][0].value if name in self.of else ""


def write(entries: Iterable[Entry], name: str, now: datetime) -> str:
    """A calendar of these shifts, in UTC, so that no reader needs to know our clock changes."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Heard//Rota//EN", f"X-WR-CALNAME:{_escaped(name)}"]
    for entry in entries:
        lines += ["BEGIN:VEVENT", f"UID:{_escaped(entry.uid)}", f"DTSTAMP:{now.astimezone(UTC):{STAMP}}"]
        lines += [f"DTSTART:{entry.starts_at.astimezone(UTC):{STAMP}}"]
        lines += [f"DTEND:{entry.ends_at.astimezone(UTC):{STAMP}}"]
        lines += [f"SUMMARY:{_escaped(entry.title)}", "TRANSP:TRANSPARENT", "END:VEVENT"]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def read(text: str) -> tuple[Event, ...]:
    """Every shift of a calendar, in its order; raises Unreadable at the first line that we do not understand."""
    found: dict[tuple[str, str], Event] = {}
    for block in sorted(_blocks(text), key=lambda each: "RECURRENCE-ID" in each.of):  # what changes one comes after it
        for event in _events(block):
            found.pop((event.uid, event.recurrence), None)
            if not _is_cancelled(block):
                found[event.uid, event.recurrence] = event
        if len(found) > MOST_EVENTS:
            raise Unreadable(block.line, f"more than {MOST_EVENTS} shifts: bring them in by smaller files")
    return tuple(sorted(found.values(), key=lambda event: (event.starts_at, event.line)))


def _is_cancelled(block: Block) -> bool:
    return block.text("STATUS").upper() == "CANCELLED"


def _events(block: Block) -> Iterator[Event]:
    uid = block.one("UID")
    if not 1 <= len(uid.value) <= LONGEST_UID:
        raise Unreadable(uid.line, f"a UID of at most {LONGEST_UID} letters is needed")
    start, end = block.one("DTSTART"), block.one("DTEND")
    mails = tuple(_mail(each) for each in block.of.get("ATTENDEE", []))
    for first, last in _times(block, start, end):
        named = _moment(block.one("RECURRENCE-ID"), 0) if "RECURRENCE-ID" in block.of else first
        title = _plain(block.text("SUMMARY"))
        yield Event(uid.value, f"{named:{STAMP}}", first, last, mails, title, block.line)


def _times(block: Block, start: Property, end: Property) -> Iterator[tuple[datetime, datetime]]:
    if start.parameters.get("TZID") != end.parameters.get("TZID"):
        raise Unreadable(end.line, "begin and end are in different time zones")
    left_out = {_moment(each, 0) for each in _each_value(block.of.get("EXDATE", []))}
    for ahead in _repeated(block, start):
        first, last = _moment(start, ahead), _moment(end, ahead)
        if first not in left_out:
            yield first, last


def _repeated(block: Block, start: Property) -> Iterable[int]:
    """How many days after the first each repetition lies; local days, so that the clock on the wall stays the same."""
    if "RRULE" not in block.of:
        return (0,)
    rule = block.one("RRULE")
    try:
        return days_ahead(rule.value, _day_and_clock(start)[0], lambda ahead: _moment(start, ahead))
    except CannotRepeat as why:
        raise Unreadable(rule.line, str(why)) from None


def _moment(when: Property, days: int) -> datetime:
    """The moment that a property means, so many days later by its own clock."""
    day, clock, is_utc = _day_and_clock(when)
    day += timedelta(days=days)
    if is_utc:
        return datetime.combine(day, clock, UTC)
    zone = when.parameters.get("TZID", "").strip('"')
    if zone not in HERE_NAMES:
        raise Unreadable(when.line, f"times in UTC or Europe/London are needed, not {zone or 'times without a zone'}")
    return moment(day, clock)


def _day_and_clock(when: Property) -> tuple[date, time, bool]:
    found = CLOCK.fullmatch(when.value)
    if found is None:
        raise Unreadable(when.line, f"{when.name} needs a day and a time, like 20261127T170000")
    try:
        return date.fromisoformat(found[1]), time.fromisoformat(found[2]), bool(found[3])
    except ValueError:
        raise Unreadable(when.line, f"{when.value} is no time") from None


def _each_value(properties: Iterable[Property]) -> Iterator[Property]:
    for each in properties:
        for value in each.value.split(","):
            yield Property(each.name, each.parameters, value, each.line)


def _blocks(text: str) -> Iterator[Block]:
    inside: list[str] = []
    block: Block | None = None
    last = 0
    for each in _properties(text):
        last = each.line
        BOUNDS.get(each.name, _no_bound)(inside, each)
        if each.name == "BEGIN" and inside[-1:] == ["VEVENT"]:
            block = Block(each.line)
        elif each.name == "END" and each.value.upper() == "VEVENT" and block is not None:
            yield block
        elif inside[-1:] == ["VEVENT"] and block is not None:
            block.of.setdefault(_known(each), []).append(each)
    if inside or not last:
        raise Unreadable(last or 1, "this is no calendar, or it is cut off" if not last else "the calendar is cut off")


def _no_bound(inside: list[str], each: Property) -> None:
    if not inside:
        raise Unreadable(each.line, "this is no calendar: it does not begin with BEGIN:VCALENDAR")


def _begin(inside: list[str], each: Property) -> None:
    if not inside and each.value.upper() != "VCALENDAR":
        raise Unreadable(each.line, "this is no calendar: it does not begin with BEGIN:VCALENDAR")
    if each.value.upper() == "VEVENT" and "VEVENT" in inside:
        raise Unreadable(each.line, "a shift begins inside a shift")
    if len(inside) >= DEEPEST:
        raise Unreadable(each.line, f"it is nested more than {DEEPEST} deep")
    inside.append(each.value.upper())


def _end(inside: list[str], each: Property) -> None:
    if not inside or inside.pop() != each.value.upper():
        raise Unreadable(each.line, f"END:{each.value} has no BEGIN")


BOUNDS: Mapping[str, Callable[[list[str], Property], None]] = MappingProxyType({"BEGIN": _begin, "END": _end})
CHANGES_WHEN = frozenset({"RDATE", "DURATION", "EXRULE"})
"""What says when an event is and we do not read; whatever else is strange says nothing about when or who."""


def _known(each: Property) -> str:
    if each.name in CHANGES_WHEN:
        raise Unreadable(each.line, f"{each.name} is not understood here: give DTSTART, DTEND, RRULE and EXDATE")
    return each.name


def _properties(text: str) -> Iterator[Property]:
    for number, line in _unfolded(text):
        found = LINE.fullmatch(line)
        if found is None:
            raise Unreadable(number, "this is no line of a calendar")
        pairs = [part.partition("=") for part in found[2].split(";") if part]
        parameters = {name.upper(): value for name, _, value in pairs}
        yield Property(found[1].upper(), MappingProxyType(parameters), found[3], number)


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    held: tuple[int, str] | None = None
    for number, line in enumerate(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"), start=1):
        if line[:1] in (" ", "\t") and held is not None:
            held = (held[0], held[1] + line[1:])
            continue
        if held is not None:
            yield held
        held = (number, line) if line.strip() else None
    if held is not None:
        yield held


def _mail(attendee: Property) -> str:
    return attendee.value.strip().lower().removeprefix("mailto:")


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: " " if found[1] in "nN" else found[1], text).strip()


def _escaped(text: str) -> str:
    return re.sub(r"([\\;,])", r"\\\1", text).replace("\n", "\\n")


def _folded(line: str) -> str:
    """The line in parts of at most 75 octets, no letter cut in two."""
    parts, size = [""], 0
    for letter in line:
        size += len(letter.encode())
        if size > 75:
            parts, size = [*parts, " "], 1 + len(letter.encode())
        parts[-1] += letter
    return "\r\n".join(parts)
