"""Texts that are due to young people, and nudges that become due."""

from __future__ import annotations


from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from conversations import escalation, outbox, store
from conversations.models import ConversationRow, OutboxRow
from conversations.script import load_words
from conversations.sealing import CannotOpen, Sealable



def send_due(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Send every text that is due; one commit takes the lease, another keeps the result. Gives how many were tried."""
    claimed = outbox.claim(session, OutboxRow, parts.clock())
    held = [(each.id, each.lease, each.sealed_contact, each.sender, each.body, each.tries) for each in claimed]
    session.commit()
    for row_id, lease, box, sender, body, tries in held:
        held_still = outbox.still_held(session, OutboxRow, row_id, lease, parts.clock())
        session.commit()
        if held_still:
            _send(session, parts, contacts, row_id, box, Outgoing("", sender, body), tries)
            session.commit()
    return len(held)


def nudge_due(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Put one content-free nudge into the outbox for each conversation that has rested long enough; gives how many."""
    now = parts.clock()
    wanted = select(ConversationRow).where(ConversationRow.nudge_at <= now, ConversationRow.expires_at > now).limit(50)
    resting = session.scalars(wanted.with_for_update(skip_locked=True)).all()
    for row in resting:
        row.nudge_at = None
        _nudge(session, parts, contacts, row)
    session.commit()
    return len(resting)


def _nudge(session: Session, parts: Parts, contacts: Contacts, row: ConversationRow) -> None:
    now = parts.clock()
    try:
        number = contacts.number(row.sealed_contact, "conversation", row.id, now)
    except CannotOpen:
        return
    if contacts.opted_out(session, number):
        return
    key, row_id = parts.keys.of_day(now), store.new_id()
    values = {
        "id": row_id,
        "kind": "nudge",
        "conversation_id": row.id,
        "sender": parts.settings.twilio_numbers[0],
        "body": load_words()[row.state["language"]].line("nudge"),
        "sealed_contact": Sealable(number).seal(key, "outbox", row_id, row.expires_at),
        "due_at": now,
        "state": "due",
        "tries": 0,
    }
    session.execute(insert(OutboxRow).values(**values))


def _send(
    session: Session, parts: Parts, contacts: Contacts, row_id: str, box: bytes | None, text: Outgoing, tries: int
) -> None:
    now = parts.clock()
    try:
        number = contacts.number(box, "outbox", row_id, now)
        provider_id = parts.sms.send(Outgoing(number, text.sender, text.body))
    except CannotOpen:
        outbox.cancel(session, OutboxRow, row_id, "its number can no longer be opened")
    except NotSent as failed:
        again_at = escalation.retry_at(tries, now) if failed.again else None
        outbox.mark_failed(session, OutboxRow, row_id, failed.code, again_at)
    else:
        outbox.mark_sent(session, OutboxRow, row_id, provider_id, parts.clock())
