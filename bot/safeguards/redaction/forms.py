"""Very many spellings in little memory: eight bytes each, where a dict takes more than a hundred."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_NUMBER = 7
"""The bits of a hash that give way to the number of the spelling."""


@dataclass(frozen=True, slots=True)
class Forms:
    """A number from 1 to 7 for each of many spellings; kept are only their hashes, sorted, each with its number."""

    # among two hundred thousand hashes of 61 bits another spelling's is found once in 10**13 questions
    packed: array[int]

    def of(self, form: str) -> int:
        """The number of a spelling, the highest when it has several; 0 when it is none of these."""
        most = hash(form) | _NUMBER
        place = bisect_right(self.packed, most)
        found = self.packed[place - 1] if place else 0
        return found & _NUMBER if found | _NUMBER == most else 0


def forms(numbered: Mapping[int, Iterable[str]]) -> Forms:
    """The spellings of each number, packed."""
    return Forms(
        array("q", sorted([hash(form) & ~_NUMBER | number for number, those in numbered.items() for form in those]))
    )
