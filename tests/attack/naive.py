"""The design that everybody thinks of first, as a control: hide cells under five, give true numbers otherwise."""

from __future__ import annotations

from tests.attack.knowledge import Knowledge
from tests.attack.people import Town

HIDDEN_BELOW = 5


def known(town: Town) -> Knowledge:
    """What answers by month, by age and by area say together, with true totals beside hidden cells."""
    found = Knowledge(town.counts.shape)
    months, ages, areas, codes = (range(size) for size in town.counts.shape)
    axes = {"": [None], "month": months, "age": ages, "area": areas}
    for axis, places in axes.items():
        for place in places:
            at = {axis: place} if axis else {}
            for code in (None, *codes):
                cells = found.cells(**at, code=code)
                count = round(cells @ town.counts.ravel())
                exact = count == 0 or count >= HIDDEN_BELOW
                found.know(cells, *((count, count) if exact else (1, HIDDEN_BELOW - 1)))
    return found
