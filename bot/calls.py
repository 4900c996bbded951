"""Short questions to addresses in the settings: the dead-man's switch elsewhere, and our own front door."""

from __future__ import annotations

import time
from collections.abc import Callable

from requests import Request

from bot.sender import NotSent
from bot.ways import exchange

SECONDS = 5.0
Get = Callable[[str], float | None]
"""Asks an address; gives how many seconds the answer took, or None when there was none that is good."""


def get(url: str, seconds: float = SECONDS) -> float | None:
    """Ask by GET; a redirect, an error, or anything that is not all here within so many seconds is no good answer."""
    began = time.monotonic()
    try:
        answer = exchange.ask(Request("GET", url), seconds)
    except NotSent:
        return None
    return time.monotonic() - began if answer.status < 300 else None
