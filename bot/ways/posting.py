"""Posting JSON to a service that answers with a status."""

from __future__ import annotations

import json
from collections.abc import Mapping

from requests import Request

from bot.sender import NotSent
from bot.ways.exchange import Answer, ask
from bot.ways.meanings import of_status, refusal

JSON = "application/json"


def written(values: Mapping[str, object]) -> bytes:
    """The bytes of a JSON object, which are what a signature is over."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def posted(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Answer:
    """Post a body of JSON; gives the answer whatever its status, or raises NotSent when there is none in time."""
    return ask(Request("POST", url, data=body, headers={"Content-Type": JSON, **headers}), seconds)


def accepted(answer: Answer, where: str) -> None:
    """Raise NotSent unless the answer is a yes."""
    if not 200 <= answer.status < 300:
        raise refusal(f"{where} {answer.status}", of_status(answer.status))


def read(answer: Answer) -> Mapping[str, object]:
    """The JSON object of an answer; raises NotSent when it is none, for then nobody knows whether they took it."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotSent("an answer that is no JSON object", again=True)
    return found
