"""The frozen values that travel between the rooms of the house: what a message is, what it means, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NewType

Person = NewType("Person", str)
"""128 bits of HMAC-SHA256 in hex. Only `bot.identity.pseudonym` makes it."""

RedactedText = NewType("RedactedText", str)
"""Text without identifying details. Only `bot.safeguards.redaction.redact` makes it."""


class Level(IntEnum):
    """How worried we are about a text; higher is more urgent."""

    NONE = 0
    WELLBEING = 1
    CONCERN = 2
    IMMEDIATE = 3

    @property
    def word(self) -> str:
        """The name used in rows, scripts and JSON: none, wellbeing, concern or immediate."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the screen found in one text, and which rules said so."""

    level: Level = Level.NONE
    assessed: bool = True
    covered: bool = True
    reasons: tuple[str, ...] = ()
    version: str = ""

    @property
    def handled_as(self) -> Level:
        """The level that we act on: what could not be screened is handled as concern."""
        return self.level if self.assessed else max(self.level, Level.CONCERN)

    @property
    def alerts(self) -> bool:
        """Whether a duty worker must be told."""
        return self.handled_as >= Level.CONCERN


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text that may be kept, and the kinds of details that were taken out of it (one entry each)."""

    text: RedactedText
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers that a question offers: the code that we keep and the label that people read."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an answer text means: codes to keep (none when it must be asked again), and the words around them."""

    codes: tuple[str, ...] = ()
    extra: str = ""

    @property
    def understood(self) -> bool:
        """Whether the text was exactly one answer."""
        return bool(self.codes)


@dataclass(frozen=True, slots=True)
class Comment:
    """Words to keep, with the step that they were said at; the store gives each its id and its sealed link."""

    step: str
    text: RedactedText
    id: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Where one conversation stands; kept between turns."""

    script: str
    version: str
    language: str
    channel: str = "sms"
    step: str = ""
    awaiting: str = "opening"
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    comments: tuple[Comment, ...] = ()
    trail: tuple[str, ...] = ()
    tries: int = 0
    ending: str = ""
    offered: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    area: str = ""
    alert: bool = False
    listed: bool = False
    earlier: bool = False
    erased: bool = False
    hint: str = ""
    unread: bool = False
    reach_ok: str = ""
    safe_stands: bool = False
    """Whether "are you safe right now?" has been asked and not answered, whatever was said since."""
    safe_asked_at: str = ""
    """When it was first asked, in ISO 8601; the store sets it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What this turn must know about time and channel; the engine has no clock."""

    silent: bool = False
    early: bool = False
    replies: int = 0
    guess: str | None = None
    carrier_answers: bool = False
    media: bool = False
    asked: str = ""
    before_safe: bool = False
    """Whether this text was sent before "are you safe right now?" was asked, and so cannot answer it."""
    opted_in: bool = False
    alert_open: bool = False
    cover_from: str = ""
    read_by: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What should now be true: the next state, what we say, and what must be kept or told."""

    state: State
    say: tuple[str, ...] = ()
    asks: bool = False
    alert: bool = False
    follows_alert: bool = False
    cannot_be_texted: bool = False
    opt: str = ""
    reach: str = ""
    times: str = ""
    safe: bool = False
    """Whether they say that they are safe while a duty worker has a worry of theirs."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is being asked now, for a channel that draws it: kind is a question type, or none when nothing is asked."""

    asks: str
    kind: str
    text: str = ""
    options: tuple[Option, ...] = ()
    number: int = 0
    total: int = 0
