"""What waits for the worker: how much, since when, and which alert has reached nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from conversations.duty_models import RelayRow
from conversations.models import AlertRow, AttemptRow, OptRequestRow, OutboxRow
from conversations.triage_models import SecondLookRow

WAITING = ("due", "leased")


@dataclass(frozen=True, slots=True)
class Queue:
    """Rows that are due: how many, and when the oldest was."""

    waiting: int = 0
    oldest: datetime | None = None


QUEUES: Mapping[str, tuple[InstrumentedAttribute[datetime], tuple[ColumnElement[bool], ...]]] = MappingProxyType(
    {
        "attempts": (AttemptRow.due_at, (AttemptRow.state.in_(WAITING),)),
        "texts": (OutboxRow.due_at, (OutboxRow.state.in_(WAITING),)),
        "relays": (RelayRow.due_at, (RelayRow.state.in_(WAITING),)),
        "second looks": (SecondLookRow.due_at, ()),
        "opt-outs": (OptRequestRow.requested_at, ()),
        "alerts": (AlertRow.next_action_at, (AlertRow.state != "closed",)),  # type: ignore[dict-item]  # CHECK: not null
    }
)
"""By name: when a row is due, and which rows still wait."""


def standing(session: Session, now: datetime) -> Mapping[str, Queue]:
    """Every queue as it is now."""
    return MappingProxyType({name: _queue(session, name, now) for name in QUEUES})


def _queue(session: Session, name: str, now: datetime) -> Queue:
    due_at, those = QUEUES[name]
    waiting, oldest = session.execute(select(func.count(), func.min(due_at)).where(due_at <= now, *those)).one()
    return Queue(waiting, oldest)


def open_alerts(session: Session) -> int:
    """How many alerts are not closed, drills left out."""
    wanted = select(func.count()).select_from(AlertRow).where(AlertRow.state != "closed", AlertRow.drill.is_(False))
    return session.scalar(wanted) or 0


def unsent_since(session: Session, now: datetime) -> datetime | None:
    """Since when the alert that has waited longest has reached nobody; None when each has left the house by some way.

    One that waits for cover has no attempt yet and its next action ahead: nobody is meant to be told of it now.
    """
    ours = and_(AttemptRow.alert_id == AlertRow.id, AttemptRow.due_at >= AlertRow.clock_from)
    nothing_left = ~exists(select(AttemptRow.id).where(_since_its_clock(), AttemptRow.sent_at.is_not(None)))
    first_due = select(func.min(AttemptRow.due_at)).where(ours, AttemptRow.state.in_((*WAITING, "failed")))
    begins = func.coalesce(first_due.scalar_subquery(), AlertRow.next_action_at)
    untold = select(begins).where(AlertRow.state == "open", nothing_left, begins <= now).order_by(begins).limit(1)
    return session.scalar(untold)


def unheeded_since(session: Session, level: str) -> datetime | None:
    """Since when duty has known of the open alert of this level that was told of first, and nobody has taken it."""
    told = select(func.min(AttemptRow.sent_at)).join(AlertRow, AttemptRow.alert_id == AlertRow.id)
    return session.scalar(told.where(AlertRow.state == "open", AlertRow.level == level, _since_its_clock()))


def _since_its_clock() -> Any:
    return and_(AttemptRow.alert_id == AlertRow.id, AttemptRow.sent_at >= AlertRow.clock_from)
