"""Turns the lexicon round: from the words that a text has to the word sets that rules ask about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from bot.safeguards.triage.patterns import Phrase
from bot.safeguards.triage.wording import spellings

_SHORTEST_STEM, _LONGEST_STEM = 2, 16

Sets = Mapping[frozenset[Phrase], int]
Key = str | Phrase


@dataclass(frozen=True, slots=True)
class Index:
    """Which entries a word answers to, and which word sets these are in; a group of sets is the bits of one number."""

    forms: Mapping[str, tuple[str, ...]]
    stems: Mapping[str, tuple[str, ...]]
    single: tuple[frozenset[str], ...]
    within: Mapping[Phrase, tuple[int, ...]]
    bits: Mapping[Key, int]
    phrases: Mapping[str, tuple[Phrase, ...]]
    guards: Mapping[str, int]

    @classmethod
    def of(cls, sets: Sets, guards: Mapping[str, int], common: Iterable[str]) -> Index:
        """Turn word sets round, so that a text asks only about the words that it has."""
        within: defaultdict[Phrase, list[int]] = defaultdict(list)
        for entries, number in sets.items():
            for phrase in entries:
                within[phrase].append(number)
        words = set(chain.from_iterable(within))
        stems = _by_beginning(words)
        plain = {word for word in words if not word.endswith("*")}
        return cls(
            forms={word: _forms(word, plain, stems) for word in plain.union(common)},
            stems=stems,
            single=tuple(frozenset(phrase[0] for phrase in entries if len(phrase) == 1) for entries in sets),
            within={phrase: tuple(numbers) for phrase, numbers in within.items() if len(phrase) > 1},
            bits={key_of(phrase): bits_of(numbers) for phrase, numbers in within.items()},
            phrases=_by_rarest(phrase for phrase in within if len(phrase) > 1),
            guards=guards,
        )

    def places(self, words: Iterable[str]) -> dict[str, int]:
        """Where the entries stand that these words answer to."""
        raw: dict[str, int] = {}
        for position, word in enumerate(words):
            raw[word] = raw.get(word, 0) | 1 << position
        places: dict[str, int] = {}
        for word, bits in raw.items():
            for form in self.forms.get(word) or self._respelt(word):
                places[form] = places.get(form, 0) | bits
        return places

    def _respelt(self, word: str) -> tuple[str, ...]:
        """The entries for the first spelling that is known."""
        for spelling in spellings(word):
            if spelling in self.forms:
                return self.forms[spelling]
            if found := _begun(spelling, self.stems):
                return found
        return ()

    def phrases_among(self, places: Mapping[str, int]) -> dict[Phrase, int]:
        """Where phrases begin, of those that are there."""
        found = {}
        for phrase in chain.from_iterable([self.phrases.get(word, ()) for word in places]):
            if phrase[0] in places and phrase[-1] in places and (begins := _phrase_begins(phrase, places)):
                found[phrase] = begins
        return found


def bits_of(numbers: Iterable[int]) -> int:
    """Numbers as the bits of one."""
    return sum([1 << number for number in numbers])


def key_of(phrase: Phrase) -> Key:
    """By what a phrase is found: a single word by itself."""
    return phrase[0] if len(phrase) == 1 else phrase


def _by_beginning(words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Stems, without their star, under the letters that the shortest could have."""
    stems: defaultdict[str, list[str]] = defaultdict(list)
    for word in sorted(words, key=len):
        if word.endswith("*") and _SHORTEST_STEM <= len(word) - 1 <= _LONGEST_STEM:
            stems[word[:_SHORTEST_STEM]].append(word[:-1])
    return {beginning: tuple(found) for beginning, found in stems.items()}


def _begun(word: str, stems: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(stem + "*" for stem in stems.get(word[:_SHORTEST_STEM], ()) if word.startswith(stem))


def _forms(word: str, plain: set[str], stems: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The entries that a word answers to: itself, and every stem that it begins with."""
    return (*((word,) if word in plain else ()), *_begun(word, stems))


def _by_rarest(phrases: Iterable[Phrase]) -> Mapping[str, tuple[Phrase, ...]]:
    """Each phrase under the one of its words that the fewest others have."""
    listed = tuple(phrases)
    users = Counter(chain.from_iterable(map(set, listed)))
    found: defaultdict[str, list[Phrase]] = defaultdict(list)
    for phrase in listed:
        found[min(phrase, key=lambda word: (users[word], word))].append(phrase)
    return {word: tuple(entries) for word, entries in found.items()}


def _phrase_begins(phrase: Phrase, places: Mapping[str, int]) -> int:
    found = -1
    for offset, word in enumerate(phrase):
        if not (found := found & places.get(word, 0) >> offset):
            break
    return found
