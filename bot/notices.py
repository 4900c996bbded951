"""What leaves the house about an alert: a code, a level and a link, and nothing else; and to whom by which way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.parts import Parts
from bot.sender import ALERT_LIFE, NotSent, Outgoing
from conversations.escalation import NEW_WORDS, OWN_WAYS, REMINDER, WAYS, Person
from conversations.settings import Settings
from conversations.shifts import Rota

log = logging.getLogger(__name__)

KINDS: Mapping[str, str] = MappingProxyType(
    {"sms": "sms", "notify_sms": "sms", "voice": "voice", "email": "email", "notify_email": "email"}
)
"""Which of somebody's proven addresses a way uses; what is not here leads to the organisation itself."""
ASKS: Mapping[int, str] = MappingProxyType(
    {REMINDER: "Its outcome is missing", NEW_WORDS: "It is yours, and more has come in. Look now"}
)
"""What the owner of an alert is asked."""
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
    ask = ASKS.get(about.step, "Open it and acknowledge")
    body = f"{marked}Heard alert {about.reference}, level {about.level}. {ask}: {link}"
    return _outgoing(parts, way, to, body, f"{marked}Heard alert {about.reference}", about.attempt)


def _outgoing(parts: Parts, way: str, to: str, body: str, subject: str, attempt: str) -> Outgoing:
    sender, short_lived = sender_of(parts.settings, way), way in SHORT_LIVED
    life = ALERT_LIFE if short_lived else None
    return Outgoing(to, sender, body, subject="" if short_lived else subject, life=life, attempt=attempt)


def sender_of(settings: Settings, way: str) -> str:
    """From which of our own numbers or addresses a way sends; empty where it needs none."""
    senders = {"email": settings.mail_from, "voice": settings.voice_number, "sms": settings.twilio_numbers[0]}
    return senders.get(KINDS.get(way, ""), "")


def organisation(parts: Parts) -> tuple[str, ...]:
    """The ways by which the organisation itself can be told, whoever is on the rota."""
    return tuple(way for way in WAYS + OWN_WAYS if way in parts.ways)


def left(parts: Parts, way: str, write: Callable[[], Outgoing], what: str) -> bool:
    """Write and send, and say whether it went; that it did not, or what broke, is logged as `what` and stops nobody."""
    try:
        parts.ways[way].send(write())
    except NotSent as failed:
        log.error("%s: way=%s code=%s", what, way, failed.code)
        return False
    except Exception as broken:  # one way that breaks must not silence the others
        log.error("%s: way=%s %s", what, way, type(broken).__name__)
        return False
    return True
