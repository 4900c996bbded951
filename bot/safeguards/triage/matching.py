"""Finds rules in a row of words. Positions are bits of one number: the work grows with the words and nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from bot.safeguards.triage.patterns import Phrase, Piece, Rule
from bot.safeguards.triage.wording import BREAK, resolved
from conversations.values import Level

_MATCHES_WEIGHED = 12
"""Of one pattern in one window; further ones could only say the same again."""
_LONGEST_STEM = 16

Pattern = tuple[Piece, ...]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Index:
    """Which word sets a word belongs to, alone or as the first word of a phrase."""

    single: Mapping[str, tuple[int, ...]]
    phrases: Mapping[str, tuple[tuple[Phrase, int], ...]]
    words: frozenset[str]
    stems: frozenset[str]
    guards: Mapping[str, int]

    @classmethod
    def of(cls, sets: Mapping[frozenset[Phrase], int], guards: Mapping[str, int]) -> Index:
        """Turn word sets round, so that a text asks only about the words that it has."""
        single: defaultdict[str, list[int]] = defaultdict(list)
        phrases: defaultdict[str, list[tuple[Phrase, int]]] = defaultdict(list)
        words: set[str] = set()
        for entries, number in sets.items():
            for phrase in entries:
                words.update(phrase)
                single[phrase[0]] += [number] if len(phrase) == 1 else []
                phrases[phrase[0]] += [(phrase, number)] if len(phrase) > 1 else []
        return cls(
            single={word: tuple(numbers) for word, numbers in single.items()},
            phrases={word: tuple(entries) for word, entries in phrases.items()},
            words=frozenset(word for word in words if not word.endswith("*")),
            stems=frozenset(word for word in words if word.endswith("*")),
            guards=guards,
        )

    def forms(self, word: str) -> Iterator[str]:
        """The entries that a word answers to: itself, and every stem that it begins with."""
        if word in self.words:
            yield word
        for length in range(2, min(len(word), _LONGEST_STEM) + 1):
            if (stem := word[:length] + "*") in self.stems:
                yield stem

    def knows(self, word: str) -> bool:
        """Whether any entry stands for this word."""
        return any(True for _ in self.forms(word))


@dataclass(frozen=True, slots=True)
class Sieve:
    """Groups of patterns by the word sets that each pattern cannot do without: most texts have very few of them."""

    needs: tuple[tuple[int, frozenset[int]], ...]
    by_set: Mapping[int, tuple[int, ...]]
    free: tuple[int, ...]

    @classmethod
    def of(cls, groups: Iterable[Sequence[Pattern]]) -> Sieve:
        """Put each pattern under the one of its word sets that the fewest others need."""
        needs = tuple((place, _needed(pattern)) for place, group in enumerate(groups) for pattern in group)
        users = Counter(chain.from_iterable(needed for _, needed in needs))
        by_set: defaultdict[int, list[int]] = defaultdict(list)
        for entry, (_, needed) in enumerate(needs):
            if needed:
                by_set[min(needed, key=lambda number: (users[number], number))].append(entry)
        free = tuple(place for place, needed in needs if not needed)
        return cls(needs, {number: tuple(entries) for number, entries in by_set.items()}, free)

    def passing(self, window: Window) -> list[int]:
        """The places of the groups that may be found in a text, in their order; all others cannot be."""
        starts = window.starts
        entries = chain.from_iterable(self.by_set[number] for number in starts if number in self.by_set)
        likely = (self.needs[entry] for entry in entries)
        return sorted({*self.free, *(place for place, needed in likely if all(number in starts for number in needed))})


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of text, ready for rules: where each word set begins, by the length of the phrase found there."""

    starts: Mapping[int, Mapping[int, int]]
    guards: Mapping[str, int]
    within: int
    size: int

    denied: bool = False

    @classmethod
    def of(cls, words: tuple[str, ...], index: Index, knows: Callable[[str], bool]) -> Window:
        """Look every word up once."""
        within = sum(1 << position for position, word in enumerate(words) if word != BREAK)
        return cls(_starts(_places(words, index, knows), index), index.guards, within, len(words))

    def without(self, patterns: Iterable[Pattern], *, denied: bool = False) -> Window:
        """The same stretch with what these patterns find taken out; a denial counts only while no `but` follows it."""
        hidden = 0
        for pattern in patterns:
            for start, end in spans(pattern, self):
                if not (denied and self.places("but") >> end):
                    hidden |= (1 << end) - (1 << start)
        if not hidden:
            return self
        clear = {
            number: {size: bits & ~hidden for size, bits in found.items()} for number, found in self.starts.items()
        }
        return Window(clear, self.guards, self.within, self.size, denied)

    def places(self, guard: str) -> int:
        """Where the words of a guard begin."""
        found = 0
        for bits in self.starts.get(self.guards[guard], {}).values():
            found |= bits
        return found


