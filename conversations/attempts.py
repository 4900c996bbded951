"""Attempts as rows: one for each person, way and step, and what is asked about them when one has failed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from conversations import outbox
from conversations.escalation import NEW_WORDS, RETRY_WAITS, TO_OWNER, Person, Telling
from conversations.models import AttemptRow

NOT_DELIVERED = ("undelivered", "failed", "canceled")
ONE_NOTICE = 2 * sum(RETRY_WAITS, timedelta())
"""How far apart the attempts of one notice may be by its retries."""
FRESH = timedelta(days=1)
"""Reports that come later than this change nothing any more."""


def add(session: Session, alert_id: str, telling: Telling, step: int, now: datetime) -> None:
    """Have a person told by each way, now; what still waits to reach them that way is brought forward instead."""
    waits = update(AttemptRow).where(
        AttemptRow.alert_id == alert_id,
        AttemptRow.person_id.is_not_distinct_from(telling.person),
        AttemptRow.way.in_(telling.ways),
        AttemptRow.state == "due",
    )
    waiting = set(session.scalars(waits.values(due_at=now, step=step).returning(AttemptRow.way)))
    rows = [
        {
            "id": secrets.token_hex(16),
            "alert_id": alert_id,
            "person_id": telling.person,
            "way": way,
            "step": step,
            "due_at": now,
            "state": "due",
            "tries": 0,
        }
        for way in telling.ways
        if way not in waiting
    ]
    if rows:
        session.execute(insert(AttemptRow), rows)


def of_alert(session: Session, alert_id: str) -> Sequence[AttemptRow]:
    """Every attempt to tell somebody about one alert, oldest first."""
    return session.scalars(select(AttemptRow).where(AttemptRow.alert_id == alert_id).order_by(AttemptRow.due_at)).all()


def told_since(session: Session, alert_id: str, since: datetime) -> frozenset[Person]:
    """Whom we have tried to tell of an alert since this moment."""
    wanted = select(AttemptRow.person_id).where(AttemptRow.alert_id == alert_id, AttemptRow.due_at >= since)
    return frozenset(session.scalars(wanted.where(AttemptRow.state != "cancelled").distinct()))


def owner_told_at(session: Session, alert_id: str, since: datetime) -> datetime | None:
    """When its owner was last told anything of an alert that they took at this moment."""
    wanted = select(func.max(AttemptRow.due_at)).where(AttemptRow.alert_id == alert_id, AttemptRow.due_at >= since)
    return session.scalar(wanted.where(AttemptRow.step.in_(TO_OWNER), AttemptRow.state != "cancelled"))


def beside(session: Session, attempt: AttemptRow) -> Sequence[AttemptRow]:
    """Every attempt to tell the same person of the same alert in the same step, itself included."""
    wanted = select(AttemptRow).where(
        AttemptRow.alert_id == attempt.alert_id,
        AttemptRow.step == attempt.step,
        AttemptRow.person_id.is_not_distinct_from(attempt.person_id),
        AttemptRow.state != "cancelled",
    )
    if attempt.step == NEW_WORDS:  # each notice of new words stands for itself: an earlier one says nothing of these
        wanted = wanted.where(AttemptRow.due_at > attempt.due_at - ONE_NOTICE)
    return session.scalars(wanted).all()


def works(attempt: AttemptRow) -> bool:
    """Whether an attempt may still reach somebody as far as we know: it has not failed, here or on its way."""
    if attempt.state in ("due", "leased"):
        return attempt.error is None
    return attempt.state == "sent" and attempt.provider_status not in NOT_DELIVERED


def any_works(session: Session, alert_id: str, since: datetime) -> bool:
    """Whether any attempt since this moment may still reach somebody as far as we know."""
    wanted = select(AttemptRow).where(AttemptRow.alert_id == alert_id, AttemptRow.due_at >= since)
    return any(works(attempt) for attempt in session.scalars(wanted))


def claim(session: Session, room: Mapping[str, int], now: datetime) -> list[AttemptRow]:
    """Lease what is due, of each way as many as there is room for, and whatever goes a way that is not there.

    The caller commits before it sends.
    """
    _bring_back(session, now)
    claimed = [*outbox.claim(session, AttemptRow, now, only=AttemptRow.way.not_in(room))]
    for way, places in room.items():
        claimed += outbox.claim(session, AttemptRow, now, places, AttemptRow.way == way) if places else ()
    return claimed


def _bring_back(session: Session, now: datetime) -> None:
    """No attempt waits for longer than the longest wait: one that seems to was made before the clock was put back."""
    ahead = update(AttemptRow).where(AttemptRow.state == "due", AttemptRow.due_at > now + max(RETRY_WAITS))
    session.execute(ahead.values(due_at=now))


def not_delivered(session: Session, now: datetime, limit: int = 50) -> list[tuple[str, str]]:
    """Attempts that their provider took and could not deliver, and that nobody has acted on: alert and attempt."""
    lost = select(AttemptRow.alert_id, AttemptRow.id).where(
        AttemptRow.state == "sent",
        AttemptRow.due_at > now - FRESH,
        AttemptRow.provider_status.in_(NOT_DELIVERED),
    )
    return [(row.alert_id, row.id) for row in session.execute(lost.limit(limit))]


def mark_lost(session: Session, attempt_id: str, again_at: datetime | None) -> None:
    """Note that what was sent did not arrive: it is over, or due again and then has no news of its own yet."""
    anew = {"state": "due", "due_at": again_at, "provider_id": None, "provider_status": None}
    wanted = update(AttemptRow).where(AttemptRow.id == attempt_id, AttemptRow.state == "sent")
    session.execute(wanted.values(**(anew if again_at else {"state": "failed"})))


def mark_maybe_twice(session: Session, attempt_id: str) -> None:
    """Note that an attempt may have reached somebody twice."""
    session.execute(update(AttemptRow).where(AttemptRow.id == attempt_id).values(maybe_twice=True))


def cancel_waiting(session: Session, alert_id: str, why: str) -> None:
    """Cancel what still waits to be sent for an alert."""
    waiting = update(AttemptRow).where(AttemptRow.alert_id == alert_id, AttemptRow.state == "due")
    session.execute(waiting.values(state="cancelled", error=why))
