"""What somebody can work out: every figure bounds a sum of unknown counts, and a solver finds what is left open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_matrix

MOST = 2000
"""More people than in any of the towns; without a highest number the solver would look for ever."""
Mask = numpy.ndarray


@dataclass
class Knowledge:
    """Unknown counts, one for each cell of a table of this shape, and what is known about sums of them."""

    shape: tuple[int, ...]
    facts: list[tuple[Mask, float, float]] = field(default_factory=list)
    either: list[tuple[list[Mask], Mask, int]] = field(default_factory=list)

    def cells(self, **at: int | Sequence[int] | None) -> Mask:
        """The unknowns at these places of the axes month, age, area and code, as weights."""
        found = numpy.zeros(self.shape)
        axes = [at.get(name) for name in ("month", "age", "area", "code")]
        found[numpy.ix_(*[_places(place, size) for place, size in zip(axes, self.shape, strict=True)])] = 1
        return found.ravel()

    def know(self, cells: Mask, low: float, high: float) -> None:
        """Note that the sum of these unknowns lies between two numbers."""
        self.facts.append((cells, low, high))

    def know_small(self, groups: Iterable[Mask], all_of_them: Mask, most: int) -> None:
        """Note that each of these groups has at most so many people, or that all but one of them have together."""
        self.either.append((list(groups), all_of_them, most))

    def bounds(self, cells: Mask) -> tuple[int, int]:
        """The least and the most that the sum of these unknowns can be; raises where facts contradict each other."""
        size, switches = len(cells), sum(len(groups) for groups, _, _ in self.either)
        rows, lows, highs = self._rows(size, switches)
        ends = Bounds(numpy.zeros(size + switches), numpy.r_[numpy.full(size, MOST), numpy.ones(switches)])
        aims = numpy.r_[cells, numpy.zeros(switches)]
        found = []
        for sign in (1, -1):
            solved = milp(
                sign * aims,
                constraints=LinearConstraint(rows, lows, highs),
                integrality=numpy.ones(size + switches),
                bounds=ends,
            )
            if solved.status != 0:
                raise ArithmeticError(f"the solver found nothing: {solved.message}")
            found.append(round(sign * solved.fun))
        return found[0], found[1]

    def _rows(self, size: int, switches: int) -> tuple[lil_matrix, list[float], list[float]]:
        rows, lows, highs = [], [], []
        for cells, low, high in self.facts:
            rows.append({int(place): float(cells[place]) for place in cells.nonzero()[0]})
            lows.append(low)
            highs.append(high)
        switch = size
        for groups, whole, most in self.either:
            turned = list(range(switch, switch + len(groups)))
            rows.append(dict.fromkeys(turned, 1.0))
            for each, group in zip(turned, groups, strict=True):
                rows.append({**_row(group), each: -MOST})
                rows.append({**_row(whole - group), each: MOST})
            lows += [-numpy.inf] * (1 + 2 * len(groups))
            highs += [1.0, *[float(most), float(most + MOST)] * len(groups)]
            switch += len(groups)
        return _matrix(rows, size + switches), lows, highs


def _row(cells: Mask) -> dict[int, float]:
    return {int(place): float(cells[place]) for place in cells.nonzero()[0]}


def _matrix(rows: Sequence[dict[int, float]], columns: int) -> lil_matrix:
    found = lil_matrix((len(rows), columns))
    for number, row in enumerate(rows):
        for place, weight in row.items():
            found[number, place] = weight
    return found.tocsr()


def _places(place: int | Sequence[int] | None, size: int) -> Sequence[int]:
    if place is None:
        return range(size)
    return [place] if isinstance(place, int) else place
