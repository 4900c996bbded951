"""Says how worried we should be about a text: rules of every language, a linear model, and a person when unsure."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.safeguards.triage.encoder import Look, look_at, worth_a_look
from bot.safeguards.triage.lexicon import Lexicon
from bot.safeguards.triage.linear import Linear
from bot.safeguards.triage.matching import level_of
from bot.safeguards.triage.wording import BREAK, normalised, tokens
from conversations.values import Assessment, Level

_WINDOW = 2_000
_OVERLAP = 200
_PART, _SHARED = 64, 24
"""Words that the linear model looks at together, and how many of them it sees again with the next."""
NEVER_DOUBTED = frozenset({"suicide", "self_harm", "sexual_abuse", "unsafe_now"})
"""Categories whose firm rules the model may not doubt: what somebody says so of themselves is always told."""
_FEWEST_WORDS = 3
"""In one or two words, or a picture, the model sees too little to judge: there rules speak, and the conversation."""
_LIMIT_SECONDS = 0.025
"""Of this thread's own processor time; a text that wants more is handed to a person."""


@dataclass(frozen=True, slots=True)
class _Finding:
    level: Level = Level.NONE
    reasons: tuple[str, ...] = ()
    finished: bool = True


def assess(text: str, lexicon: Lexicon | None) -> Assessment:
    """Screen one text. Never raises: what cannot be screened comes back with `assessed` false."""
    if lexicon is None or not lexicon.rules:
        return Assessment(assessed=False, reasons=("not-assessed:no-lexicon",))
    if lexicon.model is None:
        return Assessment(assessed=False, reasons=("not-assessed:no-model",), version=lexicon.version)
    try:
        return _assessed(text, lexicon)
    except Exception as fault:  # whatever breaks here, a person must look: promise 1
        return Assessment(assessed=False, reasons=(f"not-assessed:{type(fault).__name__}",), version=lexicon.version)


def assess_media() -> Assessment:
    """A picture, a voice note or a file: nothing here can read it, so a person looks."""
    return Assessment(assessed=False, covered=False, reasons=("media",))


def _assessed(text: str, lexicon: Lexicon) -> Assessment:
    started = time.thread_time()
    plain = normalised(text)
    words = tokens(plain[:_WINDOW])
    if not plain.strip():
        return Assessment(assessed=False, reasons=("blank",), version=lexicon.version)
    covered = _covered(words, lexicon)
    model = lexicon.model if covered else None  # it was taught in English and Scots
    finding = _screened(plain, lexicon, model, started + _LIMIT_SECONDS)
    if not finding.finished:  # a collection of garbage may have taken the time: one more try before a person is woken
        finding = _screened(plain, lexicon, model, time.thread_time() + _LIMIT_SECONDS)
    level = finding.level if covered else max(finding.level, Level.WELLBEING)
    reasons = finding.reasons if covered else (*finding.reasons, "not-covered")
    if not finding.finished:
        return Assessment(level, False, covered, (*reasons, "not-assessed:time"), lexicon.version)
    return Assessment(level, True, covered, reasons, lexicon.version)


def _screened(plain: str, lexicon: Lexicon, model: Linear | None, deadline: float) -> _Finding:
    level, reasons, finished = Level.NONE, dict[str, None](), True
    for stretch in _stretches(plain):
        words = tokens(stretch)
        heard = rules_heard(words, lexicon, deadline)
        found = _weighed(words, heard, model)
        level, finished = max(level, found.level), finished and heard.finished
        reasons |= dict.fromkeys(found.reasons)
        if time.thread_time() > deadline:
            return _Finding(level, tuple(reasons), finished=False)
    return _Finding(level, tuple(reasons), finished)


@dataclass(frozen=True, slots=True)
class Heard:
    """The rules found in a stretch of words with the level of each, those that nothing may doubt, and any denial."""

    levels: Mapping[str, Level]
    firm: frozenset[str] = frozenset()
    denied: bool = False
    finished: bool = True


def rules_heard(words: tuple[str, ...], lexicon: Lexicon, deadline: float = math.inf) -> Heard:
    """Run every likely rule on these words, until the deadline in seconds of this thread's processor time."""
    window = lexicon.window(words)
    levels: dict[str, Level] = {}
    firm: set[str] = set()
    for rule, patterns in lexicon.likely(window):
        if time.thread_time() > deadline:
            return Heard(levels, frozenset(firm), window.denied, finished=False)
        if level := level_of(rule, patterns, window):
            levels[rule.id] = level
            firm |= {rule.id} if rule.firm and rule.category in NEVER_DOUBTED else set()
    return Heard(levels, frozenset(firm), window.denied)


