"""What is remembered of the keys beside the keys themselves, so that somebody notices when one has become another."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from conversations.db import insert_once
from conversations.duty_models import KeyMarkRow
from conversations.keys import keyed_hash

OPT_OUT, FOLDER = "opt-out.key", "HEARD_KEYS_DIR"
PRIVATE, EXPOSED = "private", "exposed"


def fingerprint(key: bytes) -> str:
    """What a key can be known by again, and that gives nothing of it away."""
    return keyed_hash("fingerprint", OPT_OUT, key.hex())


def note(session: Session, name: str, value: str) -> None:
    """Note how something is now; the first time also how it is to stay. Writes only what is new."""
    found = session.get(KeyMarkRow, name)
    if found is None:
        insert_once(session, KeyMarkRow, {"name": name, "first": value, "seen": value})
    elif found.seen != value:
        found.seen = value


def remembers(session: Session, name: str) -> bool:
    """Whether anything is remembered of a key: then it has been there."""
    return session.get(KeyMarkRow, name) is not None


def changed(session: Session) -> tuple[str, ...]:
    """What is not as it was, by name."""
    return tuple(session.scalars(select(KeyMarkRow.name).where(KeyMarkRow.first != KeyMarkRow.seen).order_by("name")))


def accept(session: Session, name: str) -> None:
    """Take what is there now for how it is to stay."""
    value = PRIVATE if name == FOLDER else KeyMarkRow.seen
    session.execute(update(KeyMarkRow).where(KeyMarkRow.name == name).values(first=value, seen=value))
