"""Wishes to see a number as rows: asked for, decided, shown once, and reviewed when somebody stood for it alone."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.orm import Session

from conversations import alerts, breaking_glass
from conversations.breaking_glass import A_DAY, FINDINGS, REASONS, STANDS, Reveal
from conversations.db import changed
from conversations.duty_models import RevealRow
from conversations.models import AlertRow


@dataclass(frozen=True, slots=True)
class Watched:
    """What the watch must know: since when a lead has not been told, the oldest review, how many were seen alone."""

    untold_since: datetime | None = None
    unreviewed_since: datetime | None = None
    alone_today: int = 0


def value(row: RevealRow) -> Reveal:
    """A wish as decisions see it."""
    return Reveal(
        staff=row.staff_id,
        alone=row.alone,
        asked_at=row.asked_at,
        approved=row.approved,
        decided_at=row.decided_at,
        shown_at=row.shown_at,
        reviewed_at=row.reviewed_at,
    )


def ask(session: Session, wish: Reveal, alert_id: str, who: str, reason: str) -> str:
    """Keep a wish to see the number of an alert; gives its id."""
    reveal_id = secrets.token_hex(16)
    kept = {"id": reveal_id, "alert_id": alert_id, "staff_id": wish.staff, "who": who}
    asked = {"asked_at": wish.asked_at, "reason": reason, "alone": wish.alone}
    session.execute(insert(RevealRow).values(**kept, **asked))
    what = "number asked for alone" if wish.alone else "number asked for"
    alerts.record(session, alert_id, wish.asked_at, what, who, REASONS[reason].words)
    return reveal_id


def decide(session: Session, reveal_id: str, yes: bool, staff: int, who: str, now: datetime) -> str:
    """Say yes or no to somebody else's wish, once; gives why not, in words for whoever decides, else nothing."""
    wish = find(session, reveal_id)
    if wish is None:
        return breaking_glass.TOO_LATE
    # Two people may say yes to two wishes of one asker at the same moment: the second waits, and counts the first.
    theirs = select(RevealRow.id).where(*_of_the_day(wish.staff_id, now)).order_by(RevealRow.id)
    session.execute(theirs.with_for_update())
    row = session.get_one(RevealRow, reveal_id, with_for_update=True, populate_existing=True)
    fault = breaking_glass.why_no_answer(value(row), yes, staff, now, seen_today(session, row.staff_id, now))
    if not fault:
        row.approved, row.decided_by, row.decided_at = yes, who, now
        what = "number allowed" if yes else "number not allowed"
        alerts.record(session, row.alert_id, now, what, who, f"to {row.who}")
    return fault


def may_open(session: Session, row: RevealRow, staff: int, now: datetime) -> bool:
    """Whether this person may see this number now."""
    return breaking_glass.may_open(value(row), staff, now, _before(session, row, now))


def note_shown(session: Session, row: RevealRow, now: datetime) -> bool:
    """Note that the number was shown; False when it was shown before, and then it is not shown again."""
    unseen = update(RevealRow).where(RevealRow.id == row.id, RevealRow.shown_at.is_(None))
    if changed(session, unseen.values(shown_at=now)) != 1:
        return False
    alerts.record(session, row.alert_id, now, "number shown", row.who, REASONS[row.reason].words)
    return True


def review(session: Session, reveal_id: str, finding: str, staff: int, who: str, now: datetime) -> RevealRow | None:
    """Keep what somebody else finds of a number that was seen alone; None when it is not theirs to review."""
    row = session.get(RevealRow, reveal_id, with_for_update=True, populate_existing=True)
    if row is None or not breaking_glass.may_review(value(row), staff):
        return None
    row.reviewed_by, row.reviewed_at, row.finding = who, now, finding
    alerts.record(session, row.alert_id, now, "number reviewed", who, FINDINGS[finding])
    return row


def find(session: Session, reveal_id: str) -> RevealRow | None:
    """One wish."""
    return session.get(RevealRow, reveal_id)


