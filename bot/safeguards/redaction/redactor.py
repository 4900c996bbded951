"""Takes out of a text what could point to a person: the only maker of RedactedText."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from bot.safeguards.redaction.cleaning import cleaned, shortened
from bot.safeguards.redaction.patterns import shapes
from bot.safeguards.redaction.shape import Found
from bot.safeguards.redaction.tagger import BESIDE_AGE, GENERAL, Names
from bot.safeguards.redaction.tokens import MARK, tokens_of
from conversations.values import Redacted, RedactedText

_READ = 4_000
"""Characters of a text that are read at all; what lies behind them is not kept, so it need not be redacted."""

FEW_DIGITS = 4
_SCHOOL_WORD = re.compile(
    r"(?: (?:primary|high|secondary|school|academy|college|grammar|nursery))+(?!\w)", re.IGNORECASE
)
_REPEATED = re.compile(r"(\[(?:name|place|school|club|workplace|address|phone|number)\])(?:[ ,-]{1,2}\1)+")


def redact(text: str, language: str, names: Names, strict: bool = False) -> Redacted:
    """Replace identifying details by typed marks such as [name]. Redacting the result again changes nothing.

    `strict` is for what is quoted or exported: it takes out whatever might be a detail.
    """
    kept, found = cleaned(text[:_READ]), list[str]()
    if _is_an_answer(kept, names):
        return Redacted(cast(RedactedText, kept))
    previous = None
    while kept != previous:
        previous = kept
        kept, kinds = _once(kept, names, strict)
        kept = shortened(cleaned(kept))
        found += kinds
    return Redacted(cast(RedactedText, kept), tuple(found))


def doubtful(text: RedactedText, names: Names) -> tuple[Found, ...]:
    """Where a text that has been redacted holds what the strict setting would take out too: start, end, kind."""
    return () if _is_an_answer(text, names) else tuple(_details(text, names, strict=True))


def _is_an_answer(text: str, names: Names) -> bool:
    return names.words.is_answer(text) or _is_few_digits(text)


def _is_few_digits(text: str) -> bool:
    """A mark, an age, a range: "4", "7/10", "12-15" are answers."""
    return not any(each.isalpha() for each in text) and sum(each.isdigit() for each in text) <= FEW_DIGITS


def _once(text: str, names: Names, strict: bool) -> tuple[str, tuple[str, ...]]:
    pieces, place, kinds = list[str](), 0, list[str]()
    for start, end, kind in _details(text, names, strict):
        pieces += [text[place:start], f"[{kind}]"]
        kinds.append(kind)
        place = end
    return _REPEATED.sub(r"\1", "".join([*pieces, text[place:]])), tuple(kinds)


def _details(text: str, names: Names, strict: bool) -> list[Found]:
    """Every detail of a text in its order; none overlaps another, or a mark."""
    tokens = tokens_of(text)
    marks = [(*match.span(), "") for match in MARK.finditer(text)]
    taken = [*marks]
    for found in shapes(text, names.words.is_ordinary):
        _take(found, taken)
    shaped = [found for found in taken if found[2]]
    for found in _meant(text, _joined(text, names.details(tokens, shaped, strict)), taken, names):
        _take(found, taken)
    return sorted(found for found in taken if found[2])


def _joined(text: str, details: Iterable[Found]) -> Iterator[Found]:
    """Neighbours of one kind as one detail."""
    last: Found | None = None
    for start, end, kind in details:
        if last and last[2] == kind and text[last[1] : start].strip(" -'’.&/") == "" and start - last[1] <= 3:
            last = (last[0], end, kind)
            continue
        if last:
            yield last
        last = (start, end, kind)
    if last:
        yield last


def _meant(text: str, details: Iterable[Found], taken: Iterable[Found], names: Names) -> Iterator[Found]:
    """Without ages that stand alone, and without schools and places that have no name; "school" goes with its name."""
    found = [(start, _with_word(text, end) if kind == "school" else end, kind) for start, end, kind in details]
    where = {kind for _, _, kind in (*found, *taken)} | {match.group()[1:-1] for match in MARK.finditer(text)}
    for start, end, kind in found:
        if kind == "age" and BESIDE_AGE.isdisjoint(where):
            continue
        if kind not in GENERAL or names.names_something(re.findall(r"\w+", text[start:end])):
            yield start, end, kind


def _with_word(text: str, end: int) -> int:
    following = _SCHOOL_WORD.match(text, end)
    return following.end() if following else end


def _take(found: Found, taken: list[Found]) -> None:
    start, end, _ = found
    if start < end and not any(other_start < end and start < other_end for other_start, other_end, _ in taken):
        taken.append(found)


def redaction_filter(line: Mapping[str, object], names: Names, strict: bool = False) -> dict[str, object]:
    """Answer an object that has a `text` (and perhaps `lang`): the same object with `redacted` and `found`."""
    record, text, language = dict(line), line.get("text"), line.get("lang")
    if not isinstance(text, str):
        return record | {"redacted": None, "found": []}
    done = redact(text, language if isinstance(language, str) else "", names, strict)
    return record | {"redacted": done.text, "found": list(done.found)}
