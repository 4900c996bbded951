"""Score the language guess and plain langdetect side by side on the development texts, one JSON object a line."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException

from bot.safeguards.language import build, detect

SUPPORTED = frozenset(
    {"en", "gd", "pl", "uk", "ru", "ar", "fa", "ur", "ps", "ku", "pa", "zh", "ti"}
    | {"ro", "bg", "lt", "lv", "tr", "so", "es", "pt", "fr", "it", "de", "vi"}
)
NO_LETTERS = "und"

Row = dict[str, str]
Guess = Callable[[str], str | None]


def ours() -> Guess:
    """Our offer to somebody whose conversation is in English so far: no offer means that English goes on."""
    detector = build(SUPPORTED)
    return lambda text: detect(text, SUPPORTED, "en", detector)


def plain_langdetect() -> Guess:
    """All of langdetect's profiles and whatever it answers, with the seed fixed so that the run can be repeated."""
    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    factory.set_seed(0)

    def answer(text: str) -> str | None:
        one_text = factory.create()
        one_text.append(text)
        try:
            return str(one_text.detect()).partition("-")[0]
        except LangDetectException:
            return None

    return answer


def groups(row: Row) -> Iterator[str]:
    """The groups that a text counts in."""
    if row["lang"] in {"en", NO_LETTERS}:
        yield from ("english", f"english/{row['length_class']}", f"english/{row['source']}")
        return
    yield from ("other", f"other/{row['length_class']}", f"lang/{row['lang']}")
    if row["source"] == "replies":
        yield "replies"


def verdict(row: Row, found: str | None) -> str:
    """right, wrong or none; for English texts right is not being taken for anything else."""
    if row["lang"] in {"en", NO_LETTERS}:
        return "right" if found in {None, "en"} else "wrong"
    return "none" if found is None else "right" if found == row["lang"] else "wrong"


def score(rows: Iterable[Row], guess: Guess) -> tuple[Counter[tuple[str, str]], list[float]]:
    """Counts by group and verdict, and the CPU seconds of each text."""
    counts: Counter[tuple[str, str]] = Counter()
    seconds: list[float] = []
    for row in rows:
        began = time.process_time()
        found = guess(row["text"])
        seconds.append(time.process_time() - began)
        counts.update((group, verdict(row, found)) for group in groups(row))
    return counts, seconds


def half(row: Row) -> str:
    """a was looked at while the lists were written, b was not."""
    return "ab"[hashlib.sha256(row["text"].encode()).digest()[0] & 1]


def report(name: str, part: str, rows: list[Row], guess: Guess) -> Iterator[dict[str, object]]:
    """One line a group, with percentages, and one for the time."""
    counts, seconds = score(rows, guess)
    for group in sorted({group for group, _ in counts}):
        each = {word: counts[group, word] for word in ("right", "wrong", "none")}
        total = sum(each.values())
        shares = {word: round(100 * count / total, 1) for word, count in each.items()}
        yield {"detector": name, "half": part, "group": group, "texts": total, **shares}
    micro = {"median_us": statistics.median(seconds) * 1e6, "mean_us": statistics.fmean(seconds) * 1e6}
    yield {"detector": name, "half": part, "group": "time", **{key: round(value) for key, value in micro.items()}}


def figures(folder: Path) -> Iterator[dict[str, object]]:
    """The lines of both detectors, each half of the development texts by itself."""
    rows: list[Row] = [json.loads(line) for line in (folder / "dev.jsonl").read_text(encoding="utf-8").splitlines()]
    for name, guess in (("heard", ours()), ("langdetect", plain_langdetect())):
        for part in "ab":
            yield from report(name, part, [row for row in rows if half(row) == part], guess)


def main() -> int:
    """Print the figures on the texts that HEARD_SHARED_DATA names; say so where it names none."""
    if not (root := os.environ.get("HEARD_SHARED_DATA")):
        print("set HEARD_SHARED_DATA", file=sys.stderr)
        return 2
    for line in figures(Path(root) / "language"):
        print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
