"""Rows that are due to be sent: leased in one commit, sent, and marked in the next; a lost lease sends nothing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, insert, or_, select, true, update
from sqlalchemy.orm import Session

from conversations.db import insert_once
from conversations.duty_models import RelayRow
from conversations.models import AttemptRow, DeliveryRow, OutboxRow
from conversations.sealing import Seals

LEASE = timedelta(seconds=25)
NEWS_AFTER = timedelta(seconds=60)
"""How long we wait for news of what was sent before we ask."""
Row = TypeVar("Row", AttemptRow, OutboxRow, RelayRow)
Asked = TypeVar("Asked", AttemptRow, RelayRow)

# Twilio says nothing of the order in which reports arrive, so a later stage wins whenever it is heard of.
STAGES = (
    ("accepted", "scheduled"),
    ("queued",),
    ("sending",),
    ("sent",),
    ("undelivered", "failed", "canceled"),
    ("delivered",),
    ("read",),
)
ON_ITS_WAY = ("accepted", "scheduled", "queued", "sending", "sent")
RANK: Mapping[str, int] = MappingProxyType({status: rank for rank, stage in enumerate(STAGES) for status in stage})


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be sent: which kind, from which of our numbers, and its words."""

    kind: str
    sender: str
    body: str


def add(session: Session, text: Text, seals: Seals, conversation_id: str | None, now: datetime) -> None:
    """Put a text to a young person into the outbox, its number sealed to its own row."""
    row_id = secrets.token_hex(16)
    session.execute(
        insert(OutboxRow).values(
            id=row_id,
            kind=text.kind,
            conversation_id=conversation_id,
            sender=text.sender,
            body=text.body,
            sealed_contact=seals.seal_contact("outbox", row_id),
            due_at=now,
            state="due",
            tries=0,
        )
    )


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said to a young person in one go: from which of our numbers, in which parts."""

    sender: str
    parts: tuple[str, ...]


def reply(session: Session, saying: Saying, seals: Seals, conversation_id: str | None, now: datetime) -> None:
    """Put the parts of a reply into the outbox, due now and in their order."""
    for place, body in enumerate(saying.parts):
        due_at = now - timedelta(microseconds=len(saying.parts) - place)
        add(session, Text("reply", saying.sender, body), seals, conversation_id, due_at)


def claim(
    session: Session, row: type[Row], now: datetime, limit: int = 20, only: ColumnElement[bool] | None = None
) -> Sequence[Row]:
    """Lease rows that are due, and those whose holder has died; the caller commits before it sends.

    A lease that would last longer than any does was taken before the clock was put back, and holds no more.
    """
    due = and_(row.state == "due", row.due_at <= now)
    abandoned = and_(row.state == "leased", or_(row.lease_until <= now, row.lease_until > now + LEASE))
    wanted = select(row).where(or_(due, abandoned), true() if only is None else only).order_by(row.due_at).limit(limit)
    claimed = session.scalars(wanted.with_for_update(skip_locked=True)).all()
    for each in claimed:
        each.state, each.lease, each.lease_until = "leased", secrets.token_hex(16), now + LEASE
        each.tries += 1
    return claimed


def still_held(session: Session, row: type[Row], row_id: str, lease: str | None, now: datetime) -> bool:
    """Whether the lease is still ours, asked right before the call."""
    wanted = select(row.id).where(row.id == row_id, row.lease == lease, row.state == "leased", row.lease_until > now)
    return session.scalar(wanted) is not None


def without_news(
    session: Session, row: type[Asked], now: datetime, news_for: timedelta, limit: int
) -> Sequence[Asked]:
    """Rows that were sent a minute ago, of which we have heard nothing final since; noted as asked about."""
    silent = select(row).where(
        row.state == "sent",
        row.due_at > now - news_for,
        row.sent_at <= now - NEWS_AFTER,
        row.provider_id.is_not(None),
        or_(row.provider_status.is_(None), row.provider_status.in_(ON_ITS_WAY)),
        or_(row.asked_at.is_(None), row.asked_at <= now - NEWS_AFTER),
    )
    found = session.scalars(silent.limit(limit).with_for_update(skip_locked=True)).all()
    for each in found:
        each.asked_at = now
    return found


def mark_sent(session: Session, row: type[Row], row_id: str, provider_id: str, now: datetime) -> None:
    """Note that the provider took it; that is neither delivery nor acknowledgement."""
    _mark(session, row, row_id, state="sent", sent_at=now, provider_id=provider_id or None, lease=None, error=None)
    reports = select(DeliveryRow.status, DeliveryRow.error).where(DeliveryRow.provider_id == provider_id)
    for status, error in session.execute(reports).all():
        _move_forward(session, row, provider_id, status, error)


def mark_failed(session: Session, row: type[Row], row_id: str, error: str, again_at: datetime | None) -> None:
    """Note that a try failed: due again at `again_at`, or over when that is None."""
    state = {"state": "due", "due_at": again_at} if again_at else {"state": "failed"}
    _mark_held(session, row, row_id, lease=None, error=error, **state)


def cancel(session: Session, row: type[Row], row_id: str, why: str) -> None:
    """Note that it must not be sent any more."""
    _mark_held(session, row, row_id, state="cancelled", lease=None, error=why)


def _mark(session: Session, row: type[Row], row_id: str, **values: Any) -> None:
    session.execute(update(row).where(row.id == row_id).values(**values))


def _mark_held(session: Session, row: type[Row], row_id: str, **values: Any) -> None:
    """Another may have sent it after our lease had run out: what is sent stays sent."""
    session.execute(update(row).where(row.id == row_id, row.state == "leased").values(**values))


def note_status(session: Session, provider_id: str, status: str, error: str, now: datetime) -> bool:
    """Keep what the provider reports; it moves a message forward, never back, and may come before our own record.

    False when the same has been reported before.
    """
    new = insert_once(
        session,
        DeliveryRow,
        {"provider_id": provider_id, "status": status, "error": error or None, "received_at": now},
    )
    _move_forward(session, AttemptRow, provider_id, status, error)
    _move_forward(session, OutboxRow, provider_id, status, error)
    _move_forward(session, RelayRow, provider_id, status, error)
    return new


def _move_forward(session: Session, row: type[Row], provider_id: str, status: str, error: str | None) -> None:
    if status not in RANK:
        return
    lower = [known for known, rank in RANK.items() if rank < RANK[status]]
    earlier = or_(row.provider_status.is_(None), row.provider_status.in_(lower))
    values = {"provider_status": status} | ({"error": error} if error else {})
    session.execute(update(row).where(row.provider_id == provider_id, earlier).values(**values))
