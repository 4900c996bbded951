"""What is known of a word: whether it is a name, a place, an everyday word, and how common it is."""

from __future__ import annotations

import gzip
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from bot.safeguards.redaction.forms import Forms, forms

FORENAME, SURNAME, AMBIGUOUS, PLACE, ORDINARY, KEPT, ELSEWHERE, FORENAME_ABROAD, SURNAME_ABROAD = (
    1 << bit for bit in range(9)
)
STEP = 9
"""From this bit on stands how common a word is in English, in whole steps of the Zipf scale."""

MEANT = 13
"""From this bit on stands to which group of words of like meaning it belongs, counted from 1."""

COMMON = 3
"""From this step on a word counts as an everyday one."""

NAMES = FORENAME | SURNAME | AMBIGUOUS | PLACE | FORENAME_ABROAD | SURNAME_ABROAD
_FLAGS = (1 << MEANT) - 1

LISTS: Mapping[str, int] = MappingProxyType(
    {
        "forenames": FORENAME,
        "forenames_abroad": FORENAME_ABROAD,
        "surnames": SURNAME,
        "surnames_abroad": SURNAME_ABROAD,
        "ambiguous_forenames": AMBIGUOUS | FORENAME,
        "ambiguous_surnames": AMBIGUOUS | SURNAME,
        "ordinary": ORDINARY,
        "kept": KEPT,
        "answers": KEPT,
    }
)
PLACES = ("places", "places_home")
_FORMS = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "'": None, "’": None, "\u0640": None, "ی": "ي", "ک": "ك", "ہ": "ه", "ة": "ه",
        "أ": "ا", "إ": "ا", "آ": "ا",
    }
)  # fmt: skip


def folded(word: str) -> str:
    """A word as the lists spell it: lower case, no accents on Latin letters, no vowel signs, no apostrophes."""
    if word.isascii():
        return word.lower().replace("'", "")
    plain = unicodedata.normalize("NFKD", word.lower().translate(_FORMS))
    bare = "".join(each for each in plain if not "\u0300" <= each <= "\u036f" and not "\u064b" <= each <= "\u0652")
    return unicodedata.normalize("NFC", bare) if bare.isascii() else _marked(word)


def _marked(word: str) -> str:
    lower = unicodedata.normalize("NFC", word.lower().translate(_FORMS))
    return "".join(each for each in lower if not "\u064b" <= each <= "\u0652")


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that is known of words; `phrases` has places and schools of several words by their first.

    `elsewhere` has the third of all words of which nothing more is known: that they are frequent in other languages.
    """

    known: Mapping[str, int]
    phrases: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]
    near: Forms
    slips: Forms
    cues: Mapping[str, tuple[str, ...]]
    answers: frozenset[str]
    elsewhere: Forms
    own: frozenset[str] = frozenset()

    def of(self, plain: str) -> int:
        """The flags of a folded word; 0 when nothing is known."""
        flags = self.known.get(plain)
        return flags & _FLAGS if flags is not None else ELSEWHERE if self.elsewhere.of(plain) else 0

    def meaning(self, plain: str) -> int:
        """The number of the group of words of like meaning that a folded word belongs to; 0 for none."""
        return self.known.get(plain, 0) >> MEANT

    def is_ordinary(self, word: str) -> bool:
        """Whether this is an everyday word."""
        flags = self.of(folded(word))
        return len(word) < 2 or bool(flags & (ORDINARY | KEPT)) or flags >> STEP >= COMMON

    def is_answer(self, text: str) -> bool:
        """Whether the whole text is one of our own answer words, labels or control words."""
        return " ".join(folded(word) for word in text.split()) in self.answers

    def is_own(self, plain: str) -> bool:
        """Whether a partnership's own list names it, also as "kirstys"."""
        return plain in self.own or plain[-1:] == "s" and plain[:-1] in self.own


