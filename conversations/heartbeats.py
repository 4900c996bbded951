"""When each process last showed that it is alive, and when a repeated task was last done."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from conversations.db import changed, insert_once
from conversations.models import HeartbeatRow
from conversations.rota import HERE


def beat(session: Session, process: str, now: datetime) -> None:
    """Note that a process is alive, or that a task was done."""
    if not insert_once(session, HeartbeatRow, {"process": process, "at": now}):
        session.execute(update(HeartbeatRow).where(HeartbeatRow.process == process).values(at=now))


def last(session: Session, process: str) -> datetime | None:
    """When that was last."""
    found = session.get(HeartbeatRow, process)
    return found.at if found else None


def forget(session: Session, process: str) -> None:
    """Take back what was noted, as when something that was away is there again."""
    session.execute(delete(HeartbeatRow).where(HeartbeatRow.process == process))


def due(session: Session, process: str, now: datetime, every: timedelta) -> bool:
    """Whether a task has not been done for this long, or was done later than now: then the clock was put back."""
    done = last(session, process)
    return done is None or not timedelta() <= now - done < every


def first_of_day(session: Session, task: str, now: datetime) -> bool:
    """Whether a task has not been done yet on this day, in local time; notes it as done, for one asker alone."""
    if insert_once(session, HeartbeatRow, {"process": task, "at": now}):
        return True
    today = datetime.combine(now.astimezone(HERE).date(), time(), HERE)
    before = update(HeartbeatRow).where(HeartbeatRow.process == task, HeartbeatRow.at < today)
    return changed(session, before.values(at=now)) == 1


def done_today(session: Session, task: str, now: datetime) -> bool:
    """Whether a task was done on this day, in local time."""
    done = last(session, task)
    return done is not None and done.astimezone(HERE).date() >= now.astimezone(HERE).date()


def all_last(session: Session) -> dict[str, datetime]:
    """When each process or task last showed itself."""
    return {row.process: row.at for row in session.execute(select(HeartbeatRow.process, HeartbeatRow.at))}
