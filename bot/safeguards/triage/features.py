"""What the linear model sees of a text: hashed pieces of words, words, neighbours, and pairs of word skeletons.

Skeletons hold across spellings and Scots forms ("hurt", "hurtt", "hrt"), and pairs of them within a few words hold
across what stands between. `docs/triage.md` says what each kind of piece adds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from struct import pack, unpack
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
_LANE = 64
_LOW = (1 << BITS + _SHIFT) - 1
"""What of a product can reach the table; cut to it, sums of three stay in their lanes."""
_STOP = crc32(BREAK.encode(), _WORD)
_SOUNDS = (("ph", "f"), ("ck", "k"), ("th", "t"), ("gh", ""), ("wh", "w"))
_LIKE = str.maketrans({"c": "k", "z": "s", "y": None})
_LATER_VOWELS = re.compile("(?<=[^ ])[aeiouh]+")
_TWICE = re.compile(r"(.)\1+")


def features(words: Sequence[str]) -> set[int]:
    """The numbers, each under SIZE, that stand for these words as `wording.tokens` gives them."""
    short = [word[:_LONGEST_WORD] for word in squeezed(" ".join(words)).split()]
    found: set[int] = set()
    for word in set(short):
        found.update(_pieces(word.encode()))
    found.update(*_neighbours([crc32(word.encode(), _WORD) for word in short]))
    bones = skeletons([word for word in short if word != BREAK])
    found.update(*_bones([crc32(bone.encode(), _BONE) for bone in bones]))
    return found


def skeletons(words: Sequence[str]) -> list[str]:
    """What is left of words when their spelling wavers: the first sound and the consonants after it.

    All words at once, because a dozen short replacements for each would take as long as its hashes.
    """
    plain = _TWICE.sub(r"\1", " ".join(words))
    for spelt, sound in _SOUNDS:
        plain = plain.replace(spelt, sound)
    plain = _LATER_VOWELS.sub("", plain.translate(_LIKE))
    return plain.split(" ") if words else []


def _pieces(word: bytes) -> list[int]:
    edged = b"<%b>" % word
    ends = range(3, len(edged) + 1)
    return [
        crc32(word, _WORD) & _MASK,
        *[crc32(edged[end - 3 : end], _PIECE) & _MASK for end in ends],
        *[crc32(edged[end - 4 : end], _PIECE) & _MASK for end in ends[1:]],
        *[crc32(edged[end - 5 : end], _PIECE) & _MASK for end in ends[2:]],
    ]


def _neighbours(words: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Words beside each other: two, three, and two with one between."""
    count = len(words) + 1
    every, low = _lanes((_STOP, _STOP, *words, _STOP)), _ones(count + 2) * _LOW
    odd, apart = every * _ODD & low, every * _APART & low
    last = every >> 2 * _LANE
    yield _folded((odd >> _LANE) + (last * _PAIR & low), count)
    yield _folded(apart + (odd >> _LANE) + (last * _TRIPLE & low), count)
    yield _folded(odd + (apart >> 2 * _LANE), count)


def _bones(bones: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Skeletons, and pairs of them that stand near each other, in whichever order."""
    yield tuple([bone & _MASK for bone in bones])
    every = _lanes(bones)
    for apart in range(1, min(_REACH, len(bones))):
        count = len(bones) - apart
        here, other = every & (1 << count * _LANE) - 1, every >> apart * _LANE
        yield _folded((here ^ other) * _BONES + here + other, count)


def _lanes(hashes: Sequence[int]) -> int:
    """All in one long number, 64 bits to each: one step of arithmetic then does for all of them."""
    return int.from_bytes(pack(f"<{len(hashes)}Q", *hashes), "little")


def _folded(lanes: int, count: int) -> tuple[int, ...]:
    """The place in the table for each of the first so many lanes."""
    kept = lanes >> _SHIFT & _ones(count) * _MASK
    return unpack(f"<{count}Q", kept.to_bytes(count * _LANE // 8, "little"))


def _ones(count: int) -> int:
    return int.from_bytes(b"\1\0\0\0\0\0\0\0" * count, "little")
