"""How much an attack found out, as numbers that can be put in a table."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.attack.knowledge import Knowledge, Mask


@dataclass
class Found:
    """What was left open about each cell that was attacked: the most it can be less the least."""

    widths: list[int] = field(default_factory=list)

    @property
    def exact(self) -> int:
        """How many cells are known exactly."""
        return sum(width == 0 for width in self.widths)

    @property
    def within_one(self) -> int:
        """How many cells are known to within one person, exact ones included."""
        return sum(width <= 1 for width in self.widths)

    def row(self, design: str) -> str:
        """One line of a table."""
        cells = len(self.widths)
        shares = f"{self.exact} ({self.exact / cells:.0%}) | {self.within_one} ({self.within_one / cells:.0%})"
        return f"| {design} | {cells} | {shares} | {min(self.widths)} | {statistics.median(self.widths):g} |"


def solve(knowledge: Knowledge, targets: Iterable[tuple[Mask, int]], small: int = 7) -> Found:
    """Solve for every cell of at most `small` people; a bound that misses the truth would be a fault of the attack."""
    found = Found()
    for cells, count in targets:
        if count <= small:
            low, high = knowledge.bounds(cells)
            assert low <= count <= high, (low, count, high)
            found.widths.append(high - low)
    return found
