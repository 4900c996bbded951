"""What is known of each language before a text arrives: its words, its letters, spellings that it has or never has."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

LONGEST = 400
"""Characters that are looked at; a language shows itself well before that, and a hostile text must stay cheap."""

ENGLISH = "en"
ANYWHERE = "anywhere"
OTHER = "other"

NOT_OFFERED = frozenset({OTHER, "am"})
"""What we know only in order to hold back: a guess never says these."""

# The ligatures are pious formulas that are written in English texts too.
_NOT_WORDS = re.compile(r"[\ufdf0-\ufdfd]|https?://\S+|www\.\S+|\S+@\S+|[@#]\w+")
_CLITIC = re.compile(r"(?<=\w)['\u2019\u02bc`](?=\w{1,2}\b)")
_WORD = re.compile(r"[^\W_]+")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")
_NOTHING = re.compile(r"(?!)")

# Letters that writers swap freely: Arabic, Persian and Urdu keyboards, and Latin letters with no mark to take off.
_SWAPPED = str.maketrans("يىئكأإآةھہۀۓ" + "łđıø", "یییکاااههههے" + "ldio") | {ord("ß"): "ss"}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One word list: `speaks` is the language it vouches for, so that Scots and text-speak vouch for English.

    `letters` vouch for it, a word that matches `never` cannot be its own unless it is listed, `forms` are spellings
    that count a little for it, and `profile` is langdetect's name for it.
    """

    speaks: str
    script: str
    profile: str
    letters: frozenset[str]
    never: re.Pattern[str]
    forms: re.Pattern[str]
    words: frozenset[str]

    @property
    def spelt(self) -> bool:
        """Whether the list says anything about letters and spelling."""
        return bool(self.letters) or self.never != _NOTHING or self.forms != _NOTHING


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All word lists together: which languages have a word, as written and as written without its marks."""

    lexicons: tuple[Lexicon, ...]
    spelt: Mapping[str, tuple[Lexicon, ...]]
    """By script, the lists that say how their language is spelt; Scots and text-speak have only words."""
    exact: Mapping[str, frozenset[str]]
    folded: Mapping[str, frozenset[str]]

    def languages(self, word: str) -> tuple[frozenset[str], bool]:
        """The languages that have this word, and whether it was written with all its marks."""
        if found := self.exact.get(word):
            return found, True
        return self.folded.get(fold(word), frozenset()), False


def plain(text: str) -> str:
    """The start of the text in one Unicode form and lower case, without addresses, links and loose marks."""
    shown = unicodedata.normalize("NFKC", _NOT_WORDS.sub(" ", text[:LONGEST])).lower()[: 2 * LONGEST]
    if shown.isascii():
        return shown
    return "".join(each for each in shown if unicodedata.category(each) != "Mn" and each != "\u0640")


def words_in(text: str) -> tuple[str, ...]:
    """The words of a plain text; bare numbers are not words, and don't is one word."""
    found = _WORD.findall(_CLITIC.sub("", text))
    return tuple(word for word in found if not word.isnumeric())


def telling_words(shown: str, known: Vocabulary) -> tuple[str, ...]:
    """The words of a plain text that say something about its language: no names, brands and world words."""
    words = (_as_listed(word, known) for word in words_in(shown))
    return tuple(word for word in words if ANYWHERE not in known.languages(word)[0])


def _as_listed(word: str, known: Vocabulary) -> str:
    """A drawn-out word in the spelling that a list has (sooo is so), or as it came."""
    if not _DRAWN_OUT.search(word):
        return word
    twice, once = _DRAWN_OUT.sub(r"\1\1", word), _DRAWN_OUT.sub(r"\1", word)
    return next((form for form in (word, twice, once) if form in known.exact), twice)


def fold(word: str) -> str:
    """The word as it is typed in haste: without accents, and with one letter for those that keyboards swap."""
    bare = unicodedata.normalize("NFD", word.translate(_SWAPPED))
    return "".join(each for each in bare if unicodedata.category(each) != "Mn")


@cache
def vocabulary() -> Vocabulary:
    """Every word list beside this module, read once."""
    folder = files(__package__) / "languages"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    lexicons = tuple(_lexicon(name, (folder / name).read_text(encoding="utf-8")) for name in names)
    scripts = {each.script for each in lexicons}
    spelt = {script: tuple(each for each in lexicons if each.script == script and each.spelt) for script in scripts}
    return Vocabulary(lexicons, MappingProxyType(spelt), _index(lexicons, str), _index(lexicons, fold))


def _lexicon(name: str, source: str) -> Lexicon:
    table = tomllib.loads(source)
    return Lexicon(
        speaks=table.get("speaks", name.removesuffix(".toml")),
        script=table["script"],
        profile=table.get("profile", ""),
        letters=frozenset(table.get("letters", "")),
        never=_pattern(table.get("never", "")),
        forms=_pattern(table.get("forms", "")),
        words=frozenset(words_in(_plain_lines(table["words"]))),
    )


def _plain_lines(listed: str) -> str:
    return "\n".join(plain(line) for line in listed.splitlines())


def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source) if source else _NOTHING


def _index(lexicons: Iterable[Lexicon], form: Callable[[str], str]) -> Mapping[str, frozenset[str]]:
    index: dict[str, set[str]] = {}
    for lexicon in lexicons:
        for word in lexicon.words:
            index.setdefault(form(word), set()).add(lexicon.speaks)
    return MappingProxyType({word: frozenset(speaks) for word, speaks in index.items()})
