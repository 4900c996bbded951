"""Which numbers may be shown: no small group, no exact count, and none that another number gives back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

SMALLEST_BASE = 10
SMALL_CELL = 7
STEP = 5
LEAST_DOUBT = 3
"""Whatever is shown side by side, the number of people who gave an answer could be any of at least four."""

COUNTED_FROM = "2"
"""A response counts when its id is not below this. Ids are random hex that nobody reads, so one in eight, at random and
for good, is left out: whoever sends in answers of their own cannot take them off again, not knowing which counted."""

REST = "rest"
"""The part of those who did not say, and of every group that is too small to stand alone."""

Cells = Mapping[str, int]
"""What is shown: 0 stands for "7 or fewer", other numbers are multiples of 5."""

WITHHELD: Cells = MappingProxyType({})
"""What is shown of a view with too few answers; a view without any answer looks the same."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people answered, and how many gave each answer; never shown as it is."""

    base: int
    counts: Mapping[str, int]

    def __add__(self, other: Counted) -> Counted:
        """Two groups that share nobody, counted as one."""
        codes = self.counts.keys() | other.counts.keys()
        both = {code: self.counts.get(code, 0) + other.counts.get(code, 0) for code in codes}
        return Counted(self.base + other.base, both)


NOBODY = Counted(0, MappingProxyType({}))


def protect(counted: Counted, codes: Iterable[str]) -> Cells:
    """The cells as they may be shown: WITHHELD under ten people, else 0 for "7 or fewer" and multiples of 5 above.

    The codes come from the script and not from the answers: a missing cell would say "none".
    """
    if counted.base < SMALLEST_BASE:
        return WITHHELD
    return {code: shown(counted.counts.get(code, 0)) for code in codes}


def shown(count: int) -> int:
    """0 stands for 0 to 7 people alike; above that the nearest multiple of 5."""
    return 0 if count <= SMALL_CELL else STEP * ((count + STEP // 2) // STEP)


def total(cells: Cells) -> int:
    """The sum of what is shown; the true total beside it would give a hidden cell back."""
    return sum(cells.values())


def share(number: int, of: int) -> int | None:
    """A shown number as a percentage of what is shown, to the nearest 5; none for what is too small, or for all."""
    if not number or number == of:
        return None
    return min(95, STEP * round(100 * number / of / STEP))


def divide(parts: Mapping[str, Counted]) -> Mapping[str, Counted]:
    """The same people in groups of ten or more; nothing when that leaves no two groups.

    A group under ten joins the rest. A rest under ten takes the smallest group in, even where it is empty: otherwise
    the whole less the groups would be a view of fewer than ten.
    """
    large = {name: part for name, part in parts.items() if name != REST and part.base >= SMALLEST_BASE}
    rest = sum((part for name, part in parts.items() if name not in large), NOBODY)
    if rest.base < SMALLEST_BASE and large:
        smallest = min(large, key=lambda name: (large[name].base, name))
        rest += large.pop(smallest)
    return {**large, REST: rest} if large else {}


def leaves_doubt(tables: Iterable[Collection[Cells]]) -> bool:
    """Whether tables of the same people, each in groups of its own, leave every answer's true number open.

    Each table bounds how many people gave an answer. Where all of these bounds hold together, LEAST_DOUBT must remain
    between the lowest and the highest: then no cell of any of these tables is known better than that (docs/figures.md).
    """
    bounds = [_bounds(cells) for cells in tables]
    codes = frozenset[str]().union(*bounds) if bounds else frozenset[str]()
    return all(_width([each[code] for each in bounds if code in each]) >= LEAST_DOUBT for code in codes)


def sums_leave_doubt(views: Collection[Cells]) -> bool:
    """Whether views of the same people, each of whom is in one cell of every view, leave every cell open.

    These views have one sum in common: it is at least the highest of their lowest sums, and at most the lowest of their
    highest ones. What that leaves of each cell's own band must be LEAST_DOUBT wide.
    """
    bands = [[_band(number) for number in cells.values()] for cells in views]
    least = max(SMALLEST_BASE, *(sum(low for low, _ in band) for band in bands))
    most = min(sum(high for _, high in band) for band in bands)
    return all(_narrowest(band, least, most) >= LEAST_DOUBT for band in bands)


def possible(cells: Cells) -> Mapping[str, tuple[int, int]]:
    """The least and the most that each true count of a shown group can be."""
    band = {code: _band(number) for code, number in cells.items()}
    most = sum(high for _, high in band.values())
    return {code: (max(low, SMALLEST_BASE - (most - high)), high) for code, (low, high) in band.items()}


def _band(number: int) -> tuple[int, int]:
    return (max(SMALL_CELL + 1, number - STEP // 2), number + STEP // 2) if number else (0, SMALL_CELL)


def _narrowest(band: Collection[tuple[int, int]], least: int, most: int) -> int:
    lows, highs = sum(low for low, _ in band), sum(high for _, high in band)
    return min(min(high, most - lows + low) - max(low, least - highs + high) for low, high in band)


def _bounds(table: Collection[Cells]) -> Mapping[str, tuple[int, int]]:
    groups = [possible(cells) for cells in table]
    codes = set(groups[0]).intersection(*groups) if groups else set[str]()
    return {code: (sum(each[code][0] for each in groups), sum(each[code][1] for each in groups)) for code in codes}


def _width(bounds: Collection[tuple[int, int]]) -> int:
    return min(high for _, high in bounds) - max(low for low, _ in bounds)
