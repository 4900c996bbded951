"""The worker's second look: the encoder reads what the request let pass, and may only raise."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.parts import Parts
from bot.safeguards import redaction
from bot.safeguards.triage.encoder import EncoderAbsent
from conversations import alerts, engine, outbox, rota, store
from conversations.models import ConversationRow
from conversations.script import Script
from conversations.sealing import CannotOpen, Sealable, Seals
from conversations.triage_models import SecondLookRow
from conversations.values import Assessment, Facts, Person, Step

log = logging.getLogger(__name__)

AT_ONCE = 50
SEALED_FOR = timedelta(days=7)
PURPOSE = "second look"


def ask(session: Session, seals: Seals, channel: str, conversation_id: str | None, now: datetime) -> None:
    """Let the worker look at this text again; written with the message itself."""
    row_id = store.new_id()
    values = {
        "id": row_id,
        "conversation_id": conversation_id,
        "channel": channel,
        "due_at": now,
        "sealed_words": seals.words.seal(seals.key, PURPOSE, row_id, seals.expires),
        "sealed_contact": seals.seal_contact(PURPOSE, row_id),
    }
    session.execute(insert(SecondLookRow).values(**values))


def look_due(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Look at every text that waits, each in its own unit of work; gives how many. Without an encoder they wait on."""
    if parts.settings.triage_encoder != "worker":
        return 0
    waiting = select(SecondLookRow.id).order_by(SecondLookRow.due_at).limit(AT_ONCE)
    ids = session.scalars(waiting).all()
    session.commit()
    try:
        looked = sum(_look(session, parts, contacts, row_id) for row_id in ids)
    except EncoderAbsent as absent:
        session.rollback()
        log.error("second look: %s", absent)
        return 0
    return looked


def _look(session: Session, parts: Parts, contacts: Contacts, row_id: str) -> int:
    row = session.scalar(select(SecondLookRow).where(SecondLookRow.id == row_id).with_for_update(skip_locked=True))
    if row is None:
        session.commit()
        return 0
    now = parts.clock()
    try:
        words = contacts.second_look(row, now)
    except CannotOpen as closed:
        log.error("a text cannot be looked at again: %s", closed)
    else:
        found = parts.look(words).raised(Assessment())
        if found.alerts:
            _raise(session, parts, row, found, _seals(parts, contacts, row, words, now))
    session.delete(row)
    session.commit()
    return 1


def _seals(parts: Parts, contacts: Contacts, row: SecondLookRow, words: str, now: datetime) -> Seals:
    try:
        number = Sealable(contacts.number(row.sealed_contact, PURPOSE, row.id, now))
    except CannotOpen:
        number = None
    return Seals(parts.keys.of_day(now), Sealable(words), number, now + SEALED_FOR)


def _raise(session: Session, parts: Parts, row: SecondLookRow, found: Assessment, seals: Seals) -> None:
    now = parts.clock()
    person = session.scalar(select(ConversationRow.person).where(ConversationRow.id == row.conversation_id))
    turn = store.find(session, (Person(person), Person(person)), lock=True) if person else None
    if turn is None:
        alerts.raise_alert(session, found, row.channel, seals, now)
        return
    if turn.alert_id and alerts.add_to_alert(session, turn.alert_id, found, seals, now):
        return
    alert_id = alerts.raise_alert(session, found, row.channel, seals, now)
    script = parts.script_of(session, turn.state)
    cover = rota.cover_from(parts.settings.cover_hours, now, turn.state.language)
    step = engine.second_thought(script, turn.state, found, Facts(alert_open=True, cover_from=cover))
    _say(session, parts, turn, step, seals, alert_id)
