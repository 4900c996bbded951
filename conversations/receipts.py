"""Which messages we have: each by a keyed hash of its id, and one that tells whether a repeat is the same message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from conversations.db import insert_once
from conversations.models import ReceivedRow

AT_ONCE = 500  # both databases take more in one list, and neither takes any number


class OtherWords(Exception):
    """The id of a message that was received before, with words that are not the same."""


def first_seen(
    session: Session, message: str, fingerprint: str, now: datetime, conversation_id: str | None = None
) -> bool:
    """Note a message; False when it was noted before, and OtherWords is raised when it was another."""
    values = {"message": message, "conversation_id": conversation_id, "received_on": now.date()}
    if insert_once(session, ReceivedRow, values | {"fingerprint": fingerprint or None}):
        return True
    noted = session.scalar(select(ReceivedRow.fingerprint).where(ReceivedRow.message == message))
    if noted and fingerprint and noted != fingerprint:
        raise OtherWords
    return False


def known(session: Session, messages: Iterable[str]) -> frozenset[str]:
    """Those of these messages that we have."""
    wanted, found = list(messages), set[str]()
    for start in range(0, len(wanted), AT_ONCE):
        some = ReceivedRow.message.in_(wanted[start : start + AT_ONCE])
        found |= set(session.scalars(select(ReceivedRow.message).where(some)))
    return frozenset(found)
