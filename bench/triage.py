"""Measures the screen on the development messages: one JSON object a line."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.safeguards import triage
from bot.safeguards.triage import lexicon as lexicons
from conversations.values import Level

Row = Mapping[str, object]


def rows(path: Path) -> list[Row]:
    """The rows of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def half(text: str) -> str:
    """Which half of the development data a text is in: only the first was read while rules were written."""
    return "unread" if hashlib.sha256(text.encode()).digest()[0] % 2 else "read"


def share(found: int, of: int) -> dict[str, object]:
    """A count with its percentage."""
    return {"k": found, "n": of, "percent": round(100 * found / of, 2) if of else 0.0}


def figures(folder: Path) -> Iterator[dict[str, object]]:
    """Recall by half, category and language; false alarms; speed."""
    lexicon = lexicons.load()
    tally: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    times: list[float] = []
    benign: list[Row] = [dict(row) | {"label": "benign stream"} for row in rows(folder / "benign_dev.jsonl")]
    for row in [*rows(folder / "dev.jsonl"), *benign]:
        text, label = str(row["text"]), str(row["label"])
        started = time.thread_time()
        found = triage.assess(text, lexicon)
        times.append(time.thread_time() - started)
        for name in _cells(row, text, label):
            tally[name][0] += found.alerts
            tally[name][1] += 1
        graded = tally[f"{half(text)}:{label}:graded immediate"]
        graded[0] += found.level is Level.IMMEDIATE
        graded[1] += 1
        if not found.covered and row["lang"] in ("en", "sco"):
            tally["english called uncovered"][0] += 1
        tally["english called uncovered"][1] += row["lang"] in ("en", "sco")
    for name in sorted(tally):
        yield {"measure": f"alerts {name}", **share(*tally[name])}
    times.sort()
    yield {
        "measure": "milliseconds of processor time",
        "p50": _ms(times, 0.5),
        "p99": _ms(times, 0.99),
        "max": _ms(times, 1),
    }
    yield {
        "measure": "lexicon",
        "version": lexicon.version,
        "rules": len(lexicon.rules),
        "failures": lexicons.verify(lexicon),
    }


def _cells(row: Row, text: str, label: str) -> Iterator[str]:
    serious = label in ("concern", "immediate")
    yield f"{half(text)}:{label}"
    if serious:
        yield f"{half(text)}:concern or immediate"
        yield f"{half(text)}:{'authored' if row['source'] == 'authored' else 'external'}"
        yield f"language:{row['lang']}"
        for category in row["categories"] if isinstance(row["categories"], list) else ():
            yield f"category:{category}"
    elif "negtype" in row:
        yield f"{half(text)}:none:{row['negtype']}"


def _ms(times: list[float], part: float) -> float:
    return round(1_000 * times[min(len(times) - 1, int(part * len(times)))], 3)


def main() -> int:
    """Print the figures; say so where the development data is not there."""
    if not (root := os.environ.get("HEARD_SHARED_DATA")):
        print(json.dumps({"measure": "triage", "skipped": "HEARD_SHARED_DATA is not set"}))
        return 0
    for figure in figures(Path(root) / "triage"):
        print(json.dumps(figure, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
