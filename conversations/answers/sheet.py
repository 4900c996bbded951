"""What counts as an answer to one question: every phrase with the code that it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations

from conversations.answers.ideas import ideas_of
from conversations.answers.text import fold_phrase, tokenise
from conversations.answers.vocabulary import Vocabulary
from conversations.values import Option

STANDARD_SCALE = tuple(
    Option(str(code), label) for code, label in enumerate(("not at all", "a little", "some", "quite a lot", "a lot"), 1)
)
FEWEST_LETTERS = 4
"""Shorter words are too close to others to be read when misspelled or cut short."""
LONGEST_LABEL = 12
"""Words of a label whose parts are looked at."""
LONGEST_RANGE = 30
"""Years that a label such as "8 to 11" may span."""

_YES_NO = ("yes", "no", "unsure")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_RANGE = re.compile(r"(\d{1,2}) (?:\w+ )?(\d{1,2})")
_AGES = tuple(
    form + old
    for form in ("{}", "im {}", "i am {}", "age {}", "aged {}")
    for old in ("", " yrs", " years old", " yrs old", " yr old")
)
_NONE_CODES = frozenset({"none", "nothing", "nobody", "no one", "none of these"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """The answers to one question in one language."""

    kind: str
    language: str
    vocabulary: Vocabulary
    codes: tuple[str, ...]
    phrases: Mapping[str, str]
    slips: Mapping[str, str]
    """Phrases that may be misspelled by one letter."""
    fillers: frozenset[str]
    labels: Mapping[str, str] = field(default_factory=dict)
    """Whole labels that may be found inside a sentence."""
    letters: Mapping[str, str] = field(default_factory=dict)
    signs: Mapping[str, str] = field(default_factory=dict)
    ideas: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What the options are about, with the codes of the options that it may mean."""
    none: str = ""
    """The code of an option such as "none of these"."""

    def around(self, name: str) -> frozenset[str]:
        """Words that stand around answers in this language."""
        return self.vocabulary.around(name, self.language)

    def is_number(self, word: str) -> bool:
        """Whether a word is a number, whatever its size."""
        return word.isdigit() or word in self.vocabulary.table("numbers", self.language)


@lru_cache(maxsize=256)
def make_sheet(kind: str, options: tuple[Option, ...], language: str, vocabulary: Vocabulary) -> Sheet:
    """The sheet of a question; `kind` is scale5, yes_no, choice or multi. Made once a question: it holds no text."""
    makers = {"scale5": _scale_sheet, "yes_no": _yes_no_sheet}
    return makers.get(kind, _options_sheet)(kind, options, language, vocabulary)


def _fillers(kind: str, language: str, vocabulary: Vocabulary) -> frozenset[str]:
    own = vocabulary.around(f"{kind}_fillers", language)
    shared = vocabulary.around("choice_fillers", language) if kind == "multi" else frozenset()
    return vocabulary.around("fillers", language) | own | shared


def _scale_sheet(kind: str, options: tuple[Option, ...], language: str, vocabulary: Vocabulary) -> Sheet:
    labels = {fold_phrase(option.label): option.code for option in options or STANDARD_SCALE}
    amounts = vocabulary.table("scale5", language)
    standard = _are_amounts(labels, amounts)
    codes = tuple(option.code for option in options or STANDARD_SCALE)
    numbers = _numbers(vocabulary.table("numbers", language), codes)
    own = _numbers(vocabulary.own_table("numbers", language), codes)
    standard_labels = {fold_phrase(option.label): option.code for option in STANDARD_SCALE} if standard else {}
    return Sheet(
        kind=kind,
        language=language,
        vocabulary=vocabulary,
        codes=codes,
        phrases={**(amounts if standard else {}), **labels, **numbers},
        slips=_long_enough({**standard_labels, **labels, **own}),
        fillers=_fillers(kind, language, vocabulary),
        signs=vocabulary.faces if standard else {},
    )


def _are_amounts(labels: Mapping[str, str], amounts: Mapping[str, str]) -> bool:
    """Whether these labels are the standard ones in some language, so that words for amounts mean the same here."""
    known = [amounts[label] == code for label, code in labels.items() if label in amounts]
    return all(known) and len(known) >= 2


