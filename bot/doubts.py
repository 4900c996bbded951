"""Looks for the words of comments that a reviewer must decide on before anybody shares them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.parts import Parts
from bot.safeguards.redaction import Names, doubtful
from conversations import comments
from conversations.cutting import Doubtful, places
from conversations.values import RedactedText

AT_ONCE = 50
"""Comments a round: some fifty milliseconds, so that nothing else waits for long."""


def look_for(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Note the doubtful words of comments that nobody has looked at; gives how many were."""
    texts = comments.unlooked(session, AT_ONCE)
    session.commit()  # nobody waits for a lock of ours while we look
    found = {comment_id: in_text(text, parts.names) for comment_id, text in texts.items()}
    return sum(comments.note_doubtful(session, each, texts[each], found[each]) for each in found)


def in_text(text: RedactedText, names: Names) -> Doubtful:
    """The words of a text that the strict setting would take out too."""
    return places(text, doubtful(text, names))
