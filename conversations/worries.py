"""Worries as rows: texts that nobody is woken for, each with a time by which somebody must have read it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.orm import Session

from conversations import alerts, escalation
from conversations.db import changed
from conversations.sealing import Seals
from conversations.triage_models import WorryRow
from conversations.values import Assessment, Level

BOX_LIFE = timedelta(days=7)
"""How long words and number can be opened, from when the text came in."""
EMPTY = {"sealed_words": None, "sealed_contact": None, "expires_at": None}
RAISED_BY_DUTY = "duty:raised"
WORDS_GONE = "words can no longer be opened"


@dataclass(frozen=True, slots=True)
class Listing:
    """How a text comes onto a list: onto which, by which channel, and by when it must have been read."""

    kind: str
    channel: str
    due_at: datetime
    cannot_be_texted: bool = False


def keep(session: Session, assessment: Assessment, seals: Seals, listing: Listing) -> str:
    """Put one text on a list, its words and number sealed; gives the id."""
    worry_id = secrets.token_hex(16)
    session.execute(
        insert(WorryRow).values(
            id=worry_id,
            kind=listing.kind,
            owner=escalation.LISTS[listing.kind],
            reasons=list(assessment.reasons),
            version=assessment.version,
            channel=listing.channel,
            cannot_be_texted=listing.cannot_be_texted or seals.contact is None,
            due_at=listing.due_at,
            expires_at=seals.expires,
            state="open",
            sealed_words=seals.seal_words(worry_id, "worry words"),
            sealed_contact=seals.seal_contact("worry", worry_id),
        )
    )
    return worry_id


def find(session: Session, worry_id: str) -> WorryRow | None:
    """One worry."""
    return session.get(WorryRow, worry_id)


def to_read(session: Session) -> Sequence[WorryRow]:
    """Every worry that nobody is done with, what is due first first."""
    return session.scalars(select(WorryRow).where(WorryRow.state == "open").order_by(WorryRow.due_at)).all()


def open_on(session: Session, kind: str) -> int:
    """How many worries of this list nobody is done with."""
    wanted = select(func.count()).select_from(WorryRow)
    return session.scalar(wanted.where(WorryRow.state == "open", WorryRow.kind == kind)) or 0


def is_overdue(session: Session, now: datetime) -> bool:
    """Whether a worry waits past its time."""
    late = select(WorryRow.id).where(WorryRow.state == "open", WorryRow.due_at < now)
    return session.scalar(late.limit(1)) is not None


def record_outcome(session: Session, worry_id: str, who: str, outcome: str, now: datetime) -> bool:
    """Take a worry off its list with what was done, and its words with it; False when a colleague was first."""
    return outcome in escalation.WORRY_OUTCOMES and _done(session, worry_id, who, outcome, now, **EMPTY)


def raise_alert(session: Session, worry_id: str, level: Level, who: str, now: datetime) -> str | None:
    """Make an alert of a worry and tell the duty worker at once; gives its id, None when a colleague was first.

    Words and number stay in the worry until the worker, who alone can open them, moves them to the alert.
    """
    if not _done(session, worry_id, who, escalation.RAISED, now):
        return None
    worry = session.get_one(WorryRow, worry_id, populate_existing=True)
    found = Assessment(level, reasons=(*worry.reasons, RAISED_BY_DUTY), version=worry.version)
    cut_off = worry.cannot_be_texted or worry.sealed_contact is None
    alert_id = alerts.raise_alert(session, found, worry.channel, None, now, cut_off)
    alerts.record(session, alert_id, now, "raised from a worry", who)
    if worry.sealed_words is None:
        alerts.record(session, alert_id, now, WORDS_GONE, "Heard")
    worry.alert_id = alert_id
    return alert_id


def is_moving() -> ColumnElement[bool]:
    """That a worry has become an alert and still holds what belongs there."""
    return and_(WorryRow.alert_id.is_not(None), WorryRow.expires_at.is_not(None))


def moving(session: Session) -> Sequence[WorryRow]:
    """Worries whose words and number the worker has yet to move to their alert, locked for this unit of work."""
    return session.scalars(select(WorryRow).where(is_moving()).with_for_update(skip_locked=True)).all()


def _done(session: Session, worry_id: str, who: str, outcome: str, now: datetime, **also: Any) -> bool:
    waits = update(WorryRow).where(WorryRow.id == worry_id, WorryRow.state == "open")
    return changed(session, waits.values(state="done", outcome=outcome, done_by=who, done_at=now, **also)) == 1