def _weighed(words: tuple[str, ...], heard: Heard, model: Linear | None) -> _Finding:
    """What rules and model make of a stretch together: the model hears the rules, and may doubt those not firm."""
    level = max([*heard.levels.values(), Level.WELLBEING if heard.denied else Level.NONE])
    reasons = (*(("denied",) if heard.denied else ()), *heard.levels)
    if model is None or not enough_words(words):
        return _Finding(level, reasons)
    said = _second_mind(words, heard, model)
    if level < Level.CONCERN or said.level >= Level.CONCERN:
        return _Finding(max(level, said.level), (*reasons, *said.reasons))
    if said.doubts and not any(heard.levels[name] >= Level.CONCERN for name in heard.firm):
        return _Finding(Level.WELLBEING, (*reasons, "model:doubts"))
    return _Finding(level, reasons)


@dataclass(frozen=True, slots=True)
class _Opinion:
    level: Level
    reasons: tuple[str, ...] = ()
    doubts: bool = False


def enough_words(words: tuple[str, ...]) -> bool:
    """Whether there is enough for the model to judge."""
    return sum(word.isalpha() for word in words) >= _FEWEST_WORDS


def _second_mind(words: tuple[str, ...], heard: Heard, model: Linear) -> _Opinion:
    """What the linear model says of the most worrying part of these words; a long text would dilute one sentence.

    It doubts only what it saw whole: in a text of several parts a rule may speak of a part that says little else.
    """
    parts = [(model.chance("alert", seen, heard.levels), seen) for seen in map(model.seen, parts_of(words))]
    chance, worst = max(parts, key=lambda pair: pair[0])
    doubts = len(parts) == 1 and chance < model.bars["doubt"]
    if chance >= model.bars["alert"]:
        alerting = (seen for alarm, seen in parts if alarm >= model.bars["alert"])
        at_once = any(model.chance("immediate", each, heard.levels) >= model.bars["immediate"] for each in alerting)
        level = Level.IMMEDIATE if at_once else Level.CONCERN
        return _Opinion(level, (f"model:{model.about(worst)}:{chance:.2f}",))
    if model.chance("wellbeing", worst, heard.levels) >= model.bars["wellbeing"]:
        return _Opinion(Level.WELLBEING, ("model:worry",), doubts)
    return _Opinion(Level.NONE, doubts=doubts)


def likelihood(text: str, lexicon: Lexicon | None) -> float | None:
    """How likely the linear model thinks that a text alerts; None where there is no model or too little to judge."""
    if lexicon is None or lexicon.model is None:
        return None
    found = [_likely(tokens(stretch), lexicon, lexicon.model) for stretch in _stretches(normalised(text))]
    return max((chance for chance in found if chance is not None), default=None)


def _likely(words: tuple[str, ...], lexicon: Lexicon, model: Linear) -> float | None:
    if not enough_words(words):
        return None
    levels = rules_heard(words, lexicon).levels
    return max(model.chance("alert", model.seen(part), levels) for part in parts_of(words))


def looking(lexicon: Lexicon | None) -> Look:
    """The encoder's look, which hears what the linear model of this lexicon thinks of the text."""
    return lambda text: look_at(text, likelihood(text, lexicon))


def parts_of(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words in overlapping parts of a few sentences."""
    yield words[:_PART]
    for start in range(_PART - _SHARED, len(words) - _SHARED, _PART - _SHARED):
        yield words[start : start + _PART]


def _stretches(plain: str) -> Iterator[str]:
    """Overlapping stretches, so that nothing said across a cut is lost."""
    yield plain[:_WINDOW]
    for start in range(_WINDOW - _OVERLAP, len(plain) - _OVERLAP, _WINDOW - _OVERLAP):
        yield plain[start : start + _WINDOW]


def _covered(words: tuple[str, ...], lexicon: Lexicon) -> bool:
    """Whether a reviewed lexicon speaks this language, or the text is plainly an answer in any."""
    said = [word for word in words if word != BREAK and word.isalpha()]
    if all(word in lexicon.plain_answers for word in said):
        return True
    if sum(not word.isascii() for word in said) * 2 > len(said):
        return False
    known = sum(word in lexicon.common for word in said)
    strange = sum(word in lexicon.foreign and word not in lexicon.common or not word.isascii() for word in said)
    if len(said) <= 3:
        return strange == 0
    return known > strange and known * 4 >= len(said)


def triage_filter(line: Mapping[str, object], lexicon: Lexicon | None, look: Look | None = None) -> dict[str, object]:
    """Answer an object that has a `text`: the same with what the screen found in it, and a second look where given."""
    text = line.get("text")
    found = Assessment(assessed=False, reasons=("not-assessed:input",))
    if isinstance(text, str):
        found = assess(text, lexicon)
        found = look(text).raised(found) if look and worth_a_look(text, found) else found
    return dict(line) | {
        "level": found.level.word,
        "assessed": found.assessed,
        "covered": found.covered,
        "reasons": list(found.reasons),
        "version": found.version,
    }
