"""The organisation's alarm: what is wrong and what to do, by every way of its own, with nothing about anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bot.notices import left, sender_of
from bot.parts import Parts
from bot.sender import Outgoing
from conversations.ringing import Kind, Telling
from conversations.settings import Settings

LIFE = 3600  # seconds; an alarm that lasts is told again after an hour
IN_A_TEXT = 3
FAILED = "alarm could not be sent"
SAYS = {Kind.BEGAN: "", Kind.LASTS: "still: ", Kind.OVER: "over: "}
Cures = Mapping[str, str]


def ring(parts: Parts, tellings: Sequence[Telling], cures: Cures) -> tuple[Telling, ...]:
    """Say all this, one message by each way, side by side; gives what has left. What has not is tried again later."""
    by_way = {way: [each for each in tellings if each.way == way] for way in {each.way for each in tellings}}
    if not by_way:
        return ()
    messages = {way: partial(message, way, said, cures, parts.settings) for way, said in by_way.items()}
    with ThreadPoolExecutor(len(by_way)) as pool:
        gone = list(pool.map(lambda way: left(parts, way, messages[way], FAILED), by_way))
    return tuple(each for way, went in zip(by_way, gone, strict=True) if went for each in by_way[way])


def message(way: str, tellings: Sequence[Telling], cures: Cures, settings: Settings) -> Outgoing:
    """One message for all that is to be said by one way; a text names three and counts the rest."""
    lines = [_line(each, cures) for each in tellings]
    subject = f"Heard alarm: {SAYS[tellings[0].kind]}{tellings[0].alarm.trouble}"
    if len(tellings) > 1:
        subject += f", and {len(tellings) - 1} more"
    to, sender = _address(way, settings), sender_of(settings, way)
    if way != "sms":
        return Outgoing(to, sender, "\n\n".join(lines), subject=subject)
    rest = [f"And {len(lines) - IN_A_TEXT} more: see the mail."] if len(lines) > IN_A_TEXT else []
    body = "\n".join(["Heard alarm.", *lines[:IN_A_TEXT], *rest])
    return Outgoing(to, sender, body, life=LIFE)


def _address(way: str, settings: Settings) -> str:
    phone, mail = settings.alarm_phone or settings.duty_phone, settings.alarm_email or settings.duty_email
    return {"sms": phone, "email": mail}.get(way, "")


def _line(telling: Telling, cures: Cures) -> str:
    said = f"{SAYS[telling.kind]}{telling.alarm.trouble}."
    cure = "" if telling.kind is Kind.OVER else cures.get(telling.alarm.trouble, "")
    return f"{said[0].upper()}{said[1:]} {cure}".strip()
