"""Drills as rows: alerts that are marked, go the true way to whoever is on duty, and are measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, Select, and_, func, select, update
from sqlalchemy.orm import Session

from conversations import alerts
from conversations.db import changed
from conversations.models import AlertEventRow, AlertRow, AttemptRow, DeliveryRow
from conversations.values import Assessment, Level

OUTCOME = "drill"
DELIVERED = "drill delivered"
ARRIVED = ("delivered", "read")
TEXT = ("sms", "notify_sms")
"""The ways whose carrier says whether a message has arrived."""


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill, and when each part of its way was done; `texted` is whether a carrier took a text of it."""

    id: str
    reference: str
    raised_at: datetime
    closed_at: datetime | None = None
    sent_at: datetime | None = None
    texted: bool = False
    delivered_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""

    def after(self, moment: datetime | None) -> timedelta | None:
        """How long after it was raised something happened."""
        return moment - self.raised_at if moment else None


def begin(session: Session, now: datetime) -> str:
    """Raise an alert that is marked as a drill, without words or number; gives its id."""
    nothing = Assessment(Level.CONCERN, reasons=("drill",), version="drill")
    alert_id = alerts.raise_alert(session, nothing, "drill", None, now, cannot_be_texted=True)
    session.execute(update(AlertRow).where(AlertRow.id == alert_id).values(drill=True))
    return alert_id


def close(session: Session, drill: Drill, now: datetime, why: str) -> None:
    """End a drill by itself: nobody is told of it any more."""
    ours = update(AlertRow).where(AlertRow.id == drill.id, AlertRow.drill, AlertRow.state != "closed")
    if not changed(session, ours.values(state="closed", outcome=OUTCOME, closed_at=now, next_action_at=None)):
        return
    waiting = update(AttemptRow).where(AttemptRow.alert_id == drill.id, AttemptRow.state == "due")
    session.execute(waiting.values(state="cancelled"))
    alerts.record(session, drill.id, now, "outcome", "Heard", why)


def note_delivery(session: Session, drill: Drill) -> None:
    """Keep when its text arrived, which the carrier's reports say for a day only."""
    if drill.delivered_at:
        return
    reports = select(func.min(DeliveryRow.received_at)).join(
        AttemptRow, AttemptRow.provider_id == DeliveryRow.provider_id
    )
    arrived = session.scalar(reports.where(AttemptRow.alert_id == drill.id, DeliveryRow.status.in_(ARRIVED)))
    if arrived:
        alerts.record(session, drill.id, arrived, DELIVERED, "Heard")


def latest(session: Session, limit: int = 1) -> Sequence[Drill]:
    """The last drills, newest first."""
    wanted = select(AlertRow).where(AlertRow.drill).order_by(AlertRow.raised_at.desc()).limit(limit)
    rows = session.scalars(wanted).all()
    sent = {row.alert_id: row for row in session.execute(_sendings([row.id for row in rows]))}
    arrived = _arrivals(session, [row.id for row in rows])
    return [_drill(row, sent.get(row.id), arrived.get(row.id)) for row in rows]


def _sendings(ids: list[str]) -> Select[str, datetime | None, int]:
    texts = func.count(AttemptRow.id).filter(and_(AttemptRow.way.in_(TEXT), AttemptRow.sent_at.is_not(None)))
    found = select(AttemptRow.alert_id, func.min(AttemptRow.sent_at).label("sent_at"), texts.label("texts"))
    return found.where(AttemptRow.alert_id.in_(ids)).group_by(AttemptRow.alert_id)


def _arrivals(session: Session, ids: list[str]) -> dict[str, datetime]:
    ours = AlertEventRow.alert_id.in_(ids), AlertEventRow.what == DELIVERED
    found = session.execute(select(AlertEventRow.alert_id, AlertEventRow.at).where(*ours))
    return {row.alert_id: row.at for row in found}


def _drill(alert: AlertRow, sent: Row[str, datetime | None, int] | None, delivered_at: datetime | None) -> Drill:
    return Drill(
        id=alert.id,
        reference=alert.reference,
        raised_at=alert.raised_at,
        closed_at=alert.closed_at,
        sent_at=sent.sent_at if sent else None,
        texted=bool(sent and sent.texts),
        delivered_at=delivered_at,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by or "",
    )
