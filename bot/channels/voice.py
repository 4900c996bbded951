"""Calls about an alert: what they say, the key that is pressed, the code that is asked for, and what became of them."""

from __future__ import annotations

import logging
import re
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from twilio.twiml.voice_response import VoiceResponse

from bot import acknowledging
from bot.acknowledging import Called, Claim
from bot.channels.signed import exact, for_twilio
from bot.parts import Parts, parts
from bot.ways.voice import AS_A_TEXT, LANGUAGE
from conversations import alerts, outbox, proofs
from conversations.db import db

log = logging.getLogger(__name__)

voice = Blueprint("voice", __name__, url_prefix="/voice")
for_twilio(voice)

CALL_ID = re.compile(r"CA[0-9a-f]{32}")
ATTEMPT = re.compile(r"[0-9a-f]{32}")
DIGITS = re.compile(r"[0-9*#]{0,16}")
CODE_LENGTH = 6
CODE_TRIES = 3
TIMES = 3
"""How often the alert is said while nobody presses a key."""

OVER = "This alert needs nobody any more. Goodbye."
TAKEN = "Somebody has taken this alert. You need do nothing. Goodbye."
DOWN = "This is Heard. There is an alert, and it cannot be read at the moment. Please look at the alerts page. Goodbye."
NOBODY = "Nobody has taken this alert by this call. Goodbye."
BY_PAGE = "It cannot be taken by telephone here. Please open the alerts page now. Goodbye."
ASK_CODE = "Please type your own six digit voice code."
WRONG = "That was not your code."
GIVE_UP = "That was not your code. Please open the alerts page now. Goodbye."


@voice.post("/alert")
def say_alert() -> Response:
    """Somebody, or something, has answered: say the alert, and ask for a key that no voicemail presses."""
    found = _called()
    if isinstance(found, Response):
        return found
    if not found.open:
        return _said(TAKEN)
    if found.worker is None or not found.has_code:
        return _said(f"{_alert(found)} {BY_PAGE}", times=2)
    call = VoiceResponse()
    for _ in range(TIMES):
        asking = call.gather(num_digits=1, timeout=6, action=_page("press"), method="POST")
        asking.say(f"{_alert(found)} Press 1 to take it.", language=LANGUAGE)
    return _ended(call, NOBODY)


@voice.post("/press")
def ask_code() -> Response:
    """A key was pressed: 1 leads to the code, any other back to the alert."""
    found = _called()
    if isinstance(found, Response):
        return found
    return _ask_code("", 0) if _digits() == "1" else say_alert()


@voice.post("/code")
def check_code() -> Response:
    """A code was typed: the right one takes the alert; the third wrong one ends the call."""
    session, now_parts = db.session(), parts()
    found = _called()
    if isinstance(found, Response):
        return found
    try:
        answer = _judged(session, found, now_parts)
        session.commit()
    except SQLAlchemyError as down:
        return _store_is_down(session, down)
    return answer


@voice.post("/status")
def note_status() -> Response:
    """Twilio reports on a call that we made; what it says of a text means the same for the alert."""
    form = exact(("CallSid", "CallStatus"), parts().settings)
    if not CALL_ID.fullmatch(form["CallSid"]):
        abort(403)
    session = db.session()
    status, error = AS_A_TEXT.get(form["CallStatus"], ("", ""))
    if not status:
        return Response(status=204)
    try:
        outbox.note_status(session, form["CallSid"], status, error, parts().clock())
        session.commit()
    except SQLAlchemyError as down:
        session.rollback()
        log.error("store down: %s", type(down).__name__)
        return Response(status=503)
    return Response(status=204)


def _called() -> Called | Response:
    """Who is being called about what; or what to say when there is nothing to call about, or no store to look into."""
    now_parts = parts()
    form = exact(("CallSid",), now_parts.settings)
    attempt = request.args.get("attempt", "")
    if not CALL_ID.fullmatch(form["CallSid"]) or not ATTEMPT.fullmatch(attempt):
        abort(403)
    session = db.session()
    try:
        found = acknowledging.called(session, attempt, now_parts.clock())
    except SQLAlchemyError as down:
        return _store_is_down(session, down)
    return found or _said(OVER)


def _judged(session: Session, found: Called, now_parts: Parts) -> Response:
    worker, now = found.worker, now_parts.clock()
    if worker is None:
        return _said(BY_PAGE)
    if proofs.voice_code_fits(session, worker.id, _digits()):
        said = acknowledging.take(session, Claim(worker, found.alert_id), now_parts, "voice")
        return _said(f"{_spelled_in(said, found.reference)} Goodbye.")
    alerts.record(session, found.alert_id, now, "wrong voice code", worker.name)
    tries = _tries() + 1
    return _ask_code(WRONG, tries) if tries < CODE_TRIES else _said(GIVE_UP)


def _ask_code(before: str, tries: int) -> Response:
    call = VoiceResponse()
    for _ in range(2):
        asking = call.gather(
            num_digits=CODE_LENGTH, timeout=10, action=_page("code", tries=str(tries)), method="POST"
        )
        asking.say(f"{before} {ASK_CODE}".strip(), language=LANGUAGE)
    return _ended(call, NOBODY)


def _digits() -> str:
    typed = request.form.getlist("Digits")
    if len(typed) != 1 or not DIGITS.fullmatch(typed[0]):
        abort(403)
    return typed[0]


def _tries() -> int:
    """How many wrong codes this call has heard. It is in the signed address, where the caller cannot change it."""
    tries = request.args.get("tries", "")
    if not re.fullmatch(r"[0-9]", tries):
        abort(403)
    return int(tries)


def _page(name: str, **more: str) -> str:
    query = urlencode({"attempt": request.args["attempt"], **more})
    return f"{parts().settings.public_url}/voice/{name}?{query}"


def _alert(found: Called) -> str:
    begins = "This is a drill of Heard." if found.drill else "This is Heard."
    return f"{begins} Alert {_spelled(found.reference)}. Level {found.level}."


def _spelled(reference: str) -> str:
    return ", ".join(reference)


def _spelled_in(words: str, reference: str) -> str:
    return words.replace(reference, _spelled(reference))


def _said(words: str, times: int = 1) -> Response:
    call = VoiceResponse()
    for _ in range(times - 1):
        call.say(words, language=LANGUAGE)
    return _ended(call, words)


def _ended(call: VoiceResponse, words: str) -> Response:
    call.say(words, language=LANGUAGE)
    call.hangup()
    return Response(str(call), content_type="text/xml")


def _store_is_down(session: Session, down: SQLAlchemyError) -> Response:
    session.rollback()
    log.error("store down: %s", type(down).__name__)
    return _said(DOWN, times=2)
