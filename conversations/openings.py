"""Sealed words that a member of staff asked to read: the worker fills the row, the first reading empties it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from conversations.models import OpeningRow

OPENING_LIFE = timedelta(minutes=15)


def ask_to_open(session: Session, staff_id: int, public_half: str, now: datetime, **of: str | None) -> str:
    """Ask the worker to seal something to one browser session; gives the id to return with.

    `of` is the `alert_id` or `worry_id` whose words are wanted, or the `reveal_id` that allows a number.
    """
    opening_id = secrets.token_hex(16)
    session.execute(
        insert(OpeningRow).values(
            id=opening_id,
            staff_id=staff_id,
            public_half=public_half,
            expires_at=now + OPENING_LIFE,
            **of,
        )
    )
    return opening_id


def opened(session: Session, opening_id: str, staff_id: int, now: datetime) -> bytes | None:
    """The words sealed for this person, once: the row dies with the reading. None while the worker is not done."""
    found = session.get(OpeningRow, opening_id, with_for_update=True)
    if found is None or found.staff_id != staff_id or found.expires_at <= now or found.sealed is None:
        return None
    session.execute(delete(OpeningRow).where(OpeningRow.id == opening_id))
    return found.sealed
