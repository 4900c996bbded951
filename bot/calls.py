"""Short questions to addresses in the settings: the dead-man's switch elsewhere, and our own front door."""

from __future__ import annotations

import time
from collections.abc import Callable

import requests

SECONDS = 5.0
Get = Callable[[str], float | None]
"""Asks an address; gives how many seconds the answer took, or None when there was none that is good."""


def get(url: str) -> float | None:
    """Ask by GET; a redirect, an error or silence is no good answer."""
    began = time.monotonic()
    try:
        with requests.get(url, timeout=SECONDS, allow_redirects=False, stream=True) as answer:
            return time.monotonic() - began if answer.status_code < 300 else None
    except (requests.RequestException, ValueError):
        return None
