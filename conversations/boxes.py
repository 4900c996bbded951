"""What is sealed about alerts, in which columns, and until when: while one is open and a set time after its outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Select, and_, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from conversations import outcomes, relays
from conversations.db import changed
from conversations.duty_models import HandoverRow, RelayRow, ReportRow
from conversations.models import AlertRow, AlertWordsRow

KEPT = timedelta(days=7)
DAY_KEY = b"day-"
EMPTY = b""
"""What stands in a column that cannot be without a box once its content is gone."""


@dataclass(frozen=True, slots=True)
class Place:
    """A column of boxes that belong to alerts: what they were made for, and what is left when they go."""

    purpose: str
    table: Any
    column: Any
    alert: Any
    left: bytes | None = None


PLACES = (
    Place("alert", AlertRow, AlertRow.sealed_contact, AlertRow.id),
    Place("words", AlertWordsRow, AlertWordsRow.sealed, AlertWordsRow.alert_id, EMPTY),
    Place(relays.PURPOSE, RelayRow, RelayRow.sealed_words, RelayRow.alert_id, EMPTY),
    Place(outcomes.REPORT_NOTES, ReportRow, ReportRow.sealed_notes, ReportRow.alert_id),
    Place(outcomes.HANDOVER_NOTES, HandoverRow, HandoverRow.sealed_notes, HandoverRow.alert_id),
)


@dataclass(frozen=True, slots=True)
class Box:
    """One sealed box of an alert, where it lies, and whose it is."""

    place: Place
    row: str
    alert_id: str
    sealed: bytes


def under_day_keys(session: Session, now: datetime, kept: timedelta) -> list[Box]:
    """The boxes that still need the key of a day, of every alert whose words and number are kept."""
    return [box for place in PLACES for box in _under_day_keys(session, place, now, kept)]


def is_late(session: Session, now: datetime, after: timedelta) -> bool:
    """Whether the words of an open alert have waited for a key of its own for longer than this."""
    old = AlertWordsRow.received_at <= now - after, AlertRow.raised_at <= now - after
    words = select(AlertWordsRow.id).join(AlertRow, AlertRow.id == AlertWordsRow.alert_id).join(_HOME, _IS_HOME)
    wanted = words.where(_HOME.state != "closed", _begins(AlertWordsRow.sealed, DAY_KEY), *old)
    return session.scalar(wanted.limit(1)) is not None


def seal_anew(session: Session, box: Box, sealed: bytes) -> bool:
    """Put another box in the place of this one; False when it is not there any more."""
    place = box.place
    still = update(place.table).where(place.table.id == box.row, place.column == box.sealed)
    return changed(session, still.values({place.column.key: sealed})) == 1


def ended(session: Session, alert_ids: Collection[str], now: datetime, kept: timedelta) -> list[str]:
    """Which of these alerts are over for so long that nothing of them may be opened any more."""
    return list(session.scalars(_ended(now, kept).where(AlertRow.id.in_(alert_ids)))) if alert_ids else []


def known(session: Session, alert_ids: Collection[str]) -> set[str]:
    """Which of these alerts this database has at all."""
    return set(session.scalars(select(AlertRow.id).where(AlertRow.id.in_(alert_ids)))) if alert_ids else set()


def empty_ended(session: Session, now: datetime, kept: timedelta) -> dict[str, int]:
    """Take every box away from alerts whose time is over; gives how many of each purpose."""
    return {place.purpose: changed(session, _emptied(place, now, kept)) for place in PLACES}


def overdue(session: Session, now: datetime, kept: timedelta) -> bool:
    """Whether a box is there although the time of its alert was over by then."""
    there = (exists().where(*_full(place), place.alert.in_(_over(now, kept))) for place in PLACES)
    return any(session.execute(select(*there)).one())


def _under_day_keys(session: Session, place: Place, now: datetime, kept: timedelta) -> Iterator[Box]:
    live = _with_home().where(~_is_over(now, kept))
    wanted = select(place.table.id, place.alert, place.column).where(_begins(place.column, DAY_KEY))
    for row, alert_id, sealed in session.execute(wanted.where(place.alert.in_(live))):
        yield Box(place, row, alert_id, sealed)


def _emptied(place: Place, now: datetime, kept: timedelta) -> Any:
    emptied = update(place.table).where(*_full(place), place.alert.in_(_over(now, kept)))
    return emptied.values({place.column.key: place.left})


def _full(place: Place) -> tuple[ColumnElement[bool], ...]:
    return place.column.is_not(None), func.length(place.column) > 0


def _over(now: datetime, kept: timedelta) -> Select[Any]:
    return select(_ended(now, kept).subquery().c.id)


# An alert that was joined to another is read with it, so its time is that of the one it was joined to.
_HOME = aliased(AlertRow)
_IS_HOME = _HOME.id == func.coalesce(AlertRow.merged_into, AlertRow.id)


def _with_home() -> Select[Any]:
    return select(AlertRow.id).join(_HOME, _IS_HOME)


def _ended(now: datetime, kept: timedelta) -> Select[Any]:
    return _with_home().where(_is_over(now, kept))


def _is_over(now: datetime, kept: timedelta) -> ColumnElement[bool]:
    return and_(_HOME.state == "closed", _HOME.closed_at.is_not(None), _HOME.closed_at <= now - kept)


def _begins(column: Any, start: bytes) -> ColumnElement[bool]:
    found: ColumnElement[bool] = func.substr(column, 1, len(start), type_=LargeBinary) == start
    return found