def _places(words: tuple[str, ...], index: Index, knows: Callable[[str], bool]) -> dict[str, int]:
    raw: defaultdict[str, int] = defaultdict(int)
    for position, word in enumerate(words):
        raw[word] |= 1 << position
    places: defaultdict[str, int] = defaultdict(int)
    for word, bits in raw.items():
        for form in index.forms(resolved(word, knows)):
            places[form] |= bits
    return places


def _starts(places: Mapping[str, int], index: Index) -> dict[int, dict[int, int]]:
    starts: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for word, bits in places.items():
        for number in index.single.get(word, ()):
            starts[number][1] |= bits
        for phrase, number in index.phrases.get(word, ()):
            if found := _phrase_starts(phrase, places):
                starts[number][len(phrase)] |= found
    return {number: dict(found) for number, found in starts.items()}


def _phrase_starts(phrase: Phrase, places: Mapping[str, int]) -> int:
    found = places.get(phrase[-1], 0)
    for word in reversed(phrase[:-1]):
        found = (found >> 1) & places.get(word, 0)
        if not found:
            return 0
    return found


def _needed(pattern: Pattern) -> frozenset[int]:
    return frozenset(piece.words for piece in pattern if piece.words >= 0 and not piece.optional)


def spans(pattern: Pattern, window: Window) -> Iterator[Span]:
    """Where a pattern is found: first word and the word after the last (the nearest end), at most a dozen times."""
    if any(piece.words >= 0 and not piece.optional and piece.words not in window.starts for piece in pattern):
        return
    begins = _advance(pattern, window, (1 << window.size) - 1)
    if not begins:
        return
    weighed = 0
    for start in range(window.size):
        if weighed >= _MATCHES_WEIGHED:
            return
        if not _may_begin(pattern, window, start):
            continue
        if ends := _advance(pattern, window, 1 << start):
            weighed += 1
            yield start, (ends & -ends).bit_length() - 1


def _may_begin(pattern: Pattern, window: Window, start: int) -> bool:
    for piece in pattern:
        if any(bits >> start & 1 for bits in window.starts.get(piece.words, {}).values()):
            return True
        if not piece.optional:
            return False
    return False


def _advance(pattern: Pattern, window: Window, here: int) -> int:
    for piece in pattern:
        if piece.gap:
            here = _gap(here, piece.gap, window.within)
            continue
        after = here if piece.optional else 0
        for size, bits in window.starts.get(piece.words, {}).items():
            after |= (here & bits) << size
        here = after
        if not here:
            return 0
    return here


def _gap(here: int, words: int, within: int) -> int:
    for _ in range(words):
        here |= (here & within) << 1
    return here


def level_of(rule: Rule, window: Window) -> Level:
    """The level that a rule gives to a stretch of text, after what lowers or raises it; NONE where it is not found."""
    found = (span for pattern in rule.patterns for span in spans(pattern, window))
    return max((_weighed(rule, span, window) for span in found), default=Level.NONE)


def _weighed(rule: Rule, span: Span, window: Window) -> Level:
    if not rule.firm and _lowered(rule, span, window):
        return min(rule.level, Level.WELLBEING)
    if rule.urgent and window.places("now") & _sentence(span, window):
        return Level.IMMEDIATE
    return rule.level


def _lowered(rule: Rule, span: Span, window: Window) -> bool:
    start, end = span
    if window.places("but") >> end:
        return False
    inside = (1 << end) - (1 << start)
    before = inside | inside >> 1
    denied = window.places("negation") & inside or window.places("nobody") & before
    if denied and not window.places("stop") & inside:
        return True
    sentence = _sentence(span, window)
    if window.places("over") & sentence or window.places("unreal") & sentence:
        return rule.level < Level.IMMEDIATE
    return rule.joking and rule.level < Level.IMMEDIATE and bool(window.places("joke"))


def _sentence(span: Span, window: Window) -> int:
    start, end = span
    while start > 0 and window.within >> (start - 1) & 1:
        start -= 1
    while window.within >> end & 1:
        end += 1
    return (1 << end) - (1 << start)
