"""What happens to a message: the one ordering of the steps, from any channel; commits once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.exc import InterfaceError, OperationalError, PendingRollbackError, SQLAlchemyError, TimeoutError
from sqlalchemy.orm import Session

from bot import acknowledging, second_look, telling
from bot.logs import place_of
from bot.message import Heard, Inbound, Reply, Tampered, Unanswered, View
from bot.parts import Parts
from bot.past_the_store import notify_past_the_store
from bot.safeguards import language, redaction, triage
from conversations import (
    alerts,
    caring,
    engine,
    escalation,
    outbox,
    raising,
    receipts,
    relays,
    rota,
    standing,
    store,
    versions,
)
from conversations.asking import RESTS, prompt, spoken
from conversations.db import begin_reading, db
from conversations.keys import MissingKey
from conversations.script import Script
from conversations.sealing import Sealable, Seals
from conversations.starts import Start, start_of
from conversations.values import Assessment, Facts, Person, RedactedText, State

log = logging.getLogger(__name__)

LONGEST = 1600
SEALED_FOR = timedelta(days=7)
STORE_IS_DOWN = (SQLAlchemyError, MissingKey, OSError)
MAY_PASS = (OperationalError, InterfaceError, PendingRollbackError, TimeoutError, MissingKey, OSError)


def answer(message: Inbound, parts: Parts) -> Reply:
    """Screen, redact, keep and answer one message; raises Unanswered when it cannot be kept, Tampered when refused."""
    assessment = screen(message, parts)
    session = db.session()
    try:
        guess = language.detect(message.text, parts.languages, "", parts.detector)
        redacted = redaction.redact(message.text[:LONGEST], guess or "en", parts.names).text
        heard = Heard(redacted, assessment, guess, _seals(message, parts, parts.clock()))
        reply = _kept(session, message, heard, parts)
        session.commit()
    except receipts.OtherWords:
        session.rollback()
        log.error("refused: the id of an earlier message came with other words")
        raise Tampered from None
    except Exception as broken:  # store down or a fault of ours: what the screen found must reach somebody either way
        _went_down(session, broken, assessment, parts)
        raise Unanswered(again=isinstance(broken, MAY_PASS)) from None
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
            telling.only_screened(session, message, heard, parts, now)
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
        if receipts.first_seen(session, message.message, message.fingerprint, now):
            telling.only_screened(session, message, heard, parts, now)
        return Reply()
    claim = acknowledging.claim_of(session, message, parts)
    if claim is not None:
        return telling.claimed(session, message, heard, claim, parts)
    start = start_of(heard.text, parts.scripts, parts.settings.areas)
    arrival = _arrival(message, start, parts)
    try:
        turn = store.open_turn(session, arrival, now)
    except store.FromStaff:
        telling.only_screened(session, message, heard, parts, now)
        return Reply()
    if isinstance(turn, store.Repeat):
        return Reply(turn.say if _at_once(message, parts) else ())
    now = parts.clock()  # read again behind the lock: a text that waited for it was received before we spoke
    script = versions.script_of(session, turn.state, parts.scripts)
    still_open = alerts.is_open(session, turn.alert_id)
    at_rest = still_open and not turn.state.unread
    if _starts_anew(turn.state, start, message, script) and not at_rest and message.found != "late":
        # Here an open alert is one that nobody could read: it stays theirs, and they are still asked.
        begins = replace(arrival.begins, alert=still_open, unread=still_open)
        turn, script = store.begin_again(session, turn, begins, arrival.script, now), arrival.script
    return _stepped(session, message, heard, turn, script, parts)


def _stepped(session: Session, message: Inbound, heard: Heard, turn: store.Turn, script: Script, parts: Parts) -> Reply:
    now = parts.clock()
    facts = _facts(message, turn, heard.guess, parts, now)
    facts = replace(facts, alert_open=alerts.is_open(session, turn.alert_id))
    words = message.text[:LONGEST]  # as they were said: what is taken out of a text must not take out a call for help
    heard = replace(heard, assessment=raising.in_context(heard.assessment, turn.state, words, facts))
    step = engine.step(script, turn.state, heard.text, heard.assessment, facts)
    replayed = message.answered and not facts.early
    if not replayed and (message.found == "late" or (message.found and facts.early and not step.alert)):
        step = caring.found_late(script, turn.state, step)
    told = telling.tell(session, message, turn, step, heard, now)
    waits = message.found != "late" and not message.answered  # who waits for no answer gets no second one either
    if told is None:
        telling.put_on_list(session, message, heard, parts, now, step.cannot_be_texted)
    if second_look.is_due(message, heard.assessment, parts.settings):
        second_look.ask(session, heard.seals, message.channel, turn.id if waits else None, now, told)
    if (told or facts.alert_open) and (known := told or turn.alert_id):
        relays.hear(session, known, step, now)
    if step.opt:
        store.request_opt(session, step.opt, heard.seals, now)
    say = spoken(script, step) if message.channel == "sms" else ()
    said_at = message.received_at if replayed else now
    rests = bool(told) or facts.alert_open
    saving = store.Saving(
        message.message, script, heard.seals, told or turn.alert_id, said_at, repeatable=not message.found, rests=rests
    )
    store.save_turn(session, turn, step, say, saving)
    if _at_once(message, parts):
        return Reply(say)
    if not replayed:
        due_at = rota.next_day(now) if message.found == "late" else now
        outbox.reply(session, outbox.Saying(message.our_number, say), heard.seals, turn.id, due_at)
    return Reply()


def _at_once(message: Inbound, parts: Parts) -> bool:
    """Whether what we say goes back with the answer to the request, and not by a text of its own."""
    return message.channel != "sms" or (parts.settings.twilio_reply == "twiml" and not message.found)


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
        fingerprint=message.fingerprint,
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
    silent = turn.silent(message.received_at if message.found else now)
    spoke_since = turn.last_out_at is not None and message.received_at < turn.last_out_at
    asking = {turn.state.step if turn.state.awaiting == "answer" else turn.state.awaiting}
    asking |= {"carry_on"} if silent or turn.state.awaiting in RESTS else set()
    stale = bool(message.asked) and message.asked not in asking
    return Facts(
        silent=silent,
        early=(spoke_since and message.channel == "sms") or stale or (message.found == "late" and not message.answered),
        replies=len(turn.recent(now)),
        guess=guess,
        carrier_answers=message.opt_out_type == "HELP",
        media=message.media,
        asked=message.asked,
        before_safe=message.channel == "sms" and standing.is_before(turn.state, message.received_at, turn.last_out_at),
        opted_in=message.opt_out_type == "START",
        cover_from=rota.cover_from(parts.settings.cover_hours, now, turn.state.language),
        read_by=rota.read_by(parts.settings.cover_hours, now, turn.state.language),
    )
