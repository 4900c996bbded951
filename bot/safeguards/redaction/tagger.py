"""Names, places and what else has no shape: a conditional random field over lists and neighbours."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files
from types import MappingProxyType

import pycrfsuite

from bot.safeguards.redaction.features import features_of, manner_of, opens, sort_of
from bot.safeguards.redaction.shape import Found
from bot.safeguards.redaction.tokens import Token, kind_at
from bot.safeguards.redaction.words import KEPT, Words, folded, load_words, own_words

NOTHING = "O"
GENERIC = frozenset({"school_words", "club_words", "place_words", "work_words", "determiners", "function"})
AFTER_WILL = frozenset(
    """
    asked came is isnt said says shouted told was wasnt wis
    """.split()  # noqa: SIM905  # to be read, not to be scrolled
)
"""What may follow a person called Will, and not the verb."""

NAMED = 0.02
"""After "my name is" and "called" nearly any word is one."""


@dataclass(frozen=True, slots=True)
class Bars:
    """How likely a word must be part of a detail: any word, one that answers or feelings are made of, a name that is
    a word too (hope, grace, summer)."""

    any: float
    kept: float
    ambiguous: float


STANDARD = Bars(any=0.04, kept=0.3, ambiguous=0.08)
"""Before storage: what goes is gone, so words that matter go only when it is likely."""

STRICT = Bars(any=0.005, kept=0.02, ambiguous=0.01)
"""Before anything is quoted: a reviewer decides on each word, so that it may often be wrong."""

BY_SORT: Mapping[str, float] = MappingProxyType({"N": 0.0005, "P": 0.005, "S": 0.01})
"""Less is enough for what the lists know as a name and nothing else, for a place, for a surname or a name abroad."""

CAPITAL = 0.002
"""And for a capital inside a sentence of somebody who uses them with care, when it is no everyday word."""

MODALS = frozenset({"can", "may", "might", "will"})
HELPLINES = frozenset({"85258", "999", "101", "111", "112", "116", "123", "0800", "1111", "08001111", "116123"})
EMERGENCY = frozenset({"triple", "treble"})
BESIDE_AGE = frozenset({"address", "club", "place", "postcode", "school", "workplace"})
"""An exact age says little alone, and much beside one of these."""

GENERAL = frozenset({"address", "club", "place", "school", "workplace"})
"""Kinds that need a name: "the academy" and "the unit" are everybody's."""

LEAST = 0.001


@dataclass(frozen=True)
class Names:
    """What finds details: the lists, and the model; several threads may ask at once."""

    words: Words
    model: pycrfsuite.Tagger
    kinds: tuple[str, ...]
    turn: threading.Lock = field(default_factory=threading.Lock)

    def details(self, tokens: Sequence[Token], shaped: Sequence[Found], strict: bool) -> Iterator[Found]:
        """Where details without a shape stand; `shaped` has been found already, marks are passed over."""
        shapes = [kind_at(token, shaped) if shaped else "" for token in tokens]
        careful = manner_of(tokens) == "c"
        for place, chance, kind in self._judged(tokens, shapes):
            token = tokens[place]
            bar = self._bar(token, careful and not opens(tokens, place), STRICT if strict else STANDARD)
            if self._is_named(tokens, place):
                bar = NAMED
            elif len(tokens) == 1 and self.words.of(token.plain) & KEPT:
                continue
            if chance >= bar and not self._is_modal(tokens, place) or self.words.is_own(token.plain):
                yield token.start, _end(token), kind

    def names_something(self, words: Sequence[str]) -> bool:
        """Whether any of these says which school, club or place it is."""
        return any(GENERIC.isdisjoint(self.words.cues.get(folded(word), ())) and len(word) > 1 for word in words)

    def _is_modal(self, tokens: Sequence[Token], place: int) -> bool:
        """Whether "will" or "may" stands before what somebody does: my worker will come."""
        if tokens[place].plain not in MODALS or place + 1 == len(tokens):
            return False
        following = tokens[place + 1].plain
        return following.isalpha() and following not in AFTER_WILL

    def _is_named(self, tokens: Sequence[Token], place: int) -> bool:
        """Comes straight after "called" or "my name is"."""
        cues = [self.words.cues.get(token.plain, ()) for token in tokens[max(0, place - 3) : place + 1]]
        *before, own = cues
        if not before or "function" in own:
            return False
        return "naming" in before[-1] or "after_naming" in before[-1] and any("naming" in each for each in before[:-1])

    def _bar(self, token: Token, inside_careful: bool, bars: Bars) -> float:
        flags = self.words.of(token.plain)
        if flags & KEPT:
            return bars.kept
        sort = sort_of(token.plain, flags)
        if sort == "A" and not (inside_careful and token.text.istitle()):
            return bars.ambiguous
        named = CAPITAL if inside_careful and token.text.istitle() and sort in "NASPU" else 1.0
        return min(bars.any, BY_SORT.get(sort, 1.0), named)

    def _judged(self, tokens: Sequence[Token], shapes: Sequence[str]) -> list[tuple[int, float, str]]:
        """Each word that may be part of a detail: where it stands, how likely, and of which kind."""
        if not tokens:
            return []
        described = features_of(tokens, self.words, shapes, self.words.of)
        with self.turn:
            self.model.set(described)
            found = [
                (place, 1 - self.model.marginal(NOTHING, place))
                for place, token in enumerate(tokens)
                if token.text[-1].isalnum() and not shapes[place] and not _calls_for_help(tokens, place)
            ]
            return [(place, chance, self._kind(place)) for place, chance in found if chance >= LEAST]

    def _kind(self, place: int) -> str:
        return max(self.kinds, key=lambda kind: self.model.marginal(kind, place)).replace("_", " ")


def _calls_for_help(tokens: Sequence[Token], place: int) -> bool:
    """Whether this is the number of a helpline, or part of a 999 that is spelled out."""
    around = [token.plain for token in tokens[max(0, place - 2) : place + 3]]
    spelled = around.count("nine") >= 3 or "nine" in around and not EMERGENCY.isdisjoint(around)
    return tokens[place].text in HELPLINES or spelled and tokens[place].plain in {"nine", *EMERGENCY}


def _end(token: Token) -> int:
    """Leaves the 's of a name where it is."""
    return token.end - 2 if token.text[-2:].lower() in ("'s", "’s") else token.end


@cache
def load_names(own: str = "") -> Names:
    """The packaged lists and model, with a partnership's own list beside them (the text of its file)."""
    model = pycrfsuite.Tagger()
    with as_file(files("bot.safeguards.redaction").joinpath("model", "details.crfsuite")) as path:
        model.open(str(path))  # open_inmemory() does not keep the bytes alive
    kinds = tuple(label for label in model.labels() if label != NOTHING)
    return Names(own_words(load_words(), own), model, kinds)
