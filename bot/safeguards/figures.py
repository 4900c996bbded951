"""What a measurement says: counts with their intervals, over texts whose true level is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from conversations.values import Level

Z = 1.959963984540054
"""Standard deviations on each side that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One text with its true level and where it comes from, and what the screen said of it."""

    text: str
    true: Level
    found: Level
    assessed: bool = True
    categories: tuple[str, ...] = ()
    language: str = ""
    hand: str = ""
    stream: str = ""
    milliseconds: float = 0.0

    @property
    def alerts(self) -> bool:
        """Whether a duty worker would be told; what could not be screened counts."""
        return not self.assessed or self.found >= Level.CONCERN

    @property
    def serious(self) -> bool:
        """Whether a duty worker must be told."""
        return self.true >= Level.CONCERN


Figures = dict[str, object]


def wilson(found: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share, as shares; of nothing, all is possible."""
    if not of:
        return 0.0, 1.0
    share, square = found / of, Z * Z / of
    middle = share + square / 2
    spread = Z * math.sqrt((share * (1 - share) + square / 4) / of)
    return max(0.0, (middle - spread) / (1 + square)), min(1.0, (middle + spread) / (1 + square))


def share(found: int, of: int) -> Figures:
    """A count with its percentage and the interval around it."""
    low, high = (round(100 * end, 2) for end in wilson(found, of))
    return {"k": found, "n": of, "percent": round(100 * found / of, 2) if of else None, "low": low, "high": high}


def percentile(values: Sequence[float], part: float) -> float:
    """The value that this part of them does not exceed (nearest rank); 0 of none."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)] if values else 0.0


def report(rows: Sequence[Judged]) -> Figures:
    """Every figure of one measurement: recall, false alarms, how texts were graded, and latency."""
    serious = [row for row in rows if row.serious]
    none = [row for row in rows if row.true is Level.NONE]
    times = [row.milliseconds for row in rows]
    return {
        "n": len(rows),
        "not_assessed": sum(not row.assessed for row in rows),
        "recall": alerting(serious),
        "recall_by_level": _by(serious, lambda row: (row.true.word,)),
        "recall_by_category": _by(serious, lambda row: row.categories),
        "recall_by_language": _by(serious, lambda row: (row.language,)),
        "recall_by_hand": _by(serious, lambda row: (row.hand,)),
        "false_alarms": alerting(none),
        "false_alarms_by_category": _by(none, lambda row: row.categories),
        "false_alarms_by_stream": _by(none, lambda row: (row.stream,)),
        "wellbeing_alerts": alerting([row for row in rows if row.true is Level.WELLBEING]),
        "graded_immediate": {
            level.word: _graded_immediate([row for row in rows if row.true is level]) for level in reversed(Level)
        },
        "milliseconds": {"p50": round(percentile(times, 0.5), 3), "p99": round(percentile(times, 0.99), 3)},
    }


def alerting(rows: Sequence[Judged]) -> Figures:
    """The share of these texts that a duty worker is told of."""
    return share(sum(row.alerts for row in rows), len(rows))


def _graded_immediate(rows: Sequence[Judged]) -> Figures:
    return share(sum(row.found is Level.IMMEDIATE for row in rows), len(rows))


def _by(rows: Iterable[Judged], names: Callable[[Judged], Iterable[str]]) -> dict[str, Figures]:
    cells: dict[str, list[Judged]] = {}
    for row in rows:
        for name in filter(None, names(row)):
            cells.setdefault(name, []).append(row)
    return {name: alerting(cells[name]) for name in sorted(cells)}
