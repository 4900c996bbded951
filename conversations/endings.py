"""The end of alerts: what is left without words, and what was done, goes as one a set time after the last of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from conversations.db import changed
from conversations.duty_models import HandoverRow, RelayRow, ReportRow, RevealRow
from conversations.models import AlertEventRow, AlertRow, AlertWordsRow, AttemptRow, OpeningRow, OutboxRow
from conversations.triage_models import MarkRow, ReachRow, SecondLookRow, WorryRow

# What belongs to an alert and goes with it, in an order that leaves no row without the one it refers to.
GOES = (
    *(OpeningRow, ReachRow, OutboxRow, RelayRow, AlertWordsRow, AttemptRow),
    *(RevealRow, ReportRow, HandoverRow, AlertEventRow),
)
LETS_GO = (WorryRow, MarkRow, SecondLookRow)
"""What has a life of its own and only says which alert it was."""


def end_alerts(session: Session, now: datetime, kept: timedelta, limit: int = 100) -> int:
    """Delete alerts that have had their life, each with all that was joined to it; gives how many, `limit` at most.

    A life begins with the last that happened to any of them, and none begins while one is open.
    """
    over = session.scalars(select(AlertRow.id).where(_is_over(now, kept)).limit(limit)).all()
    if not over:
        return 0
    all_of = or_(AlertRow.id.in_(over), AlertRow.merged_into.in_(over))
    ids = session.scalars(select(AlertRow.id).where(all_of)).all()
    wishes = select(RevealRow.id).where(RevealRow.alert_id.in_(ids))
    session.execute(delete(OpeningRow).where(OpeningRow.reveal_id.in_(wishes)))
    for goes in GOES:
        session.execute(delete(goes).where(goes.alert_id.in_(ids)))
    for stays in LETS_GO:
        session.execute(update(stays).where(stays.alert_id.in_(ids)).values(alert_id=None))
    session.execute(delete(AlertRow).where(AlertRow.merged_into.in_(over)))
    return changed(session, delete(AlertRow).where(AlertRow.id.in_(over)))


def overdue(session: Session, now: datetime, kept: timedelta) -> bool:
    """Whether an alert is there although its life was over by then."""
    return session.scalar(select(exists().where(_is_over(now, kept)))) or False


def _is_over(now: datetime, kept: timedelta) -> ColumnElement[bool]:
    """Of an alert that was joined to no other: that it is closed, and that nothing has happened for so long."""
    limit, joined = now - kept, aliased(AlertRow)
    its = or_(
        AlertEventRow.alert_id == AlertRow.id,
        AlertEventRow.alert_id.in_(select(joined.id).where(joined.merged_into == AlertRow.id)),
    )
    since = exists().where(its, AlertEventRow.at > limit).correlate(AlertRow)
    closed = AlertRow.state == "closed", AlertRow.closed_at <= limit, AlertRow.merged_into.is_(None)
    return and_(*closed, ~since)
