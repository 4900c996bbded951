"""The words that act at every step and in every language: skip, back, help, stop, delete, and a language's name."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from conversations.script import load_words
from conversations.script.carrier import HELP_KEYWORDS, START_KEYWORDS, STOP_KEYWORDS

ACTIONS = ("skip", "back", "help", "stop", "delete")
CARRIER = {"stop": STOP_KEYWORDS, "help": HELP_KEYWORDS, "start": START_KEYWORDS - {"yes"}}


def fold(text: str) -> str:
    """A text as it is compared with control words: one case, one width, no punctuation at its ends."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(sign if sign.isalnum() or unicodedata.category(sign) == "Mn" else " " for sign in plain)
    return " ".join(kept.split())


@functools.cache
def control_words() -> Mapping[str, str]:
    """What each control word does, by its folded form: an action, `start`, or `language:CODE`."""
    found: dict[str, str] = {}
    for language, shared in load_words().items():
        for action in ACTIONS:
            found |= {fold(word): action for word in shared.entries[f"control.{action}"]}
        found |= {fold(word): f"language:{language}" for word in shared.entries["language.names"]}
    for action, words in CARRIER.items():
        found |= dict.fromkeys(words, action)
    return MappingProxyType(found)


def control(text: str) -> str:
    """What a text does when it is a control word and nothing else; empty otherwise.

    >>> control("STOP!"), control("stop him hurting me")
    ('stop', '')
    """
    return control_words().get(fold(text), "")


def carrier_stops(text: str) -> bool:
    """Whether the phone network itself has cut this number off: only the exact single word does that."""
    return text.strip().casefold() in STOP_KEYWORDS
