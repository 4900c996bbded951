"""Swaps of shifts: asked for by one, and done once everybody whose shift it is has said yes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from conversations import shift_book
from conversations.duty_models import SwapRow
from conversations.shift_book import HAS_BEGUN, CannotKeep
from conversations.shifts import Shift


@dataclass(frozen=True, slots=True)
class Swap:
    """Two shifts that would change hands, and who has yet to say yes."""

    id: str
    one: Shift
    other: Shift
    waits_for: tuple[int, ...]

    def is_about(self, person: int) -> bool:
        """Whether one of the shifts is theirs."""
        return person in (self.one.person, self.other.person)


def ask(session: Session, one_id: str, other_id: str, asker: int, now: datetime) -> Swap:
    """Ask for a swap; whose shift it is and who has not asked must say yes. Asked again, it is the same one.

    Raises CannotKeep; LookupError when a shift is no longer there.
    """
    change = shift_book.swapped(session, one_id, other_id)
    if any(shift.starts_at <= now for shift in change.new):
        raise CannotKeep(HAS_BEGUN)
    one, other = (shift_book.find(session, each) for each in (one_id, other_id))
    pair = (one_id, other_id)
    if found := session.scalar(select(SwapRow).where(SwapRow.one_id.in_(pair), SwapRow.other_id.in_(pair))):
        return _swap(session, found)
    swap_id = secrets.token_hex(16)
    agrees = {"one_agrees": one.person == asker, "other_agrees": other.person == asker}
    session.execute(insert(SwapRow).values(id=swap_id, one_id=one_id, other_id=other_id, asked_at=now, **agrees))
    return _swap(session, session.get_one(SwapRow, swap_id))


def waiting(session: Session, now: datetime) -> Sequence[Swap]:
    """Every swap that waits for a yes and can still be made, the soonest first."""
    found = (_swap(session, row) for row in session.scalars(select(SwapRow)))
    ahead = [swap for swap in found if min(swap.one.starts_at, swap.other.starts_at) > now]
    return sorted(ahead, key=lambda swap: min(swap.one.starts_at, swap.other.starts_at))


def find(session: Session, swap_id: str) -> Swap:
    """One swap, locked until this unit of work ends; LookupError when it is not there (any more)."""
    row = session.get(SwapRow, swap_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise LookupError(swap_id)
    return _swap(session, row)


def agree(session: Session, swap: Swap, person: int, now: datetime) -> bool:
    """Note somebody's yes; whether it was the last, and the shifts have changed hands.

    Raises CannotKeep when they no longer can; the yes of somebody whose shift it is not changes nothing.
    """
    row = session.get_one(SwapRow, swap.id)
    row.one_agrees = row.one_agrees or swap.one.person == person
    row.other_agrees = row.other_agrees or swap.other.person == person
    if not (row.one_agrees and row.other_agrees):
        return False
    session.flush()
    shift_book.swap(session, swap.one.id, swap.other.id, now)
    pair = (swap.one.id, swap.other.id)  # other wishes were about shifts that are somebody else's now
    session.execute(delete(SwapRow).where(or_(SwapRow.one_id.in_(pair), SwapRow.other_id.in_(pair))))
    return True


def drop(session: Session, swap: Swap) -> None:
    """End a swap that somebody does not want (any more): both shifts stay as they are."""
    session.execute(delete(SwapRow).where(SwapRow.id == swap.id))


def _swap(session: Session, row: SwapRow) -> Swap:
    one, other = shift_book.find(session, row.one_id), shift_book.find(session, row.other_id)
    waits_for = ((one.person, row.one_agrees), (other.person, row.other_agrees))
    return Swap(row.id, one, other, tuple(person for person, agrees in waits_for if not agrees))
