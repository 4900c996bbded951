"""Reads the TwiML that a call is steered with: what is said, what is asked for, and where it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from bot.channels.simulator.delivery import Answer
from bot.channels.simulator.twiml import XML_TYPES, parse

KEYS = re.compile(r"[1-9][0-9]?")
"""How many keys may be asked for at once."""


@dataclass(frozen=True, slots=True)
class Step:
    """One verb: words that are said, and, where keys are asked for, the page that gets them and how many it wants."""

    said: tuple[str, ...] = ()
    action: str = ""
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """The steps of a call up to its end, and a code for what was wrong with them."""

    steps: tuple[Step, ...] = ()
    code: int = 0


def read(answer: Answer) -> Course:
    """Read what a page answered."""
    if answer.content_type.partition(";")[0].strip().lower() not in XML_TYPES:
        return Course(code=12300)
    return steer(answer.body)


def steer(body: bytes) -> Course:
    """Read TwiML that came with the call itself."""
    root = parse(body)
    if root is None or root.tag != "Response":
        return Course(code=12100)
    steps = tuple(_steps(root))
    return Course(code=12200) if None in steps else Course(tuple(step for step in steps if step))


def _steps(root: Xml.Element) -> Iterator[Step | None]:
    for verb in root:
        if verb.tag == "Hangup":
            return
        if verb.tag == "Say":
            yield Step((verb.text or "",))
        elif verb.tag == "Gather":
            yield _asking(verb)
        elif verb.tag != "Pause":
            yield None


def _asking(verb: Xml.Element) -> Step | None:
    said, keys = tuple(say.text or "" for say in verb.iter("Say")), verb.get("numDigits") or "1"
    return Step(said, verb.get("action", ""), int(keys)) if KEYS.fullmatch(keys) else None
