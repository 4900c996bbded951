"""The worker's second look: the encoder reads what the request let pass, and may only raise."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.message import Inbound
from bot.parts import Parts
from bot.safeguards import language, redaction
from bot.safeguards.triage.encoder import EncoderAbsent, worth_a_look
from conversations import alerts, caring, comments, heartbeats, joining, outbox, relays, rota, store, versions, worries
from conversations.asking import spoken
from conversations.controls import fold
from conversations.db import begin_reading
from conversations.models import ConversationRow
from conversations.sealing import CannotOpen, Sealable, Seals
from conversations.settings import Settings
from conversations.triage_models import SecondLookRow
from conversations.values import Assessment, Facts, Level, Person, RedactedText, State

log = logging.getLogger(__name__)

A_ROUND = timedelta(seconds=5)
"""How long one round may look: meanwhile the worker sends no text, and opens no words for staff."""
SEALED_FOR = timedelta(days=7)
LATE = timedelta(minutes=2)
PATIENCE = timedelta(hours=1)
"""How long a text waits for an encoder that is away before a person reads it."""
LIST_BEARS = 50
"""With so many texts on it, somebody can just read the same-day list in the two hours that they have at least."""
PURPOSE = "second look"
PLAIN = "they listened to me today"
"""An encoder that cannot read this can read nothing."""
BROKEN, NOBODY = "not-assessed:second-look", "not-assessed:no-encoder"
ABSENT = "encoder absent"
"""The heartbeat that says since when the encoder has been away."""
Mind = Callable[[str, Parts], Assessment]


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


def ask(
    session: Session,
    seals: Seals,
    channel: str,
    conversation_id: str | None,
    now: datetime,
    alert_id: str | None = None,
) -> None:
    """Let the worker look at this text again, also one that an alert has already; written with the message itself."""
    row_id = store.new_id()
    values = {
        "id": row_id,
        "conversation_id": conversation_id,
        "alert_id": alert_id,
        "channel": channel,
        "due_at": now,
        "sealed_words": seals.seal_words(row_id, PURPOSE),
        "sealed_contact": seals.seal_contact(PURPOSE, row_id),
    }
    session.execute(insert(SecondLookRow).values(**values))


def waits(session: Session, now: datetime) -> bool:
    """Whether a text has waited for its second look for too long."""
    late = select(SecondLookRow.id).where(SecondLookRow.due_at < now - LATE)
    return session.scalar(late.limit(1)) is not None


def look_due(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Look at the texts that wait, each in its own unit of work, for as long as a round may take; gives how many.

    Without an encoder, or with one that can read nothing, they wait, and what the first two minds said of them stands;
    when it has been away for an hour they go to a person. So does a single text that the encoder breaks on.
    """
    ids = session.scalars(select(SecondLookRow.id).order_by(SecondLookRow.due_at)).all()
    session.commit()
    try:
        looked = _each(session, parts, contacts, ids, _found)
    except EncoderAbsent as absent:
        session.rollback()
        log.error("second look: %s", absent)
        return _hand_over(session, parts, contacts)
    if looked:
        heartbeats.forget(session, ABSENT)
        session.commit()
    return looked


