"""The second pair of eyes: another process that looks for alerts overdue and a worker that has stopped."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import second_look
from bot.parts import Parts
from bot.stopping import Stopping
from conversations import heartbeats, worries
from conversations.models import AlertRow, AttemptRow

log = logging.getLogger(__name__)

OVERDUE = timedelta(minutes=2)
PAUSE_SECONDS = 10.0


def troubles(
    session: Session, now: datetime, started: datetime | None = None, looks: bool = True
) -> tuple[str, ...]:
    """What is wrong now, as short phrases without any detail of a message; `started` is when we began to look.

    `looks` is whether the worker takes a second look at texts.
    """
    beat = max(filter(None, (heartbeats.last(session, "worker"), started)), default=None)
    found = []
    if beat is None or now - beat > OVERDUE:
        found.append("the worker does not answer")
    late = AlertRow.next_action_at < now - OVERDUE
    if session.scalar(select(func.count()).where(AlertRow.state != "closed", late)):
        found.append("alerts are overdue")
    if session.scalar(select(func.count()).where(AttemptRow.state == "due", AttemptRow.due_at < now - OVERDUE)):
        found.append("attempts to tell a duty worker are waiting")
    if worries.is_overdue(session, now):
        found.append("worries are waiting past their time")
    if looks and second_look.waits(session, now):
        found.append("texts wait for a second look")
    return tuple(found)


def watch(session: Session, parts: Parts, stopping: Stopping) -> None:
    """Look again and again until stopped, and log what is wrong; after a start the worker has time for its own."""
    started = parts.clock()
    while not stopping.asked:
        try:
            for trouble in troubles(session, parts.clock(), started, parts.settings.triage_encoder == "worker"):
                log.error("watch: %s", trouble)
            heartbeats.beat(session, "watch", parts.clock())
            session.commit()
        except SQLAlchemyError as failed:
            session.rollback()
            log.error("watch: the database does not answer: %s", type(failed).__name__)
        stopping.wait(PAUSE_SECONDS)
