"""What it means for the rota when somebody can be told of alerts no more, in words for whoever takes them off duty."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from admin import spans
from admin.accounts import Staff
from conversations import duty_rota, shift_book
from conversations.settings import Settings

TO_DO = "Alerts go to the duty contact then: put somebody else on duty, on the page Rota."


@dataclass(frozen=True, slots=True)
class Absence:
    """What to say of somebody's shifts that count no more, and whether they leave gaps."""

    words: str
    leaves_gaps: bool


def of(session: Session, settings: Settings, person: Staff, now: datetime) -> Absence | None:
    """What somebody leaves behind who can be told no more, as far as the rota is looked ahead; None without shifts."""
    if not shift_book.coming(session, person.id, now):
        return None
    gaps = [spans.said(gap) for gap in shift_book.gaps_without(session, settings, person.id, now)]
    after = f"Nobody is on duty now on {'; '.join(gaps)}. {TO_DO}" if gaps else "Somebody else is on duty then."
    return Absence(f"{person.name} has shifts ahead, which no longer count. {after}", bool(gaps))


def keeps_duty(roles: Collection[str]) -> bool:
    """Whether somebody with these roles may still be told of alerts."""
    return bool(set(duty_rota.MAY_BE_TOLD) & set(roles))