def _yes_no_sheet(kind: str, options: tuple[Option, ...], language: str, vocabulary: Vocabulary) -> Sheet:
    labels = {fold_phrase(option.label): option.code for option in options if option.code in _YES_NO}
    numbers = _numbers(vocabulary.table("numbers", language), _YES_NO)
    own = _numbers(vocabulary.own_table("numbers", language), _YES_NO)
    return Sheet(
        kind=kind,
        language=language,
        vocabulary=vocabulary,
        codes=_YES_NO,
        phrases={**vocabulary.table("yes_no", language), **labels, **numbers},
        slips=_long_enough({**labels, **own, fold_phrase("not sure"): "unsure"}),
        fillers=_fillers(kind, language, vocabulary),
        signs=vocabulary.thumbs,
    )


def _options_sheet(kind: str, options: tuple[Option, ...], language: str, vocabulary: Vocabulary) -> Sheet:
    codes = tuple(option.code for option in options)
    names = _agreed(_names(options))
    layers = (
        _agreed([*_names(options), *_numbers(vocabulary.table("numbers", language), codes).items()]),
        _agreed(_ordinals(vocabulary, language, codes)),
        _agreed(_synonyms(options, vocabulary)),
        _agreed(_ranges(options, vocabulary, language)),
        _agreed(_parts(options, vocabulary, language)),
    )
    phrases: dict[str, str] = {}
    for layer in layers:
        phrases = {**layer, **phrases}
    ideas = ideas_of(options, language, vocabulary)
    taken = phrases.keys() - vocabulary.around("little_words", language)
    letters = {letter: code for letter, code in zip(_LETTERS, codes, strict=False) if letter not in phrases}
    return Sheet(
        kind=kind,
        language=language,
        vocabulary=vocabulary,
        codes=codes,
        phrases={phrase: code for phrase, code in phrases.items() if code},
        slips=_long_enough({**names, **_numbers(vocabulary.own_table("numbers", language), codes)}),
        fillers=_fillers(kind, language, vocabulary) - taken,
        labels=_findable(options, vocabulary),
        letters=letters,
        signs={**_idea_signs(ideas, vocabulary), **_agreed(_label_signs(options))},
        ideas=ideas,
        none=_none_code(options, vocabulary),
    )


def _numbers(words: Mapping[str, str], codes: tuple[str, ...]) -> dict[str, str]:
    """Number words and digits for the places of the options."""
    spelled = {word: codes[int(value) - 1] for word, value in words.items() if 0 < int(value) <= len(codes)}
    return {**spelled, **{str(place): code for place, code in enumerate(codes, 1)}}


