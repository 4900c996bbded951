"""What both corpora have in common: a file of rows for each hand, and what is told of the hands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


@cache
def hands(folder: Path) -> dict[str, dict[str, Any]]:
    """What is told of each hand of this corpus: its voice, its part and how many rows it wrote."""
    told: dict[str, dict[str, Any]] = json.loads((folder / "hands.json").read_text(encoding="utf-8"))
    return told


@cache
def rows(folder: Path) -> tuple[Row, ...]:
    """Every row of this corpus, with the name of its file."""
    return tuple(
        json.loads(line) | {"file": path.stem}
        for path in sorted((folder / "hands").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    )
