"""Says how worried we should be about a text: every language's rules at once, and a person's look when unsure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.safeguards.triage.lexicon import Lexicon
from bot.safeguards.triage.matching import level_of
from bot.safeguards.triage.wording import BREAK, normalised, tokens
from conversations.values import Assessment, Level

_WINDOW = 2_000
_OVERLAP = 200
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
    finding = _screened(plain, lexicon, started + _LIMIT_SECONDS)
    if not finding.finished:  # a collection of garbage may have taken the time: one more try before a person is woken
        finding = _screened(plain, lexicon, time.thread_time() + _LIMIT_SECONDS)
    covered = _covered(words, lexicon)
    level = finding.level if covered else max(finding.level, Level.WELLBEING)
    reasons = finding.reasons if covered else (*finding.reasons, "not-covered")
    if not finding.finished:
        return Assessment(level, False, covered, (*reasons, "not-assessed:time"), lexicon.version)
    return Assessment(level, True, covered, reasons, lexicon.version)


def _screened(plain: str, lexicon: Lexicon, deadline: float) -> _Finding:
    level, reasons = Level.NONE, dict[str, None]()
    for stretch in _stretches(plain):
        window = lexicon.window(tokens(stretch))
        if window.denied:
            level, reasons["denied"] = max(level, Level.WELLBEING), None
        for rule in lexicon.likely(window):
            if time.thread_time() > deadline:
                return _Finding(level, tuple(reasons), finished=False)
            if found := level_of(rule, window):
                level, reasons[rule.id] = max(level, found), None
    return _Finding(level, tuple(reasons))


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


def triage_filter(line: Mapping[str, object], lexicon: Lexicon | None) -> dict[str, object]:
    """Answer an object that has a `text`: the same object with what the screen found in it."""
    text = line.get("text")
    unreadable = Assessment(assessed=False, reasons=("not-assessed:input",))
    found = assess(text, lexicon) if isinstance(text, str) else unreadable
    return dict(line) | {
        "level": found.level.word,
        "assessed": found.assessed,
        "covered": found.covered,
        "reasons": list(found.reasons),
        "version": found.version,
    }
