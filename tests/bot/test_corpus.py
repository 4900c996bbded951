"""The corpus is what it says: rows whole and known, nobody's real number, and hands that do not copy one another."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from bot.safeguards.triage import lexicon
from tests.corpora import Row, hands, rows

FOLDER = Path(lexicon.__file__).parent / "corpus"
FIELDS = {"id", "text", "level", "category", "way", "situation", "hand", "lang", "identifiers"}
LEVELS = {"none", "wellbeing", "concern", "immediate"}
HARM = {
    "bullying_severe", "care_harm", "domestic_abuse", "eating_disorder", "emotional_abuse", "exploitation",
    "health_crisis", "honour_fm_fgm", "neglect", "physical_abuse", "running_away", "self_harm", "sexual_abuse",
    "substance", "suicide", "threats", "unsafe_now",
}  # fmt: skip
WORRY = {"bullying", "contact", "denies", "family", "low_mood", "placement", "third", "wellbeing"}
NOTHING = {"ordinary", "chatter", "chat"}
HARD = re.compile(r"hard:[a-z]+")
WAYS = {
    "", "after", "buried", "calm", "code", "denial", "direct", "friend", "hedged", "hint", "hurried", "indirect", "now",
    "question",
}  # fmt: skip
KINDS = {
    "address", "club", "dob", "email", "handle", "link", "name", "phone", "place", "postcode", "school", "work",
}  # fmt: skip
PARTS = {"train", "calibrate", "held out"}
FEWEST, SHINGLE, LONG = 12_000, 5, 8
NUMBER = re.compile(r"(?<![\d.])\+?\d(?:[ ().-]{0,2}\d){8,}")
DRAMA = re.compile(r"(?:44|0)7700900\d{3}|(?:44|0)1632960\d{3}|0491570(?:006|15[6-9]|313|737)")

def of_part(*parts: str) -> Iterator[Row]:
    return (row for row in rows(FOLDER) if hands(FOLDER)[row["hand"]]["part"] in parts)


def words(row: Row) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", row["text"].casefold()))


def shingles(row: Row) -> set[tuple[str, ...]]:
    said = words(row)
    return {said[start : start + SHINGLE] for start in range(len(said) - SHINGLE + 1)}


def wrong(found: Iterator[Row]) -> list[str]:
    """The first few ids, for a person to look at."""
    return [row["id"] for row, _ in zip(found, range(5), strict=False)]


# --- rows -------------------------------------------------------------------------------------------------------------


def test_every_row_has_the_fields_and_no_other() -> None:
    assert wrong(row for row in rows(FOLDER) if set(row) - {"file"} != FIELDS) == []
    texts = FIELDS - {"identifiers"}
    assert wrong(row for row in rows(FOLDER) if not all(isinstance(row[name], str) for name in texts)) == []
    assert wrong(row for row in rows(FOLDER) if not row["text"].strip() or len(row["text"]) > 1600) == []


def test_a_row_lies_with_its_hand_and_has_an_id_of_its_own() -> None:
    assert wrong(row for row in rows(FOLDER) if row["hand"] != row["file"]) == []
    assert wrong(row for row in rows(FOLDER) if not row["id"].startswith(f"{row['hand']}-")) == []
    assert len({row["id"] for row in rows(FOLDER)}) == len(rows(FOLDER))


def test_level_category_and_way_are_known() -> None:
    assert {row["level"] for row in rows(FOLDER)} <= LEVELS
    assert {row["way"] for row in rows(FOLDER)} <= WAYS
    known = HARM | WORRY | NOTHING
    assert {row["category"] for row in rows(FOLDER) if not HARD.fullmatch(row["category"])} <= known


def test_level_and_category_do_not_contradict_each_other() -> None:
    quiet = (row for row in rows(FOLDER) if row["category"] in NOTHING or HARD.fullmatch(row["category"]))
    assert wrong(row for row in quiet if row["level"] in ("concern", "immediate")) == []
    assert {row["category"] for row in rows(FOLDER) if row["level"] == "immediate"} <= HARM | WORRY


def test_what_could_point_to_somebody_is_marked_where_it_stands() -> None:
    for row in rows(FOLDER):
        for start, end, kind in row["identifiers"]:
            assert kind in KINDS, row["id"]
            assert 0 <= start < end <= len(row["text"]), row["id"]
            assert row["text"][start:end] == row["text"][start:end].strip(), row["id"]
        places = sorted(row["identifiers"])
        assert all(one[1] <= two[0] for one, two in pairwise(places)), row["id"]


def test_nobodys_real_number_is_in_it() -> None:
    """Ofcom keeps numbers for drama, and so does Australia's ACMA; a date of birth is no number to call."""
    for row in rows(FOLDER):
        marked = {kind: [(start, end) for start, end, each in row["identifiers"] if each == kind] for kind in KINDS}
        for match in NUMBER.finditer(row["text"]):
            digits = re.sub(r"\D", "", match[0])
            inside = [kind for kind in KINDS for start, end in marked[kind]
                      if start <= match.start() and match.end() <= end]  # fmt: skip
            if len(digits) < 10 or "dob" in inside:
                continue
            assert "phone" in inside, row["id"]
            assert DRAMA.fullmatch(digits), row["id"]


