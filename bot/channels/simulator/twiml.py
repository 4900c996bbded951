"""Reads the TwiML that a webhook answers, as distrustfully as Twilio does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from bot.channels.simulator.delivery import LARGEST, Answer

LONGEST = 1600
DEEPEST = 8
"""Words in a question in an answer are three deep; marks for speech may lie inside them."""
XML_TYPES = frozenset({"text/xml", "application/xml"})


@dataclass(frozen=True, slots=True)
class Said:
    """One reply; `callback` is where its statuses go, as written."""

    body: str
    callback: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """The replies that can be sent, and a code for each thing that was wrong."""

    said: tuple[Said, ...] = ()
    codes: tuple[int, ...] = ()


def read(answer: Answer, realm: str = "us1") -> Reading:
    """Read an answer. An empty one (204, or no body) is a way of saying nothing."""
    if len(answer.body) > LARGEST:
        return Reading(codes=(11750,))
    if answer.status == 204 or not answer.body:
        return Reading()
    if answer.content_type.partition(";")[0].strip().lower() not in XML_TYPES:
        return Reading(codes=(12300,))
    root = parse(answer.body)
    if root is None:
        return Reading(codes=(12100,))
    found = list(_walk(root, realm))
    said = tuple(each for each in found if isinstance(each, Said))
    return Reading(said, tuple(each for each in found if isinstance(each, int)))


def parse(body: bytes) -> Xml.Element | None:
    """Parse, or give nothing, also for what nests too deep.

    A document type is refused unread: entities in one can grow without end.
    """
    try:
        text = body.decode("utf-8")
        if "<!DOCTYPE" in text:
            return None
        root = Xml.fromstring(text.encode())  # noqa: S314  # without a document type there is nothing to expand
    except (UnicodeDecodeError, Xml.ParseError):
        return None
    return None if _is_too_deep(root) else root


def _is_too_deep(root: Xml.Element) -> bool:
    level = [root]
    for _ in range(DEEPEST):
        level = [each for above in level for each in above]
    return bool(level)


def _walk(root: Xml.Element, realm: str) -> Iterator[Said | int]:
    if root.tag != "Response":
        yield 12200
        return
    for verb in root:
        yield _message(verb, realm) if verb.tag == "Message" else 12200


def _message(verb: Xml.Element, realm: str) -> Said | int:
    if realm != "us1":
        return 13803
    body = "".join(part.text or "" for part in verb.iter("Body")) or (verb.text or "")
    if not body.strip() or len(body) > LONGEST:
        return 14103
    return Said(body, verb.get("statusCallback", verb.get("action", "")))
