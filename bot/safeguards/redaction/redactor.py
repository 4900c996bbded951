"""Takes out of a text what could point to a person: the only maker of RedactedText."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from bot.safeguards.redaction.cleaning import cleaned, shortened
from bot.safeguards.redaction.cues import names_in
from bot.safeguards.redaction.names import Names
from bot.safeguards.redaction.patterns import Found, shapes
from conversations.values import Redacted, RedactedText

_READ = 4_000
"""Characters of a text that are read at all; what lies behind them is not kept, so it need not be redacted."""

_MARK = re.compile(r"\[(?:name|phone|email|link|postcode|handle|school|number|address|date of birth|plate|place)\]")
_REPEATED_NAME = re.compile(r"\[name\](?:[ -]\[name\])+")


def redact(text: str, language: str, names: Names) -> Redacted:
    """Replace identifying details by typed marks such as [name]. Redacting the result again changes nothing."""
    kept, found = cleaned(text[:_READ]), list[str]()
    previous = None
    while kept != previous:
        previous = kept
        kept, kinds = _once(kept, language, names)
        kept = shortened(cleaned(kept))
        found += kinds
    return Redacted(cast(RedactedText, kept), tuple(found))


def _once(text: str, language: str, names: Names) -> tuple[str, tuple[str, ...]]:
    taken = [(*match.span(), "") for match in _MARK.finditer(text)]
    for found in shapes(text, names.is_ordinary):
        _take(found, taken)
    blocked = tuple((start, end) for start, end, _ in taken)
    for start, end in names_in(text, language, names, blocked):
        _take((start, end, "name"), taken)
    pieces, place, kinds = list[str](), 0, list[str]()
    for start, end, kind in sorted(taken):
        if kind:
            pieces += [text[place:start], f"[{kind}]"]
            kinds.append(kind)
            place = end
    return _REPEATED_NAME.sub("[name]", "".join([*pieces, text[place:]])), tuple(kinds)


def _take(found: Found, taken: list[Found]) -> None:
    start, end, _ = found
    if start < end and not any(other_start < end and start < other_end for other_start, other_end, _ in taken):
        taken.append(found)


def redaction_filter(line: Mapping[str, object], names: Names) -> dict[str, object]:
    """Answer an object that has a `text` (and perhaps `lang`): the same object with `redacted` and `found`."""
    record, text, language = dict(line), line.get("text"), line.get("lang")
    if not isinstance(text, str):
        return record | {"redacted": None, "found": []}
    done = redact(text, language if isinstance(language, str) else "", names)
    return record | {"redacted": done.text, "found": list(done.found)}
