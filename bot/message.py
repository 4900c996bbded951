"""A message on its way in, and what is answered to it: values that every channel shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conversations.relays import Box
from conversations.script import Script, Words
from conversations.sealing import Sealable, Seals
from conversations.values import Assessment, Person, Prompt, RedactedText, State


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message from any channel: who it is from is a Person already, and the number can only be sealed."""

    channel: str
    persons: tuple[Person, Person] | None
    """None when their keys cannot be read: then nothing can be kept, and the text is screened all the same."""
    message: str
    text: str
    received_at: datetime
    contact: Sealable | None = None
    media: bool = False
    asked: str = ""
    start: str = ""
    area: str = ""
    opt_out_type: str = ""
    staff_number: str = ""
    our_number: str = ""
    reader_half: str = ""
    answerable: bool = True
    fingerprint: str = ""
    """A keyed hash of its words and id together: the same id with other words is no repeat. Empty on the web, where the
    words are in the id itself."""
    found: str = ""
    """When we found it and no webhook brought it: `soon`, while they may wait for an answer, or `late`."""
    answered: bool = False
    """Whether it was answered before, and a restored backup does not know it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to say to this message; empty when nothing is to be said, or when it goes out by the outbox."""

    say: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A running conversation as a page shows it."""

    script: Script
    state: State
    prompt: Prompt
    words: Words
    rests: bool = False
    """Whether a duty worker has a worry of theirs and is not done with it."""
    boxes: tuple[Box, ...] = ()
    """What a duty worker has written to this visitor, sealed to them."""
    letters: tuple[str, ...] = ()
    """The same once it is open."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message once it has passed the safeguards: what may be kept of it, in the open and sealed."""

    text: RedactedText
    assessment: Assessment
    guess: str | None
    seals: Seals


class Unanswered(Exception):
    """The store is down: nothing was kept. What the screen found has gone to duty by another way where it had to.

    `again` is whether the same message may be kept at another try; not when it breaks something of ours.
    """

    def __init__(self, again: bool = True) -> None:
        self.again = again
        super().__init__()


class Tampered(Exception):
    """The id of a message that we have, with other words: nothing of it is kept, answered or passed on."""
