"""What the linear model sees of a text: hashed pieces of words, words, neighbours, and pairs of word skeletons.

Skeletons hold across spellings and Scots forms ("hurt", "hurtt", "hrt"), and pairs of them within a few words hold
across what stands between. `docs/triage.md` says what each kind of piece adds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from zlib import crc32

from bot.safeguards.triage.wording import BREAK, squeezed

BITS = 20
SIZE = 1 << BITS
_MASK = SIZE - 1
_PIECES = (3, 4, 5)
_LONGEST_WORD = 24
_REACH = 8
_WORD, _PIECE, _BONE = (crc32(kind) for kind in (b"word", b"piece", b"bone"))
# Odd numbers that spread sums of two or three hashes over the table; the sum's low bits are left behind by the shift.
_ODD, _PAIR, _TRIPLE, _APART, _BONES = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1
_SHIFT = 16
_STOP = crc32(BREAK.encode(), _WORD)
_SOUNDS = (("ph", "f"), ("ck", "k"), ("th", "t"), ("gh", ""), ("wh", "w"))
_LIKE = str.maketrans({"c": "k", "z": "s", "y": None})
_VOWELS = str.maketrans("", "", "aeiouh")
_TWICE = re.compile(r"(.)\1+")


def features(words: Sequence[str]) -> set[int]:
    """The numbers, each under SIZE, that stand for these words as `wording.tokens` gives them."""
    short = [squeezed(word)[:_LONGEST_WORD] for word in words]
    found: set[int] = set()
    for word in set(short):
        found.update(_pieces(word.encode()))
    found.update(_neighbours([crc32(word.encode(), _WORD) for word in short]))
    found.update(_bones([crc32(skeleton(word).encode(), _BONE) for word in short if word != BREAK]))
    return found


def skeleton(word: str) -> str:
    """What is left of a word when its spelling wavers: the first sound and the consonants after it."""
    plain = _TWICE.sub(r"\1", word)
    for spelt, sound in _SOUNDS:
        plain = plain.replace(spelt, sound)
    plain = plain.translate(_LIKE)
    return plain[:1] + plain[1:].translate(_VOWELS)


def _pieces(word: bytes) -> Iterator[int]:
    yield crc32(word, _WORD) & _MASK
    edged = b"<%b>" % word
    for size in _PIECES:
        for start in range(len(edged) - size + 1):
            yield crc32(edged[start : start + size], _PIECE) & _MASK


def _neighbours(words: Sequence[int]) -> Iterator[int]:
    """Words beside each other: two, three, and two with one between."""
    one = two = _STOP
    for word in (*words, _STOP):
        yield (one * _ODD + word * _PAIR) >> _SHIFT & _MASK
        yield (two * _APART + one * _ODD + word * _TRIPLE) >> _SHIFT & _MASK
        yield (two * _ODD + word * _APART) >> _SHIFT & _MASK
        two, one = one, word


def _bones(bones: Sequence[int]) -> Iterator[int]:
    """Skeletons, and pairs of them that stand near each other, in whichever order."""
    for place, bone in enumerate(bones):
        yield bone & _MASK
        for other in bones[place + 1 : place + _REACH]:
            yield ((bone ^ other) * _BONES + bone + other) >> _SHIFT & _MASK
