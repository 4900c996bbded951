"""Text messages: Twilio's webhooks in, TwiML out."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from html import escape

from flask import Blueprint, Response, abort, request
from sqlalchemy.exc import SQLAlchemyError

from bot import inbound
from bot.channels.signed import exact, for_twilio
from bot.identity import can_be_texted
from bot.message import Tampered, Unanswered
from bot.parts import parts
from bot.texted import Text, inbound_of
from conversations import outbox, relays
from conversations.db import db
from conversations.script import load_words
from conversations.settings import Settings

log = logging.getLogger(__name__)

sms = Blueprint("sms", __name__, url_prefix="/sms")
for_twilio(sms)

MESSAGE_ID = re.compile(r"(SM|MM)[0-9a-f]{32}")
STATUS = re.compile(r"[a-z_]{1,32}")
ONCE = {
    "inbound": ("MessageSid", "From", "To", "Body", "NumMedia"),
    "status": ("MessageSid", "MessageStatus"),
}
XML = '<?xml version="1.0" encoding="UTF-8"?>'
NO_REPLY = f"{XML}<Response/>"


@sms.post("/inbound")
def receive() -> Response:
    """A text has come in: answer it, or in TwiML say the fixed safety words when it could not be kept."""
    now_parts = parts()
    form = _of_a_text(ONCE["inbound"], now_parts.settings)
    if form["To"].removeprefix("whatsapp:") not in now_parts.settings.twilio_numbers:
        abort(403)
    if form["From"] == form["To"]:
        return _twiml(())
    try:
        reply = inbound.answer(inbound_of(_text(form, now_parts.clock()), now_parts), now_parts)
    except Tampered:
        abort(403)
    except Unanswered:
        return _twiml((load_words()["en"].line("store_down"),) if can_be_texted(form["From"]) else ())
    return _twiml(reply.say)


@sms.post("/status")
def note_status() -> Response:
    """Twilio reports on a text that we sent; unknown ids and words are kept for a day and change nothing."""
    form = _of_a_text(ONCE["status"], parts().settings)
    if not STATUS.fullmatch(form["MessageStatus"]):
        abort(403)
    session = db.session()
    error = request.form.get("ErrorCode", "")
    code = error if error.isdecimal() and len(error) <= 6 else ""
    try:
        message_id, status, now = form["MessageSid"], form["MessageStatus"], parts().clock()
        if outbox.note_status(session, message_id, status, code, now):
            relays.note_report(session, message_id, status, code, now)
        session.commit()
    except SQLAlchemyError as down:
        session.rollback()
        log.error("store down: %s", type(down).__name__)
        return Response(status=503)
    return Response(status=204)


def fallback_page() -> str:
    """What another host answers Twilio in our place, when we do not answer at all: TwiML with the fixed safety words.

    It is the same for everybody, and in English: whoever serves it knows nothing of anybody.
    """
    return _twiml((load_words()["en"].line("store_down"),)).get_data(as_text=True)


def _of_a_text(names: tuple[str, ...], settings: Settings) -> Mapping[str, str]:
    found = exact(names, settings)
    if not MESSAGE_ID.fullmatch(found["MessageSid"]) or not found.get("NumMedia", "0").isdecimal():
        abort(403)
    return found


def _text(form: Mapping[str, str], now: datetime) -> Text:
    opt_out_type = request.form.get("OptOutType", "")
    media = form["NumMedia"] != "0"
    return Text(form["MessageSid"], form["From"], form["To"], form["Body"], media, now, opt_out_type)


def _twiml(texts: tuple[str, ...]) -> Response:
    if not texts:
        return Response(NO_REPLY, content_type="text/xml")
    said = "".join(f"<Message>{escape(text, quote=False)}</Message>" for text in texts)
    return Response(f"{XML}<Response>{said}</Response>", content_type="text/xml")
