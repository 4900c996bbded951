"""`python -m training redaction`: the model that finds names and places, from both corpora."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pycrfsuite

from bot.safeguards import redaction
from bot.safeguards.redaction.features import Lookup, features_of
from bot.safeguards.redaction.patterns import shapes
from bot.safeguards.redaction.tokens import kind_at, tokens_of
from bot.safeguards.redaction.words import (
    AMBIGUOUS,
    FORENAME,
    KEPT,
    NAMES,
    ORDINARY,
    STEP,
    Words,
    load_words,
)
from training import corpus

FOLDER = Path(redaction.__file__).resolve().parent / "corpus"
MODEL = FOLDER.parent / "model" / "details.crfsuite"
ROUNDS, SEED, TWICE = 100, 7, 2
PARTS = ("train", "held out")
HIDDEN, BARE, UNSHAPED, MARKED = 0.4, 0.7, 0.3, 0.15
MOST_MARKED, MOST_PLAIN, MOST_CHATTER = 3_500, 3_000, 3_000
NAMED = ("name", "place", "school", "club", "workplace")
KINDS = {"work": "workplace", "dob": "date of birth"}
Spans = Sequence[tuple[int, int, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """A text with the places and kinds of its details, and the hand that wrote it."""

    text: str
    details: Spans
    hand: str


def make(model: Path = MODEL) -> None:
    """Train on the hands that are for it, and on a share of the triage corpus."""
    words, dice = load_words(), random.Random(SEED)
    rows = [*_own(words, dice), *_answers(words)]
    dice.shuffle(rows)
    trainer, count = pycrfsuite.Trainer(verbose=False), 0
    for row in rows:
        for described, labels in examples(row, words, dice):
            trainer.append(described, labels)
            count += 1
    trainer.set_params(
        {"c1": 0.1, "c2": 0.05, "max_iterations": ROUNDS, "feature.minfreq": 2, "feature.possible_transitions": True}
    )
    model.parent.mkdir(exist_ok=True)
    trainer.train(str(model))
    print(f"{len(rows)} rows, {count} examples, {model.stat().st_size:,} bytes", flush=True)


def read(hand: str) -> list[Row]:
    """The rows of one hand of the redaction corpus."""
    lines = (FOLDER / "hands" / f"{hand}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_row(json.loads(line)) for line in lines]


def hands() -> dict[str, dict[str, object]]:
    """What is known of each hand: its voice, and what its rows are for."""
    found: dict[str, dict[str, object]] = json.loads((FOLDER / "hands.json").read_text(encoding="utf-8"))
    return found


def held_out() -> Iterator[Row]:
    """The rows of hands that no training saw, without what a training hand says word for word ("my social worker")."""
    told = hands()
    rows = {part: [row for hand in told if told[hand]["part"] == part for row in read(hand)] for part in PARTS}
    learned = {row.text.casefold() for row in rows["train"]}
    yield from (row for row in rows["held out"] if row.text.casefold() not in learned)


def _row(line: Mapping[str, object]) -> Row:
    spans = line.get("details", line.get("identifiers", []))
    assert isinstance(spans, list)
    return Row(
        str(line["text"]), [(start, end, KINDS.get(kind, kind)) for start, end, kind in spans], str(line["hand"])
    )


def _own(words: Words, dice: random.Random) -> Iterator[Row]:
    for hand, told in hands().items():
        if told["part"] == "train":
            rows = read(hand)
            yield from rows * TWICE
            yield from [row for row in rows if not row.details] * TWICE
    paths = [path for path in sorted((corpus.FOLDER / "hands").glob("*.jsonl")) if path.stem[0] not in "xd"]
    triage = [_row(json.loads(line)) for path in paths
              for line in path.read_text(encoding="utf-8").splitlines()]  # fmt: skip
    yield from dice.sample([row for row in triage if row.details], MOST_MARKED)
    plain = [row for row in triage if not row.details and not _forgot(row, words)]
    yield from dice.sample([row for row in plain if row.hand[0] != "c"], MOST_PLAIN)
    chatter = [row for row in plain if row.hand[0] == "c"]
    yield from dice.sample(chatter, min(MOST_CHATTER, len(chatter)))


def _forgot(row: Row, words: Words) -> bool:
    """Whether a row without marks has what looks like a name all the same: its hand may have forgotten to mark it."""
    flags = [words.of(token.plain) for token in tokens_of(row.text)]
    return any(each & FORENAME and not each & (AMBIGUOUS | ORDINARY | KEPT) and each >> STEP <= 3 for each in flags)


def _answers(words: Words) -> Iterator[Row]:
    """Our own answer words and labels, which must stay."""
    yield from (Row(answer, [], "answers") for answer in sorted(words.answers))


def examples(row: Row, words: Words, dice: random.Random) -> Iterator[tuple[list[list[str]], list[str]]]:
    """A row as it is, sometimes with its names in no list, sometimes with details marked already."""
    yield _example(row, words, words.of, dice)
    named = {token.plain for token in tokens_of(row.text) if kind_at(token, row.details) in NAMED}
    if named and dice.random() < HIDDEN:
        hidden = {word for word in sorted(named) if dice.random() < BARE or len(named) == 1}
        bare = {word for word in sorted(hidden) if dice.random() < BARE}
        yield _example(row, words, _without(words, hidden, bare), dice)
    if row.details and dice.random() < MARKED:
        yield _example(_marked(row, dice), words, words.of, dice)


def _without(words: Words, hidden: set[str], bare: set[str]) -> Lookup:
    def lookup(word: str) -> int:
        if word in bare:
            return 0
        return words.of(word) & ~NAMES if word in hidden else words.of(word)

    return lookup


def _marked(row: Row, dice: random.Random) -> Row:
    """Some of the details replaced by their marks, as the second reading of a text sees them."""
    text, left, place = "", list[tuple[int, int, str]](), 0
    for start, end, kind in sorted(row.details):
        text += row.text[place:start]
        if dice.random() < 0.6:
            text += f"[{kind}]"
        else:
            left.append((len(text), len(text) + end - start, kind))
            text += row.text[start:end]
        place = end
    return Row(text + row.text[place:], left, row.hand)


def _example(row: Row, words: Words, lookup: Lookup, dice: random.Random) -> tuple[list[list[str]], list[str]]:
    tokens = tokens_of(row.text)
    found = [] if dice.random() < UNSHAPED else list(shapes(row.text, words.is_ordinary))
    shaped = [kind_at(token, found) for token in tokens]
    labels = [kind_at(token, row.details).replace(" ", "_") or "O" for token in tokens]
    return features_of(tokens, words, shaped, lookup), labels
