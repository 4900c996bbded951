"""What no script may do: every fault of a script's folder, each with the file and line that is wrong."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from conversations.answers.text import fold_phrase
from conversations.script.carrier import CARRIER_KEYWORDS
from conversations.script.files import (
    STANDARD_LABELS,
    Draft,
    Entry,
    Fault,
    SharedTable,
    Source,
    StepTable,
    WordsTable,
    build,
    plain,
    read_draft,
    read_words,
)
from conversations.script.shared_keys import SOURCE
from conversations.script.values import AGE_BANDS, END, IMPLIED_CODES, THEMES, Script, render_sms
from conversations.script.word_check import control_words, length_fault, text_faults, translation_faults

MOST_QUESTIONS = 12
MOST_HOURS = 72
MOST_OPTIONS = 9
WITH_OPTIONS = ("choice", "multi")
STEP_BUDGET = (2, 4)
"""Most segments of one question with its options: in GSM-7, in UCS-2."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
_KEYWORD = re.compile(r"[A-Z][A-Z0-9]{2,15}")
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]*")


def check(folder: Path, words_folder: Path) -> list[Fault]:
    """Every fault of one script, in file and line order; none when it may be published."""
    shared, _ = read_words(words_folder)
    draft, faults = read_draft(folder, shared)
    if draft is None:
        return sorted(faults)
    for rule in (_timing, _keyword, _languages, _steps, _paths, _wording):
        faults += rule(draft)
    faults += _lengths(draft)
    return sorted(set(faults))


def check_keywords(folders: list[Path]) -> list[Fault]:
    """Two scripts that the same word would start."""
    first: dict[str, str] = {}
    faults = []
    for folder in folders:
        draft, _ = read_draft(folder, {})
        if draft is None:
            continue
        keyword = draft.script.content.keyword
        if keyword in first:
            faults.append(draft.script.fault(f"{keyword} already starts {first[keyword]}", "keyword"))
        first.setdefault(keyword, folder.name)
    return faults


def _timing(draft: Draft) -> Iterator[Fault]:
    table, fault = draft.script.content, draft.script.fault
    if not 1 <= table.expires_after_hours <= MOST_HOURS:
        yield fault(f"a conversation is kept for 1 to {MOST_HOURS} hours", "expires_after_hours")
    nudge = table.nudge_after_hours
    if nudge is not None and not 1 <= nudge < table.expires_after_hours:
        yield fault("the nudge must come before the conversation expires", "nudge_after_hours")


def _keyword(draft: Draft) -> Iterator[Fault]:
    keyword = draft.script.content.keyword
    if not _KEYWORD.fullmatch(keyword):
        yield draft.script.fault("the keyword must be 3 to 16 capital letters or digits, a letter first", "keyword")
    if fold_phrase(keyword) in CARRIER_KEYWORDS:
        yield draft.script.fault(f"{keyword} belongs to the phone network", "keyword")
    if fold_phrase(keyword) in control_words(draft.shared):
        yield draft.script.fault(f"{keyword} is a control word", "keyword")


def _languages(draft: Draft) -> Iterator[Fault]:
    named, fault = draft.script.content.languages, draft.script.fault
    if SOURCE not in named:
        yield fault(f"languages must name {SOURCE}, which the others are made from", "languages")
    if len(set(named)) < len(named):
        yield fault("languages names one twice", "languages")
    for reason in filter(None, (_language_fault(draft, language) for language in named)):
        yield fault(reason, "languages")
    for language in draft.words.keys() - set(named):
        yield draft.words[language].fault(f"{language} is not named in languages")


def _language_fault(draft: Draft, language: str) -> str:
    if not _LANGUAGE.fullmatch(language):
        return f'"{language}" is not a language code'
    if not (draft.script.path.parent / f"{language}.toml").exists():
        return f"languages names {language} and there is no {language}.toml"
    return "" if language in draft.shared else f"there are no shared words in {language}"


