"""Texts that are due to young people, and nudges that become due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from conversations import alerts, escalation, outbox, relays, store
from conversations.models import ConversationRow, OutboxRow
from conversations.rota import is_day, next_day
from conversations.script import load_words
from conversations.sealing import CannotOpen, Sealable

LIFE = timedelta(hours=1)
"""How long a text is of use, with us and with the carrier: what it asks and promises is not true for longer."""
LATE = "late"
"""The kind of the text that takes the place of replies which are too late."""
UNASKED_FOR = ("nudge", LATE)


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
    due_at: datetime


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
    whose = row.sealed_contact, row.sender
    return Held(row.id, row.lease, *whose, row.body, row.tries, row.kind, row.conversation_id, row.due_at)


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
    _put(session, parts, row, "nudge", number)


def _put(session: Session, parts: Parts, row: ConversationRow, kind: str, number: str) -> None:
    """Put the words of this kind into the outbox, in the language of the conversation."""
    now, row_id = parts.clock(), store.new_id()
    values = {
        "id": row_id,
        "kind": kind,
        "conversation_id": row.id,
        "sender": row.our_number or parts.settings.twilio_numbers[0],
        "body": load_words()[row.state["language"]].line("found_late" if kind == LATE else kind),
        "sealed_contact": Sealable(number).seal(parts.keys.of_day(now), "outbox", row_id, row.expires_at),
        "due_at": now,
        "state": "due",
        "tries": 0,
    }
    session.execute(insert(OutboxRow).values(**values))


def _put_late(session: Session, parts: Parts, text: Held, number: str) -> None:
    """In place of what is too late: once, that we are late and where help is; whoever has their alert sees that too."""
    outbox.cancel(session, OutboxRow, text.id, TOO_LATE)
    row = session.get(ConversationRow, text.conversation_id, with_for_update=True) if text.conversation_id else None
    said = select(OutboxRow.id).where(OutboxRow.conversation_id == text.conversation_id, OutboxRow.kind == LATE)
    if row is None or session.scalar(said.where(OutboxRow.due_at >= text.due_at).limit(1)) is not None:
        return
    _put(session, parts, row, LATE, number)
    relays.reply_lost(session, row.id, TOO_LATE, parts.clock())


TOO_LATE = "more than an hour late, so not sent"


def _waits_for_day(session: Session, text: Held, now: datetime) -> bool:
    """Whether a text that comes late would wake somebody for nothing: at night, with no alert of theirs open."""
    if text.kind != LATE or is_day(now):
        return False
    alert_id = session.scalar(select(ConversationRow.alert_id).where(ConversationRow.id == text.conversation_id))
    return not alerts.is_open(session, alert_id)


def _send(session: Session, parts: Parts, contacts: Contacts, text: Held) -> None:
    now = parts.clock()
    try:
        number = contacts.number(text.box, "outbox", text.id, now)
        if text.kind in UNASKED_FOR and contacts.opted_out(session, number):  # they may have said STOP since it was due
            outbox.cancel(session, OutboxRow, text.id, "opted out")
            return
        if text.kind == "reply" and now - text.due_at > LIFE:
            _put_late(session, parts, text, number)
            return
        if _waits_for_day(session, text, now):
            outbox.mark_failed(session, OutboxRow, text.id, "it waits for day", next_day(now))
            return
        session.commit()
        life = int(LIFE.total_seconds())
        provider_id = parts.ways["sms"].send(Outgoing(number, text.sender, text.body, life=life))
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
