"""The third mind: a small encoder, fine-tuned on the corpus, that may only raise; an optional extra, loaded here."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import import_module
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from bot.safeguards.triage.wordpieces import Pieces
from conversations.values import Assessment, Level

FEWEST_WORDS = 3
"""A number, a yes or the name of an option needs no encoder."""
LONGEST_PIECE = 128
VOCABULARY = 30_522
"""How many pieces the vocabulary has that the starting weights came with."""
HEARD = 0.3
"""What the linear model's opinion weighs beside the encoder's own: they err on different texts."""
_OVERLAP = 32


class EncoderAbsent(Exception):
    """The extra `encoder` is not installed, or its files are missing or damaged."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the encoder makes of one text: how likely an alert is, the level, and what it is most like."""

    level: Level
    chance: float
    category: str
    version: str

    def raised(self, assessment: Assessment) -> Assessment:
        """The assessment with what the encoder adds; never lower than it was."""
        if self.level <= assessment.level or self.level < Level.CONCERN:
            return assessment
        return Assessment(
            level=self.level,
            assessed=assessment.assessed,
            covered=assessment.covered,
            reasons=(*assessment.reasons, f"encoder:{self.category}:{self.chance:.2f}"),
            version=f"{assessment.version}+{self.version}"[:32],
        )


Look = Callable[[str], Looked]


def worth_a_look(text: str, assessment: Assessment) -> bool:
    """Whether the encoder should read this text: words that did not alert, in the language that it was taught."""
    return not assessment.alerts and assessment.covered and len(text.split()) >= FEWEST_WORDS


@dataclass(frozen=True, slots=True)
class Encoder:
    """The loaded model with its bars."""

    version: str
    categories: tuple[str, ...]
    bars: Mapping[str, float]
    pieces: Callable[[str], list[int]]
    chances: Callable[[Sequence[int]], Sequence[float]]

    def look(self, text: str, heard: float | None = None) -> Looked:
        """How worrying the text is; the most worrying stretch of a long one counts.

        `heard` is how likely the linear model thinks that the text alerts, None where it saw too little.
        """
        found = [self._of(self.chances(stretch), heard) for stretch in _stretches(self.pieces(text))]
        return max(found, key=lambda looked: (looked.level, looked.chance))

    def _of(self, chances: Sequence[float], heard: float | None) -> Looked:
        alert, immediate = joined(chances[2] + chances[3], heard), chances[3]
        level = Level.NONE
        if alert >= self.bars["alert"]:
            level = Level.IMMEDIATE if immediate >= self.bars["immediate"] else Level.CONCERN
        likest = max(range(len(self.categories)), key=lambda place: chances[4 + place])
        return Looked(level, alert, self.categories[likest], self.version)


def joined(chance: float, heard: float | None) -> float:
    """The encoder's chance and what it heard, weighed as odds; its own alone when it heard nothing."""
    if heard is None:
        return float(chance)
    return 1 / (1 + math.exp(-(_log_odds(chance) + HEARD * _log_odds(heard)) / (1 + HEARD)))


def _log_odds(chance: float) -> float:
    within = min(max(chance, 1e-6), 1 - 1e-6)
    return math.log(within / (1 - within))


def look_at(text: str, heard: float | None = None) -> Looked:
    """Look at one text with the packaged encoder; raises EncoderAbsent."""
    return load().look(text, heard)


@cache
def load() -> Encoder:
    """The packaged encoder, loaded once in a process that asks for it; raises EncoderAbsent."""
    with as_file(files("bot.safeguards.triage").joinpath("encoder_files")) as folder:
        return read(folder)


def read(folder: Path) -> Encoder:
    """The encoder in a folder: encoder.onnx, vocabulary.txt and told.json; raises EncoderAbsent."""
    try:
        runtime, numpy = import_module("onnxruntime"), import_module("numpy")
        model = (folder / "encoder.onnx").read_bytes()
        told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
        pieces = Pieces.of((folder / "vocabulary.txt").read_text(encoding="utf-8"))
        categories, bars = tuple(told["categories"]), {key: float(told["bars"][key]) for key in ("alert", "immediate")}
        version = sha256(model + json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]
        chances = _chances(_session(runtime, model), numpy)
        if len(pieces.numbers) != VOCABULARY or len(chances(pieces.cut("hello"))) != 4 + len(categories):
            raise ValueError("the files do not fit each other")
    except Exception as broken:  # the library raises kinds of its own; whatever it is, the other minds stand
        raise EncoderAbsent(f"the encoder cannot be loaded: {type(broken).__name__}") from broken
    return Encoder(version, categories, bars, pieces.cut, chances)


def _chances(session: Any, numpy: Any) -> Callable[[Sequence[int]], Sequence[float]]:
    def chances(piece: Sequence[int]) -> Sequence[float]:
        ids = numpy.array([piece], dtype=numpy.int64)
        found: Sequence[float] = session.run(None, {"ids": ids, "mask": numpy.ones_like(ids)})[0][0].tolist()
        return found

    return chances


def _session(runtime: Any, model: bytes) -> Any:
    """One thread: the second core belongs to the web process, and two threads were no faster for one text."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _stretches(ids: Sequence[int]) -> list[Sequence[int]]:
    """Overlapping stretches, each with the marks that begin and end a text."""
    if len(ids) <= LONGEST_PIECE:
        return [ids]
    first, *inside, last = ids
    room = LONGEST_PIECE - 2
    starts = range(0, max(len(inside) - _OVERLAP, 1), room - _OVERLAP)
    return [[first, *inside[start : start + room], last] for start in starts]
