"""The corpus as rows: every message with its level, category, way of telling, and the hand that wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.safeguards.triage.wording import normalised

FOLDER = Path(__file__).resolve().parent.parent / "bot" / "safeguards" / "triage" / "corpus"
LEVELS = ("none", "wellbeing", "concern", "immediate")


@dataclass(frozen=True, slots=True)
class Row:
    """One message of the corpus."""

    text: str
    level: str
    category: str
    way: str
    situation: str
    hand: str
    lang: str

    @property
    def english(self) -> bool:
        """Whether it is in English or Scots: the encoder's starting weights know no other language."""
        return self.lang in ("en", "sco")

    @property
    def alerts(self) -> bool:
        """Whether a duty worker must hear of it."""
        return self.level in ("concern", "immediate")


def load(folder: Path = FOLDER) -> list[Row]:
    """Every row of every hand, in the order of the files."""
    return [row for path in sorted((folder / "hands").glob("*.jsonl")) for row in read(path)]


def read(path: Path) -> list[Row]:
    """The rows of one hand."""
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [Row(**{name: line[name] for name in Row.__dataclass_fields__}) for line in lines]


def hands(folder: Path = FOLDER) -> dict[str, dict[str, object]]:
    """What is known of each hand: its voice, and what its rows are for."""
    found: dict[str, dict[str, object]] = json.loads((folder / "hands.json").read_text(encoding="utf-8"))
    return found


def parts(rows: Iterable[Row], known: dict[str, dict[str, object]]) -> dict[str, list[Row]]:
    """Rows to train on, rows that bars are set on, and rows of hands that are held out of both.

    What a training hand has written word for word as well ("bus pass") measures nothing and is in no other part.
    """
    found: dict[str, list[Row]] = {"train": [], "calibrate": [], "held out": []}
    for row in rows:
        found[str(known[row.hand]["part"])].append(row)
    learned = {normalised(row.text) for row in found["train"]}
    for part in ("calibrate", "held out"):
        found[part] = [row for row in found[part] if normalised(row.text) not in learned]
    return found
