"""Loads and proves the lexicon: what is listened for in every language, as files that a safeguarding lead can read."""

from __future__ import annotations

import hashlib
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from bot.safeguards.triage.index import Index, Sets
from bot.safeguards.triage.linear import Linear, load_model
from bot.safeguards.triage.matching import Pattern, Sieve, Window, level_of
from bot.safeguards.triage.patterns import (
    PatternError,
    Phrase,
    Rule,
    Words,
    WordSets,
    compile_pattern,
    phrases_of,
)
from bot.safeguards.triage.wording import normalised, tokens
from conversations.values import Level

_LEVELS = MappingProxyType({level.word: level for level in Level})
_RULE_KEYS = frozenset({"id", "category", "level", "patterns", "firm", "urgent", "joking", "matches", "must_not_match"})
_LISTS = ("idioms", "denials", "rules", "common", "plain_answers")
_GUARDS = ("negation", "nobody", "but", "over", "joke", "unreal", "now", "stop")


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the lexicon; `reviewed` means that a practitioner who speaks it has read every rule."""

    code: str
    reviewed: bool


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Every rule of every language, compiled; `version` changes with any letter of the files."""

    version: str
    languages: tuple[Language, ...]
    rules: tuple[Rule, ...]
    index: Index
    sieves: Mapping[str, Sieve]
    model: Linear | None
    common: frozenset[str]
    foreign: frozenset[str]
    plain_answers: frozenset[str]

    def window(self, words: tuple[str, ...]) -> Window:
        """These words, looked up and cleared of idioms and denials: what the rules are run on."""
        bare = Window.of(words, self.index)
        idioms = [pattern for _, pattern in self.sieves["idioms"].passing(bare)]
        denials = [pattern for _, pattern in self.sieves["denials"].passing(bare)]
        return bare.without(idioms).without(denials, denied=True)

    def likely(self, window: Window) -> list[tuple[Rule, list[Pattern]]]:
        """The rules that may be found in this stretch, in their order, by these patterns; no other can be."""
        found: dict[int, list[Pattern]] = {}
        for place, pattern in self.sieves["rules"].passing(window):
            found.setdefault(place, []).append(pattern)
        return [(self.rules[place], patterns) for place, patterns in found.items()]


@cache
def load() -> Lexicon:
    """The lexicon and the model that are packaged with the product; raises BrokenModel when its file is damaged."""
    return read(_pages(), load_model())


def bare() -> Lexicon:
    """The packaged rules without the model: what a new model is trained beside."""
    return read(_pages())


def _pages() -> dict[str, tuple[str, ...]]:
    folder = files("bot.safeguards.triage").joinpath("lexicons")
    return {language.name: _texts(language) for language in folder.iterdir() if language.is_dir()}


def _texts(folder: Traversable) -> tuple[str, ...]:
    pages = sorted((page for page in folder.iterdir() if page.name.endswith(".toml")), key=lambda page: page.name)
    return tuple(page.read_text(encoding="utf-8") for page in pages)


def read(pages: Mapping[str, Iterable[str]], model: Linear | None = None) -> Lexicon:
    """Compile the TOML texts of each language. Raises PatternError or TOMLDecodeError for a file that is wrong."""
    texts = {code: tuple(pages[code]) for code in sorted(pages)}
    languages = {code: _merged(page) for code, page in texts.items()}
    sets = WordSets()
    guards = _guards(languages.values(), sets)
    rules = tuple(rule for content in languages.values() for rule in _rules(content, sets))
    if len({rule.id for rule in rules}) < len(rules):
        raise PatternError("two rules have the same id")
    idioms, denials = (_patterns(key, languages.values(), sets) for key in ("idioms", "denials"))
    common = _ordinary(languages.values(), "common", reviewed=True)
    reviewed = tuple(Language(code, bool(content["reviewed"])) for code, content in languages.items())
    return Lexicon(
        version=_version(repr(texts), model),
        languages=reviewed,
        rules=rules,
        index=Index.of(sets.sets, guards, common),
        sieves=_sieves(rules, idioms, denials, sets.sets),
        model=model,
        common=common,
        foreign=_ordinary(languages.values(), "common", reviewed=False),
        plain_answers=_ordinary(languages.values(), "plain_answers", reviewed=None),
    )


