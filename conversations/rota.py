"""When somebody is on duty."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

HERE = ZoneInfo("Europe/London")
WORKING_DAYS = range(5)


def cover_from(hours: str, now: datetime, language: str = "en") -> str:
    """When the next duty worker is there, as a young person reads it; empty when somebody is on duty now.

    `hours` is "always" or weekday hours like "09:00-17:00", in local time; "22:00-06:00" ends on the next morning.
    In another language than English it is written in figures, which need no translation: "09:00, 24/11".
    """
    if hours == "always":
        return ""
    start, end = (time.fromisoformat(part) for part in hours.split("-"))
    local = now.astimezone(HERE)
    if _covered(local, start, end):
        return ""
    day = local.date() if local.time() < start else local.date() + timedelta(days=1)
    days = 0 if local.time() < start else 1
    while day.weekday() not in WORKING_DAYS:
        day, days = day + timedelta(days=1), days + 1
    if language != "en":
        return f"{start:%H:%M}, {day:%d/%m}"
    return f"{_clock(start)} {_day(days, day.strftime('%A'))}"


def is_day(now: datetime) -> bool:
    """Whether a text that nobody waits for may be sent: between nine in the morning and eight in the evening here."""
    return time(9) <= now.astimezone(HERE).time() < time(20)


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