@cache
def load_words() -> Words:
    """The packaged lists; each word on its own, `#` begins a note."""
    known: dict[str, int] = {}
    for name, flag in LISTS.items():
        for word in listed(name):
            known[word] = known.get(word, 0) | flag
    for line in _lines("frequent"):
        step, *words = line.split()
        for word in words:
            known[word] = known.get(word, 0) | int(step) << STEP
    for word in _settlements():
        known[word] = known.get(word, 0) | PLACE
    elsewhere, near, slips = forms({1: _elsewhere(known)}), _near(known), _slips(known)
    for number, line in enumerate(_lines("meanings"), 1):
        for word in line.split():
            known[word] = known.get(word, 0) | number << MEANT
    return Words(known, _phrases(), near, slips, _cues(), frozenset(_lines("answers")), elsewhere)


def _elsewhere(known: dict[str, int]) -> Iterator[str]:
    """Flags what is frequent in other languages, and answers the words of which nothing else is known."""
    for word in listed("frequent_elsewhere"):
        if word in known:
            known[word] |= ELSEWHERE
        else:
            yield word


def _settlements() -> Iterator[str]:
    """The places of one word, which are only flagged."""
    return (line for name in PLACES for line in _lines(name) if " " not in line)


def _phrases() -> Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    """Places of several words, and schools, by their first word, the longest first."""
    places = (("place", line) for name in PLACES for line in _lines(name) if " " in line)
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for kind, line in (*places, *(("school", line) for line in _lines("schools"))):
        first, *rest = line.split()
        found.setdefault(first, []).append((kind, tuple(rest)))
    return MappingProxyType(
        {first: tuple(sorted(rests, key=lambda each: -len(each[1]))) for first, rests in found.items()}
    )


def own_words(words: Words, own: str) -> Words:
    """The same with a partnership's own names of people, schools and clubs, one a line.

    A word that is an everyday one as well ("Hope") only counts as a name from then on: what stands around it decides.
    """
    lines = [line.split("#")[0] for line in own.splitlines()]
    named = {folded(word) for line in lines for word in line.split() if len(word) > 2}
    if not named:
        return words
    everyday = {word for word in named if words.is_ordinary(word)}
    known = {**words.known, **{word: words.known.get(word, words.of(word)) | FORENAME for word in named}}
    return replace(words, known=known, own=frozenset(named - everyday))


def _near(known: Mapping[str, int]) -> Forms:
    """What common forenames look like with one letter left out."""
    names = [word for word, flags in known.items() if flags & FORENAME and len(word) >= 5 and word.isascii()]
    return forms({1: (shorter for name in names if known[name] >> STEP >= 2 for shorter in without_one(name))})


def _slips(known: Mapping[str, int]) -> Forms:
    """What everyday words look like with one letter left out or as they are, and how common the word is."""
    everyday: dict[int, list[str]] = {}
    for word, flags in known.items():
        step, named = flags >> STEP, flags & (FORENAME | SURNAME)
        if step >= COMMON and len(word) >= 4 and word.isascii() and (flags & ORDINARY or not named):
            everyday.setdefault(step, []).append(word)
    return forms(
        {step: (form for word in words for form in (word, *without_one(word))) for step, words in everyday.items()}
    )


def without_one(word: str) -> list[str]:
    """The word without each of its letters in turn, the first excepted."""
    return [word[:place] + word[place + 1 :] for place in range(1, len(word))]


def _cues() -> Mapping[str, tuple[str, ...]]:
    """Which kinds of cue a word is."""
    found: dict[str, list[str]] = {}
    for kind, value in tomllib.loads(_read("cues.toml")).items():
        for word in value.split() if isinstance(value, str) else ():
            found.setdefault(word, []).append(kind)
    return MappingProxyType({word: tuple(kinds) for word, kinds in found.items()})


def listed(name: str) -> Iterator[str]:
    """The words of a list, folded as they lie there."""
    return (word for line in _lines(name) for word in line.split())


def _lines(name: str) -> Iterator[str]:
    folder = files("bot.safeguards.redaction").joinpath("lists")
    packed = folder.joinpath(f"{name}.txt.gz")
    text = gzip.decompress(packed.read_bytes()).decode() if packed.is_file() else _read(f"{name}.txt")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def _read(name: str) -> str:
    return files("bot.safeguards.redaction").joinpath("lists", name).read_text(encoding="utf-8")
