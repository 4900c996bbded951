"""Twilio's own client over a line that is cut in time, and its refusals in our terms."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from requests import Request
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from bot.sender import NotSent
from bot.ways.exchange import ask
from bot.ways.meanings import TWILIO, of_status, refusal
from conversations.settings import Settings

Given = TypeVar("Given")


class InTime(HttpClient):
    """What Twilio's client sends its requests with; Twilio's own has no time-out, and logs numbers."""

    def __init__(self, seconds: float) -> None:
        super().__init__(logging.getLogger(__name__), False, None)
        self.seconds = seconds

    def request(self, method: str, url: str, **given: Any) -> Response:  # type: ignore[override]  # by name, all of them
        """Make one request; raises NotSent when the answer is not here in time."""
        asked = {name: given.get(name) for name in ("params", "data", "headers", "auth")}
        answer = ask(Request(method, url, **asked), self.seconds)
        return Response(answer.status, answer.body.decode("utf-8", "replace"))


def client(settings: Settings, seconds: float) -> Client:
    """Twilio's client for our account."""
    made = Client(settings.twilio_account_sid, settings.twilio_auth_token, http_client=InTime(seconds))
    made.api.base_url = settings.twilio_api_url or made.api.base_url
    return made


def asked(question: Callable[[], Given]) -> Given:
    """What Twilio answers; raises NotSent when it refuses, or says nothing that makes sense."""
    try:
        return question()
    except TwilioRestException as refused:
        raise _not_sent(refused) from None  # the provider's own text may hold the number
    except (TwilioException, ValueError, KeyError, TypeError, AttributeError) as nonsense:  # not JSON, or another JSON
        raise NotSent(type(nonsense).__name__, again=True) from None


def identity(sid: object) -> str:
    """The id that Twilio gave; raises NotSent when it gave none."""
    if not sid:
        raise NotSent("an answer without an id", again=True)
    return str(sid)


def _not_sent(refused: TwilioRestException) -> NotSent:
    fault = TWILIO.get(refused.code or 0, of_status(refused.status))
    return refusal(str(refused.code or refused.status), fault)
