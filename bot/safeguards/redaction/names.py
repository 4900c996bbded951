"""Finds names of people: by lists, by the words around them, and by capitals where the writer uses them with care."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u064b-\u0652]|['’](?=[^\W\d_]))*")
_FORMS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "'": None,
        "’": None,
        "\u0640": None,
        "ی": "ي",
        "ک": "ك",
        "ہ": "ه",
        "ة": "ه",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
    }
)
_RUNS = re.compile(r"(.)\1{2,}")
_ENDINGS = (
    ("s", ""),
    ("es", ""),
    ("ed", ""),
    ("ed", "e"),
    ("d", ""),
    ("ing", ""),
    ("ing", "e"),
    ("in", ""),
    ("ly", ""),
    ("er", ""),
    ("ies", "y"),
    ("ied", "y"),
    ("est", ""),
    ("y", ""),
)
VERB_LIKE = (
    "ed",
    "ing",
    "ly",
    "tion",
    "ness",
    "ment",
    "ful",
    "less",
    "able",
    "ous",
    "est",
    "ity",
    "ised",
    "ish",
    "ive",
    "ism",
    "ally",
)


def folded(word: str) -> str:
    """A word as the lists spell it: lower case, no accents on Latin letters, no vowel signs, no apostrophes."""
    plain = unicodedata.normalize("NFKD", word.lower().translate(_FORMS))
    bare = "".join(
        character
        for character in plain
        if not "\u0300" <= character <= "\u036f" and not "\u064b" <= character <= "\u0652"
    )
    return unicodedata.normalize("NFC", bare) if bare.isascii() else _marked(word)


def _marked(word: str) -> str:
    lower = unicodedata.normalize("NFC", word.lower().translate(_FORMS))
    return "".join(character for character in lower if not "\u064b" <= character <= "\u0652")


@dataclass(frozen=True, slots=True)
class Names:
    """The lists that names are looked up in, and the words that are none."""

    forenames: frozenset[str]
    surnames: frozenset[str]
    ambiguous: frozenset[str]
    ambiguous_surnames: frozenset[str]
    ordinary: frozenset[str]
    kept: frozenset[str]
    near: frozenset[str]
    lookalikes: frozenset[str]
    homonyms: frozenset[str]
    cues: Mapping[str, frozenset[str]]

    def is_ordinary(self, word: str) -> bool:
        """Whether this is an everyday word, in any of its forms."""
        plain = folded(word)
        if len(plain) < 2 or plain in self.ordinary or plain in self.kept:
            return True
        bases = (plain[: -len(ending)] + instead for ending, instead in _ENDINGS if plain.endswith(ending))
        return any(
            base in self.ordinary or base[-1:] == base[-2:-1] and base[:-1] in self.ordinary
            for base in bases
            if len(base) > 2
        )

    def is_clear(self, word: str) -> bool:
        """Whether the word is a name and hardly ever anything else, also as "kirstys" or "ellaaa"."""
        plain = folded(word)
        if plain in self.kept:
            return False
        short, twice = _RUNS.sub(r"\1", plain), _RUNS.sub(r"\1\1", plain)
        owned = len(plain) > 4 or word[-2:-1] in ("'", "’")
        possessive = plain[:-1] if plain.endswith("s") and owned else plain
        forms = {plain, short, twice, possessive}
        if plain.isascii() is False and plain[:1] in "ولبك" and len(plain) > 4:
            forms.add(plain[1:])
        return any(form in self.forenames or form in self.surnames for form in forms) and plain not in self.ordinary

    def is_nearly(self, word: str) -> bool:
        """Whether an unfamiliar word is one slip of the thumb away from a forename."""
        plain = folded(word)
        return (
            len(plain) >= 5
            and plain.isascii()
            and plain not in self.lookalikes
            and not self.near.isdisjoint({plain, *_shorter(plain)})
        )


def _shorter(word: str) -> Iterator[str]:
    return (word[0] + word[1:place] + word[place + 1 :] for place in range(1, len(word)))


@cache
def load_names() -> Names:
    """The packaged lists; each word on its own, `#` begins a note."""
    forenames = _listed("forenames.txt")
    common = frozenset(name for name in forenames if len(name) >= 5 and name.isascii())
    return Names(
        forenames=forenames,
        surnames=_listed("surnames.txt"),
        ambiguous=_listed("ambiguous_forenames.txt"),
        ambiguous_surnames=_listed("ambiguous_surnames.txt"),
        ordinary=_listed("ordinary.txt"),
        kept=_listed("kept.txt") | _listed("kept_languages.txt"),
        lookalikes=_listed("lookalikes.txt"),
        homonyms=_listed("homonyms.txt"),
        cues=_cues(),
        near=frozenset(shorter for name in common for shorter in _shorter(name)) | common,
    )


def _cues() -> Mapping[str, frozenset[str]]:
    tables = tomllib.loads(_read("cues.toml"))
    return MappingProxyType(
        {key: frozenset(value.split() if isinstance(value, str) else value) for key, value in tables.items()}
    )


def _read(name: str) -> str:
    return files("bot.safeguards.redaction").joinpath("lists", name).read_text(encoding="utf-8")


def _listed(name: str) -> frozenset[str]:
    return frozenset(
        folded(word) for line in _read(name).splitlines() if not line.startswith("#") for word in line.split()
    )


@dataclass(frozen=True, slots=True)
class Word:
    """One word where it stands, with the plain forms of its neighbours."""

    start: int
    end: int
    text: str
    plain: str
    before: tuple[str, ...]
    after: str
    opens: bool
    before_capital: bool


def words_of(text: str, blocked: tuple[tuple[int, int], ...]) -> tuple[Word, ...]:
    """The words outside what is taken out already; a mark counts as one word without letters."""
    raw = [
        match
        for match in _WORD.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in blocked)
    ]
    plain = [folded(match.group()) for match in raw]
    joined = [place > 0 and _joined(text[raw[place - 1].end() : match.start()]) for place, match in enumerate(raw)]
    found = []
    for place, match in enumerate(raw):
        back = 0
        while back < 3 and joined[place - back] and place - back > 0:
            back += 1
        following = raw[place + 1].group() if place + 1 < len(raw) and joined[place + 1] else ""
        found.append(
            Word(
                match.start(),
                match.end(),
                match.group(),
                plain[place],
                tuple(plain[place - back : place]),
                folded(following),
                _opens(text, match.start()),
                following.istitle(),
            )
        )
    return tuple(found)


def _joined(between: str) -> bool:
    return len(between) <= 3 and not any(character in ".!?;[]" for character in between)


def _opens(text: str, start: int) -> bool:
    lead = text[:start].rstrip(" \"'(-")
    return not lead or lead[-1] in ".!?:;]" or not (lead[-1].isalnum() or lead[-1] == ",")
