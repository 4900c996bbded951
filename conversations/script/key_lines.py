"""The line of each key in a TOML text, so that a fault can say where it is."""

from __future__ import annotations

import re
from collections.abc import Mapping

_KEY_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_KEY_PART}(?:\s*\.\s*{_KEY_PART})*)\s*=")
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_KEY_PART}(?:\s*\.\s*{_KEY_PART})*)\s*\]")


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """The line that each key and table of a TOML text starts on, counted from 1; `tomllib` gives none.

    A table in a list is named by its place: ("steps", "0", "id").
    """
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _table(header[1], _parts(header[2]), counts)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(table + _parts(key[1]), number)
    return lines


def line_of(lines: Mapping[tuple[str, ...], int], key: tuple[str, ...]) -> int:
    """The line of this key, else of the nearest table around it, else the first."""
    for length in range(len(key), 0, -1):
        if key[:length] in lines:
            return lines[key[:length]]
    return 1


def _table(bracket: str, name: tuple[str, ...], counts: dict[tuple[str, ...], int]) -> tuple[str, ...]:
    if bracket == "[[":
        counts[name] = counts.get(name, -1) + 1
    for length in range(len(name), 0, -1):
        if name[:length] in counts:
            return (*name[:length], str(counts[name[:length]]), *name[length:])
    return name


def _parts(key: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_KEY_PART, key))


def line_named(message: str) -> int:
    """The line that a message of `tomllib` names, else the first."""
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else 1
