"""What happens to a message: the one ordering of the steps, from any channel; commits once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import second_look
from bot.duty import notify_past_the_store
from bot.logs import place_of
from bot.message import Heard, Inbound, Reply, Unanswered, View
from bot.parts import Parts
from bot.safeguards import language, redaction, triage
from conversations import alerts, engine, escalation, outbox, raising, relays, rota, store, versions, worries
from conversations.asking import RESTS, prompt, spoken
from conversations.db import begin_reading, db
from conversations.keys import MissingKey
from conversations.script import Script
from conversations.sealing import Sealable, Seals
from conversations.starts import Start, start_of
from conversations.values import Assessment, Facts, Person, RedactedText, State, Step

log = logging.getLogger(__name__)

LONGEST = 1600
SEALED_FOR = timedelta(days=7)
STORE_IS_DOWN = (SQLAlchemyError, MissingKey, OSError)


def answer(message: Inbound, parts: Parts) -> Reply:
    """Screen, redact, keep and answer one message; raises Unanswered when it could not be kept."""
    assessment = screen(message, parts)
    session = db.session()
    try:
        guess = language.detect(message.text, parts.languages, "", parts.detector)
        redacted = redaction.redact(message.text[:LONGEST], guess or "en", parts.names).text
        heard = Heard(redacted, assessment, guess, _seals(message, parts, parts.clock()))
        reply = _kept(session, message, heard, parts)
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
    found = second_look.at_once(message, found, parts)
    if not message.media:
        return found
    media = triage.assess_media()
    return replace(found, assessed=False, reasons=(*found.reasons, *media.reasons))


def refuse(message: Inbound, parts: Parts) -> str:
    """Screen a text that cannot be taken as it is; gives the key of the safety words when it raised an alert.

    Raises Unanswered when the alert, or a text that somebody must read, could not be kept.
    """
    assessment = screen(message, parts)
    if not (assessment.alerts or escalation.list_of(assessment)):
        return ""
    session = db.session()
    try:
        now = parts.clock()
        heard = Heard(RedactedText(""), assessment, None, _seals(message, parts, now))
        running = store.find(session, message.persons) if message.persons else None
        known = running.alert_id if running else None
        if not (known and alerts.add_to_alert(session, known, assessment, heard.seals, now)):
            _only_screened(session, message, heard, parts, now)
        session.commit()
    except Exception as broken:
        _went_down(session, broken, assessment, parts)
        raise Unanswered from None
    promised = assessment.alerts and not rota.cover_from(parts.settings.cover_hours, now)
    return f"level.{assessment.handled_as.word}" if promised else ""


def look(persons: tuple[Person, Person], parts: Parts) -> View | None:
    """The running conversation of a web visitor, read only; None when there is none. Raises Unanswered."""
    session = db.session()
    try:
        begin_reading(session)
        turn = store.find(session, persons)
        now = parts.clock()
        if turn is None or turn.expires_at <= now:
            return None
        script = versions.script_of(session, turn.state, parts.scripts)
        rests = alerts.is_open(session, turn.alert_id) and not turn.state.unread
        boxes = relays.on_page(session, turn.alert_id) if turn.state.channel == "web" else ()
    except STORE_IS_DOWN as down:
        log.error("store down: %s", type(down).__name__)
        raise Unanswered from None
    finally:
        session.rollback()
    silent = turn.silent(now)
    state = replace(turn.state, said=()) if silent else turn.state
    asks = prompt(script, state, silent, rests)
    return View(script, state, asks, script.words[state.language], rests, boxes)


def note_seen(row_ids: Sequence[str], parts: Parts) -> None:
    """Note that a visitor was shown what a duty worker wrote; that it could not be noted spoils no page."""
    session = db.session()
    try:
        relays.note_seen(session, row_ids, parts.clock())
        session.commit()
    except STORE_IS_DOWN as down:
        session.rollback()
        log.error("store down: %s", type(down).__name__)


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


def _kept(session: Session, message: Inbound, heard: Heard, parts: Parts) -> Reply:
    now = parts.clock()
    if not message.answerable:
        if store.first_seen(session, message.message, now):
            _only_screened(session, message, heard, parts, now)
        return Reply()
    start = start_of(heard.text, parts.scripts, parts.settings.areas)
    arrival = _arrival(message, start, parts)
    try:
        turn = store.open_turn(session, arrival, now)
    except store.FromStaff:
        _only_screened(session, message, heard, parts, now)
        return Reply()
    if isinstance(turn, store.Repeat):
        return Reply(turn.say if parts.settings.twilio_reply == "twiml" else ())
    now = parts.clock()  # read again behind the lock: a text that waited for it was received before we spoke
    script = versions.script_of(session, turn.state, parts.scripts)
    at_rest = alerts.is_open(session, turn.alert_id) and not turn.state.unread
    if _starts_anew(turn.state, start, message, script) and not at_rest:
        turn, script = store.begin_again(session, turn, arrival.begins, arrival.script, now), arrival.script
    return _stepped(session, message, heard, turn, script, parts)


def _stepped(session: Session, message: Inbound, heard: Heard, turn: store.Turn, script: Script, parts: Parts) -> Reply:
    now = parts.clock()
    facts = _facts(message, turn, heard.guess, parts, now)
    facts = replace(facts, alert_open=alerts.is_open(session, turn.alert_id))
    heard = replace(heard, assessment=raising.in_context(heard.assessment, turn.state, heard.text, facts))
    step = engine.step(script, turn.state, heard.text, heard.assessment, facts)
    told = _tell(session, message, turn, step, heard, now)
    if told is None:
        _put_on_list(session, message, heard, parts, now, step.cannot_be_texted)
    if told is None and second_look.is_due(message, heard.assessment, parts.settings):
        second_look.ask(session, heard.seals, message.channel, turn.id, now)
    if (told or facts.alert_open) and (known := told or turn.alert_id):
        relays.hear(session, known, step, now)
    if step.opt:
        store.request_opt(session, step.opt, heard.seals, now)
    say = spoken(script, step) if message.channel == "sms" else ()
    rests = bool(told) or facts.alert_open
    saving = store.Saving(message.message, script, heard.seals, told or turn.alert_id, now, rests)
    store.save_turn(session, turn, step, say, saving)
    if message.channel != "sms" or parts.settings.twilio_reply == "twiml":
        return Reply(say)
    outbox.reply(session, outbox.Saying(message.our_number, say), heard.seals, turn.id, now)
    return Reply()


def _arrival(message: Inbound, start: Start | None, parts: Parts) -> store.Arrival:
    if message.persons is None:
        raise MissingKey("a weekly key cannot be read")
    name = message.start or (start.script if start else parts.settings.default_script)
    script = parts.scripts[name]
    area = message.area or (start.area if start else "")
    begins = engine.begin(script, "en", message.channel, area)  # a guess leads to an offer, never to another language
    return store.Arrival(
        persons=message.persons,
        message=message.message,
        begins=begins,
        script=script,
        staff_number=message.staff_number,
        our_number=message.our_number,
        reader_half=message.reader_half,
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
    asking |= {"carry_on"} if silent or turn.state.awaiting in RESTS else set()
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
        read_by=rota.read_by(parts.settings.cover_hours, now, turn.state.language),
    )


def _tell(session: Session, message: Inbound, turn: store.Turn, step: Step, heard: Heard, now: datetime) -> str | None:
    """Raise or continue the alert of this conversation; gives its id, None when this text belongs to no alert."""
    cut_off, found, seals = step.cannot_be_texted, heard.assessment, heard.seals
    belongs = turn.alert_id and (step.alert or step.follows_alert)
    if belongs and turn.alert_id and alerts.add_to_alert(session, turn.alert_id, found, seals, now, cut_off):
        return turn.alert_id
    if step.alert:  # the first, or one after an alert that was closed meanwhile
        return alerts.raise_alert(session, found, message.channel, seals, now, cut_off)
    return None


def _only_screened(session: Session, message: Inbound, heard: Heard, parts: Parts, now: datetime) -> None:
    """A sender who cannot be answered, or is staff: the text is screened and a person told, and nothing is asked."""
    if heard.assessment.alerts:
        found, cut_off = heard.assessment, not message.answerable
        alert_id = alerts.raise_alert(session, found, message.channel, heard.seals, now, cut_off)
        if cut_off and message.contact:
            relays.cut_off(session, alert_id, "landline", now)
    else:
        _put_on_list(session, message, heard, parts, now, not message.answerable)


def _put_on_list(
    session: Session, message: Inbound, heard: Heard, parts: Parts, now: datetime, cannot_be_texted: bool
) -> None:
    """Nobody is woken for a wellbeing worry, or a text that no reviewed lexicon covers; somebody reads it in time."""
    kind = escalation.list_of(heard.assessment)
    if kind:
        due_at = rota.read_by_end(kind, parts.settings.cover_hours, now)
        listing = worries.Listing(kind, message.channel, due_at, cannot_be_texted)
        worries.keep(session, heard.assessment, heard.seals, listing)
