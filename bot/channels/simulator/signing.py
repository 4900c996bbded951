"""Signs our webhooks with Twilio's own code, so that the check on the other side meets the real thing."""

from __future__ import annotations

from collections.abc import Iterable

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict


def sign(token: str, url: str, form: Iterable[tuple[str, str]]) -> str:
    """The X-Twilio-Signature of a form posted to exactly this address."""
    return str(RequestValidator(token).compute_signature(url, MultiDict(form)))
