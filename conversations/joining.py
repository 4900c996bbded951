"""Alerts of one young person that go on as one: where each goes on, and whose number reaches them.

What a young person says stays with the alert that it was said to, also while that is joined to another. So taking two
apart gives everything back by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, or_, select
from sqlalchemy.orm import Session

from conversations.models import AlertEventRow, AlertRow, AlertWordsRow
from conversations.policy import LEVELS

LEFT = "left a number"
"""What history says where somebody left a number themselves: the one they left last is the one to reach them by."""


def home_of(alert_id: str) -> ScalarSelect[str]:
    """The id of the alert in which this one goes on: its own unless it was joined to another."""
    return select(func.coalesce(AlertRow.merged_into, AlertRow.id)).where(AlertRow.id == alert_id).scalar_subquery()


def home(session: Session, alert_id: str) -> str:
    """The id of the alert in which this one goes on, for one that is there."""
    return session.scalar(select(home_of(alert_id))) or alert_id


def locked_home(session: Session, alert_id: str) -> AlertRow | None:
    """The alert in which this one goes on, as it is now, locked until the commit; None when there is no such alert.

    Nothing joins it or takes it apart meanwhile: both lock it first.
    """
    home_id = home(session, alert_id)
    found = session.get(AlertRow, home_id, with_for_update=True, populate_existing=True)
    moved = found is not None and home(session, alert_id) != home_id  # while we waited for the lock
    return locked_home(session, alert_id) if moved else found


def all_of(home_id: str) -> Select[Any]:
    """The ids of an alert and of those that were joined to it."""
    return select(AlertRow.id).where(_is_of(home_id))


def joined(session: Session, alert_id: str) -> Sequence[AlertRow]:
    """Alerts that were joined to this one, oldest first."""
    return session.scalars(select(AlertRow).where(AlertRow.merged_into == alert_id).order_by(AlertRow.raised_at)).all()


def reached(session: Session, alert: AlertRow) -> AlertRow:
    """The alert whose number reaches the young person of this one; itself also where there is none at all.

    That is where they left one last, else its own, else the newest of what was joined to it. What they said of being
    texted counts for the number that they said it of.
    """
    left = select(func.max(AlertEventRow.id)).where(AlertEventRow.alert_id == AlertRow.id, AlertEventRow.what == LEFT)
    order = (
        left.correlate(AlertRow).scalar_subquery().desc().nulls_last(),
        AlertRow.merged_into.is_not(None),
        AlertRow.raised_at.desc(),
    )
    wanted = select(AlertRow).where(_is_of(alert.id), AlertRow.sealed_contact.is_not(None))
    return session.scalars(wanted.order_by(*order).limit(1)).first() or alert


def words_since(session: Session, home_id: str, since: datetime) -> datetime | None:
    """When the newest words that alert came in, to an alert or to one joined to it; None when there are none since."""
    wanted = select(func.max(AlertWordsRow.received_at)).where(AlertWordsRow.alert_id.in_(all_of(home_id)))
    return session.scalar(wanted.where(AlertWordsRow.level.in_(LEVELS), AlertWordsRow.received_at > since))


def along(alert_id: str, others: Iterable[AlertRow]) -> list[str]:
    """The ids of those that were joined to this one, or to one of these, before it was joined to another itself."""
    onto = {each.id: each.joined_to for each in others}
    found, again = {alert_id}, True
    while again:
        new = {each for each, to in onto.items() if to in found} - found
        found, again = found | new, bool(new)
    return sorted(found - {alert_id})


def _is_of(home_id: str) -> ColumnElement[bool]:
    return or_(AlertRow.id == home_id, AlertRow.merged_into == home_id)
