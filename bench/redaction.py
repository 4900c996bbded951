"""Measures redaction on the development messages: one JSON object a line."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from bot.safeguards.redaction import Names, load_names, redact

Row = Mapping[str, Any]


def half(text: str) -> str:
    """Which half of the development data a text is in: only the first was read while rules were written."""
    return "unread" if hashlib.sha256(text.encode()).digest()[0] % 2 else "read"


def scorer(folder: Path) -> ModuleType:
    """The scorer that lies beside the data, so that our figures are the same as everybody's."""
    spec = importlib.util.spec_from_file_location("redaction_score", folder / "score.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError("score.py does not lie beside the development data")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def figures(folder: Path) -> Iterator[dict[str, object]]:
    """Leak and loss for each half, with and without place names, by type; hard negatives; speed."""
    score, names = scorer(folder), load_names()
    rows, hard = score.load(folder / "dev.jsonl"), score.load(folder / "hard_negatives_dev.jsonl")
    for part in ("read", "unread"):
        chosen = [row for row in rows if half(row["text"]) == part]
        started = time.thread_time()
        done = redacted(chosen, names)
        speed = len(chosen) / (time.thread_time() - started)
        for core in (False, True):
            yield _figure(score, chosen, done, core) | {
                "half": part,
                "places counted": not core,
                "messages a second": round(speed),
            }
        plain = [row for row in hard if half(row["text"]) == part]
        result, _ = score.score(plain, redacted(plain, names))
        yield {
            "half": part,
            "hard negatives": len(plain),
            "touched percent": _percent(result["messages_over_redacted"]),
        }


def redacted(rows: list[Row], names: Names) -> list[str]:
    """The rows' texts as they would be kept."""
    return [redact(row["text"], row.get("lang", "en"), names).text for row in rows]


def _figure(score: ModuleType, rows: list[Row], done: list[str], core: bool) -> dict[str, object]:
    result, _ = score.score(rows, done, core)
    return {
        "messages": result["messages_with_identifier"],
        "leak percent": _percent(result["leak_rate"]),
        "words lost percent": _percent(result["over_redaction_words"]),
        "recall by type": {kind: [cell["n"], _percent(cell["recall"])] for kind, cell in result["by_type"].items()},
        "leak by source": {
            name: [cell["n"], _percent(cell["leak"])] for name, cell in result["leak_by_source"].items()
        },
    }


def _percent(share: float) -> float:
    return round(100 * share, 2)


def main() -> int:
    """Print the figures; say so where the development data is not there."""
    if not (root := os.environ.get("HEARD_SHARED_DATA")):
        print(json.dumps({"measure": "redaction", "skipped": "HEARD_SHARED_DATA is not set"}))
        return 0
    for figure in figures(Path(root) / "redaction"):
        print(json.dumps(figure, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
