"""How well the screen does on texts whose true level is known, and what a change of rules or weights changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bot.safeguards.figures import Figures, Judged
from conversations.values import Level

Line = Mapping[str, object]
Screen = Callable[[Line], Line]
LEVELS: Mapping[str, Level] = MappingProxyType({level.word: level for level in Level})
TRUTHS: Mapping[str, Level] = MappingProxyType({"should_have_alerted": Level.CONCERN, "false_alarm": Level.NONE})
"""What a mark by staff says of a text; its own `level` is what the screen had said."""


class Unreadable(ValueError):
    """A line is not what it should be: figures over the others would mislead."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One line of a file to measure by."""

    text: str
    level: Level
    categories: tuple[str, ...]
    language: str
    hand: str
    stream: str
    must: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A text that the screen now grades otherwise than before."""

    text: str
    old: Level
    new: Level
    lost: bool

    def __str__(self) -> str:
        return f"{'LOST ' if self.lost else ''}{self.old.word} → {self.new.word}: {self.text}"

    def told(self) -> Line:
        """The change as JSON tells it."""
        return {"text": self.text, "old": self.old.word, "new": self.new.word, "lost": self.lost}


def read(lines: Iterable[str]) -> list[Truth]:
    """The texts in JSON lines, marks by staff among them; raises Unreadable with the number of the line."""
    return [_truth(line, number) for number, line in objects(lines)]


def read_levels(lines: Iterable[str]) -> dict[str, Level]:
    """What an earlier run of `flask bot triage` said of each text; raises Unreadable."""
    return {_text(line, number): _handled_as(line, number) for number, line in objects(lines)}


def judge(truths: Iterable[Truth], screen: Screen, seconds: Callable[[], float]) -> Iterator[Judged]:
    """What the screen says of each text, and how long it took."""
    for truth in truths:
        started = seconds()
        answer = screen({"text": truth.text})
        took = seconds() - started
        yield Judged(
            text=truth.text,
            true=truth.level,
            found=_level(answer["level"], 0),
            assessed=answer.get("assessed") is not False,
            categories=truth.categories,
            language=truth.language,
            hand=truth.hand,
            stream=truth.stream,
            milliseconds=1000 * took,
        )


def changes(truths: Sequence[Truth], judged: Sequence[Judged], old: Mapping[str, Level]) -> list[Change]:
    """What is graded otherwise than before; a text that must match is lost when its level is lower than it was.

    A text that must match and was not in the earlier run is held against its own true level.
    """
    found = []
    for truth, row in zip(truths, judged, strict=True):
        before = old.get(truth.text, truth.level if truth.must else None)
        new = row.found if row.assessed else max(row.found, Level.CONCERN)
        if before is None or before == new or (truth.text not in old and new > before):
            continue
        found.append(Change(truth.text, before, new, truth.must and new < before))
    return found


def table(figures: Figures) -> Iterator[str]:
    """The figures as lines to read; an interval stands behind each share."""
    for name, figure in figures.items():
        title = name.replace("_", " ")
        yield from _lines(title, figure) if isinstance(figure, dict) else [f"{title}: {figure}"]


def _lines(title: str, figure: dict[str, Any]) -> Iterator[str]:
    if "k" in figure:
        yield f"{title:34}{_share(figure)}"
    elif any(isinstance(cell, dict) for cell in figure.values()):
        yield title
        yield from (f"  {cell:32}{_share(of)}" for cell, of in figure.items())
    elif figure:
        yield f"{title}: " + ", ".join(f"{cell} {value}" for cell, value in figure.items())


def _share(figure: Mapping[str, object]) -> str:
    if not figure["n"]:
        return "none"
    counted = f"{figure['k']}/{figure['n']}"
    return f"{counted:>11}  {figure['percent']:6.2f} %  ({figure['low']:.1f} to {figure['high']:.1f})"


def objects(lines: Iterable[str]) -> Iterator[tuple[int, Line]]:
    """Each line that is not empty as an object, with its number; raises Unreadable."""
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            line = json.loads(raw)
        except ValueError:
            line = None
        if not isinstance(line, dict):
            raise Unreadable(f"line {number} is not a JSON object")
        yield number, line


def _truth(line: Line, number: int) -> Truth:
    kind = line.get("kind")
    marked = isinstance(kind, str) and kind in TRUTHS
    level = TRUTHS[str(kind)] if marked else _level(line.get("level", line.get("label")), number)
    several = line.get("categories") or line.get("category") or line.get("negtype") or ()
    return Truth(
        text=_text(line, number),
        level=level,
        categories=tuple(map(str, several)) if isinstance(several, list) else (str(several),) if several else (),
        language=str(line.get("lang") or ""),
        hand=str(line.get("hand") or ""),
        stream="marks" if marked else str(line.get("stream") or ""),
        must=line.get("must") is True,
    )


def _text(line: Line, number: int) -> str:
    text = line.get("text")
    if not isinstance(text, str):
        raise Unreadable(f"line {number} has no text")
    return text


def _level(word: object, number: int) -> Level:
    found = LEVELS.get(word) if isinstance(word, str) else None
    if found is None:
        raise Unreadable(f"line {number} has no level that we know")
    return found


def _handled_as(line: Line, number: int) -> Level:
    level = _level(line.get("level"), number)
    return max(level, Level.CONCERN) if line.get("assessed") is False else level
