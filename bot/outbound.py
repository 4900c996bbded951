"""Texts that are due to young people, and nudges that become due."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from conversations import escalation, outbox, relays, store
from conversations.models import ConversationRow, OutboxRow
from conversations.rota import is_day
from conversations.script import load_words
from conversations.sealing import CannotOpen, Sealable


@dataclass(frozen=True, slots=True)
class Held:
    """A text that this process has leased."""

    id: str
    lease: str | None
    box: bytes | None
    sender: str
    body: str
    tries: int
    kind: str
    conversation_id: str | None


def send_due(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Send every text that is due; one commit takes the lease, another keeps the result. Gives how many."""
    claimed = outbox.claim(session, OutboxRow, parts.clock())
    held = [_held(each) for each in claimed]
    session.commit()
    for text in held:
        still_ours = outbox.still_held(session, OutboxRow, text.id, text.lease, parts.clock())
        session.commit()
        if still_ours:
            _send(session, parts, contacts, text)
            session.commit()
    return len(held)


def _held(row: OutboxRow) -> Held:
    return Held(row.id, row.lease, row.sealed_contact, row.sender, row.body, row.tries, row.kind, row.conversation_id)


def nudge_due(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Put one content-free nudge into the outbox for each conversation that has rested long enough; gives how many."""
    now = parts.clock()
    if not is_day(now):
        return 0
    wanted = select(ConversationRow).where(ConversationRow.nudge_at <= now, ConversationRow.expires_at > now).limit(50)
    resting = session.scalars(wanted.with_for_update(skip_locked=True)).all()
    for row in resting:
        row.nudge_at = None
        _nudge(session, parts, contacts, row)
        row.sealed_contact = None  # it is sealed anew when they write again
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
        "sender": row.our_number or parts.settings.twilio_numbers[0],
        "body": load_words()[row.state["language"]].line("nudge"),
        "sealed_contact": Sealable(number).seal(key, "outbox", row_id, row.expires_at),
        "due_at": now,
        "state": "due",
        "tries": 0,
    }
    session.execute(insert(OutboxRow).values(**values))


def _send(session: Session, parts: Parts, contacts: Contacts, text: Held) -> None:
    now = parts.clock()
    try:
        number = contacts.number(text.box, "outbox", text.id, now)
        if text.kind == "nudge" and contacts.opted_out(session, number):  # they may have said STOP since it was due
            outbox.cancel(session, OutboxRow, text.id, "opted out")
            return
        session.commit()
        provider_id = parts.ways["sms"].send(Outgoing(number, text.sender, text.body))
    except CannotOpen:
        outbox.cancel(session, OutboxRow, text.id, "its number can no longer be opened")
    except NotSent as failed:
        again_at = escalation.retry_at(text.tries, now, escalation.MESSAGE_WAITS) if failed.again else None
        outbox.mark_failed(session, OutboxRow, text.id, failed.code, again_at)
        if again_at is None:
            relays.reply_lost(session, text.conversation_id, failed.code, parts.clock())
    else:
        outbox.mark_sent(session, OutboxRow, text.id, provider_id, parts.clock())
        relays.note_early_reports(session, provider_id, parts.clock())
