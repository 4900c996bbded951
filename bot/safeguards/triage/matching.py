"""Finds rules in a row of words. Positions are bits of one number: the work grows with the words and nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import chain
from operator import or_

from bot.safeguards.triage.index import Index, Key, Sets, bits_of, key_of
from bot.safeguards.triage.patterns import Phrase, Piece, Rule
from bot.safeguards.triage.wording import BREAK
from conversations.values import Level

_MATCHES_WEIGHED = 12
"""Of one pattern in one window; further ones could only say the same again."""

Pattern = tuple[Piece, ...]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sieve:
    """Patterns of groups by the words of the one word set that is rarest in each: most texts have very few of them."""

    entries: tuple[tuple[int, int, Pattern], ...]
    by_word: Mapping[Key, tuple[int, ...]]

    @classmethod
    def of(cls, groups: Iterable[Sequence[Pattern]], sets: Sets) -> Sieve:
        """Every pattern with its group's place and the bits of the word sets that it cannot do without."""
        phrases = tuple(sets)
        users = Counter(chain.from_iterable(phrases))
        entries: list[tuple[int, int, Pattern]] = []
        by_word: defaultdict[Key, list[int]] = defaultdict(list)
        for place, group in enumerate(groups):
            for pattern in group:
                needed = {piece.words for piece in pattern if piece.words >= 0 and not piece.optional}
                rarest = min(needed, key=lambda number: (sum(users[phrase] for phrase in phrases[number]), number))
                for phrase in phrases[rarest]:
                    by_word[key_of(phrase)].append(len(entries))
                entries.append((place, bits_of(needed), pattern))
        return cls(tuple(entries), {word: tuple(found) for word, found in by_word.items()})

    def passing(self, window: Window) -> list[tuple[int, Pattern]]:
        """The patterns that may be found in a text, with their groups' places, in order; all others cannot be."""
        asked = {entry for key in window.keys for entry in self.by_word.get(key, ())}
        found, present = map(self.entries.__getitem__, sorted(asked)), window.present
        return [(place, pattern) for place, needed, pattern in found if needed & present == needed]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of text, ready for rules: what it says where, and what of it is not to be heard.

    Where a word set begins is looked up when a rule first asks: most are never asked about.
    """

    index: Index
    keys: tuple[Key, ...]
    places: Mapping[str, int]
    phrases: Mapping[Phrase, int]
    present: int
    """The word sets of which anything is there, heard or not."""
    within: int
    size: int
    hidden: int = 0
    denied: bool = False
    _known: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, words: tuple[str, ...], index: Index) -> Window:
        """Look every word up once."""
        places = index.places(words)
        phrases = index.phrases_among(places)
        keys: tuple[Key, ...] = (*places, *phrases)
        present = reduce(or_, [index.bits.get(key, 0) for key in keys], 0)
        within = bits_of(position for position, word in enumerate(words) if word != BREAK)
        return cls(index, keys, places, phrases, present, within, len(words))

    def starts(self, number: int) -> tuple[tuple[int, int], ...]:
        """Where a word set begins: how many words long, and at which places."""
        if number not in self._known:
            self._known[number] = self._looked_up(number)
        return self._known[number]

    def _looked_up(self, number: int) -> tuple[tuple[int, int], ...]:
        if number < 0 or not self.present >> number & 1:  # a gap has no words
            return ()
        found: dict[int, int] = {}
        for word in self.index.single[number].intersection(self.places):
            found[1] = found.get(1, 0) | self.places[word]
        for phrase, bits in self.phrases.items():
            if number in self.index.within[phrase]:
                found[len(phrase)] = found.get(len(phrase), 0) | bits
        heard = ((size, bits & ~self.hidden) for size, bits in found.items())
        return tuple((size, bits) for size, bits in heard if bits)

    def without(self, patterns: Iterable[Pattern], *, denied: bool = False) -> Window:
        """The same stretch with what these patterns find taken out; a denial counts only while no `but` follows it."""
        hidden = 0
        for pattern in patterns:
            for start, end in spans(pattern, self):
                if not (denied and self.begins("but") >> end):
                    hidden |= (1 << end) - (1 << start)
        return replace(self, hidden=self.hidden | hidden, denied=denied) if hidden else self

    def begins(self, guard: str) -> int:
        """Where the words of a guard begin."""
        return _together(self.starts(self.index.guards[guard]))


def _together(found: Iterable[tuple[int, int]]) -> int:
    return reduce(or_, (bits for _, bits in found), 0)


def spans(pattern: Pattern, window: Window) -> Iterator[Span]:
    """Where a pattern is found: first word and the word after the last (the nearest end), at most a dozen times."""
    if not _advance(pattern, window, (1 << window.size) - 1):
        return
    begins, weighed = _beginnings(pattern, window), 0
    while begins and weighed < _MATCHES_WEIGHED:
        first = begins & -begins
        begins ^= first
        if ends := _advance(pattern, window, first):
            weighed += 1
            yield first.bit_length() - 1, (ends & -ends).bit_length() - 1


def _beginnings(pattern: Pattern, window: Window) -> int:
    """Where its first piece is, or what may follow when that is left out."""
    found = 0
    for piece in pattern:
        found |= _together(window.starts(piece.words))
        if not piece.optional:
            break
    return found


def _advance(pattern: Pattern, window: Window, here: int) -> int:
    for piece in pattern:
        if piece.gap:
            here = _gap(here, piece.gap, window.within)
            continue
        after = here if piece.optional else 0
        for size, bits in window.starts(piece.words):
            after |= (here & bits) << size
        here = after
        if not here:
            return 0
    return here


def _gap(here: int, words: int, within: int) -> int:
    for _ in range(words):
        here |= (here & within) << 1
    return here


def level_of(rule: Rule, patterns: Iterable[Pattern], window: Window) -> Level:
    """The level that a rule gives by these patterns, after what lowers or raises it; NONE where none is found."""
    found = (span for pattern in patterns for span in spans(pattern, window))
    return max((_weighed(rule, span, window) for span in found), default=Level.NONE)


def _weighed(rule: Rule, span: Span, window: Window) -> Level:
    if not rule.firm and _lowered(rule, span, window):
        return min(rule.level, Level.WELLBEING)
    if rule.urgent and window.begins("now") & _sentence(span, window):
        return Level.IMMEDIATE
    return rule.level


def _lowered(rule: Rule, span: Span, window: Window) -> bool:
    start, end = span
    if window.begins("but") >> end:
        return False
    inside = (1 << end) - (1 << start)
    before = inside | inside >> 1
    denied = window.begins("negation") & inside or window.begins("nobody") & before
    if denied and not window.begins("stop") & inside:
        return True
    sentence = _sentence(span, window)
    if window.begins("over") & sentence or window.begins("unreal") & sentence:
        return rule.level < Level.IMMEDIATE
    return rule.joking and rule.level < Level.IMMEDIATE and bool(window.begins("joke"))


def _sentence(span: Span, window: Window) -> int:
    start, end = span
    while start > 0 and window.within >> (start - 1) & 1:
        start -= 1
    while window.within >> end & 1:
        end += 1
    return (1 << end) - (1 << start)
