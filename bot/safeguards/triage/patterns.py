"""The grammar of the lexicon: word classes and patterns of classes, compiled to steps that need no backtracking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.safeguards.triage.wording import normalised
from conversations.values import Level

Phrase = tuple[str, ...]
Words = Mapping[str, tuple[str, ...]]

_ENDINGS = re.compile(r"([^\s()]+)\(([^()]*)\)")
_CLASS = re.compile(r"\{([a-z_]+)\}")
_GAP = re.compile(r"~(\d)")


class PatternError(ValueError):
    """A lexicon file says something that the grammar does not know."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One place in a pattern: the number of its word set, or a gap of up to so many words."""

    words: int = -1
    gap: int = 0
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to listen for. A firm rule is never lowered; an urgent one rises with words for now."""

    id: str
    category: str
    level: Level
    patterns: tuple[tuple[Piece, ...], ...]
    firm: bool = False
    urgent: bool = False
    joking: bool = False
    matches: tuple[str, ...] = ()
    must_not_match: tuple[str, ...] = ()


@dataclass(slots=True)
class WordSets:
    """The word sets met while compiling, each distinct set once."""

    sets: dict[frozenset[Phrase], int] = field(default_factory=dict)

    def number(self, phrases: frozenset[Phrase]) -> int:
        """The number by which patterns refer to these phrases."""
        return self.sets.setdefault(phrases, len(self.sets))


def compile_pattern(pattern: str, words: Words, sets: WordSets) -> tuple[Piece, ...]:
    """Read `{actor} ~2 hit|hits {me} badly?`: classes, words, gaps of up to N words, optional pieces."""
    pieces = tuple(_piece(part, words, sets) for part in pattern.split())
    if not any(piece.words >= 0 and not piece.optional for piece in pieces):
        raise PatternError(f"nothing to look for in {pattern!r}")
    return pieces


def _piece(part: str, words: Words, sets: WordSets) -> Piece:
    if gap := _GAP.fullmatch(part):
        return Piece(gap=int(gap[1]))
    optional = part.endswith("?")
    alternatives = part.removesuffix("?").split("|")
    entries = (entry if entry.startswith("{") else entry.replace("_", " ") for entry in alternatives)
    phrases = frozenset(phrase for entry in entries for phrase in phrases_of(entry, words))
    return Piece(words=sets.number(phrases), optional=optional)


def phrases_of(entry: str, words: Words, depth: int = 0) -> Iterator[Phrase]:
    """Every phrase that an entry stands for: `{class}`, `punch(es|ed|ing)`, `suicid*`, `social worker`."""
    if depth > 6:
        raise PatternError(f"word classes refer to each other in a circle at {entry!r}")
    if reference := _CLASS.fullmatch(entry):
        if reference[1] not in words:
            raise PatternError(f"no word class called {reference[1]!r}")
        for inner in words[reference[1]]:
            yield from phrases_of(inner, words, depth + 1)
        return
    if ending := _ENDINGS.search(entry):
        for tail in ("", *ending[2].split("|")):
            yield from phrases_of(entry.replace(ending.group(), ending[1] + tail, 1), words, depth + 1)
        return
    yield tuple(normalised(entry).split())
