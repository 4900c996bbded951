"""Which numbers may be shown: no small group, no exact count, and no total that gives a hidden cell back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SMALLEST_BASE = 10
SMALL_CELL = 7
STEP = 5

WITHHELD: Mapping[str, int] = MappingProxyType({})
"""What is shown of a view with too few answers; a view without any answer looks the same."""


def protect(counts: Mapping[str, int], answered: int) -> Mapping[str, int]:
    """The cells as they may be shown: WITHHELD under ten people, else 0 for "7 or fewer" and multiples of 5 above.

    Which cells there are must come from the script, not from the answers: a missing cell would say "none".
    """
    if answered < SMALLEST_BASE:
        return WITHHELD
    return {cell: shown(count) for cell, count in counts.items()}


def shown(count: int) -> int:
    """0 stands for 0 to 7 people alike; above that the nearest multiple of 5."""
    return 0 if count <= SMALL_CELL else STEP * ((count + STEP // 2) // STEP)


def total(cells: Mapping[str, int]) -> int:
    """The sum of what is shown; the true total beside it would give a hidden cell back."""
    return sum(cells.values())
