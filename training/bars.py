"""Where a model begins to say yes: as low as this service's own harmless texts allow, never set on public chatter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.corpus import Row

ORDINARY = frozenset({"ordinary", "chat", "chatter"})
ALLOWED = {"ordinary": 0.0068, "hard": 0.028}
"""Alarms allowed among harmless rows of the hands that bars are set on. They were chosen for being hard; what other
hands pay at the same bars is in `docs/triage.md`."""
ALLOWED_AGAIN = {"ordinary": 0.012, "hard": 0.034}
"""Of the second look, whose alarms come on top."""
ALLOWED_AT_ONCE = {"ordinary": 0.002, "hard": 0.01}
ALLOWED_WORRIES = {"ordinary": 0.03, "hard": 0.2}
DOUBT = 0.4
"""Below this likelihood the model doubts a rule that is not firm: the text is a worry then, and never nothing."""


def kind(row: Row) -> str:
    """The kind of a harmless row: ordinary, hard, or another that no bar is set on."""
    found = row.category.partition(":")[0]
    return "ordinary" if found in ORDINARY else found


def bar(rows: Sequence[Row], chances: Any, allowed: Mapping[str, float] = ALLOWED) -> float:
    """The lowest bar that keeps within what is allowed for every kind of harmless row; rounded up to four places."""
    limits = [0.0]
    for name, share in allowed.items():
        harmless = np.array([row.level == "none" and kind(row) == name for row in rows])
        if harmless.any():
            limits.append(float(np.quantile(chances[harmless], 1 - share)))
    return float(np.ceil(max(limits) * 10_000) / 10_000)


def bars(rows: Sequence[Row], chances: Mapping[str, Any]) -> dict[str, float]:
    """The bars of every question that has one."""
    return {
        "alert": bar(rows, chances["alert"]),
        "doubt": DOUBT,
        "immediate": bar(rows, chances["immediate"], ALLOWED_AT_ONCE),
        "wellbeing": bar(rows, chances["wellbeing"], ALLOWED_WORRIES),
    }
