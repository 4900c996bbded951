"""A text as Twilio tells of it, in its webhook or in its log, becomes a message: the number becomes a Person here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.identity import can_be_texted, pseudonym
from bot.message import Inbound
from bot.parts import Parts
from conversations.keys import MissingKey, PublicKeys, keyed_hash
from conversations.sealing import Sealable
from conversations.values import Person


@dataclass(frozen=True, slots=True)
class Text:
    """What Twilio says of one text to us; its words and its number show themselves to nobody."""

    sid: str
    sender: str = field(repr=False)
    to: str
    body: str = field(repr=False)
    media: bool
    received_at: datetime
    opt_out_type: str = ""


def inbound_of(text: Text, parts: Parts, found: str = "") -> Inbound:
    """The message of a text; `found` says how it came to us when not by the webhook."""
    secret = parts.settings.record_key
    return Inbound(
        channel="sms",
        persons=_persons(text.sender, parts.keys, parts.clock()),
        message=message_id(text.sid, secret),
        fingerprint=keyed_hash("body", f"{text.sid}\0{text.body.strip()}", secret),
        text=text.body,
        received_at=text.received_at,
        contact=Sealable(text.sender),
        media=text.media,
        opt_out_type=text.opt_out_type,
        staff_number=keyed_hash("staff-number", text.sender, secret),
        our_number=text.to,
        answerable=can_be_texted(text.sender),
        found=found,
    )


def message_id(sid: str, secret: str) -> str:
    """By what we know a text again: no id of Twilio's is kept."""
    return keyed_hash("message", sid, secret)


def _persons(address: str, keys: PublicKeys, now: datetime) -> tuple[Person, Person] | None:
    try:
        current, previous = keys.weekly(now)
    except MissingKey:
        return None
    return pseudonym(address, current), pseudonym(address, previous)
