"""`make train`: every file of weights from the corpus, the same each time on the same machine."""

from __future__ import annotations

import dataclasses
import json
import sys

from training import corpus, linear, variety

WEIGHTS = corpus.FOLDER.parent / "weights" / "linear.bin"
FILES = corpus.FOLDER.parent / "encoder_files"


def main(wanted: list[str]) -> int:
    """Train linear, encoder, or both when none is named; `redaction` trains what finds names, `lists` packs its lists,
    `meanings` groups words for it.

    `bars` sets those of both models anew, `variety` measures the corpus, `held-out` prints what no training saw, and
    `held-out-details` the same for redaction.
    """
    if done := [SHORT[name]() for name in wanted if name in SHORT]:
        return len(done) - len(wanted)
    if "variety" in wanted:
        variety.report(corpus.load(), {hand: str(told["part"]) for hand, told in corpus.hands().items()})
        return 0
    parts = corpus.parts(corpus.load(), corpus.hands())
    if "held-out" in wanted:
        for row in parts["held out"]:
            print(json.dumps(dataclasses.asdict(row), ensure_ascii=False))
        return 0
    print(", ".join(f"{len(rows)} rows to {part}" for part, rows in parts.items()), flush=True)
    for name in wanted or ("linear", "encoder"):
        STEPS[name](parts["train"], parts["calibrate"])
    return 0


def _linear(train: list[corpus.Row], calibrate: list[corpus.Row]) -> None:
    linear.make(train, calibrate, WEIGHTS)


def _encoder(train: list[corpus.Row], calibrate: list[corpus.Row]) -> None:
    from training import encoder  # PyTorch takes seconds to load, which the linear model need not wait for

    encoder.make(train, calibrate, FILES)


def _bars(train: list[corpus.Row], calibrate: list[corpus.Row]) -> None:
    from training import encoder

    linear.set_bars(calibrate, WEIGHTS)
    encoder.set_bars(calibrate, FILES)


def _lists() -> None:
    from training import lists

    lists.make()


def _meanings() -> None:
    from training import meanings

    meanings.make()


def _redaction() -> None:
    from training import redaction

    redaction.make()


def _held_out_details() -> None:
    from training import redaction

    for row in redaction.held_out():
        print(json.dumps(dataclasses.asdict(row), ensure_ascii=False))


SHORT = {"lists": _lists, "meanings": _meanings, "redaction": _redaction, "held-out-details": _held_out_details}
STEPS = {"linear": _linear, "encoder": _encoder, "bars": _bars}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
