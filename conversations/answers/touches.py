"""The options that a sentence is about, when it is not their labels that it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from conversations.answers.ideas import keys_of
from conversations.answers.sheet import Sheet
from conversations.answers.text import Token, is_one_edit_apart

LONGEST_SENTENCE = 12
"""Words in which an option may be named in other words; in a longer story it is not the answer."""

_LONGEST_PHRASE = 3
_REFUSED = ("negations", "choosing", "doubts", "retractions", "reports")
_FEWEST_LETTERS = 5


@dataclass(frozen=True, slots=True)
class Touch:
    """The options that some words are about."""

    codes: frozenset[str]
    """Options that a word names and no other option."""
    shared: bool
    """Whether there are words that could mean several options."""
    agrees: bool
    """Whether words that several options share fit to one of those codes."""
    places: frozenset[int]
    """Which of the words named an option."""


def touch(words: tuple[str, ...], sheet: Sheet) -> Touch:
    """What these words are about; no codes where they could mean several options or none."""
    found = list(_found(words, sheet)) if sheet.ideas else []
    sure = frozenset(code for _, _, codes in found if len(codes) == 1 for code in codes)
    agrees = all(codes & sure for _, _, codes in found)
    places = frozenset(place for start, end, _ in found for place in range(start, end))
    return Touch(sure, any(len(codes) > 1 for _, _, codes in found), agrees, places)


def _found(words: tuple[str, ...], sheet: Sheet) -> Iterator[tuple[int, int, frozenset[str]]]:
    for start, end, keys in keys_of(words, sheet.language, sheet.vocabulary):
        codes = next((sheet.ideas[key] for key in keys if key in sheet.ideas), None)
        codes = codes or (_misspelled(words[start], sheet) if end - start == 1 else None)
        if codes:
            yield start, end, codes


def _misspelled(word: str, sheet: Sheet) -> frozenset[str] | None:
    ideas = sheet.vocabulary.ideas_in(sheet.language)
    if len(word) < _FEWEST_LETTERS or word in sheet.vocabulary.known or word in ideas:
        return None
    near = [codes for key, codes in sheet.ideas.items() if key[0] == "~" and is_one_edit_apart(word, key[1:])]
    return near[0] if near and all(codes == near[0] for codes in near) else None


def is_compound(words: tuple[str, ...], sheet: Sheet) -> bool:
    """Whether an option only describes a thing or a friend that is none: "my mums pal", "my school pal"."""
    named = list(keys_of(words, sheet.language, sheet.vocabulary))
    beside = ((left, right) for left, right in pairwise(named) if left[1] == right[0] and right[2][0][0] != "~")
    others = ((left[1], right[2][0]) for left, right in beside if left[2][0] in sheet.ideas)
    return any(idea not in sheet.ideas and (words[end - 1][-1] == "s" or idea == "friend") for end, idea in others)


def named_option(tokens: tuple[Token, ...], sheet: Sheet) -> frozenset[str]:
    """The options that a short plain sentence names; nothing when it denies, weighs, wishes or tells of others."""
    words = tuple(token.text for token in tokens if token.kind in {"word", "number"})
    if not words or len(words) > LONGEST_SENTENCE or any(token.text == "?" for token in tokens):
        return frozenset()
    found = touch(words, sheet)
    unclear = not found.agrees or (found.shared and sheet.kind == "multi")
    return frozenset() if unclear or is_doubtful(words, found.places, sheet) else found.codes


def is_doubtful(words: tuple[str, ...], places: frozenset[int], sheet: Sheet) -> bool:
    """Whether a sentence that names an option at these places does anything but choose it."""
    outside = {word for place, word in enumerate(words) if place not in places}
    if any(outside & sheet.around(name) for name in _REFUSED) or any(map(sheet.is_number, outside)):
        return True
    if words[0] in sheet.around("questions") and 0 not in places:
        return True
    weighed = outside & sheet.around("weighing") and outside & sheet.around("being")
    return bool(weighed) or _is_elsewhere(words, sheet) or any(_is_of_others(words, place, sheet) for place in places)


def _is_elsewhere(words: tuple[str, ...], sheet: Sheet) -> bool:
    """Whether it says where someone is just now, or thanks or tells: "im at school rn"."""
    return any(
        " ".join(words[start : start + size]) in sheet.around("busy")
        for size in range(1, _LONGEST_PHRASE + 1)
        for start in range(len(words) - size + 1)
    )


def _is_of_others(words: tuple[str, ...], place: int, sheet: Sheet) -> bool:
    """Whether it says how somebody else was: "they were happy"."""
    before = words[max(0, place - 3) : place]
    others, being = sheet.around("others"), sheet.around("being")
    told = any(who in others and verb in being for who, verb in pairwise(before))
    return told or bool(sheet.around("others_being") & set(before))
