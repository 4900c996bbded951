"""What no words may do, in any language: every fault of one text, and of the words that all scripts share."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

from conversations import helplines
from conversations.answers.text import fold_phrase
from conversations.script.carrier import CARRIER_KEYWORDS, SHARED_WITH_US
from conversations.script.files import (
    Entry,
    Fault,
    SharedTable,
    Source,
    Text,
    Translation,
    mark,
    plain,
    read_words,
)
from conversations.script.reading import reading_faults
from conversations.script.shared_keys import CONTROLS, SHARED_KEYS, SOURCE, STAND_INS, Rule
from conversations.segments import count, is_gsm7

_CAPITALS = re.compile(r"\b[A-Z]{3,}\b")
_EMOJI_MARKS = frozenset("\u200d\ufe0f\u20e3")


def check_words(folder: Path) -> list[Fault]:
    """Every fault of the shared words of every language, in file and line order."""
    sources, faults = read_words(folder)
    if SOURCE not in sources:
        return [*faults, Fault(str(folder / f"{SOURCE}.toml"), 1, "the shared words to translate from are missing")]
    for language, source in sources.items():
        faults += _shared_faults(language, source, sources[SOURCE])
    faults += _clashes(sources)
    return sorted(set(faults))


def control_words(shared: Mapping[str, Source[SharedTable]]) -> frozenset[str]:
    """What stands for a command in any language, folded: no option and no keyword may be one of these."""
    return frozenset(word for _, word, _ in _controls(shared))


def text_faults(text: Text, language: str, *, on_the_web: bool, fill: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong with some words wherever they stand; one reason each."""
    if not isinstance(text, str):
        return ["one text, not a list"]
    if not text.strip():
        return ["the words are missing"]
    faults = [f"write the helpline's name in braces, not {number}" for number in helplines.written_out(text)]
    text = helplines.fill(text)
    faults += [*_emoji_faults(text), *_placeholder_faults(text, fill), *_network_faults(text)]
    if language == SOURCE:
        faults += reading_faults(text)
        if not on_the_web and not is_gsm7(text):
            faults.append(f"not in the SMS alphabet: {' '.join(sorted({each for each in text if not is_gsm7(each)}))}")
    return faults


def translation_faults(entry: Entry, original: Entry | None, language: str) -> list[str]:
    """Whether a translation says which English text it was made from, and whether that is still the text."""
    if language == SOURCE:
        return ["English is what the others are made from; it has no from"] if isinstance(entry, Translation) else []
    if original is None:
        return []
    now = mark(plain(original))
    if not isinstance(entry, Translation):
        return [f'not marked with the English text it was made from: from = "{now}"']
    if entry.made_from != now:
        return [f'stale, the English text has changed: look at it again, then from = "{now}"']
    return []


def length_fault(message: str, budget: tuple[int, int]) -> str:
    """Why a text message is too long for its budget in GSM-7 or UCS-2 segments; empty when it is not."""
    found = count(message)
    most = budget[0] if found.encoding == "GSM-7" else budget[1]
    if found.segments <= most:
        return ""
    return f"too long: {found.units} units are {found.segments} {found.encoding} segments, at most {most}"


def _shared_faults(language: str, source: Source[SharedTable], english: Source[SharedTable]) -> Iterator[Fault]:
    words = source.content.words
    for key in SHARED_KEYS.keys() - words.keys():
        yield source.fault(f"{key}: the words are missing", "words", key)
    for key, entry in words.items():
        if key not in SHARED_KEYS:
            yield source.fault(f"{key}: nothing uses these words", "words", key)
            continue
        for reason in _entry_faults(key, entry, english.content.words.get(key), language):
            yield source.fault(f"{key}: {reason}", "words", key)