def test_no_hand_says_the_same_twice() -> None:
    said = Counter((row["hand"], row["text"]) for row in rows(FOLDER))
    assert [each for each, times in said.items() if times > 1] == []


# --- the whole --------------------------------------------------------------------------------------------------------


def test_there_are_enough_and_at_least_half_are_nothing_to_worry_about() -> None:
    levels = Counter(row["level"] for row in rows(FOLDER))
    assert len(rows(FOLDER)) >= FEWEST
    assert levels["none"] * 2 >= len(rows(FOLDER))
    assert all(levels[level] for level in LEVELS)


def test_every_hand_is_named_with_its_part_and_its_number_of_rows() -> None:
    counted = Counter(row["file"] for row in rows(FOLDER))
    assert {name: hand["rows"] for name, hand in hands(FOLDER).items()} == dict(counted)
    assert {hand["part"] for hand in hands(FOLDER).values()} == PARTS
    assert set(counted) == {path.stem for path in (FOLDER / "hands").iterdir()}


@pytest.mark.parametrize("part", sorted(PARTS))
@pytest.mark.parametrize("level", ["none", "concern", "immediate"])
def test_each_part_has_each_level(part: str, level: str) -> None:
    assert sum(row["level"] == level for row in of_part(part)) >= 50


@cache
def trained_on() -> tuple[set[tuple[str, ...]], dict[tuple[str, ...], set[str]]]:
    """The texts of the hands that train, and which of them say each few words."""
    saying: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for row in of_part("train"):
        for few in shingles(row):
            saying[few].add(row["id"])
    return {words(row) for row in of_part("train")}, saying


def likeness(row: Row) -> float:
    """The largest share of this text's five-word pieces that one text of the training hands has too."""
    pieces, saying = shingles(row), trained_on()[1]
    shared = Counter(other for few in pieces for other in saying.get(few, ()))
    return max(shared.values(), default=0) / len(pieces)


@pytest.mark.parametrize("part", ["calibrate", "held out"])
def test_what_is_measured_by_is_not_what_was_learned(part: str) -> None:
    """Short texts are said by many; of the longer ones no more than chance gives may be as another hand wrote them."""
    long = [row for row in of_part(part) if len(words(row)) >= LONG]
    same = [row["id"] for row in long if words(row) in trained_on()[0]]
    alike = [row["id"] for row in long if likeness(row) >= 0.5]
    assert len(same) <= 0.005 * len(long), same[:5]
    assert len(alike) <= 0.03 * len(long), alike[:5]
