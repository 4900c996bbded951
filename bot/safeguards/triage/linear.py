"""The second mind: a linear model over hashed pieces of words, in plain Python, from a file of small integers."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from bot.safeguards.triage.features import SIZE, features

FILE = "weights/linear.bin"


class BrokenModel(ValueError):
    """The file of weights is not what it should be."""


@dataclass(frozen=True, slots=True)
class Head:
    """One question to the model: a weight for every hashed piece, on a scale, and what to add."""

    weights: memoryview
    scale: float
    bias: float

    def chance(self, found: set[int]) -> float:
        """How likely the answer is yes, from 0 to 1."""
        if not found:
            return 0.0
        weights = self.weights
        total = sum([weights[number] for number in found]) * self.scale / math.sqrt(len(found)) + self.bias
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


@dataclass(frozen=True, slots=True)
class Linear:
    """The heads, where each says yes, and the version of the file that they came from."""

    version: str
    heads: Mapping[str, Head]
    bars: Mapping[str, float]

    def seen(self, words: Sequence[str]) -> set[int]:
        """What every head looks at."""
        return features(words)

    def says(self, head: str, found: set[int]) -> bool:
        """Whether this head reaches its bar."""
        return self.heads[head].chance(found) >= self.bars[head]


@cache
def load() -> Linear:
    """The model that is packaged with the product; raises BrokenModel."""
    try:
        return read(files("bot.safeguards.triage").joinpath(FILE).read_bytes())
    except OSError as missing:
        raise BrokenModel(f"the file of weights cannot be read: {type(missing).__name__}") from missing


def read(content: bytes) -> Linear:
    """The model in a file: a line of JSON with the heads in their order, then their packed weights."""
    try:
        first, _, packed = content.partition(b"\n")
        told = json.loads(first)
        plain = memoryview(zlib.decompress(packed)).cast("b")
        names = [head["name"] for head in told["heads"]]
        if len(plain) != SIZE * len(names) or not names:
            raise BrokenModel("the file of weights has the wrong size")
        heads = {
            head["name"]: Head(plain[place * SIZE : (place + 1) * SIZE], head["scale"], head["bias"])
            for place, head in enumerate(told["heads"])
        }
        bars = {head["name"]: float(head["bar"]) for head in told["heads"]}
    except (ValueError, KeyError, TypeError, zlib.error) as broken:
        raise BrokenModel(f"the file of weights is damaged: {type(broken).__name__}") from broken
    return Linear(sha256(content).hexdigest()[:12], heads, bars)


def write(heads: Mapping[str, tuple[Sequence[float], float, float]]) -> bytes:
    """The file for these heads: name to weights, what to add, and bar. The same heads give the same bytes."""
    told, packed = [], bytearray()
    for name, (weights, bias, bar) in heads.items():
        scale = max(max(abs(weight) for weight in weights), 1e-9) / 127
        told.append({"name": name, "scale": scale, "bias": bias, "bar": bar})
        packed += bytes(round(weight / scale) & 0xFF for weight in weights)
    first = json.dumps({"heads": told}, sort_keys=True).encode()
    return first + b"\n" + zlib.compress(bytes(packed), 9)
