"""What happens to a message: the one ordering of the steps, from any channel; commits once."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.duty import notify_past_the_store
from bot.parts import Parts
from bot.safeguards import language, redaction, triage
from conversations import alerts, engine, outbox, rota, store
from conversations.asking import prompt, spoken
from conversations.db import begin_reading, db
from conversations.keys import MissingKey
from conversations.logs import place_of
from conversations.script import Script, Words, load_words, parse_dump, with_words
from conversations.sealing import Sealable, Seals
from conversations.starts import Start, start_of
from conversations.values import Assessment, Facts, Person, Prompt, RedactedText, State, Step

log = logging.getLogger(__name__)

LONGEST = 1600
SEALED_FOR = timedelta(days=7)
STORE_IS_DOWN = (SQLAlchemyError, MissingKey, OSError)


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message from any channel: who it is from is a Person already, and the number can only be sealed."""

    channel: str
    persons: tuple[Person, Person] | None
    """None when their keys cannot be read: then nothing can be kept, and the text is screened all the same."""
    message: str
    text: str
    received_at: datetime
    contact: Sealable | None = None
    media: bool = False
    asked: str = ""
    start: str = ""
    area: str = ""
    opt_out_type: str = ""
    staff_number: str = ""
    our_number: str = ""
    answerable: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """What to say to this message; empty when nothing is to be said, or when it goes out by the outbox."""

    say: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A running conversation as a page shows it."""

    script: Script
    state: State
    prompt: Prompt
    words: Words


@dataclass(frozen=True, slots=True)
class Found:
    """What the screen found in a message, what may be kept of it sealed, and when."""

    assessment: Assessment
    seals: Seals
    now: datetime


class Unanswered(Exception):
    """The store is down: nothing was kept. What the screen found has gone to duty by another way where it had to."""


def answer(message: Inbound, parts: Parts) -> Reply:
    """Screen, redact, keep and answer one message; raises Unanswered when it could not be kept."""
    assessment = screen(message, parts)
    session = db.session()
    try:
        guess = language.detect(message.text, parts.languages, "", parts.detector)
        redacted = redaction.redact(message.text[:LONGEST], guess or "en", parts.names).text
        reply = _turn(session, message, redacted, assessment, guess, parts)
        session.commit()
    except Exception as broken:  # store down or a fault of ours: what the screen found must reach somebody either way
        _went_down(session, broken, assessment, parts)
        raise Unanswered from None
    return reply


def screen(message: Inbound, parts: Parts) -> Assessment:
    """What the screen finds in the text; a picture or voice note can never be screened, so a person looks."""
    if not message.text and message.start:
        return Assessment()
    found = triage.assess(message.text, parts.lexicon)
    if not message.media:
        return found
    media = triage.assess_media()
    return replace(found, assessed=False, reasons=(*found.reasons, *media.reasons))


def refuse(message: Inbound, parts: Parts) -> None:
    """Screen a text that cannot be taken as it is; a worrying one raises its alert all the same. Raises Unanswered."""
    assessment = screen(message, parts)
    if not assessment.alerts:
        return
    session = db.session()
    try:
        now = parts.clock()
        seals = _seals(message, parts, now)
        running = store.find(session, message.persons) if message.persons else None
        known = running.alert_id if running else None
        if not (known and alerts.add_to_alert(session, known, assessment, seals, now)):
            _only_screened(session, message, assessment, seals, now)
        session.commit()
    except Exception as broken:
        _went_down(session, broken, assessment, parts)
        raise Unanswered from None


def look(persons: tuple[Person, Person], parts: Parts) -> View | None:
    """The running conversation of a web visitor, read only; None when there is none. Raises Unanswered."""
    session = db.session()
    try:
        begin_reading(session)
        turn = store.find(session, persons)
        now = parts.clock()
        if turn is None or turn.expires_at <= now:
            return None
        script = _script_of(session, turn.state, parts)
    except STORE_IS_DOWN as down:
        log.error("store down: %s", type(down).__name__)
        raise Unanswered from None
    finally:
        session.rollback()
    silent = turn.silent(now)
    state = replace(turn.state, said=()) if silent else turn.state
    return View(script, state, prompt(script, state, silent), script.words[state.language])


def leave(persons: tuple[Person, Person], parts: Parts) -> None:
    """End a web visitor's conversation on the server; what was said so far is kept as partial."""
    session = db.session()
    try:
        turn = store.find(session, persons, lock=True)
        if turn is not None:
            store.close(session, turn, parts.clock())
        session.commit()
    except STORE_IS_DOWN as down:
        session.rollback()
        raise Unanswered from down


def _went_down(session: Session, broken: Exception, assessment: Assessment, parts: Parts) -> None:
    session.rollback()
    kind = "store down" if isinstance(broken, STORE_IS_DOWN) else "unhandled"
    log.error("%s: %s", kind, place_of((type(broken), broken, broken.__traceback__)))
    if assessment.alerts:
        notify_past_the_store(assessment, parts)


def _seals(message: Inbound, parts: Parts, now: datetime) -> Seals:
    return Seals(parts.keys.of_day(now), Sealable(message.text), message.contact, now + SEALED_FOR)


