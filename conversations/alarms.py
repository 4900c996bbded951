"""Alarms as rows, so that a watch that starts again does not repeat what somebody has been told."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from conversations.duty_models import AlarmRow
from conversations.ringing import Alarm, Alarms


def ringing(session: Session, ways: Collection[str], slow: Collection[str]) -> Alarms:
    """The alarms that had not ended when they were last kept; what was told counts for every way."""
    return MappingProxyType({row.trouble: _alarm(row, ways, slow) for row in _open(session)})


def keep(session: Session, known: Alarms, now: datetime) -> None:
    """Make the rows say what rings: new ones added, what was told noted, and those that are over ended."""
    rows = {row.trouble: row for row in _open(session)}
    for trouble, row in rows.items():
        if trouble not in known:
            row.ended_at = now
    for trouble, alarm in known.items():
        row = rows.get(trouble) or _new(session, alarm)
        if alarm.told_at and alarm.told_at != row.told_at:
            row.told_at = alarm.told_at


def lately(session: Session, now: datetime, days: int = 30) -> Sequence[AlarmRow]:
    """The alarms of the last days and those that still ring, newest first."""
    since = now - timedelta(days=days)
    wanted = select(AlarmRow).where((AlarmRow.began_at >= since) | AlarmRow.ended_at.is_(None))
    return session.scalars(wanted.order_by(AlarmRow.began_at.desc(), AlarmRow.trouble)).all()


def _open(session: Session) -> Sequence[AlarmRow]:
    return session.scalars(select(AlarmRow).where(AlarmRow.ended_at.is_(None)).order_by(AlarmRow.began_at)).all()


def _alarm(row: AlarmRow, ways: Collection[str], slow: Collection[str]) -> Alarm:
    told: Mapping[str, datetime] = dict.fromkeys(ways, row.told_at) if row.told_at else {}
    return Alarm(row.trouble, row.began_at, row.trouble in slow, MappingProxyType(told))


def _new(session: Session, alarm: Alarm) -> AlarmRow:
    row = AlarmRow(id=secrets.token_hex(16), trouble=alarm.trouble, began_at=alarm.began_at)
    session.add(row)
    return row
