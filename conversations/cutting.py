"""Words of a comment that may have to go, and what is left when they do; a word is named by its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

REMOVED = "[removed]"
Doubtful = Sequence[tuple[int, str]]
"""The places of words that may point to somebody, each with the kind of detail that it may be, in their order."""

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Neighbouring words that may be one detail: where they stand, and what they say."""

    places: tuple[int, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Cut:
    """What is left of a comment: its text, and those of its words that may still point to somebody."""

    text: str
    doubtful: Doubtful | None


def places(text: str, details: Iterable[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """The words that these details (start, end, kind) touch; [removed] points to nobody."""
    found = list(details)
    words = [(place, match) for place, match in enumerate(_WORD.finditer(text)) if match.group() != REMOVED]
    touched = [(place, [kind for start, end, kind in found if start < match.end() and match.start() < end])
               for place, match in words]  # fmt: skip
    return [(place, kinds[0]) for place, kinds in touched if kinds]


def doubts(text: str, doubtful: Doubtful | None) -> tuple[Doubt, ...]:
    """The doubtful words as somebody reads them, neighbours of one kind together."""
    words = text.split()
    runs = groupby(enumerate(doubtful or ()), key=lambda each: (each[1][0] - each[0], each[1][1]))
    found = [tuple(place for _, (place, _) in run) for _, run in runs]
    return tuple(Doubt(run, " ".join(words[place] for place in run)) for run in found)


def may_be_shared(doubtful: Doubtful | None, looked: bool) -> bool:
    """Whether a comment may be marked safe: only once its words were looked at, and its doubtful ones by a person."""
    return doubtful is not None and (looked or not doubtful)


def cut(text: str, doubtful: Doubtful | None, gone: Iterable[int]) -> Cut:
    """The text with the words at these places taken out, neighbours in one [removed].

    Doubts about the others stay: they were raised with more around them than is left.
    """
    away = frozenset(gone)
    words = [REMOVED if place in away else word for place, word in enumerate(text.split())]
    runs = [list(run) for _, run in groupby(enumerate(words), key=lambda each: each[1] == REMOVED)]
    kept = [[run[0]] if run[0][1] == REMOVED else run for run in runs]
    left = [each for run in kept for each in run]
    moved = {old: new for new, (old, word) in enumerate(left) if word != REMOVED}
    still = doubtful and [(moved[place], kind) for place, kind in doubtful if place in moved]
    return Cut(" ".join(word for _, word in left), still)


def is_redaction(old: str, new: str) -> bool:
    """Whether `new` is `old` with words taken out, [removed] standing wherever some are missing."""
    words = old.split()
    return len(words) in _reached(words, new.split())[-1]


def cut_alike(other: str, old: str, gone: Iterable[int]) -> str:
    """Another redaction of `old` without whatever of it may be one of the words at these places of `old`."""
    words, kept = old.split(), other.split()
    last = len(words) - 1
    before, behind = _reached(words, kept), _reached(words[::-1], kept[::-1])[::-1]
    away = {
        number
        for number, word in enumerate(kept)
        for place in gone
        if words[place : place + 1] == [word] and place in before[number] and last - place in behind[number + 1]
    }
    return cut(other, None, away).text if away else other


def _reached(words: Sequence[str], kept: Sequence[str]) -> list[set[int]]:
    """Of how many words of a text each beginning of a redaction may be what is left."""
    reached = [{0}]
    for word in kept:
        last = reached[-1]
        if word == REMOVED:
            reached.append(set(range(min(last) + 1, len(words) + 1)) if last else set())
        else:
            reached.append({place + 1 for place in last if words[place : place + 1] == [word]})
    return reached