def _hand_over(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Put what has waited for long enough on the same-day list, as many as it bears; the others go on waiting."""
    now, since = parts.clock(), heartbeats.last(session, ABSENT)
    if since is None:
        heartbeats.beat(session, ABSENT, now)
    room = LIST_BEARS - worries.open_on(session, "same_day") if since and now - since >= PATIENCE else 0
    old = select(SecondLookRow.id).where(SecondLookRow.due_at <= now - PATIENCE).order_by(SecondLookRow.due_at)
    ids = session.scalars(old.limit(max(room, 0))).all()
    session.commit()
    listed = _each(session, parts, contacts, ids, _nobody)
    if listed:
        log.error("second look: texts that no encoder read are on the list: %d", listed)
    return listed


def _each(session: Session, parts: Parts, contacts: Contacts, ids: Iterable[str], mind: Mind) -> int:
    """Have each of these texts looked at until the round is over; gives how many were."""
    until, looked = parts.clock() + A_ROUND, 0
    for row_id in ids:
        try:
            looked += _look(session, parts, contacts, row_id, mind)
        except (EncoderAbsent, OperationalError):
            raise
        except Exception as failed:  # such as a key that is refused: this text waits, and keeps no other waiting
            session.rollback()
            log.error("a text is waiting for its second look: %s", type(failed).__name__)
        if parts.clock() >= until:
            break
    return looked


@dataclass(frozen=True, slots=True)
class Text:
    """A text that the worker has open: its words, what seals them and the number, and whether they said STOP.

    With the alert that has the same words already, where they came in while it was open.
    """

    id: str
    conversation_id: str | None
    alert_id: str | None
    channel: str
    words: str = field(repr=False)
    seals: Seals
    stopped: bool
    came_at: datetime


def _look(session: Session, parts: Parts, contacts: Contacts, row_id: str, mind: Mind) -> int:
    """Look at one text between two transactions: inside one, on SQLite, the look would hold up every message."""
    begin_reading(session)
    row = session.scalar(select(SecondLookRow).where(SecondLookRow.id == row_id))
    text = _opened(session, row, parts, contacts) if row else None
    session.commit()
    found = mind(text.words, parts) if text else Assessment()
    # The conversation is locked before its text, as by whoever closes it: else each could wait for the other.
    turn = _conversation(session, text) if text and found.alerts else None
    held = select(SecondLookRow.id).where(SecondLookRow.id == row_id).with_for_update(skip_locked=True)
    ours = session.scalar(held) is not None  # another worker may have been first
    if ours and text and found.alerts:
        _follow(session, parts, text, turn, found)
    if ours:
        session.execute(delete(SecondLookRow).where(SecondLookRow.id == row_id))
    session.commit()
    return int(ours)


def _opened(session: Session, row: SecondLookRow, parts: Parts, contacts: Contacts) -> Text | None:
    """The text, and the same words and number to be sealed to what comes of it; None when its key is gone."""
    now, number = parts.clock(), None
    try:
        words = contacts.content(row.sealed_words, PURPOSE, row.id, now)
        number = contacts.number(row.sealed_contact, PURPOSE, row.id, now) if row.sealed_contact else None
    except CannotOpen as closed:
        log.error("a text cannot be looked at again: %s", closed)
        return None
    stopped = number is not None and contacts.opted_out(session, number)
    contact = Sealable(number) if number else None
    seals = Seals(parts.keys.of_day(now), Sealable(words), contact, now + SEALED_FOR)
    return Text(row.id, row.conversation_id, row.alert_id, row.channel, words, seals, stopped, row.due_at)


def _found(words: str, parts: Parts) -> Assessment:
    """What the encoder says; a text that breaks it is not assessed. Raises EncoderAbsent when it can read nothing."""
    if parts.settings.triage_encoder == "off":
        raise EncoderAbsent("no encoder is set")
    version = parts.lexicon.version if parts.lexicon else ""
    try:
        return parts.look(words).raised(Assessment(version=version))
    except EncoderAbsent:
        raise
    except Exception as broken:  # the library raises kinds of its own
        log.error("second look: %s", type(broken).__name__)
    try:
        parts.look(PLAIN)
    except Exception as broken:
        raise EncoderAbsent(f"the encoder reads nothing: {type(broken).__name__}") from broken
    return Assessment(assessed=False, reasons=(BROKEN,), version=version)


def _nobody(words: str, parts: Parts) -> Assessment:
    """What is said of a text that no encoder was there for."""
    return Assessment(assessed=False, reasons=(NOBODY,), version=parts.lexicon.version if parts.lexicon else "")


def _conversation(session: Session, text: Text) -> store.Turn | None:
    """The conversation that the text came in, locked; None when it has closed meanwhile."""
    wanted = select(ConversationRow.person).where(ConversationRow.id == text.conversation_id)
    person = session.scalar(wanted)
    turn = store.find(session, (Person(person), Person(person)), lock=True) if person else None
    return turn if turn and turn.id == text.conversation_id else None


def _follow(session: Session, parts: Parts, text: Text, turn: store.Turn | None, found: Assessment) -> None:
    """Raise an alert of it; what nobody could look at is read the same day, since the first two minds let it pass."""
    now = parts.clock()
    if not found.assessed:
        due_at = rota.read_by_end("same_day", parts.settings.cover_hours, now)
        seals = replace(text.seals, expires=text.came_at + worries.BOX_LIFE)
        worries.keep(session, found, seals, worries.Listing("same_day", text.channel, due_at, text.stopped))
        return
    stopped = text.stopped or (turn is not None and text.channel == "sms" and turn.state.ending == "stopped")
    if _is_known(session, text, found):
        return
    known = turn.alert_id if turn else text.alert_id
    added = known and alerts.add_to_alert(session, known, found, text.seals, now, stopped)
    alert_id = known if known and added else alerts.raise_alert(session, found, text.channel, text.seals, now, stopped)
    if now - text.came_at > LATE:
        alerts.found_later(session, alert_id, text.came_at, now)
    if stopped and text.channel == "sms":
        relays.cut_off(session, alert_id, "stop", now)
    kept = _without(turn.state, text.words, parts) if turn else None
    if turn is None or kept is turn.state:
        comments.forget(session, _redacted(text.words, parts))
    if turn is None or kept is None:  # the duty worker has the number, where there is one
        return
    if added and not kept.unread:  # they know that somebody was told, and are asked nothing
        store.keep_state(session, turn, kept)
        return
    _say(session, parts, replace(text, stopped=stopped), replace(turn, state=kept, alert_id=alert_id), found)


def _is_known(session: Session, text: Text, found: Assessment) -> bool:
    """Whether an open alert has these words and is as urgent: added once more, they would tell nobody anything."""
    known = joining.locked_home(session, text.alert_id) if text.alert_id else None
    return known is not None and known.state != "closed" and found.handled_as <= Level[known.level.upper()]


def _say(session: Session, parts: Parts, text: Text, turn: store.Turn, found: Assessment) -> None:
    """Say the words for this worry, on the page at its next view or by a text of their own, and let the questions rest.

    As for a text that came too early: it is told of, and no question of ours is answered by it.
    """
    now, alert_id = parts.clock(), turn.alert_id or ""
    script = versions.script_of(session, turn.state, parts.scripts)
    cover = rota.cover_from(parts.settings.cover_hours, now, turn.state.language)
    step = caring.worried(script, turn.state, RedactedText(""), found, Facts(early=True, cover_from=cover))
    store.save_afterthought(session, turn, step, alert_id, now)
    if text.channel == "sms" and text.seals.contact and not text.stopped:
        our_number = session.scalar(select(ConversationRow.our_number).where(ConversationRow.id == turn.id)) or ""
        outbox.reply(session, outbox.Saying(our_number, spoken(script, step)), text.seals, turn.id, now)


def _redacted(words: str, parts: Parts) -> RedactedText:
    """The words as they were kept when they came in."""
    guess = language.detect(words, parts.languages, "", parts.detector)
    return redaction.redact(words, guess or "en", parts.names).text


def _without(state: State, words: str, parts: Parts) -> State:
    """The state without the comment of these words, which may be a part of them: they stay in the alert alone."""
    said = f" {fold(_redacted(words, parts))} "
    for place in reversed(range(len(state.comments))):
        if f" {fold(state.comments[place].text)} " in said:
            return replace(state, comments=(*state.comments[:place], *state.comments[place + 1 :]))
    return state
