"""The words that start a script by text: its keyword, and perhaps the word of an area."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from conversations.controls import fold
from conversations.script.values import Script


@dataclass(frozen=True, slots=True)
class Start:
    """Which script somebody asked for, and where, if they said so."""

    script: str
    area: str = ""


def start_of(text: str, scripts: Mapping[str, Script], areas: Collection[str]) -> Start | None:
    """The script that a text starts: a keyword alone, or a keyword and one of our areas; None otherwise."""
    words = fold(text).split()
    named = {script.keyword.casefold(): name for name, script in scripts.items()}
    if len(words) not in (1, 2) or words[0] not in named:
        return None
    if len(words) == 2 and words[1] not in areas:
        return None
    return Start(named[words[0]], words[1] if len(words) == 2 else "")
