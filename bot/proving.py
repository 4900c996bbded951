"""The codes that prove that a way reaches a member of staff: made by the worker, sent to it, and kept as a hash."""

from __future__ import annotations

import logging

from sqlalchemy.orm import Session

from bot.notices import sender_of
from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from conversations import proofs
from conversations.proofs import CODE_LIFE, Code

log = logging.getLogger(__name__)

SUBJECT = "Your Heard code"
NOT_SET_UP = "not set up here"


def send_codes(session: Session, parts: Parts) -> int:
    """Send every code that staff asked for; one commit keeps its hash, another what became of it. Gives how many."""
    codes = proofs.claim(session, parts.settings.record_key, parts.clock())
    session.commit()
    for code in codes:
        if why := _refused(code, parts):
            log.warning("a code could not be sent: way=%s code=%s", code.kind, why)
            proofs.not_sent(session, code, why)
        session.commit()
    return len(codes)


def _refused(code: Code, parts: Parts) -> str:
    """Hand one code over; gives why the provider did not take it, empty when it did."""
    if code.kind not in parts.ways:
        return NOT_SET_UP
    life = int(CODE_LIFE.total_seconds())
    message = Outgoing(code.address, sender_of(parts.settings, code.kind), _words(code), subject=SUBJECT, life=life)
    try:
        parts.ways[code.kind].send(message)
    except NotSent as failed:
        return failed.code
    return ""


def _words(code: Code) -> str:
    digits = ", ".join(code.digits) if code.kind == "voice" else code.digits
    return f"Heard: your code is {digits}. Type it on the page where you asked for it, within 15 minutes."