def _steps(draft: Draft) -> Iterator[Fault]:
    steps = draft.script.content.steps
    if not steps:
        yield draft.script.fault("a script needs at least one step")
    if sum(step.type != "say" for step in steps) > MOST_QUESTIONS:
        yield draft.script.fault(f"more than {MOST_QUESTIONS} questions", "steps", str(MOST_QUESTIONS))
    ids = [step.id for step in steps]
    for place, step in enumerate(steps):
        if step.id in ids[:place]:
            yield draft.script.fault(f"{step.id} is there twice", "steps", str(place), "id")
        for reason, key in (*_option_faults(step), *_tag_faults(step), *_goto_faults(step, ids)):
            yield draft.script.fault(f"{step.id}: {reason}", "steps", str(place), key)


def _option_faults(step: StepTable) -> Iterator[tuple[str, str]]:
    if step.id == END:
        yield f"{END} is the name of the finish", "id"
    if step.keep_as and (step.type != "choice" or step.options != AGE_BANDS):
        yield f"an age band is a choice of {', '.join(AGE_BANDS)}", "keep_as"
    if step.type in WITH_OPTIONS:
        yield from ((reason, "options") for reason in _code_faults(step.options))
    elif step.options:
        yield f"{step.type} has no options of its own", "options"


def _code_faults(options: tuple[str, ...]) -> Iterator[str]:
    if not 2 <= len(options) <= MOST_OPTIONS:
        yield f"2 to {MOST_OPTIONS} options"
    if len(set(options)) < len(options):
        yield "an option is there twice"
    for code in options:
        if not _CODE.fullmatch(code):
            yield f'"{code}" is not a code: small letters, digits, _ and -'


def _tag_faults(step: StepTable) -> Iterator[tuple[str, str]]:
    if step.type == "say" or step.keep_as:
        return
    for key in ("lundy", "theme", "shanarri"):
        if not getattr(step, key):
            yield f"{key} is missing: staff could not say what the answer is about", key
    if step.theme and step.theme not in THEMES:
        yield f'"{step.theme}" is not a theme; one of {", ".join(sorted(THEMES))}', "theme"


def _goto_faults(step: StepTable, ids: list[str]) -> Iterator[tuple[str, str]]:
    places = {*ids, "", END}
    if step.next not in places:
        yield f'next names "{step.next}", which is no step', "next"
    codes = IMPLIED_CODES.get(step.type, step.options)
    for code, place in step.goto.items():
        if place not in places:
            yield f'goto names "{place}", which is no step', "goto"
        if code not in codes:
            yield f'goto names "{code}", which nobody can answer', "goto"


def _paths(draft: Draft) -> Iterator[Fault]:
    """Steps that nobody gets to, steps that nobody gets away from, and ways that come back."""
    steps = draft.script.content.steps
    if not steps or not _can_be_walked(steps):
        return
    ways = _ways(steps)
    backwards = {place: {step for step, after in ways.items() if place in after} for place in (*ways, END)}
    reached, finishing = _closure(ways, steps[0].id), _closure(backwards, END)
    for place, step in enumerate(ways):
        if step not in reached:
            yield draft.script.fault(f"{step}: nobody can get to this step", "steps", str(place))
        if step not in finishing:
            reason = "dead end, there is no way from here to the finish"
            yield draft.script.fault(f"{step}: {reason}", "steps", str(place))
        if any(step in _closure(ways, after) for after in ways[step]):
            reason = "loop, this step can come again after it was answered"
            yield draft.script.fault(f"{step}: {reason}", "steps", str(place))


def _can_be_walked(steps: tuple[StepTable, ...]) -> bool:
    """Whether every step has a name of its own and leads to one; otherwise that is the fault to mend first."""
    ids = [step.id for step in steps]
    places = {place for step in steps for place in (step.next, *step.goto.values())}
    return len(set(ids)) == len(ids) and END not in ids and places <= {*ids, "", END}


