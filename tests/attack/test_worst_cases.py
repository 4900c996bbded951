"""The arithmetic of disclosure, on the numbers that are worst for it: those at the very ends of what is shown alike."""

from __future__ import annotations

import os

import numpy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from conversations.disclosure import LEAST_DOUBT, REST, Counted, divide, leaves_doubt, possible, protect, share, shown
from tests.attack.knowledge import Knowledge

ENDS = (0, 0, 0, 0, 1, 4, 7, 8, 8, 12, 12, 13, 17)
EXAMPLES = 300 if os.environ.get("HEARD_PROVE") == "1" else 25
TWICE_THIRTEEN = [13, 20, 0, 0, 0, 0, 0, 0, 13, 20, 0, 0, *[0] * 12]
"""Two groups of 13 are shown as 15 and 15, and their sum of 26 as 25: it could be 26 or 27, no more."""
CODES = ("yes", "no")


def _known(table: numpy.ndarray, by: dict[int, list[list[int]]]) -> Knowledge:
    """What is known when the tables by these axes are shown, each in these groups."""
    found = Knowledge((*table.shape[:3], table.shape[3]))
    names = ("month", "age", "area")
    for axis, groups in by.items():
        for group in groups:
            for code in range(table.shape[3]):
                cells = found.cells(**{names[axis]: group}, code=code)
                number = shown(round(cells @ table.ravel()))
                low, high = possible({"it": number, "other": 1000})["it"]
                found.know(cells, low, high)
            found.know(found.cells(**{names[axis]: group}), 10, numpy.inf)
    return found


def _groups(table: numpy.ndarray, axis: int) -> dict[str, Counted]:
    others = tuple(other for other in range(3) if other != axis)
    counts = table.sum(axis=others)
    named = [*(f"part {place}" for place in range(table.shape[axis] - 1)), REST]
    return {
        name: Counted(int(row.sum()), dict(zip(CODES, map(int, row), strict=True)))
        for name, row in zip(named, counts, strict=True)
    }


def _places(names: dict[str, Counted], size: int) -> list[list[int]]:
    alone = [[int(name.removeprefix("part "))] for name in names if name != REST]
    return [*alone, [place for place in range(size) if [place] not in alone]]


@settings(max_examples=EXAMPLES, deadline=None)
@example(TWICE_THIRTEEN)
@given(some.lists(some.sampled_from(ENDS), min_size=24, max_size=24))
def test_whatever_the_numbers_are_the_tables_that_are_shown_leave_every_cell_open(numbers: list[int]) -> None:
    table = numpy.array(numbers).reshape((2, 3, 2, 2))
    months = [
        Counted(int(each.sum()), dict(zip(CODES, map(int, each.sum(axis=(0, 1))), strict=True))) for each in table
    ]
    people = [place for place, month in enumerate(months) if protect(month, CODES)]
    if not people:
        return
    of_shown = table.copy()
    of_shown[[place for place in range(2) if place not in people]] = 0
    tables = [[protect(months[place], CODES) for place in people]]
    by = {0: [[place] for place in people]}
    for axis in (1, 2):
        groups = divide(_groups(of_shown, axis))
        cells = [protect(group, CODES) for group in groups.values()]
        if cells and leaves_doubt([*tables, cells]):
            tables.append(cells)
            by[axis] = _places(dict(groups), table.shape[axis])
    known = _known(of_shown, by)
    known.know(known.cells(month=[place for place in range(2) if place not in people]), 0, 0)
    for axis, groups_shown in by.items():
        for group in groups_shown:
            for code in range(len(CODES)):
                low, high = known.bounds(known.cells(**{("month", "age", "area")[axis]: group}, code=code))
                assert high - low >= LEAST_DOUBT


def test_without_the_rule_numbers_at_the_ends_would_be_known_exactly() -> None:
    """Four groups of 8 are shown as 10 each and their sum of 32 as 30: only four times 8 fits both."""
    groups, whole = [{"yes": 10, "no": 10}] * 4, {"yes": 30, "no": 50}
    assert not leaves_doubt([[whole], groups])
    found = Knowledge((1, 4, 1, 1))
    for age in range(4):
        found.know(found.cells(age=age), 8, 12)
    found.know(found.cells(), 28, 32)
    assert found.bounds(found.cells(age=0)) == (8, 8)


@pytest.mark.parametrize(
    ("whole", "groups", "open_enough"),
    [
        ([{"yes": 30}], [{"yes": 30}, {"yes": 0}], True),
        ([{"yes": 25}], [{"yes": 15}, {"yes": 15}], False),  # 26 or 27, no more
        ([{"yes": 10}], [{"yes": 10}, {"yes": 0}], True),
        ([{"yes": 30}], [{"yes": 10}, {"yes": 10}, {"yes": 10}], True),
        ([{"yes": 10}, {"yes": 10}, {"yes": 10}], [{"yes": 15}, {"yes": 15}], True),
        ([{"yes": 30}], [{"no": 30}], True),  # nothing in common
    ],
)
def test_tables_beside_one_another_must_leave_four_numbers_possible(
    whole: list[dict[str, int]], groups: list[dict[str, int]], open_enough: bool
) -> None:
    assert leaves_doubt(_with_other(whole, groups)) is open_enough


def _with_other(*tables: list[dict[str, int]]) -> list[list[dict[str, int]]]:
    """Answers that hold the tables apart, so that only the one in question is compared."""
    return [[{**cells, f"other {number}": 100} for cells in table] for number, table in enumerate(tables)]


def _of(**bases: int) -> dict[str, Counted]:
    return {name: Counted(base, {"yes": base}) for name, base in bases.items()}


@pytest.mark.parametrize(
    ("bases", "kept"),
    [
        ({"a": 40, "b": 30, "rest": 12}, {"a": 40, "b": 30, "rest": 12}),
        ({"a": 40, "b": 9, "rest": 1}, {"a": 40, "rest": 10}),
        ({"a": 40, "b": 30, "rest": 9}, {"a": 40, "rest": 39}),  # the rest takes the smallest group in
        ({"a": 40, "b": 30, "rest": 0}, {"a": 40, "rest": 30}),  # also where it is empty: that must not show
        ({"a": 40, "b": 0, "rest": 9}, {}),
        ({"a": 9, "b": 9, "rest": 90}, {}),
        ({"rest": 90}, {}),
        ({}, {}),
    ],
)
def test_no_group_under_ten_stands_alone_and_none_is_the_whole_less_the_others(
    bases: dict[str, int], kept: dict[str, int]
) -> None:
    assert {name: counted.base for name, counted in divide(_of(**bases)).items()} == kept


@pytest.mark.parametrize(
    ("number", "of", "said"), [(0, 30, None), (30, 30, None), (15, 30, 50), (10, 65, 15), (95, 100, 95), (300, 305, 95)]
)
def test_a_share_is_of_what_is_shown_in_steps_of_five_and_never_all_or_nothing(
    number: int, of: int, said: int | None
) -> None:
    assert share(number, of) == said


@pytest.mark.parametrize(
    ("cells", "bounds"),
    [
        ({"yes": 0, "no": 0, "unsure": 0}, {"yes": (0, 7), "no": (0, 7), "unsure": (0, 7)}),
        ({"yes": 0, "no": 0}, {"yes": (3, 7), "no": (3, 7)}),  # ten or more answered
        ({"yes": 10, "no": 15}, {"yes": (8, 12), "no": (13, 17)}),
    ],
)
def test_what_is_possible_is_what_rounding_and_the_base_leave(
    cells: dict[str, int], bounds: dict[str, tuple[int, int]]
) -> None:
    assert possible(cells) == bounds