def _version(texts: str, model: Linear | None) -> str:
    """Of the rules, and of the model beside them."""
    rules = hashlib.sha256(texts.encode()).hexdigest()[:10]
    return f"{rules}.{model.version}" if model else rules


def _merged(pages: Iterable[str]) -> dict[str, Any]:
    content: dict[str, Any] = {"reviewed": False, "words": {}} | {key: list[Any]() for key in _LISTS}
    for page in pages:
        for key, value in tomllib.loads(page).items():
            if key not in content:
                raise PatternError(f"a lexicon file has no place for {key!r}")
            content[key] = _with(content[key], value)
    return content


def _with(before: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return {**before, **value}
    return [*before, *value] if isinstance(value, list) else value


def _patterns(key: str, contents: Iterable[Mapping[str, Any]], sets: WordSets) -> tuple[Pattern, ...]:
    return tuple(compile_pattern(pattern, content["words"], sets) for content in contents for pattern in content[key])


def _guards(contents: Iterable[Mapping[str, Any]], sets: WordSets) -> Mapping[str, int]:
    phrases: defaultdict[str, set[Phrase]] = defaultdict(set)
    for content in contents:
        words: Words = content["words"]
        for guard in _GUARDS:
            phrases[guard].update(phrase for entry in words.get(guard, ()) for phrase in phrases_of(entry, words))
    return {guard: sets.number(frozenset(phrases[guard])) for guard in _GUARDS}


def _rules(content: Mapping[str, Any], sets: WordSets) -> Iterable[Rule]:
    for entry in content["rules"]:
        if surplus := set(entry) - _RULE_KEYS:
            raise PatternError(f"rule {entry.get('id')!r} has unknown keys {sorted(surplus)}")
        yield Rule(
            id=entry["id"],
            category=entry["category"],
            level=_LEVELS[entry["level"]],
            patterns=tuple(compile_pattern(pattern, content["words"], sets) for pattern in entry["patterns"]),
            firm=entry.get("firm", False),
            urgent=entry.get("urgent", False),
            joking=entry.get("joking", False),
            matches=tuple(entry.get("matches", ())),
            must_not_match=tuple(entry.get("must_not_match", ())),
        )


def _sieves(
    rules: tuple[Rule, ...], idioms: tuple[Pattern, ...], denials: tuple[Pattern, ...], sets: Sets
) -> Mapping[str, Sieve]:
    found = {
        "rules": Sieve.of((rule.patterns for rule in rules), sets),
        "idioms": Sieve.of(((pattern,) for pattern in idioms), sets),
        "denials": Sieve.of(((pattern,) for pattern in denials), sets),
    }
    return MappingProxyType(found)


def _ordinary(contents: Iterable[Mapping[str, Any]], key: str, *, reviewed: bool | None) -> frozenset[str]:
    chosen = [content for content in contents if reviewed is None or content["reviewed"] is reviewed]
    listed = {word for content in chosen for entry in content[key] for word in normalised(entry).split()}
    return frozenset(listed) | (_class_words(chosen) if reviewed else frozenset())


def _class_words(contents: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    entries = (
        (entry, content["words"]) for content in contents for group in content["words"].values() for entry in group
    )
    return frozenset(word for entry, words in entries for phrase in phrases_of(entry, words) for word in phrase)


def verify(lexicon: Lexicon) -> tuple[str, ...]:
    """Run every rule on its own examples; one line for each that fails, none when all is well."""
    failures = [f"{rule.id}: has no example that must match" for rule in lexicon.rules if not rule.matches]
    for rule in lexicon.rules:
        failures += [f"{rule.id}: must match {text!r}" for text in rule.matches if not _fires(rule, text, lexicon)]
        failures += [
            f"{rule.id}: must not match {text!r}" for text in rule.must_not_match if _fires(rule, text, lexicon)
        ]
    return tuple(failures) or (() if lexicon.rules else ("the lexicon holds no rules",))


def _fires(rule: Rule, text: str, lexicon: Lexicon) -> bool:
    return level_of(rule, rule.patterns, lexicon.window(tokens(normalised(text)))) >= rule.level
