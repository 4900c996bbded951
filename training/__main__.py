"""`make train`: every file of weights from the corpus, the same each time on the same machine."""

from __future__ import annotations

import dataclasses
import json
import sys

from training import corpus, linear, variety

TRIAGE = corpus.FOLDER.parent


def main(wanted: list[str]) -> int:
    """Train linear, encoder, or both when none is named.

    `bars` sets those of the linear model anew, `variety` measures the corpus, `held-out` prints what no training saw.
    """
    if "variety" in wanted:
        variety.report(corpus.load(), {hand: str(told["part"]) for hand, told in corpus.hands().items()})
        return 0
    parts = corpus.parts(corpus.load(), corpus.hands())
    if "held-out" in wanted:
        for row in parts["held out"]:
            print(json.dumps(dataclasses.asdict(row), ensure_ascii=False))
        return 0
    print(", ".join(f"{len(rows)} rows to {part}" for part, rows in parts.items()), flush=True)
    if not wanted or "linear" in wanted:
        linear.make(parts["train"], parts["calibrate"], TRIAGE / "weights" / "linear.bin")
    if "bars" in wanted:
        linear.set_bars(parts["calibrate"], TRIAGE / "weights" / "linear.bin")
    if not wanted or {"encoder", "bars"}.intersection(wanted):
        from training import encoder  # PyTorch takes seconds to load, which the linear model need not wait for

    if "bars" in wanted:
        encoder.set_bars(parts["calibrate"], TRIAGE / "encoder_files")
    if not wanted or "encoder" in wanted:
        encoder.make(parts["train"], parts["calibrate"], TRIAGE / "encoder_files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
