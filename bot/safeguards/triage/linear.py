"""The second mind: a linear model over hashed pieces of words, in plain Python, from a file of small integers."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from operator import itemgetter
from typing import Any

from bot.safeguards.triage.features import SIZE, features

FILE = "weights/linear.bin"
HEADS = frozenset({"alert", "immediate", "wellbeing"})
BARS = ("alert", "doubt", "immediate", "wellbeing")
ABOUT = "about:"
_RAISE = 128
_RAISED = bytes((number + _RAISE) % 256 for number in range(256))


class BrokenModel(ValueError):
    """The file of weights is not what it should be."""


@dataclass(frozen=True, slots=True)
class Head:
    """One question to the model: a weight for every hashed piece and for rules that were found, and what to add."""

    raised: bytes
    """The weights, each with 128 added: no other kind of row is read as fast."""
    scale: float
    rules: Mapping[str, float]
    bias: float

    @property
    def weights(self) -> list[int]:
        """The weight of every hashed piece, before the scale."""
        return [number - _RAISE for number in self.raised]

    def chance(self, seen: set[int], fired: Iterable[str] = ()) -> float:
        """How likely the answer is yes, from 0 to 1."""
        return self.weighed(_reader(seen, len(self.raised)), len(seen), fired)

    def weighed(self, read_at: Callable[[bytes], Sequence[int]], count: int, fired: Iterable[str] = ()) -> float:
        """The same, for a reader of so many pieces that heads of one size share."""
        pieces = (sum(read_at(self.raised)) - _RAISE * count) * self.scale / math.sqrt(max(count, 1))
        total = pieces + sum([self.rules.get(rule, 0.0) for rule in fired]) + self.bias
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def _reader(seen: Collection[int], size: int) -> Callable[[bytes], Sequence[int]]:
    """Takes the numbers out that stand for what was seen, without a step of Python for each."""
    places = seen if size >= SIZE else [number & size - 1 for number in seen]
    if len(places) > 1:
        return itemgetter(*places)
    return lambda raised: [raised[place] for place in places]


@dataclass(frozen=True, slots=True)
class Linear:
    """The heads, the bars above (or, for doubt, below) which they count, and the version of the file they came from."""

    version: str
    heads: Mapping[str, Head]
    bars: Mapping[str, float]

    def seen(self, words: Sequence[str]) -> set[int]:
        """What every head looks at."""
        return features(words)

    def chance(self, head: str, seen: set[int], fired: Iterable[str] = ()) -> float:
        """How likely this head's answer is yes."""
        return self.heads[head].chance(seen, fired)

    def about(self, seen: set[int]) -> str:
        """What a worrying text is most like: a category."""
        heads = {name: head for name, head in self.heads.items() if name.startswith(ABOUT)}
        readers = {size: _reader(seen, size) for size in {len(head.raised) for head in heads.values()}}
        chances = {name: head.weighed(readers[len(head.raised)], len(seen)) for name, head in heads.items()}
        return max(chances, key=chances.__getitem__, default=ABOUT + "other").removeprefix(ABOUT)


@cache
def load_model() -> Linear:
    """The model that is packaged with the product; raises BrokenModel."""
    try:
        return read(files("bot.safeguards.triage").joinpath(FILE).read_bytes())
    except OSError as missing:
        raise BrokenModel(f"the file of weights cannot be read: {type(missing).__name__}") from missing


def read(content: bytes) -> Linear:
    """The model in a file: a line of JSON with bars and heads in their order, then the packed weights."""
    try:
        first, _, packed = content.partition(b"\n")
        told = json.loads(first)
        plain = zlib.decompress(packed)
        heads, start = {}, 0
        for head in told["heads"]:
            heads[head["name"]] = _head(head, plain[start : start + head["size"]])
            start += head["size"]
        bars = {name: _number(told["bars"][name]) for name in BARS}
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as broken:
        raise BrokenModel(f"the file of weights is damaged: {type(broken).__name__}") from broken
    if start != len(plain) or HEADS - set(heads):
        raise BrokenModel("the file of weights has the wrong size")
    return Linear(sha256(content).hexdigest()[:10], heads, bars)


def _head(told: Mapping[str, Any], weights: bytes) -> Head:
    size = len(weights)
    if size != told["size"] or size < 1 or size & (size - 1):
        raise ValueError("a hash is cut to its place by a power of two")
    rules = {rule: _number(weight) for rule, weight in told["rules"].items()}
    return Head(weights.translate(_RAISED), _number(told["scale"]), rules, _number(told["bias"]))


def _number(told: Any) -> float:
    if not math.isfinite(number := float(told)):
        raise ValueError("no number")
    return number


@dataclass(frozen=True, slots=True)
class Trained:
    """A head as training gives it."""

    weights: Sequence[float]
    rules: Mapping[str, float]
    bias: float


def write(heads: Mapping[str, Trained], bars: Mapping[str, float]) -> bytes:
    """The file for these heads and bars; the same ones give the same bytes."""
    told, packed = [], bytearray()
    for name, head in heads.items():
        scale = max(1e-9, *(abs(weight) for weight in head.weights)) / 127
        rules = {rule: round(weight, 4) for rule, weight in head.rules.items() if weight}
        told.append({"name": name, "size": len(head.weights), "scale": scale, "rules": rules, "bias": head.bias})
        packed += bytes(round(weight / scale) & 0xFF for weight in head.weights)
    first = json.dumps({"bars": dict(bars), "heads": told}, sort_keys=True).encode()
    return first + b"\n" + zlib.compress(bytes(packed), 9)


def with_bars(content: bytes, bars: Mapping[str, float]) -> bytes:
    """The same file with other bars."""
    first, _, packed = content.partition(b"\n")
    return json.dumps(json.loads(first) | {"bars": dict(bars)}, sort_keys=True).encode() + b"\n" + packed