def _ways(steps: tuple[StepTable, ...]) -> dict[str, set[str]]:
    ids = [*(step.id for step in steps), END]
    following = dict(itertools.pairwise(ids))
    return {step.id: {each or following[step.id] for each in (step.next, *step.goto.values())} for step in steps}


def _closure(ways: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting += ways.get(place, ())
    return found


def _wording(draft: Draft) -> Iterator[Fault]:
    for language, source in draft.words.items():
        english = draft.words.get(SOURCE)
        expected = _expected(draft.script.content.steps)
        entries = _entries(source.content)
        originals = _entries(english.content) if english else {}
        yield from _missing_and_unknown(source, expected, set(entries))
        for key, entry in entries.items():
            for reason in (
                *text_faults(plain(entry), language, on_the_web=key[0] == "web_ask"),
                *translation_faults(entry, originals.get(key), language),
            ):
                yield source.fault(f"{'.'.join(key)}: {reason}", *key)
        yield from _label_faults(source, draft.shared)


def _expected(steps: tuple[StepTable, ...]) -> dict[tuple[str, ...], bool]:
    """Each key that a file of words may have, and whether it must have it."""
    expected: dict[tuple[str, ...], bool] = {}
    for step in steps:
        expected["ask", step.id] = not step.keep_as
        expected["web_ask", step.id] = False
        if step.type in WITH_OPTIONS and (step.keep_as or step.type) not in STANDARD_LABELS:
            expected |= {("labels", step.id, code): True for code in step.options}
    return expected


def _entries(words: WordsTable) -> dict[tuple[str, ...], Entry]:
    entries: dict[tuple[str, ...], Entry] = {("ask", step): entry for step, entry in words.ask.items()}
    entries |= {("web_ask", step): entry for step, entry in words.web_ask.items()}
    for step, labels in words.labels.items():
        entries |= {("labels", step, code): entry for code, entry in labels.items()}
    return entries


def _missing_and_unknown(
    source: Source[WordsTable], expected: Mapping[tuple[str, ...], bool], present: set[tuple[str, ...]]
) -> Iterator[Fault]:
    for key, needed in expected.items():
        if needed and key not in present:
            yield source.fault(f"{'.'.join(key)}: the words are missing", *key)
    for key in present - expected.keys():
        yield source.fault(f"{'.'.join(key)}: no step asks for these words", *key)


def _label_faults(source: Source[WordsTable], shared: Mapping[str, Source[SharedTable]]) -> Iterator[Fault]:
    """Options that the answer parser could not tell apart, or that would not reach it."""
    controls = control_words(shared)
    for step, entries in source.content.labels.items():
        labels = {code: fold_phrase(str(plain(entry))) for code, entry in entries.items()}
        firsts = {label: code for code, label in reversed(labels.items())}
        for code, label in labels.items():
            reason = f"reads the same as {firsts[label]}" if firsts[label] != code else _label_fault(label, controls)
            if reason:
                yield source.fault(f"labels.{step}.{code}: {reason}", "labels", step, code)


def _label_fault(label: str, controls: frozenset[str]) -> str:
    if label in CARRIER_KEYWORDS - {"yes"}:  # the network passes YES on, and every option has a number besides
        return f'"{label}" belongs to the phone network'
    if label in controls:
        return f'"{label}" is a control word'
    return "a number is not a label, options have numbers" if label.isdigit() else ""


def _lengths(draft: Draft) -> Iterator[Fault]:
    """Whole text messages over their budget; only once every word that they are made of is there."""
    try:
        script = build(draft)
    except (KeyError, IndexError, ValueError):
        return
    for language in script.languages:
        for step in script.steps:
            yield from _too_long(draft.words[language], script, language, step.id)


def _too_long(source: Source[WordsTable], script: Script, language: str, step: str) -> Iterator[Fault]:
    try:
        message = render_sms(script, language, step)
    except (KeyError, IndexError, ValueError):
        return
    if reason := length_fault(message, STEP_BUDGET):
        yield source.fault(f"{step}: {reason}", "ask", step)
