"""The daily drill: a marked alert that goes the true way to whoever is on duty, measured, and closed by itself."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from bot.parts import Parts
from conversations import drills, heartbeats
from conversations.drills import Drill
from conversations.rota import HERE, cover_from

TIMES = tuple(time(hour, minute) for hour in range(10, 24) for minute in (0, 30))
"""Ten in the morning, or the first half hour after it when somebody is on duty."""
WINDOW = timedelta(hours=4)
DELIVERED_WITHIN = timedelta(minutes=15)
ACKNOWLEDGED_WITHIN = timedelta(hours=1)
MADE_WITHIN = timedelta(minutes=15)
LOOK_BACK = 8  # days; a week holds a day of cover
TASK = "drill"


def time_of(hours: str, now: datetime) -> datetime | None:
    """When the drill of this day is, in local time; None on a day on which nobody is on duty then."""
    today = now.astimezone(HERE).date()
    moments = (datetime.combine(today, each, HERE) for each in TIMES)
    return next((moment for moment in moments if not cover_from(hours, moment)), None)


def is_due(hours: str, now: datetime) -> bool:
    """Whether it is time for the drill of this day, and still early enough."""
    at = time_of(hours, now)
    return at is not None and at <= now < at + WINDOW and not cover_from(hours, now)


class NotNow(Exception):
    """Outside cover hours a drill would wake somebody: none is made."""


def begin_now(session: Session, parts: Parts) -> str:
    """Begin a drill at whatever time of the cover hours; gives its reference. Raises NotNow outside them."""
    now = parts.clock()
    if cover_from(parts.settings.cover_hours, now):
        raise NotNow
    drills.begin(session, now)
    session.commit()
    return drills.latest(session)[0].reference


def go_on(session: Session, parts: Parts) -> None:
    """Begin the drill of the day when it is time, and close the one before when it has been answered or is too old."""
    now = parts.clock()
    for last in drills.latest(session):
        drills.note_delivery(session, last)
        if last.closed_at is None and (why := _over(last, now)):
            drills.close(session, last, now, why)
    wanted = not parts.settings.demo and is_due(parts.settings.cover_hours, now)
    if wanted and heartbeats.first_of_day(session, TASK, now):
        drills.begin(session, now)
    session.commit()


def _over(drill: Drill, now: datetime) -> str:
    if drill.acknowledged_at:
        return "the drill was answered"
    return "nobody answered the drill" if now - drill.raised_at >= ACKNOWLEDGED_WITHIN else ""


def is_missed(last: Drill | None, hours: str, watching_since: datetime, now: datetime) -> bool:
    """Whether the latest drill that should have begun, while we were watching, has not."""
    days = (time_of(hours, now - timedelta(days=ago)) for ago in range(LOOK_BACK))
    at = next((moment for moment in days if moment and moment + MADE_WITHIN <= now), None)
    if at is None or watching_since + MADE_WITHIN > min(now, at + WINDOW):
        return False
    return last is None or last.raised_at < at


def is_unanswered(last: Drill | None, now: datetime) -> bool:
    """Whether nobody took the last drill in time."""
    if last is None:
        return False
    ends = last.raised_at + ACKNOWLEDGED_WITHIN
    return now >= ends if last.acknowledged_at is None else last.acknowledged_at > ends


def is_undelivered(last: Drill | None, now: datetime) -> bool:
    """Whether a carrier took the text of the last drill and has not said in time that it arrived."""
    return last is not None and last.texted and not last.delivered_at and now - last.raised_at >= DELIVERED_WITHIN
