"""The door for Twilio's webhooks: what it did not sign for us is refused before anything of it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flask import Blueprint, Response, abort, request
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from bot.parts import parts
from conversations.settings import Settings

FORM = "application/x-www-form-urlencoded"


def for_twilio(blueprint: Blueprint) -> None:
    """Let only Twilio through to this blueprint."""
    blueprint.before_request(_require_twilio)
    blueprint.register_error_handler(413, _too_large)


def exact(names: tuple[str, ...], settings: Settings) -> Mapping[str, str]:
    """The parameters that we expect, each exactly once, from our own account; 403 for anything else."""
    form: MultiDict[str, str] = request.form
    if any(len(form.getlist(name)) != 1 for name in ("AccountSid", *names)):
        abort(403)
    if form["AccountSid"] != settings.twilio_account_sid:
        abort(403)
    return MappingProxyType({name: form[name] for name in names})


def _require_twilio() -> None:
    if request.mimetype != FORM or not _signed(parts().settings):
        abort(403)


def _too_large(_error: Exception) -> Response:
    """Twilio never sends so much: whoever did is not Twilio."""
    return Response(status=403)


def _signed(settings: Settings) -> bool:
    signatures = request.headers.getlist("X-Twilio-Signature")
    if len(signatures) != 1 or not signatures[0]:
        return False
    query = request.query_string.decode("latin-1")
    address = f"{settings.public_url}{request.path}" + (f"?{query}" if query else "")
    return any(
        RequestValidator(token).validate(address, request.form, signatures[0]) for token in settings.twilio_tokens
    )
