"""What a kind of detail looks like, and what tells at a glance that a text cannot hold it."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from dataclasses import dataclass

Ordinary = Callable[[str], bool]
Accepts = Callable[[re.Match[str], Ordinary], bool]
Found = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of detail, how it looks, which group of it is taken out, and what must stand somewhere in the text.

    A text without so many `digits`, or without any of these `signs`, is never searched: nothing could match.
    """

    kind: str
    pattern: re.Pattern[str]
    group: int = 0
    accepts: Accepts = lambda match, ordinary: True
    beside: re.Pattern[str] | None = None
    digits: int = 0
    signs: frozenset[str] = frozenset()

    def may_be_in(self, text: str, digits: int, signs: Set[str]) -> bool:
        """Whether it is worth looking for in a text of so many digits, with these signs."""
        if digits < self.digits or self.signs and self.signs.isdisjoint(signs):
            return False
        return self.beside is None or self.beside.search(text) is not None


def as_signs(text: str) -> str:
    """The text as signs are written: small letters, and 0 for each digit."""
    # an i is also matched by a dotted capital and by a dotless one, when case is ignored
    return re.sub(r"\d", "0", text.casefold().replace("i\u0307", "i").replace("\u0131", "i"))
