"""A first guess at the language of a text: an offer to the young person, never a decision."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from langdetect.detector_factory import DetectorFactory
from langdetect.lang_detect_exception import LangDetectException

from bot.safeguards.language.evidence import BARS, gather, leans_english, settled, weighed
from bot.safeguards.language.scripts import ALPHABETS, OWN_SCRIPTS, script_of
from bot.safeguards.language.words import ENGLISH, NOT_OFFERED, Vocabulary, plain, telling_words, vocabulary

FEWEST_LETTERS = 3
"""A text of one or two letters is an answer, an initial or a slip; it says nothing about a language."""

ENGLISH_WORDS = 2
"""How many words that only English has make it sure that somebody came back to English."""


@dataclass(frozen=True, slots=True)
class Detector:
    """All that a guess needs, made once at start-up: the word lists, and one langdetect factory a script."""

    vocabulary: Vocabulary
    factories: Mapping[str, DetectorFactory]


def build(supported: Iterable[str], seed: int = 0) -> Detector:
    """Load the word lists, and langdetect's profiles of the languages that have one or are supported, and no others."""
    known = vocabulary()
    listed = {(lexicon.script, lexicon.profile) for lexicon in known.lexicons if lexicon.profile}
    unlisted = set(supported) - {lexicon.speaks for lexicon in known.lexicons}
    wanted: dict[str, set[str]] = {}
    for script, code in listed | {(_script_of_profile(code), code) for code in unlisted if _has_profile(code)}:
        wanted.setdefault(script, set()).add(code)
    several = {script: codes for script, codes in wanted.items() if len(codes) > 1}
    return Detector(known, MappingProxyType({script: _factory(codes, seed) for script, codes in several.items()}))


def guess(text: str, detector: Detector) -> str | None:
    """The language of the text as a two-letter code, English too; None when that is not sure. Never raises."""
    return _guessed(text, detector)[0]


def detect(text: str, supported: frozenset[str], current: str, detector: Detector) -> str | None:
    """The supported language to offer instead of the current one; None when there is nothing sure and new to offer."""
    found, words = _guessed(text, detector)
    if found is None or found == current or (found != ENGLISH and found not in supported):
        return None
    return found if found != ENGLISH or _surely_english(words, detector) else None


def language_filter(line: object, detector: Detector) -> dict[str, object]:
    """The same object with `lang`, a code or null; an `error` beside it when there was no text. Never raises."""
    kept: dict[str, object] = dict(line) if isinstance(line, Mapping) else {}
    text = kept.get("text")
    if not isinstance(text, str):
        return {**kept, "lang": None, "error": "text must be a string"}
    return {**kept, "lang": guess(text, detector)}


def _guessed(text: str, detector: Detector) -> tuple[str | None, tuple[str, ...]]:
    """The language, and the telling words where they decided it."""
    shown = plain(text)
    script, letters = script_of(shown)
    if script is None:
        return None, ()
    if script in OWN_SCRIPTS:
        return OWN_SCRIPTS[script], ()
    if script in ALPHABETS and letters < FEWEST_LETTERS:
        return None, ()
    words = telling_words(shown, detector.vocabulary)
    found = _best(words, script, letters, detector) if words else None
    return None if found in NOT_OFFERED else found, words


def _best(words: tuple[str, ...], script: str, letters: int, detector: Detector) -> str | None:
    evidence = gather(words, script, detector.vocabulary)
    if found := settled(evidence):
        return found
    if leans_english(evidence):
        return None
    return weighed(evidence, _heard(words, script, detector), letters, BARS[script])


def _heard(words: tuple[str, ...], script: str, detector: Detector) -> dict[str, float]:
    """What langdetect gives each language of this script; nothing when it finds no letters that it knows."""
    if script not in detector.factories:
        return {}
    one_text = detector.factories[script].create()
    one_text.append(" ".join(words))
    try:
        return {each.lang: each.prob for each in one_text.get_probabilities()}
    except LangDetectException:
        return {}


def _surely_english(words: tuple[str, ...], detector: Detector) -> bool:
    only_english = [word for word in words if detector.vocabulary.languages(word)[0] == {ENGLISH}]
    return "english" in words or len(only_english) >= ENGLISH_WORDS


def _has_profile(code: str) -> bool:
    return code.isalpha() and (files("langdetect") / "profiles" / code).is_file()


def _profile(code: str) -> str:
    return (files("langdetect") / "profiles" / code).read_text(encoding="utf-8")


def _script_of_profile(code: str) -> str:
    return script_of("".join(json.loads(_profile(code))["freq"]).lower())[0] or ""


def _factory(codes: Iterable[str], seed: int) -> DetectorFactory:
    """A factory of our own: langdetect's module-level one reads all 55 profiles and answers differently each time."""
    factory = DetectorFactory()
    factory.load_json_profile([_profile(code) for code in sorted(codes)])
    factory.set_seed(seed)
    return factory
