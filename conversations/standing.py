"""How long "are you safe right now?" stands unanswered: past the end of the questions, and into what begins next."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from conversations.values import State

WITHIN = timedelta(hours=24)
"""How long an answer is waited for at least: a conversation that ends sooner would forget that it was asked.

And how long, while a duty worker has a worry of theirs, their next text is known for one to that worker."""


def stamped(state: State, now: datetime) -> State:
    """The state with the time at which the question was first asked, where it has just been."""
    new = state.safe_stands and not state.safe_asked_at
    return replace(state, safe_asked_at=now.isoformat()) if new else state


def answered(state: State) -> State:
    """The state in which the question stands no more."""
    return replace(state, safe_stands=False, safe_asked_at="")


def carried(before: State, begins: State) -> State:
    """What begins after this, with the question that stands; once, or a "no" of weeks later would answer it."""
    stands = before.safe_stands and "safe" in before.offered
    return replace(begins, safe_stands=stands, safe_asked_at=before.safe_asked_at if stands else "")


def until(state: State, ends_at: datetime, latest: datetime) -> datetime:
    """When the conversation ends: at this time, and while the question stands not before somebody could answer it."""
    if not (state.safe_stands and state.safe_asked_at):
        return ends_at
    return max(ends_at, latest, datetime.fromisoformat(state.safe_asked_at) + WITHIN)


def is_before(state: State, sent_at: datetime, spoke_at: datetime | None) -> bool:
    """Whether a text was sent before the question was asked; of one asked by an older version, before we last spoke."""
    asked_at = datetime.fromisoformat(state.safe_asked_at) if state.safe_asked_at else spoke_at
    return asked_at is not None and sent_at < asked_at
