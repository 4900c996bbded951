"""When somebody is on duty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HERE = ZoneInfo("Europe/London")
WORKING_DAYS = range(5)
EVERY_DAY = range(7)
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
    while day.weekday() not in WORKING_DAYS:
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


def is_day(now: datetime) -> bool:
    """Whether a text that nobody waits for may be sent: between nine in the morning and eight in the evening here."""
    return MORNING <= now.astimezone(HERE).time() < time(20)


def next_day(now: datetime) -> datetime:
    """When such a text may be sent: now by day, else at nine in the morning."""
    if is_day(now):
        return now
    local = now.astimezone(HERE)
    return _moment(local.date() if local.time() < MORNING else local.date() + DAY, MORNING)


def _end_of_next_working_day(hours: str, now: datetime) -> datetime:
    shifts = _shifts(OFFICE_HOURS if hours == "always" else hours, WORKING_DAYS, now)
    return next(end for start, end in shifts if start > now)


def _end_of_same_day(hours: str, now: datetime) -> datetime:
    days, hours = (EVERY_DAY, LONG_DAY) if hours == "always" else (WORKING_DAYS, hours)
    start, end = next(shift for shift in _shifts(hours, days, now) if shift[1] > now)
    today = start.astimezone(HERE).date() <= now.astimezone(HERE).date()
    if today and end - now >= TIME_TO_READ:
        return min(end, max(start, now) + LONGEST_DAY)
    start, end = next(shift for shift in _shifts(hours, days, now) if shift[0] > now)
    return min(end, start + TIME_TO_READ)


def _shifts(hours: str, days: range, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """From yesterday on: when each begins and ends, in UTC, where a day on which the clock jumps has its own length."""
    start, end = _times(hours)
    day = now.astimezone(HERE).date() - DAY
    while True:
        if day.weekday() in days:
            yield _moment(day, start), _moment(day if start < end else day + DAY, end)
        day += DAY


def _times(hours: str) -> tuple[time, time]:
    start, end = (time.fromisoformat(part) for part in hours.split("-"))
    return start, end


def _moment(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, HERE).astimezone(UTC)


def _covered(local: datetime, start: time, end: time) -> bool:
    today = local.weekday() in WORKING_DAYS
    if start < end:
        return today and start <= local.time() < end
    yesterday = (local.weekday() - 1) % 7 in WORKING_DAYS
    return (today and local.time() >= start) or (yesterday and local.time() < end)


def _clock(moment: time) -> str:
    hour = moment.hour % 12 or 12
    minutes = f":{moment.minute:02}" if moment.minute else ""
    return f"{hour}{minutes}{'am' if moment.hour < 12 else 'pm'}"


def _day(days: int, name: str) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"on {name}")
