"""What leaves the house about an alert: a code, a level and a link, and nothing else; and to whom by which way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.parts import Parts
from bot.sender import ALERT_LIFE, Outgoing
from conversations.escalation import REMINDER, Person
from conversations.shifts import Rota

KINDS: Mapping[str, str] = MappingProxyType(
    {"sms": "sms", "notify_sms": "sms", "voice": "voice", "email": "email", "notify_email": "email"}
)
"""Which of somebody's proven addresses a way uses; what is not here leads to the organisation itself."""
SHORT_LIVED = ("sms", "notify_sms", "voice")


@dataclass(frozen=True, slots=True)
class About:
    """What a notice may say of an alert, and on behalf of which attempt."""

    reference: str
    level: str
    drill: bool = False
    step: int = 0
    attempt: str = ""


def address(parts: Parts, rota: Rota, person: Person, way: str) -> str | None:
    """Where a way leads at this moment: None when it leads nowhere (any more), empty where it needs no address."""
    if way not in parts.ways:
        return None
    if person is None:
        contact = {"sms": parts.settings.duty_phone, "voice": parts.settings.duty_phone}
        return {**contact, "email": parts.settings.duty_email}.get(KINDS.get(way, ""), "")
    ways = rota.people[person].ways if person in rota.people else ()
    return next((each.address for each in ways if each.kind == KINDS.get(way)), None)


def notice(parts: Parts, way: str, to: str, about: About) -> Outgoing:
    """The words for one way; the subject and the number that they come from are of no use to a way without either."""
    link = f"{parts.settings.public_url}/staff/alerts/"
    marked = "DRILL. " if about.drill else ""
    if about.step == REMINDER:
        body = f"{marked}Heard alert {about.reference}, level {about.level}. Its outcome is missing: {link}"
    else:
        body = f"{marked}Heard alert {about.reference}, level {about.level}. Open it and acknowledge: {link}"
    return _outgoing(parts, way, to, body, f"{marked}Heard alert {about.reference}", about.attempt)


def _outgoing(parts: Parts, way: str, to: str, body: str, subject: str, attempt: str) -> Outgoing:
    settings = parts.settings
    senders = {"email": settings.mail_from, "voice": settings.voice_number, "sms": settings.twilio_numbers[0]}
    kind = KINDS.get(way, "")
    life = ALERT_LIFE if way in SHORT_LIVED else None
    return Outgoing(
        to, senders.get(kind, ""), body, subject="" if way in SHORT_LIVED else subject, life=life, attempt=attempt
    )
