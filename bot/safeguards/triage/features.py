"""What the linear model sees of a text: hashed pieces of its words, its words, and words beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from bot.safeguards.triage.wording import BREAK, squeezed

BITS = 18
SIZE = 1 << BITS
_MASK = SIZE - 1
_PIECES = (3, 4, 5)
_LONGEST_WORD = 24
_WORD, _PAIR, _TRIPLE, _APART, _PIECE = (crc32(kind) for kind in (b"word", b"pair", b"triple", b"apart", b"piece"))


def features(words: Sequence[str]) -> set[int]:
    """The numbers, each under SIZE, that stand for these words as `wording.tokens` gives them."""
    found: set[int] = set()
    coded = [squeezed(word)[:_LONGEST_WORD].encode() for word in words]
    for word in set(coded):
        found.add(crc32(word, _WORD) & _MASK)
        edged = b"<%b>" % word
        for size in _PIECES:
            for start in range(len(edged) - size + 1):
                found.add(crc32(edged[start : start + size], _PIECE) & _MASK)
    stop = BREAK.encode()
    one, two = stop, stop
    for word in (*coded, stop):
        found.add(crc32(b"%b %b" % (one, word), _PAIR) & _MASK)
        found.add(crc32(b"%b %b %b" % (two, one, word), _TRIPLE) & _MASK)
        found.add(crc32(b"%b %b" % (two, word), _APART) & _MASK)
        two, one = one, word
    return found
