"""What lies on the desk of the demonstration: practice phones and the duty desk's mail; and who may look at it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, request

from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.delivery import LOOPBACK
from bot.channels.simulator.mail import Mailbox

DEMO = ("+447700900101", "+447700900102", "+447700900103")
LONDON = ZoneInfo("Europe/London")
LINK = re.compile(r"(https?://[^\s<>\"]*[^\s<>\".,;:!?)])")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """The carrier with its phones, the mail, and which phone is the duty worker's; empty when none is."""

    carrier: Carrier
    mailbox: Mailbox = field(default_factory=Mailbox)
    duty: str = ""

    @property
    def home(self) -> str:
        """Where Heard itself is."""
        return self.carrier.account.webhook.rstrip("/")

    def texts(self, number: str) -> int:
        """How many texts a phone holds."""
        return len(self.carrier.thread(number))

    def pieces(self, words: str) -> Iterator[tuple[str, bool]]:
        """The words in pieces, each with whether it is a link that may be followed: to Heard on this machine."""
        home = urlsplit(self.home)
        for piece in LINK.split(words):
            yield piece, _leads_to(piece, home.scheme, home.netloc) and home.hostname in LOOPBACK


def look_after(blueprint: Blueprint) -> None:
    """Let only this machine in, and send each page with its headers."""
    blueprint.before_request(_refuse_strangers)
    blueprint.after_request(_add_headers)


def national(number: str) -> str:
    """+447700900101 as people write it: 07700 900101."""
    return f"0{number[3:7]} {number[7:]}"


def surroundings(desk: Desk) -> dict[str, object]:
    """What every page of the desk shows beside its own things."""
    return {"desk": desk, "demo_phones": DEMO, "national": national, "london": LONDON}


def _leads_to(piece: str, scheme: str, netloc: str) -> bool:
    if not LINK.fullmatch(piece):
        return False
    try:
        place = urlsplit(piece)
    except ValueError:
        return False
    return (place.scheme, place.netloc) == (scheme, netloc)


def _refuse_strangers() -> None:
    """Only this machine, by a name of its own, and no other page's form: there is no cookie to tell them apart."""
    if urlsplit(f"//{request.host}").hostname not in LOOPBACK:
        abort(403)
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        abort(403)


def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response