def _agreed(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Phrase to code; the empty code where two options claim a phrase, so that nothing weaker may take it."""
    found: dict[str, str] = {}
    for phrase, code in pairs:
        if phrase:
            found[phrase] = code if found.get(phrase, code) == code else ""
    return found


def _names(options: tuple[Option, ...]) -> Iterator[tuple[str, str]]:
    for option in options:
        yield fold_phrase(option.label), option.code
        if not option.code.isdigit():
            yield fold_phrase(option.code.replace("_", " ")), option.code


def _ordinals(vocabulary: Vocabulary, language: str, codes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for word, value in vocabulary.table("ordinals", language).items():
        place = int(value)
        if codes and (place == -1 or 0 < place <= len(codes)):
            code = codes[place - 1 if place > 0 else -1]
            yield from ((form.format(word), code) for form in ("{}", "{} one", "{} 1", "{} yin", "{} option"))


def _synonyms(options: tuple[Option, ...], vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    little = vocabulary.around("little_words", "")
    for option in options:
        label = fold_phrase(option.label)
        shorter = label.split(" ", 1)[-1] if label.split(" ", 1)[0] in little else label
        for form in {label, shorter, *_leading_answer(option.label, vocabulary)}:
            yield from ((phrase, option.code) for phrase in vocabulary.group(form))


def _leading_answer(label: str, vocabulary: Vocabulary) -> Iterator[str]:
    """The yes, no or amount with which a label begins: "Yes, it did", "A lot changed"."""
    first = fold_phrase(label.split(",")[0])
    words = fold_phrase(label).split()[:LONGEST_LABEL]
    amounts, negations = vocabulary.table("scale5", ""), vocabulary.around("negations", "")
    beginnings = (" ".join(words[:size]) for size in range(len(words) - 1, 1, -1))
    amount = next((each for each in beginnings if each in amounts and not negations & set(each.split())), "")
    yield from (each for each in (amount, first if first in vocabulary.table("yes_no", "") else "") if each)


def _ranges(options: tuple[Option, ...], vocabulary: Vocabulary, language: str) -> Iterator[tuple[str, str]]:
    """Ages inside "8 to 11", when every label is such a range and the age is not also the place of an option."""
    found = [_RANGE.fullmatch(fold_phrase(option.label)) for option in options]
    names = vocabulary.table("numbers", language)
    for option, span in zip(options, found, strict=True):
        if span is None or not all(found):
            return
        first, last = int(span[1]), int(span[2])
        for year in range(max(first, len(options) + 1), min(last, first + LONGEST_RANGE) + 1):
            said = (str(year), *(name for name, value in names.items() if value == str(year)))
            yield from ((form.format(each), option.code) for form in _AGES for each in said)


def _parts(options: tuple[Option, ...], vocabulary: Vocabulary, language: str) -> Iterator[tuple[str, str]]:
    """Parts of labels that say enough: "worker" for "My social worker", never "go" for "I did not go"."""
    refused = vocabulary.around("negations", language) - vocabulary.around("comparing", language)
    for option in options:
        words = fold_phrase(option.label).split()[:LONGEST_LABEL]
        if not refused & set(words):
            yield from ((part, option.code) for part in (*_runs(words, vocabulary), *_beginnings(words, vocabulary)))


def _runs(words: list[str], vocabulary: Vocabulary) -> Iterator[str]:
    """Words of a label that stand together and are more than little words."""
    little = vocabulary.around("little_words", "")
    telling = [len(word) > 2 and word not in little and not word.isdigit() for word in words]
    for start, end in combinations(range(len(words) + 1), 2):
        if any(telling[start:end]):
            yield " ".join(words[start:end])


def _beginnings(words: list[str], vocabulary: Vocabulary) -> Iterator[str]:
    """Words of a label cut short, where that is not another word."""
    for word in words:
        cut = (word[:size] for size in range(FEWEST_LETTERS, len(word)))
        yield from (part for part in cut if part not in vocabulary.known)


def _findable(options: tuple[Option, ...], vocabulary: Vocabulary) -> dict[str, str]:
    """Labels that are unlikely to stand in a sentence by chance."""
    little = vocabulary.around("little_words", "") | vocabulary.table("yes_no", "").keys()
    found: list[tuple[str, str]] = []
    for option in options:
        label = fold_phrase(option.label)
        first, _, rest = label.partition(" ")
        shorter = rest if first in little else label
        found += [(form, option.code) for form in (label, shorter) if len(form) > 2 and form not in little]
    return {phrase: code for phrase, code in _agreed(found).items() if code}


def _long_enough(phrases: Mapping[str, str]) -> dict[str, str]:
    def fits(phrase: str) -> bool:
        return sum(map(str.isalpha, phrase)) >= FEWEST_LETTERS and not any(map(str.isdigit, phrase))

    return {phrase: code for phrase, code in phrases.items() if code and fits(phrase)}


def _label_signs(options: tuple[Option, ...]) -> Iterator[tuple[str, str]]:
    for option in options:
        yield from ((token.text, option.code) for token in tokenise(option.label) if token.kind == "symbol")


def _idea_signs(ideas: Mapping[str, frozenset[str]], vocabulary: Vocabulary) -> dict[str, str]:
    """Signs for what one option alone is about; a happy face, where "Happy" is an option."""
    meant = {sign: ideas.get(idea, frozenset()) for sign, idea in vocabulary.idea_signs.items()}
    return {sign: next(iter(codes)) for sign, codes in meant.items() if len(codes) == 1}


def _none_code(options: tuple[Option, ...], vocabulary: Vocabulary) -> str:
    nones = vocabulary.around("none", "") | _NONE_CODES
    for option in options:
        if {fold_phrase(option.label), fold_phrase(option.code.replace("_", " "))} & nones:
            return option.code
    return ""
