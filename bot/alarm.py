"""The organisation's alarm: what is wrong and what to do, by every way of its own, with nothing about anybody."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from conversations.ringing import Kind, Telling
from conversations.settings import Settings

log = logging.getLogger(__name__)

LIFE = 3600  # seconds; an alarm that lasts is told again after an hour
IN_A_TEXT = 3
SAYS = {Kind.BEGAN: "", Kind.LASTS: "still: ", Kind.OVER: "over: "}
Cures = Mapping[str, str]


def ways_of(parts: Parts) -> tuple[str, ...]:
    """The ways by which the organisation can be told."""
    return tuple(way for way in ("sms", "email", "teams", "webhook") if way in parts.ways)


def ring(parts: Parts, tellings: Sequence[Telling], cures: Cures) -> tuple[Telling, ...]:
    """Say all this, one message by each way, side by side; gives what has left. What has not is tried again later."""
    by_way = {way: [each for each in tellings if each.way == way] for way in {each.way for each in tellings}}
    if not by_way:
        return ()
    with ThreadPoolExecutor(len(by_way)) as pool:
        left = pool.map(lambda way: by_way[way] if _send(parts, way, by_way[way], cures) else [], by_way)
    return tuple(each for some in left for each in some)


def _send(parts: Parts, way: str, tellings: Sequence[Telling], cures: Cures) -> bool:
    try:
        parts.ways[way].send(message(way, tellings, cures, parts.settings))
    except NotSent as failed:
        log.error("alarm could not be sent: way=%s code=%s", way, failed.code)
        return False
    except Exception as broken:  # one way that breaks must not silence the others
        log.error("alarm could not be sent: way=%s %s", way, type(broken).__name__)
        return False
    return True


def message(way: str, tellings: Sequence[Telling], cures: Cures, settings: Settings) -> Outgoing:
    """One message for all that is to be said by one way; a text names three and counts the rest."""
    lines = [_line(each, cures) for each in tellings]
    subject = f"Heard alarm: {SAYS[tellings[0].kind]}{tellings[0].alarm.trouble}"
    if len(tellings) > 1:
        subject += f", and {len(tellings) - 1} more"
    if way != "sms":
        return Outgoing(_address(way, settings), settings.mail_from, "\n\n".join(lines), subject=subject)
    rest = [f"And {len(lines) - IN_A_TEXT} more: see the mail."] if len(lines) > IN_A_TEXT else []
    body = "\n".join(["Heard alarm.", *lines[:IN_A_TEXT], *rest])
    return Outgoing(_address(way, settings), settings.twilio_numbers[0], body, life=LIFE)


def _address(way: str, settings: Settings) -> str:
    phone, mail = settings.alarm_phone or settings.duty_phone, settings.alarm_email or settings.duty_email
    return {"sms": phone, "email": mail}.get(way, "")


def _line(telling: Telling, cures: Cures) -> str:
    said = f"{SAYS[telling.kind]}{telling.alarm.trouble}."
    cure = "" if telling.kind is Kind.OVER else cures.get(telling.alarm.trouble, "")
    return f"{said[0].upper()}{said[1:]} {cure}".strip()
