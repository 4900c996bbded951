"""When somebody is on duty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from conversations import holidays

HERE = ZoneInfo("Europe/London")
WORKING_DAYS = range(5)
DAY = timedelta(days=1)

OFFICE_HOURS = "09:00-17:00"
LONG_DAY = "09:00-21:00"
"""When the list is read where somebody is always on duty: at night they have other things to do."""
TIME_TO_READ = timedelta(hours=2)
LONGEST_DAY = timedelta(hours=12)
MORNING = time(9)


def cover_from(hours: str, now: datetime, language: str = "en") -> str:
    """When the next duty worker is there, as a young person reads it; empty when somebody is on duty now.

    `hours` is "always" or weekday hours like "09:00-17:00", in local time; "22:00-06:00" ends on the next morning.
    In another language than English it is written in figures, which need no translation: "09:00, 24/11".
    """
    if hours == "always":
        return ""
    start, end = _times(hours)
    local = now.astimezone(HERE)
    if _covered(local, start, end):
        return ""
    day = local.date() if local.time() < start else local.date() + DAY
    days = 0 if local.time() < start else 1
    while not is_working(day):
        day, days = day + DAY, days + 1
    if language != "en":
        return f"{start:%H:%M}, {day:%d/%m}"
    return f"{_clock(start)} {_day(days, day.strftime('%A'))}"


def read_by_end(kind: str, hours: str, now: datetime) -> datetime:
    """By when a text of the list `kind`, wellbeing or same_day, must have been read; decision 0008 says why then."""
    return _end_of_same_day(hours, now) if kind == "same_day" else _end_of_next_working_day(hours, now)


def read_by(hours: str, now: datetime, language: str = "en") -> str:
    """The day on which a wellbeing worry has been read, as a young person reads it: "today", "tomorrow", "on Monday".

    In another language than English it is written in figures: "24/11".
    """
    due_on, today = (moment.astimezone(HERE).date() for moment in (read_by_end("wellbeing", hours, now), now))
    if language != "en":
        return f"{due_on:%d/%m}"
    return _day((due_on - today).days, f"{due_on:%A}")


def is_working(day: date) -> bool:
    """Whether people are at work on this day: Monday to Friday, and no bank holiday of Scotland."""
    return day.weekday() in WORKING_DAYS and not holidays.name_of(day)


def is_covered(hours: str, now: datetime) -> bool:
    """Whether this moment lies in the cover hours."""
    return not cover_from(hours, now)


def next_cover(hours: str, now: datetime) -> datetime:
    """When cover hours next begin; now, where they are running."""
    if is_covered(hours, now):
        return now
    return next(start for start, _ in _shifts(hours, is_working, now) if start > now)


def cover(hours: str, start: datetime, end: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """The parts of a stretch of time that lie in the cover hours, each with its begin and end."""
    if hours == "always":
        return ((start, end),)
    found: list[tuple[datetime, datetime]] = []
    for begins, ends in _shifts(hours, is_working, start):
        if begins >= end:
            return tuple(found)
        if ends > start:
            found.append((max(begins, start), min(ends, end)))
    raise AssertionError  # there is always another working day


def moment(day: date, clock: time) -> datetime:
    """When the clock on the wall here shows this, in UTC.

    An hour that there is twice, in October, is the first of the two; one that there is not, in March, is the moment of
    the jump: so whatever ends then and what begins then meet without a gap.
    """
    found = datetime.combine(day, clock, HERE).astimezone(UTC)
    skipped = found.astimezone(HERE).time() != clock
    return found.replace(minute=0, second=0) if skipped else found  # in Europe/London clocks jump at 01:00 UTC


def weekly(begins: tuple[date, time], ends: tuple[date, time], weeks: int) -> tuple[tuple[datetime, datetime], ...]:
    """The same stretch of local time in each of so many weeks, in UTC.

    A later one that the jump in March leaves empty is left out: there is no such hour to be on duty in.
    """
    (first, start), (last, end) = begins, ends
    stretches = [
        (moment(first + week * 7 * DAY, start), moment(last + week * 7 * DAY, end)) for week in range(weeks)
    ]
    return tuple(stretches[:1] + [each for each in stretches[1:] if each[0] < each[1]])


def is_day(now: datetime) -> bool:
    """Whether a text that nobody waits for may be sent: between nine in the morning and eight in the evening here."""
    return MORNING <= now.astimezone(HERE).time() < time(20)


def next_day(now: datetime) -> datetime:
    """When such a text may be sent: now by day, else at nine in the morning."""
    if is_day(now):
        return now
    local = now.astimezone(HERE)
    return moment(local.date() if local.time() < MORNING else local.date() + DAY, MORNING)


def _end_of_next_working_day(hours: str, now: datetime) -> datetime:
    shifts = _shifts(OFFICE_HOURS if hours == "always" else hours, is_working, now)
    return next(end for start, end in shifts if start > now)


def _end_of_same_day(hours: str, now: datetime) -> datetime:
    days, hours = (_every_day, LONG_DAY) if hours == "always" else (is_working, hours)
    start, end = next(shift for shift in _shifts(hours, days, now) if shift[1] > now)
    today = start.astimezone(HERE).date() <= now.astimezone(HERE).date()
    if today and end - now >= TIME_TO_READ:
        return min(end, max(start, now) + LONGEST_DAY)
    start, end = next(shift for shift in _shifts(hours, days, now) if shift[0] > now)
    return min(end, start + TIME_TO_READ)


def _every_day(day: date) -> bool:
    return True


def _shifts(hours: str, works: Callable[[date], bool], now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """From yesterday on: when each begins and ends, in UTC, where a day on which the clock jumps has its own length."""
    start, end = _times(hours)
    day = now.astimezone(HERE).date() - DAY
    while True:
        if works(day):
            yield moment(day, start), moment(day if start < end else day + DAY, end)
        day += DAY


def _times(hours: str) -> tuple[time, time]:
    start, end = (time.fromisoformat(part) for part in hours.split("-"))
    return start, end


def _covered(local: datetime, start: time, end: time) -> bool:
    today = is_working(local.date())
    if start < end:
        return today and start <= local.time() < end
    yesterday = is_working(local.date() - DAY)
    return (today and local.time() >= start) or (yesterday and local.time() < end)


def _clock(moment: time) -> str:
    hour = moment.hour % 12 or 12
    minutes = f":{moment.minute:02}" if moment.minute else ""
    return f"{hour}{minutes}{'am' if moment.hour < 12 else 'pm'}"


def _day(days: int, name: str) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"on {name}")
