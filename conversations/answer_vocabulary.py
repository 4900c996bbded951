"""The words that answers are made of, read once from a table for each language and joined for all of them."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

from conversations.answer_text import fold_phrase, tokenise

NO_LANGUAGE = ""
MEANINGS = ("scale5", "yes_no", "numbers", "ordinals")
_SIGNS = "signs"
_MAIN = "en"
_SHARED = ("all", "none")

Meanings = Mapping[str, str]
"""Folded phrase to code; numbers are codes written in digits."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every answer word of every language, folded; phrases that two languages use differently are in neither."""

    meanings: Mapping[tuple[str, str], Meanings]
    """By kind of meaning and language: the words of all languages, that language's own first."""
    own: Mapping[tuple[str, str], Meanings]
    """By kind of meaning and language: the words of that language alone, whose misspellings may be read."""
    words: Mapping[tuple[str, str], frozenset[str]]
    """Words around answers, by name and language: English with that language, `all` and `none` of every one."""
    synonyms: tuple[frozenset[str], ...]
    faces: Meanings
    leaning: Meanings
    thumbs: Meanings
    known: frozenset[str]
    """Single words that mean something by themselves and are therefore never a misspelling."""
    languages: frozenset[str]
    reviewed: frozenset[str]

    def table(self, kind: str, language: str) -> Meanings:
        """The meanings of one kind, by the words of all languages with this one's first."""
        return self.meanings.get((kind, language), self.meanings[kind, NO_LANGUAGE])

    def own_table(self, kind: str, language: str) -> Meanings:
        """The meanings of one kind in English and this language only."""
        return {**self.own[kind, _MAIN], **self.own.get((kind, language), {})}

    def around(self, name: str, language: str) -> frozenset[str]:
        """Words that stand around answers, in English and this language."""
        return self.words.get((name, language), self.words[name, NO_LANGUAGE])

    def group(self, phrase: str) -> frozenset[str]:
        """Other phrases for a label: its synonyms, and what means the same on a scale or to a yes-or-no question."""
        found = [each for each in self.synonyms if phrase in each]
        found += [words for words in map(self.around, _SHARED, ("", "")) if phrase in words]
        for kind in ("scale5", "yes_no"):
            table = self.table(kind, NO_LANGUAGE)
            if phrase in table:
                found.append(frozenset(each for each, code in table.items() if code == table[phrase]))
        return frozenset().union(*found)


@functools.cache
def load_vocabulary() -> Vocabulary:
    """Read the packaged tables. A phrase given two meanings within one language is an error."""
    folder = resources.files("conversations").joinpath("vocabulary")
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    tables = {each.name.removesuffix(".toml"): tomllib.loads(each.read_text("utf-8")) for each in files}
    signs = tables.pop(_SIGNS)
    words = _words(tables)
    meanings, own = _meanings(tables)
    return Vocabulary(
        meanings=MappingProxyType(meanings),
        own=MappingProxyType(own),
        words=MappingProxyType(words),
        synonyms=tuple(frozenset(map(fold_phrase, group)) for group in _synonym_groups(tables)),
        faces=_signs(signs["faces"]),
        leaning=_signs(signs["leaning"]),
        thumbs=_signs(signs["yes_no"]),
        known=_known(meanings, words),
        languages=frozenset(tables),
        reviewed=frozenset(name for name, table in tables.items() if table["reviewed"]),
    )


def _meanings(
    tables: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[tuple[str, str], Meanings], dict[tuple[str, str], Meanings]]:
    joined: dict[tuple[str, str], Meanings] = {}
    own: dict[tuple[str, str], Meanings] = {}
    for kind in MEANINGS:
        by_language = {name: _phrases(table.get(kind, {})) for name, table in tables.items()}
        union = _without_disagreement(by_language.values())
        joined[kind, NO_LANGUAGE] = MappingProxyType(union)
        for name, table in tables.items():
            here = {**by_language[name], **_phrases(table.get("own", {}).get(kind, {}))}
            refused = set(map(fold_phrase, table.get("own", {}).get("refused", {}).get(kind, ())))
            both = {phrase: code for phrase, code in {**union, **here}.items() if phrase not in refused}
            joined[kind, name] = MappingProxyType(both)
            own[kind, name] = MappingProxyType(here)
    return joined, own


def _phrases(table: Mapping[str, Iterable[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for code, phrases in table.items():
        for phrase in map(fold_phrase, phrases):
            if found.setdefault(phrase, code) != code:
                raise ValueError(f'"{phrase}" means both {found[phrase]} and {code}')
    return found


def _without_disagreement(tables: Iterable[Mapping[str, str]]) -> dict[str, str]:
    codes: dict[str, set[str]] = {}
    for table in tables:
        for phrase, code in table.items():
            codes.setdefault(phrase, set()).add(code)
    return {phrase: found.pop() for phrase, found in codes.items() if len(found) == 1}


def _words(tables: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], frozenset[str]] = {}
    for name in tables[_MAIN]["words"]:
        for language in (NO_LANGUAGE, *tables):
            chosen = tables if name in _SHARED else {_MAIN, language} & set(tables)
            phrases = (phrase for each in chosen for phrase in tables[each]["words"].get(name, ()))
            found[name, language] = frozenset(map(fold_phrase, phrases))
    return found


def _synonym_groups(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    for table in tables.values():
        yield from table.get("synonyms", {}).values()


def _signs(table: Mapping[str, Iterable[str]]) -> Meanings:
    found = {token.text: code for code, signs in table.items() for sign in signs for token in tokenise(sign)}
    return MappingProxyType(found)


def _known(
    meanings: Mapping[tuple[str, str], Meanings], words: Mapping[tuple[str, str], frozenset[str]]
) -> frozenset[str]:
    phrases = [phrase for table in meanings.values() for phrase in table]
    phrases += [phrase for group in words.values() for phrase in group]
    return frozenset(word for phrase in phrases for word in phrase.split())
