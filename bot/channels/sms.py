"""Text messages: Twilio's webhooks in, TwiML out. The number becomes a Person here."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from types import MappingProxyType

from flask import Blueprint, Response, abort, request
from sqlalchemy.exc import SQLAlchemyError
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from bot import inbound
from bot.identity import can_be_texted, pseudonym
from bot.message import Inbound, Unanswered
from bot.parts import Parts, parts
from conversations import outbox, relays
from conversations.db import db
from conversations.keys import MissingKey, PublicKeys, keyed_hash
from conversations.script import load_words
from conversations.sealing import Sealable
from conversations.settings import Settings
from conversations.values import Person

log = logging.getLogger(__name__)

sms = Blueprint("sms", __name__, url_prefix="/sms")

FORM = "application/x-www-form-urlencoded"
MESSAGE_ID = re.compile(r"(SM|MM)[0-9a-f]{32}")
STATUS = re.compile(r"[a-z_]{1,32}")
ONCE = {
    "inbound": ("MessageSid", "AccountSid", "From", "To", "Body", "NumMedia"),
    "status": ("MessageSid", "AccountSid", "MessageStatus"),
}
XML = '<?xml version="1.0" encoding="UTF-8"?>'
NO_REPLY = f"{XML}<Response/>"


@sms.before_request
def require_twilio() -> None:
    """Refuse whatever Twilio did not sign for us, before anything of it is looked at."""
    if request.mimetype != FORM or not _signed(parts().settings):
        abort(403)


@sms.post("/inbound")
def receive() -> Response:
    """A text has come in: answer it, or in TwiML say the fixed safety words when it could not be kept."""
    now_parts = parts()
    form = _exact(ONCE["inbound"], now_parts.settings)
    if form["To"].removeprefix("whatsapp:") not in now_parts.settings.twilio_numbers:
        abort(403)
    if form["From"] == form["To"]:
        return _twiml(())
    try:
        reply = inbound.answer(_inbound(form, now_parts), now_parts)
    except Unanswered:
        return _twiml((load_words()["en"].line("store_down"),) if can_be_texted(form["From"]) else ())
    return _twiml(reply.say)


@sms.post("/status")
def note_status() -> Response:
    """Twilio reports on a text that we sent; unknown ids and words are kept for a day and change nothing."""
    form = _exact(ONCE["status"], parts().settings)
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


@sms.errorhandler(413)
def too_large(_error: Exception) -> Response:
    """Twilio never sends so much: whoever did is not Twilio."""
    return Response(status=403)


def _signed(settings: Settings) -> bool:
    signatures = request.headers.getlist("X-Twilio-Signature")
    if len(signatures) != 1 or not signatures[0]:
        return False
    query = request.query_string.decode("latin-1")
    address = f"{settings.public_url}{request.path}" + (f"?{query}" if query else "")
    return any(
        RequestValidator(token).validate(address, request.form, signatures[0]) for token in settings.twilio_tokens
    )


def _exact(names: tuple[str, ...], settings: Settings) -> Mapping[str, str]:
    """The parameters that we expect, each exactly once, from our own account; 403 for anything else."""
    form: MultiDict[str, str] = request.form
    if any(len(form.getlist(name)) != 1 for name in names):
        abort(403)
    found = {name: form[name] for name in names}
    if found["AccountSid"] != settings.twilio_account_sid or not MESSAGE_ID.fullmatch(found["MessageSid"]):
        abort(403)
    if not found.get("NumMedia", "0").isdecimal():
        abort(403)
    return MappingProxyType(found)


def _inbound(form: Mapping[str, str], now_parts: Parts) -> Inbound:
    address, settings = form["From"], now_parts.settings
    now = now_parts.clock()
    answerable = can_be_texted(address)
    return Inbound(
        channel="sms",
        persons=_persons(address, now_parts.keys, now),
        message=keyed_hash("message", form["MessageSid"], settings.record_key),
        text=form["Body"],
        received_at=now,
        contact=Sealable(address),
        media=form["NumMedia"] != "0",
        opt_out_type=request.form.get("OptOutType", ""),
        staff_number=keyed_hash("staff-number", address, settings.record_key),
        our_number=form["To"],
        answerable=answerable,
    )


def _persons(address: str, keys: PublicKeys, now: datetime) -> tuple[Person, Person] | None:
    try:
        current, previous = keys.weekly(now)
    except MissingKey:
        return None
    return pseudonym(address, current), pseudonym(address, previous)


def _twiml(texts: tuple[str, ...]) -> Response:
    if not texts:
        return Response(NO_REPLY, content_type="text/xml")
    said = "".join(f"<Message>{escape(text, quote=False)}</Message>" for text in texts)
    return Response(f"{XML}<Response>{said}</Response>", content_type="text/xml")
