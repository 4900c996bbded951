"""The answer parser as a filter: one JSON object in, the same object with its value out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conversations.answers.parser import KINDS, parse
from conversations.answers.vocabulary import Vocabulary
from conversations.values import Option

Value = int | str | list[str] | None


def answer_filter(line: Mapping[str, object], vocabulary: Vocabulary) -> dict[str, object]:
    """The object with `value` added: 1 to 5, yes/no/unsure, a code, a sorted list of codes, or None for "ask again".

    What cannot be read (unknown type, no text, options that are not code and label) has `value` None and an `error`.
    """
    error = _fault(line)
    if error:
        return {**line, "value": None, "error": error}
    options = tuple(Option(str(each["code"]), str(each["label"])) for each in _listed(line))
    kind, language = str(line["type"]), line.get("lang")
    parsed = parse(kind, str(line["text"]), options, language if isinstance(language, str) else "en", vocabulary)
    return {**line, "value": _value(kind, parsed.codes)}


def _fault(line: Mapping[str, object]) -> str:
    if line.get("type") not in KINDS:
        return f"type must be one of {', '.join(KINDS)}"
    if not isinstance(line.get("text"), str):
        return "text must be a string"
    options = line.get("options")
    if options is not None and not isinstance(options, list):
        return "options must be a list"
    if not all(isinstance(each, Mapping) and {"code", "label"} <= each.keys() for each in options or ()):
        return "each option needs a code and a label"
    if line["type"] in {"choice", "multi"} and not options:
        return "options are needed for this type"
    return "" if line["type"] != "scale5" or len(options or "12345") == 5 else "a scale5 has five options or none"


def _listed(line: Mapping[str, object]) -> list[dict[str, Any]]:
    options = line.get("options")
    return options if isinstance(options, list) else []


def _value(kind: str, codes: tuple[str, ...]) -> Value:
    if not codes:
        return None
    if kind == "multi":
        return sorted(codes)
    return int(codes[0]) if kind == "scale5" and codes[0].isdigit() else codes[0]
