"""When somebody is on duty."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

HERE = ZoneInfo("Europe/London")
WORKING_DAYS = range(5)


def cover_from(hours: str, now: datetime) -> str:
    """When the next duty worker is there, as a young person reads it; empty when somebody is on duty now.

    `hours` is "always" or weekday hours like "09:00-17:00", in local time.
    """
    if hours == "always":
        return ""
    start, end = (time.fromisoformat(part) for part in hours.split("-"))
    local = now.astimezone(HERE)
    if local.weekday() in WORKING_DAYS and start <= local.time() < end:
        return ""
    day = local.date() if local.time() < start else local.date() + timedelta(days=1)
    days = 0 if local.time() < start else 1
    while day.weekday() not in WORKING_DAYS:
        day, days = day + timedelta(days=1), days + 1
    return f"{_clock(start)} {_day(days, day.strftime('%A'))}"


def _clock(moment: time) -> str:
    hour = moment.hour % 12 or 12
    minutes = f":{moment.minute:02}" if moment.minute else ""
    return f"{hour}{minutes}{'am' if moment.hour < 12 else 'pm'}"


def _day(days: int, name: str) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"on {name}")
