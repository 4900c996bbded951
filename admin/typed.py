"""What was typed into a form that came too late: given back to whoever sent it, on the page that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from flask import request

from conversations.reporting import QUESTIONS

REPORT, HANDOVER = (*QUESTIONS, "notes"), ("partner", "notes")
KEPT: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "outcomes.close": REPORT,
        "outcomes.take_to_close": REPORT,
        "outcomes.hand_over": HANDOVER,
        "outcomes.take_to_hand_over": HANDOVER,
        "relay.write": ("once", "template", "words", "at", "reason"),
    }
)
"""The fields that are given back, by form. What is not named here never is: no code, no password, no token."""


def given_back() -> Sequence[tuple[str, str]]:
    """What this request sent with one of these forms, to be shown in its answer and nowhere else."""
    # Whoever sends a form after the session has ended need not be who typed it. The answer holds what they sent, so
    # what the page in front of them showed already: it gives them nothing new (decision 0003).
    if request.method != "POST" or not _is_from_here():
        return ()
    fields = KEPT.get(request.endpoint or "", ())
    return tuple((name, value) for name in fields for value in request.form.getlist(name))


def _is_from_here() -> bool:
    """Whether no page of a stranger sent it: browsers name the page's origin with every form that they send."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
