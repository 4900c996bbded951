"""The worker's second look: the encoder reads what the request let pass, and may only raise."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.message import Inbound
from bot.parts import Parts
from bot.safeguards import redaction
from bot.safeguards.triage.encoder import EncoderAbsent, worth_a_look
from conversations import alerts, caring, outbox, rota, store, versions
from conversations.asking import spoken
from conversations.models import ConversationRow
from conversations.sealing import CannotOpen, Sealable, Seals
from conversations.settings import Settings
from conversations.triage_models import SecondLookRow
from conversations.values import Assessment, Facts, Person, RedactedText, State

log = logging.getLogger(__name__)

AT_ONCE = 50
LIFE = timedelta(hours=1)
SEALED_FOR = timedelta(days=7)
PURPOSE = "second look"


def is_due(message: Inbound, assessment: Assessment, settings: Settings) -> bool:
    """Whether the worker should read this text too: words that did not alert, in the language that it was taught."""
    return settings.triage_encoder == "worker" and worth_a_look(message.text, assessment)


def at_once(message: Inbound, found: Assessment, parts: Parts) -> Assessment:
    """The assessment with what the encoder adds, where the setting has it look in the request; else as it is."""
    if parts.settings.triage_encoder != "request" or not worth_a_look(message.text, found):
        return found
    try:
        return parts.look(message.text).raised(found)
    except Exception as broken:  # whatever breaks in the third mind, the first two have decided
        log.error("second look: %s", type(broken).__name__)
        return found


def ask(session: Session, seals: Seals, channel: str, conversation_id: str | None, now: datetime) -> None:
    """Let the worker look at this text again; written with the message itself."""
    row_id = store.new_id()
    values = {
        "id": row_id,
        "conversation_id": conversation_id,
        "channel": channel,
        "due_at": now,
        "sealed_words": seals.seal_words(row_id, PURPOSE),
        "sealed_contact": seals.seal_contact(PURPOSE, row_id),
    }
    session.execute(insert(SecondLookRow).values(**values))


def look_due(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Look at every text that waits, each in its own unit of work; gives how many. Without an encoder they wait."""
    if parts.settings.triage_encoder != "worker":
        return 0
    ids = session.scalars(select(SecondLookRow.id).order_by(SecondLookRow.due_at).limit(AT_ONCE)).all()
    session.commit()
    try:
        return sum(_look(session, parts, contacts, row_id) for row_id in ids)
    except EncoderAbsent as absent:
        session.rollback()
        log.error("second look: %s", absent)
        return 0


def _look(session: Session, parts: Parts, contacts: Contacts, row_id: str) -> int:
    wanted = select(SecondLookRow).where(SecondLookRow.id == row_id).with_for_update(skip_locked=True)
    row = session.scalar(wanted)
    if row is None:
        session.commit()
        return 0
    try:
        words = contacts.content(row.sealed_words, PURPOSE, row.id, parts.clock())
    except CannotOpen as closed:
        log.error("a text cannot be looked at again: %s", closed)
    else:
        found = parts.look(words).raised(Assessment())
        if found.alerts:
            _raise(session, parts, Text(row, words, _seals(parts, contacts, row, words)), found)
    session.delete(row)
    session.commit()
    return 1


def _seals(parts: Parts, contacts: Contacts, row: SecondLookRow, words: str) -> Seals:
    """The same text and number, to be sealed to what is raised from them."""
    now, number = parts.clock(), None
    try:
        number = Sealable(contacts.number(row.sealed_contact, PURPOSE, row.id, now))
    except CannotOpen:
        log.info("a text that is looked at again has no number")
    return Seals(parts.keys.of_day(now), Sealable(words), number, now + SEALED_FOR)


@dataclass(frozen=True, slots=True)
class Text:
    """A text that the worker has open: its row, its words, and what they and the number can be sealed with."""

    row: SecondLookRow
    words: str
    seals: Seals


def _raise(session: Session, parts: Parts, text: Text, found: Assessment) -> None:
    now, row = parts.clock(), text.row
    person = session.scalar(select(ConversationRow.person).where(ConversationRow.id == row.conversation_id))
    turn = store.find(session, (Person(person), Person(person)), lock=True) if person else None
    if turn and turn.alert_id and alerts.add_to_alert(session, turn.alert_id, found, text.seals, now):
        return
    alert_id = alerts.raise_alert(session, found, row.channel, text.seals, now)
    if turn is None:  # the conversation has closed meanwhile: the duty worker has the number, where there is one
        return
    script = versions.script_of(session, turn.state, parts.scripts)
    cover = rota.cover_from(parts.settings.cover_hours, now, turn.state.language)
    # As for a text that came too early: it is told of, and no question of ours is answered by it.
    step = caring.worried(script, turn.state, RedactedText(""), found, Facts(early=True, cover_from=cover))
    store.save_afterthought(session, turn, replace(step, state=_without(step.state, text.words, parts)), alert_id, now)
    if row.channel == "sms":
        _text(session, spoken(script, step), turn.id, text.seals, now)


def _without(state: State, words: str, parts: Parts) -> State:
    """The state without a comment of these words: what raised an alert stays in the alert alone."""
    kept = redaction.redact(words, "en", parts.names).text
    return replace(state, comments=tuple(comment for comment in state.comments if comment.text not in kept))


def _text(session: Session, says: tuple[str, ...], turn_id: str, seals: Seals, now: datetime) -> None:
    our_number = session.scalar(select(ConversationRow.our_number).where(ConversationRow.id == turn_id)) or ""
    outbox.reply(session, outbox.Saying(our_number, says), seals, turn_id, now)
