"""What the words of an option are about, so that a text may name it in other words, forms or languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from conversations.answers.text import fold_phrase
from conversations.answers.vocabulary import LONGEST_IDEA, Vocabulary, stem
from conversations.values import Option

Keys = tuple[int, int, tuple[str, ...]]
"""Where words begin and end, and the keys that they stand for."""

_MOST_WORDS = 12
"""Words of a label that are looked at."""

_FEWEST_LETTERS = 3


def keys_of(words: tuple[str, ...], language: str, vocabulary: Vocabulary) -> Iterator[Keys]:
    """Where a run of words names an idea or is a telling word, and the keys under which options may hold it."""
    ideas = vocabulary.ideas_in(language)
    little = vocabulary.around("little_words", language)
    place = 0
    while place < len(words):
        size = _idea_size(words, place, ideas)
        keys: tuple[str, ...] = (ideas[" ".join(words[place : place + size])],) if size else ()
        if size < 2 and (size or words[place] not in little):
            keys += _word_keys(words[place], language, ideas)
        if keys:
            yield place, place + max(size, 1), keys
        place += max(size, 1)


def _idea_size(words: tuple[str, ...], place: int, ideas: Mapping[str, str]) -> int:
    sizes = range(min(LONGEST_IDEA, len(words) - place), 0, -1)
    return next((size for size in sizes if " ".join(words[place : place + size]) in ideas), 0)


def _word_keys(word: str, language: str, ideas: Mapping[str, str]) -> tuple[str, ...]:
    stems = (stem(word, language), stem(word, "en"))
    named = tuple(ideas[each] for each in stems if each in ideas)
    return (*named, f"~{word}", *(f"~{each}" for each in stems))


def ideas_of(options: tuple[Option, ...], language: str, vocabulary: Vocabulary) -> dict[str, frozenset[str]]:
    """Every key by which an option may be named, with the codes of the options that it may mean."""
    found: dict[str, set[str]] = {}
    for option in options:
        for key in _label_keys(fold_phrase(option.label).split()[:_MOST_WORDS], language, vocabulary):
            found.setdefault(key, set()).add(option.code)
    for idea, narrower in vocabulary.broader.items():
        for each in narrower if idea in found else ():
            found.setdefault(each, found[idea])
    return {key: frozenset(codes) for key, codes in found.items()}


def _label_keys(words: list[str], language: str, vocabulary: Vocabulary) -> Iterator[str]:
    """A label that is one idea is named by that idea alone: "school food" is food, and no place."""
    ideas = vocabulary.ideas_in(language)
    little = vocabulary.around("little_words", language)
    phrases = (words[start:end] for start, end in combinations(range(len(words) + 1), 2))
    named = {" ".join(phrase): ideas[" ".join(phrase)] for phrase in phrases if " ".join(phrase) in ideas}
    core = [word for word in words if word not in little]
    whole = named.get(" ".join(words)) or named.get(" ".join(core))
    negations = vocabulary.around("negations", language) - vocabulary.around("comparing", language)
    denied = bool(negations & set(words))
    if whole or denied:
        yield from _ideas_kept(named, whole, denied, negations)
        core = [] if denied else core[-1:]
    else:
        yield from named.values()
    yield from _telling(core, language, vocabulary)


def _ideas_kept(named: Mapping[str, str], whole: str | None, denied: bool, negations: frozenset[str]) -> Iterator[str]:
    if whole:
        yield whole
    elif denied:
        yield from (idea for phrase, idea in named.items() if negations & set(phrase.split()))


def _telling(words: Iterable[str], language: str, vocabulary: Vocabulary) -> Iterator[str]:
    ideas, weak = vocabulary.ideas_in(language), vocabulary.around("weak_words", language)
    for word in words:
        if len(word) >= _FEWEST_LETTERS and word not in weak and not word.isdigit():
            yield from _word_keys(word, language, ideas)
