"""What a text means because of what came before it: the same words may weigh more, and never less."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from conversations import answers
from conversations.asking import ASIDES, support_options
from conversations.controls import control, fold
from conversations.values import Assessment, Facts, Level, State

FILE = Path(__file__).with_name("context.toml")
NOT_COVERED = "not-covered"
"""The reason that the screen gives a text in a language that no reviewed lexicon covers."""

WORRY, UNREAD = "worry", "unread"
UNCLEAR, BESIDE = "unclear", "beside"
"""What may stand in place of an answer: words that we cannot place, and words that only ask what this is."""
NO_WORDS = " \t\n.,;:!?-'"
MARKS = ("'", "\u2019", "\u2018", "`")

RAISED_BY = MappingProxyType({"not_safe": (Level.IMMEDIATE, "not-safe"), "talk": (Level.CONCERN, "asked-for-someone")})
"""What an answer to "are you safe right now?" raises, the most urgent first."""


def in_context(assessment: Assessment, state: State, text: str, facts: Facts) -> Assessment:
    """The assessment, raised where what stands around the text says so, with the reason; it is never lowered."""
    found = max(_raises(assessment, state, text, facts), default=(Level.NONE, ""))
    if found[0] <= assessment.level:
        return assessment
    return replace(assessment, level=found[0], reasons=(*assessment.reasons, f"context:{found[1]}"))


def hint_after(assessment: Assessment, state: State, text: str) -> str:
    """What the next text must know of this one; an answer to a question of ours is no text of its own."""
    if assessment.handled_as >= Level.WELLBEING:
        return WORRY if _read(assessment) or assessment.alerts else UNREAD
    return state.hint if control(text) or state.awaiting in ASIDES else ""


def supports(assessment: Assessment) -> bool:
    """Whether the supportive question is due: a worry that we could read, or one that the context raised."""
    raised = any(reason.startswith("context:") for reason in assessment.reasons)
    return assessment.level == Level.WELLBEING and not assessment.alerts and (assessment.covered or raised)


def says_safe(state: State, text: str, facts: Facts) -> bool:
    """Whether this text answers the supportive question with "I am safe" and nothing that takes it back."""
    return _support_code(state, text, facts) == "safe"


def answers_safe(state: State, text: str, facts: Facts) -> bool:
    """Whether this text is an answer to the supportive question, and not only words that stand in place of one."""
    return _support_code(state, text, facts) in ("safe", "unsure", *RAISED_BY)


def is_beside(state: State, text: str, facts: Facts) -> bool:
    """Whether this text shows only that the supportive question was not understood, or nothing at all."""
    return _support_code(state, text, facts) == BESIDE


def safe_stands(state: State) -> bool:
    """Whether the supportive question has been asked and not been answered."""
    return state.safe_stands or state.awaiting == "safe"


def phrase(table: str, text: str) -> bool:
    """Whether a text says one of the phrases of this table of context.toml."""
    plain = _folded(text)
    whole, anywhere = _patterns()[table]
    return bool(whole and whole.fullmatch(plain)) or bool(anywhere and anywhere.search(plain))


def _raises(assessment: Assessment, state: State, text: str, facts: Facts) -> Iterator[tuple[Level, str]]:
    code = _support_code(state, text, facts)
    if code in ("unsure", UNCLEAR):
        yield Level.CONCERN, "not-sure-safe"
    elif code in RAISED_BY:
        yield RAISED_BY[code]
    if phrase("emergency", text):
        yield Level.IMMEDIATE, "999"
    act = control(text)
    if (act == "help" and fold(text) != "info") or phrase("help_alone", text):
        yield Level.WELLBEING, "help-alone"
    if act == "stop" and (safe_stands(state) or state.hint):
        yield Level.CONCERN if safe_stands(state) else Level.WELLBEING, "stopped"
    if state.hint and not facts.alert_open:
        yield from _after_a_hint(assessment, state, text)


def _after_a_hint(assessment: Assessment, state: State, text: str) -> Iterator[tuple[Level, str]]:
    if phrase("taken_back", text):
        yield Level.CONCERN, "taken-back"
    elif state.hint == WORRY and assessment.level == Level.WELLBEING and _read(assessment):
        yield Level.CONCERN, "second-worry"


def _read(assessment: Assessment) -> bool:
    """Whether a rule found the worry; a text in a language that we cannot read is at least wellbeing by itself."""
    return assessment.covered or any(reason != NOT_COVERED for reason in assessment.reasons)


def _support_code(state: State, text: str, facts: Facts) -> str:
    """What they say to the supportive question while it stands: safe, not_safe, talk, unsure, unclear or beside.

    Nothing when it does not stand, when the text was sent before it, or when it answers another question of ours.
    """
    if not _may_answer(state, facts) or control(text):
        return ""
    if phrase("not_safe", text):
        return "not_safe"
    if not _is_the_last_asked(state, facts):
        return ""
    beside = not text.strip(NO_WORDS) or phrase(BESIDE, text)
    code = "" if beside else _said(state, text)
    hedged = code == "unsure" and state.awaiting not in ("safe", "rest") and facts.asked != "safe"
    if code and not hedged:  # words of days later begin with "yes" and "i think" too
        return code
    if state.awaiting != "safe" or facts.early or facts.alert_open:
        return ""
    return BESIDE if beside else UNCLEAR


def _may_answer(state: State, facts: Facts) -> bool:
    if facts.asked == "safe":  # the page that they answered showed it, wherever the conversation is now
        return True
    return safe_stands(state) and not facts.before_safe and facts.asked in ("", "rest")


def _is_the_last_asked(state: State, facts: Facts) -> bool:
    """Whether a bare "2" or "no" can be meant for it: what was sent before they saw our newer question can, too."""
    waits = state.awaiting in ("safe", "expired") or (state.awaiting == "rest" and facts.alert_open)
    return waits or facts.asked == "safe" or (facts.early and not facts.asked)


def _said(state: State, text: str) -> str:
    """The answer that a text gives; the graver of two, and no yes that is weighed or takes itself back."""
    options, vocabulary = support_options(state.language), answers.load_vocabulary()
    one, many = (answers.parse(kind, text, options, state.language, vocabulary) for kind in ("choice", "multi"))
    wish = answers.parse("yes_no", text, (), state.language, vocabulary)
    codes = {*one.codes, *many.codes}
    if raised := [code for code in RAISED_BY if code in codes]:
        return raised[0]
    if phrase("both", text):
        return "unsure"
    if "no" in wish.codes:
        return "unsure" if codes else "not_safe"
    if "unsure" in wish.codes or phrase("unsure", text):
        return "unsure"
    clean = "?" not in text and any(found.codes and not found.extra for found in (one, many, wish))
    if phrase("safe", text) or clean:
        return "safe"
    return "unsure" if codes or wish.codes else ""


def _folded(text: str) -> str:
    for mark in MARKS:
        text = text.replace(mark, "")
    return fold(text)


@functools.cache
def _patterns() -> Mapping[str, tuple[re.Pattern[str] | None, re.Pattern[str] | None]]:
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    little = "|".join(content.pop("little"))
    found = {}
    for name, table in content.items():
        said = "|".join(f"(?:{pattern})" for pattern in table.get("whole", ()))
        before, after, more = f"(?:(?:{little}) )*", f"(?: (?:{little}))*", "{0,2}"
        once_or_more = f"{before}(?:{said})(?: {before}(?:{said})){more}{after}"
        whole = [once_or_more if name == "taken_back" else said] if said else []
        anywhere = [rf"\b(?:{pattern})\b" for pattern in table.get("anywhere", ())]
        found[name] = (_one_of(whole), _one_of(anywhere))
    return MappingProxyType(found)


def _one_of(patterns: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(patterns)) if patterns else None