def _entry_faults(key: str, entry: Entry, original: Entry | None, language: str) -> Iterator[str]:
    rule = SHARED_KEYS[key]
    if rule.kind == "control":
        yield from _control_faults(key, entry)
        return
    if key != "language.name":
        yield from translation_faults(entry, original, language)
    text = plain(entry)
    if rule.kind == "text":
        yield from text_faults(text, language, on_the_web=rule.sms is None, fill=rule.placeholders)
        yield from _budget_faults(text, rule)
        return
    yield from _list_faults(text, rule, language)


def _list_faults(text: Text, rule: Rule, language: str) -> Iterator[str]:
    if isinstance(text, str) or not text:
        yield "a list of texts"
        return
    most = rule.most_texts[language != SOURCE]
    if len(text) > most:
        yield f"{len(text)} messages, at most {most}"
    yield from _placeholder_faults(helplines.fill("\n".join(text)), rule.placeholders)
    for each in text:
        yield from text_faults(each, language, on_the_web=rule.sms is None, fill=_placeholders(helplines.fill(each)))
        yield from _budget_faults(each, rule)


def _control_faults(key: str, entry: Entry) -> Iterator[str]:
    words = plain(entry)
    if isinstance(words, str) or not words:
        yield "a list of words"
        return
    allowed = SHARED_WITH_US & {key.removeprefix("control.")}
    for word in words:
        if fold_phrase(word) in CARRIER_KEYWORDS - allowed:
            yield f'"{word}" belongs to the phone network'
        if not fold_phrase(word) or fold_phrase(word).isdigit():
            yield f'"{word}" is not a word'


def _budget_faults(text: Text, rule: Rule) -> Iterator[str]:
    if rule.sms is None or not isinstance(text, str):
        return
    try:
        filled = helplines.fill(text).format_map(STAND_INS)
    except (KeyError, IndexError, ValueError):
        return
    if reason := length_fault(filled, rule.sms):
        yield reason


def _clashes(sources: Mapping[str, Source[SharedTable]]) -> Iterator[Fault]:
    """A word that means two things: two commands, or a command and a standard answer, in any two languages."""
    meanings: dict[str, str] = {}
    for language, word, key in (*_controls(sources), *_answers(sources)):
        if meanings.setdefault(word, key) != key:
            yield sources[language].fault(f'{key}: "{word}" also means {meanings[word]}', "words", key)


def _controls(sources: Mapping[str, Source[SharedTable]]) -> Iterator[tuple[str, str, str]]:
    """Language, folded word and meaning of each command; a language's own name is a command of its own."""
    for language, source in sources.items():
        for name in CONTROLS:
            key = f"control.{name}"
            yield from ((language, fold_phrase(word), key) for word in plain(source.content.words.get(key, ())))
        names = plain(source.content.words.get("language.names", ()))
        yield from ((language, fold_phrase(name), f"language.names of {language}") for name in names)


def _answers(sources: Mapping[str, Source[SharedTable]]) -> Iterator[tuple[str, str, str]]:
    for language, source in sources.items():
        for key, entry in source.content.words.items():
            if key.startswith(("scale5.", "yes_no.")):
                yield language, fold_phrase(str(plain(entry))), key


def _emoji_faults(text: str) -> Iterator[str]:
    found = [each for each in text if each in _EMOJI_MARKS or unicodedata.category(each) == "So"]
    if found:
        names = ", ".join(sorted({unicodedata.name(each, "unnamed").lower() for each in found}))
        yield f"no emoji, phones draw them differently: {names}"


def _network_faults(text: str) -> Iterator[str]:
    for word in _CAPITALS.findall(text):
        if word.lower() in CARRIER_KEYWORDS - SHARED_WITH_US:
            yield f"asks for {word}, which belongs to the phone network"


def _placeholder_faults(text: str, fill: frozenset[str]) -> Iterator[str]:
    try:
        found = _placeholders(text)
    except ValueError:
        yield "a brace { or } that opens or closes nothing"
        return
    yield from (f"{{{name}}} is not filled in here" for name in sorted(found - fill))
    yield from (f"{{{name}}} is missing" for name in sorted(fill - found))


def _placeholders(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
