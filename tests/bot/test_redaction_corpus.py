"""The corpus of redaction is what it says: details marked where they stand, nobody real, hands that do not copy."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

from bot.safeguards import redaction
from tests.corpora import Row, hands, rows

FOLDER = Path(redaction.__file__).parent / "corpus"
KINDS = {
    "address", "age", "club", "date of birth", "email", "handle", "link", "name", "number", "phone", "place", "plate",
    "postcode", "school", "workplace",
}  # fmt: skip
OTHERS = {"d-first", "x-social"}
NUMBER = re.compile(r"(?<![\d.])0[1-9](?:[ ().-]{0,2}\d){8,9}(?!\d)")
DRAMA = re.compile(r"(?:0|0044)7700900\d{3}|01(?:41|31|21|51|61)4960\d{3}|01632960\d{3}")

def test_hands_and_files_agree() -> None:
    counted = Counter(row["file"] for row in rows(FOLDER))
    assert counted == {hand: told["rows"] for hand, told in hands(FOLDER).items()}
    assert {told["part"] for told in hands(FOLDER).values()} == {"train", "held out"}
    assert all(told["voice"] for told in hands(FOLDER).values())
    assert len({row["id"] for row in rows(FOLDER)}) == len(rows(FOLDER))


def test_details_are_marked_where_they_stand() -> None:
    for row in rows(FOLDER):
        for start, end, kind in row["details"]:
            assert kind in KINDS, row["id"]
            assert 0 <= start < end <= len(row["text"]), row["id"]
        assert all(one[1] <= two[0] for one, two in pairwise(sorted(row["details"]))), row["id"]


def test_nobodys_real_number_is_in_it() -> None:
    """Ofcom keeps these ranges for drama."""
    real = [
        row["id"]
        for row in rows(FOLDER)
        if row["hand"] not in OTHERS
        for match in NUMBER.finditer(row["text"])
        if not DRAMA.fullmatch(re.sub(r"\D", "", match[0])) and _is_phone(row, match.start())
    ]
    assert real == []


def _is_phone(row: Row, at: int) -> bool:
    return any(start <= at < end and kind == "phone" for start, end, kind in row["details"])


def test_no_hand_says_the_same_twice_or_what_a_held_out_hand_says() -> None:
    said = Counter((row["hand"], row["text"]) for row in rows(FOLDER) if row["hand"] not in OTHERS)
    assert [each for each, times in said.items() if times > 1] == []
    part = {hand: told["part"] for hand, told in hands(FOLDER).items()}
    learned = {row["text"].casefold() for row in rows(FOLDER) if part[row["hand"]] == "train" and len(row["text"]) > 12}
    held = [row for row in rows(FOLDER) if part[row["hand"]] == "held out" and row["details"]]
    assert [row["id"] for row in held if row["text"].casefold() in learned] == []


def test_there_are_enough_of_each_kind_and_of_texts_without_any() -> None:
    found = Counter(kind for row in rows(FOLDER) for _, _, kind in row["details"])
    assert min(found[kind] for kind in KINDS) >= 25, found
    assert found["name"] >= 3_000
    assert sum(not row["details"] for row in rows(FOLDER)) >= 1_500