def _turn(
    session: Session,
    message: Inbound,
    text: RedactedText,
    assessment: Assessment,
    guess: str | None,
    parts: Parts,
) -> Reply:
    now = parts.clock()
    seals = _seals(message, parts, now)
    if not message.answerable:
        if store.first_seen(session, message.message, now):
            _only_screened(session, message, assessment, seals, now)
        return Reply()
    start = start_of(text, parts.scripts, parts.settings.areas)
    arrival = _arrival(message, start, guess, parts)
    try:
        turn = store.open_turn(session, arrival, now)
    except store.FromStaff:
        _only_screened(session, message, assessment, seals, now)
        return Reply()
    if isinstance(turn, store.Repeat):
        return Reply(turn.say if parts.settings.twilio_reply == "twiml" else ())
    now = parts.clock()  # read again behind the lock: a text that waited for it was received before we spoke
    script = _script_of(session, turn.state, parts)
    if _starts_anew(turn.state, start, message, script):
        turn, script = store.begin_again(session, turn, arrival.begins, arrival.script, now), arrival.script
    alert_open = alerts.is_open(session, turn.alert_id)
    facts = replace(_facts(message, turn, guess, parts, now), alert_open=alert_open)
    step = engine.step(script, turn.state, text, assessment, facts)
    alert_id = _tell(session, message, turn, step, Found(assessment, seals, now))
    if step.opt:
        store.request_opt(session, step.opt, seals, now)
    say = spoken(script, step) if message.channel == "sms" else ()
    by_outbox = message.channel == "sms" and parts.settings.twilio_reply == "rest"
    store.save_turn(session, turn, step, say, store.Saving(message.message, script, seals, alert_id, now))
    if not by_outbox:
        return Reply(say)
    for place, body in enumerate(say):
        due_at = now - timedelta(microseconds=len(say) - place)  # so that the parts go out in their order
        outbox.add(session, outbox.Text("reply", message.our_number, body), seals, turn.id, due_at)
    return Reply()


def _arrival(message: Inbound, start: Start | None, guess: str | None, parts: Parts) -> store.Arrival:
    if message.persons is None:
        raise MissingKey("a weekly key cannot be read")
    name = message.start or (start.script if start else parts.settings.default_script)
    script = parts.scripts[name]
    spoken_language = guess if guess in script.languages else "en"
    area = message.area or (start.area if start else "")
    begins = engine.begin(script, "en" if message.channel == "web" else spoken_language, message.channel, area)
    return store.Arrival(
        persons=message.persons,
        message=message.message,
        begins=begins,
        script=script,
        staff_number=message.staff_number,
        our_number=message.our_number,
        after_expiry="opening" if start or message.start else "expired",
    )


def _starts_anew(state: State, start: Start | None, message: Inbound, script: Script) -> bool:
    """Whether a keyword or a choice on the start page begins another script; in a free text it is just a word."""
    if state.ending:
        return bool(start or message.start)
    asks_words = state.step and state.awaiting == "answer" and script.question(state.step).type == "free_text"
    return start is not None and start.script != state.script and not asks_words


def _facts(message: Inbound, turn: store.Turn, guess: str | None, parts: Parts, now: datetime) -> Facts:
    silent = turn.silent(now)
    spoke_since = turn.last_out_at is not None and message.received_at < turn.last_out_at
    asking = {turn.state.step if turn.state.awaiting == "answer" else turn.state.awaiting}
    asking |= {"carry_on"} if silent else set()
    stale = bool(message.asked) and message.asked not in asking
    return Facts(
        silent=silent,
        early=(spoke_since and message.channel == "sms") or stale,
        replies=len(turn.recent(now)),
        guess=guess,
        carrier_answers=message.opt_out_type == "HELP",
        media=message.media,
        asked=message.asked,
        opted_in=message.opt_out_type == "START",
        cover_from=rota.cover_from(parts.settings.cover_hours, now, turn.state.language),
    )


def _tell(session: Session, message: Inbound, turn: store.Turn, step: Step, found: Found) -> str | None:
    """Raise or continue the alert of this conversation; gives its id."""
    if turn.alert_id and (step.alert or step.follows_alert):  # False only when it was closed meanwhile
        cut_off = step.cannot_be_texted
        if alerts.add_to_alert(session, turn.alert_id, found.assessment, found.seals, found.now, cut_off):
            return turn.alert_id
    if step.alert:
        return alerts.raise_alert(
            session, found.assessment, message.channel, found.seals, found.now, step.cannot_be_texted
        )
    return turn.alert_id


def _only_screened(session: Session, message: Inbound, assessment: Assessment, seals: Seals, now: datetime) -> None:
    """A sender who cannot be answered, or is staff: the text is screened and a person told, and nothing is asked."""
    if assessment.alerts:
        alerts.raise_alert(session, assessment, message.channel, seals, now, not message.answerable)


def _script_of(session: Session, state: State, parts: Parts) -> Script:
    current = parts.scripts.get(state.script)
    if current is not None and current.version == state.version:
        return current
    kept = store.script_version(session, state.version)
    return with_words(parse_dump(kept), load_words()) if kept else parts.scripts[state.script]