def of_alert(session: Session, alert_id: str) -> Sequence[RevealRow]:
    """Every wish about an alert, the newest first."""
    wanted = select(RevealRow).where(RevealRow.alert_id == alert_id)
    return session.scalars(wanted.order_by(RevealRow.asked_at.desc(), RevealRow.id)).all()


def waiting(session: Session, now: datetime) -> Sequence[tuple[RevealRow, AlertRow]]:
    """What waits for a second person, and for how long, with its alert."""
    return _with_alerts(session, and_(*_waits(now)))


def to_review(session: Session) -> Sequence[tuple[RevealRow, AlertRow]]:
    """What somebody saw or asked for alone and nobody has looked at yet, with its alert."""
    return _with_alerts(session, and_(RevealRow.alone, RevealRow.reviewed_at.is_(None)))


def lately(session: Session, now: datetime) -> Sequence[tuple[RevealRow, AlertRow]]:
    """Every wish of the last thirty days, with its alert."""
    return _with_alerts(session, RevealRow.asked_at > now - 30 * A_DAY)


def seen_today(session: Session, staff: int, now: datetime) -> int:
    """How many numbers this person has seen, or may see, by two people within the last day."""
    counted = or_(RevealRow.shown_at.is_not(None), RevealRow.approved.is_(True))
    return _count(session, *_of_the_day(staff, now), counted)


def untold(session: Session) -> Sequence[RevealRow]:
    """What somebody does alone and no lead has been told of, locked for this unit of work."""
    wanted = select(RevealRow).where(RevealRow.alone, RevealRow.told_at.is_(None))
    return session.scalars(wanted.order_by(RevealRow.asked_at).with_for_update(skip_locked=True)).all()


def unheard(session: Session, now: datetime) -> Sequence[RevealRow]:
    """What waits for a second person and nobody has been asked to say yes to, locked for this unit of work."""
    wanted = select(RevealRow).where(*_waits(now), RevealRow.told_at.is_(None))
    return session.scalars(wanted.order_by(RevealRow.asked_at).with_for_update(skip_locked=True)).all()


def watched(session: Session, now: datetime) -> Watched:
    """What the watch must know."""
    oldest = select(func.min(RevealRow.asked_at)).where(RevealRow.alone)
    today = select(func.count()).select_from(RevealRow).where(RevealRow.alone, RevealRow.asked_at > now - A_DAY)
    return Watched(
        untold_since=session.scalar(oldest.where(RevealRow.told_at.is_(None))),
        unreviewed_since=session.scalar(oldest.where(RevealRow.reviewed_at.is_(None))),
        alone_today=session.scalar(today) or 0,
    )


def _before(session: Session, row: RevealRow, now: datetime) -> int:
    """How many other numbers whoever asked for this one has seen within the last day, or was allowed before it."""
    at, others = row.decided_at or now, RevealRow.id != row.id
    first = or_(RevealRow.decided_at < at, and_(RevealRow.decided_at == at, RevealRow.id < row.id))
    counted = or_(RevealRow.shown_at.is_not(None), and_(RevealRow.approved.is_(True), first))
    return _count(session, *_of_the_day(row.staff_id, now), others, counted)


def _count(session: Session, *those: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(RevealRow).where(*those)) or 0


def _of_the_day(staff: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What this person asked for with a second one within the last day."""
    return RevealRow.staff_id == staff, RevealRow.alone.is_(False), RevealRow.asked_at > now - A_DAY


def _waits(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return RevealRow.alone.is_(False), RevealRow.approved.is_(None), RevealRow.asked_at > now - STANDS


def _with_alerts(session: Session, those: object) -> Sequence[tuple[RevealRow, AlertRow]]:
    wanted = select(RevealRow, AlertRow).join(AlertRow, AlertRow.id == RevealRow.alert_id).where(those)  # type: ignore[arg-type]  # a condition
    return [(row, alert) for row, alert in session.execute(wanted.order_by(RevealRow.asked_at.desc()))]
