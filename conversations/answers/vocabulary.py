"""The words that answers are made of, read once from a table for each language and joined for all of them."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

from conversations.answers.text import fold_phrase, tokenise

NO_LANGUAGE = ""
MEANINGS = ("scale5", "yes_no", "numbers", "ordinals")
_SIGNS = "signs"
_OPTIONS = "options"
_OTHERS = "others"
_BROADER = "broader"
LONGEST_IDEA = 4
"""Words of the longest phrase that names what an option is about."""
_MAIN = "en"
_SHARED = ("all", "none")
_OF_ALL = (*_SHARED, "units")
"""Words that are joined over all languages."""

Meanings = Mapping[str, str]
"""Folded phrase to code; numbers are codes written in digits."""

_Tables = dict[tuple[str, str], Meanings]


@dataclass(frozen=True, slots=True, eq=False)  # there is one, and its identity is the key under which sheets are kept
class Vocabulary:
    """Every answer word of every language, folded; phrases that two languages use differently are in neither."""

    meanings: Mapping[tuple[str, str], Meanings]
    """By kind of meaning and language: the words of all languages, that language's own first."""
    own: Mapping[tuple[str, str], Meanings]
    """By kind of meaning and language: the words of that language alone, whose misspellings may be read."""
    words: Mapping[tuple[str, str], frozenset[str]]
    """Words around answers, by name and language: English with that language, `all` and `none` of every one."""
    synonyms: tuple[frozenset[str], ...]
    ideas: Mapping[str, Meanings]
    """By language: phrase to what it is about, in English and that language, whose own words come first."""
    broader: Mapping[str, tuple[str, ...]]
    """Idea to the ideas that it stands for where no option names them."""
    idea_signs: Meanings
    """Sign to what it is about."""
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

    def ideas_in(self, language: str) -> Meanings:
        """What phrases are about, in English and this language."""
        return self.ideas.get(language, self.ideas[_MAIN])

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
    folder = resources.files("conversations.answers").joinpath("vocabularies")
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    tables = {each.name.removesuffix(".toml"): tomllib.loads(each.read_text("utf-8")) for each in files}
    signs, options = tables.pop(_SIGNS), tables.pop(_OPTIONS)
    others = tables.pop(_OTHERS)
    words = _words(tables)
    meanings, own = _meanings(tables)
    known = _known(meanings, words)
    _add_others(meanings, own, others)
    return Vocabulary(
        meanings=MappingProxyType(meanings),
        own=MappingProxyType(own),
        words=MappingProxyType(words),
        synonyms=tuple(frozenset(map(fold_phrase, group)) for group in _synonym_groups(tables)),
        ideas=MappingProxyType({name: _ideas(options[_MAIN], options.get(name, {}), name) for name in tables}),
        broader=MappingProxyType({idea: tuple(narrower) for idea, narrower in options.pop(_BROADER).items()}),
        idea_signs=_signs(options.pop(_SIGNS)),
        faces=_signs(signs["faces"]),
        leaning=_signs(signs["leaning"]),
        thumbs=_signs(signs["yes_no"]),
        known=known,
        languages=frozenset(tables),
        reviewed=frozenset(name for name, table in tables.items() if table["reviewed"]),
    )


def _meanings(
    tables: Mapping[str, Mapping[str, Any]],
) -> tuple[_Tables, _Tables]:
    joined: _Tables = {}
    own: _Tables = {}
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


def _add_others(meanings: _Tables, own: _Tables, others: Mapping[str, Mapping[str, Any]]) -> None:
    """Add the plain answers of languages that have no table; they mean nothing outside their language."""
    for name, tables in others.items():
        for kind, table in tables.items():
            phrases = _phrases(table)
            meanings[kind, name] = MappingProxyType({**meanings[kind, NO_LANGUAGE], **phrases})
            own[kind, name] = MappingProxyType(phrases)


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
            chosen = tables if name in _OF_ALL else {_MAIN, language} & set(tables)
            phrases = (phrase for each in chosen for phrase in tables[each]["words"].get(name, ()))
            found[name, language] = frozenset(map(fold_phrase, phrases))
    return found


def _synonym_groups(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    for table in tables.values():
        yield from table.get("synonyms", {}).values()


def _ideas(shared: Mapping[str, Iterable[str]], own: Mapping[str, Iterable[str]], language: str) -> Meanings:
    english, local = _phrases(shared), _phrases(own)
    stems = _without_disagreement([{stem(phrase, language): idea} for phrase, idea in local.items()])
    return MappingProxyType({**english, **stems, **local})


def _signs(table: Mapping[str, Iterable[str]]) -> Meanings:
    found = {token.text: code for code, signs in table.items() for sign in signs for token in tokenise(sign)}
    return MappingProxyType(found)


def stem(word: str, language: str) -> str:
    """A word without the endings (in Arabic and Gaelic also the beginnings) that it takes in a sentence."""
    return _STEMMERS.get(language, _english_stem)(word)


def _english_stem(word: str) -> str:
    return word[:-1] if len(word) > _FEWEST_KEPT and word[-1] == "s" and word[-2] not in "sui" else word


def _slavic_stem(word: str) -> str:
    fitting = (each for each in _SLAVIC_ENDINGS if len(word) - len(each) >= _FEWEST_KEPT and word.endswith(each))
    return word.removesuffix(next(fitting, ""))


def _gaelic_stem(word: str) -> str:
    lenited = len(word) > _FEWEST_KEPT and word[1] == "h" and word[0] in "bcdfgmpst"
    return word[0] + word[2:] if lenited else word


def _arabic_stem(word: str) -> str:
    start = next((each for each in _ARABIC_STARTS if word.startswith(each) and len(word) - len(each) >= 3), "")
    kept = word.removeprefix(start)
    end = next((each for each in _ARABIC_ENDS if kept.endswith(each) and len(kept) - len(each) >= 3), "")
    return kept.removesuffix(end).removesuffix("ت" if end and len(kept) - len(end) > 3 else "").removesuffix("ه")


_FEWEST_KEPT = 4
_SLAVIC_ENDINGS = (
    *("iami", "ami", "ach", "iem", "owi", "ego", "emu", "ymi", "imi"),
    *("em", "om", "ow", "ie", "ia", "iu", "ej", "ym", "im"),
    *("ами", "ями", "ого", "ому", "ою", "ею", "ах", "ях", "ом", "ем", "ів", "ий", "ой", "ей", "им", "их"),
    *"aeiouyаеиіоуюяйьї",
)
_ARABIC_STARTS = ("وال", "بال", "فال", "كال", "لل", "ال", "ب", "ل", "و")
_ARABIC_ENDS = ("كم", "هم", "ها", "نا", "ني", "ي", "ك", "ه", "و")
_STEMMERS = MappingProxyType({"pl": _slavic_stem, "uk": _slavic_stem, "ar": _arabic_stem, "gd": _gaelic_stem})


def _known(
    meanings: Mapping[tuple[str, str], Meanings], words: Mapping[tuple[str, str], frozenset[str]]
) -> frozenset[str]:
    phrases = [phrase for table in meanings.values() for phrase in table]
    phrases += [phrase for group in words.values() for phrase in group]
    return frozenset(word for phrase in phrases for word in phrase.split())
