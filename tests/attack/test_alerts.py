"""Figures of alerts under attack: both views, all months and the quarter held together, and no small number found."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy
import pytest
from flask import Flask
from hypothesis import example, given, settings
from hypothesis import strategies as some

from conversations import figures
from conversations.counting import ALERT_VIEWS, LEVEL, TAKEN
from conversations.db import db
from conversations.disclosure import LEAST_DOUBT, SMALL_CELL, Counted, possible, protect, shown, sums_leave_doubt
from conversations.periods import months_of
from conversations.script import load_all
from tests.admin.app import close, logged_in, make_app_in, make_raised
from tests.attack.knowledge import Knowledge, Mask
from tests.attack.measuring import Found, solve
from tests.attack.naive import HIDDEN_BELOW
from tests.attack.people import AREAS
from tests.attack.reading import Seen, read_all
from tests.attack.test_figures import NOW, READERS

WAITED = dict(zip(ALERT_VIEWS[TAKEN], (timedelta(minutes=each) for each in (1, 10, 30, 90)), strict=True))
AXES = {LEVEL: "age", TAKEN: "area"}
"""The axes of the unknowns that hold the levels and the waits; codes there are none."""
ASKED = {LEVEL: "How urgent were the alerts?", TAKEN: "How soon did somebody take them?"}
SIZES = {"2026-Q1": (4, 8, 6), "2026-Q2": (12, 5, 30), "2026-Q3": (40, 25, 9)}
EXAMPLES = 2000 if os.environ.get("HEARD_PROVE") == "1" else 200


@dataclass(frozen=True)
class Quarter:
    """How many alerts that count there were, by month, level and wait."""

    name: str
    counts: numpy.ndarray


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An app of its own."""
    made = make_app_in(tmp_path_factory.mktemp("alerts"), areas=AREAS)
    yield made
    close(made)


@pytest.fixture(scope="module")
def quarters(app: Flask) -> list[Quarter]:
    """Three quarters of alerts, closed."""
    chance, found = numpy.random.default_rng(3), []
    for name, sizes in SIZES.items():
        odds = chance.dirichlet(numpy.ones(8))
        counts = numpy.array([chance.multinomial(size, odds).reshape(2, 4) for size in sizes])
        for place, number in numpy.ndenumerate(counts):
            raise_them(app, months_of(name)[place[0]], place[1:], int(number))
        found.append(Quarter(name, counts[:, :, :, None]))
    with app.app_context():
        figures.close_due(db.session(), figures.plan_of(load_all().values(), AREAS), NOW)
        db.session.commit()
    return found


def raise_them(app: Flask, month: str, place: Sequence[int], number: int) -> None:
    level, waited = ALERT_VIEWS[LEVEL][place[0]], list(WAITED.values())[place[1]]
    moment = datetime.fromisoformat(f"{month}-14").replace(tzinfo=UTC)
    make_raised(app, number, moment, [waited], level=level)


def known(seen: Seen, quarter: Quarter) -> Knowledge:
    """What both views of a quarter and of its months say together."""
    found = Knowledge(quarter.counts.shape)
    views = {month: {view: _cells(seen, month, view) for view in ASKED} for month in months_of(quarter.name)}
    hidden = [place for place, each in enumerate(views.values()) if not any(each.values())]
    told = [([place], each) for place, each in enumerate(views.values())]
    told += [(hidden, {view: _cells(seen, quarter.name, view) for view in ASKED})] if hidden else []
    for months, each in told:
        for view, cells in each.items():
            for code, (low, high) in enumerate(cells):
                found.know(found.cells(month=months, **{AXES[view]: code}), low, high)
        if any(each.values()):
            found.know(found.cells(month=months), 10, numpy.inf)
        elif len(months) == 1:
            found.know(found.cells(month=months), 0, 9)
    return found


def _cells(seen: Seen, period: str, view: str) -> list[tuple[float, float]]:
    """The bounds of each cell of a view; none where it is withheld or not there."""
    groups = [group for each in seen.views(period) if each["question"] == ASKED[view] for group in each["groups"]]
    return [
        (max(8, said["people"] - 2), said["people"] + 2) if said["people"] else (0, SMALL_CELL)
        for group in groups
        for said in group["answers"]
    ]


def targets(quarter: Quarter) -> list[tuple[Mask, int]]:
    """Every cell of every table of at most two fields: by month, of the quarter, by level, by wait, and crossed."""
    bare, every = Knowledge(quarter.counts.shape), []
    for month in (None, 0, 1, 2):
        every += [bare.cells(month=month, age=level) for level in range(2)]
        every += [bare.cells(month=month, area=waited) for waited in range(4)]
    every += [bare.cells(age=level, area=waited) for level in range(2) for waited in range(4)]
    return [(cells, round(cells @ quarter.counts.ravel())) for cells in every]


@pytest.mark.parametrize("reader", READERS)
def test_no_small_number_of_alerts_can_be_worked_out(app: Flask, quarters: list[Quarter], reader: str) -> None:
    seen, found = read_all(logged_in(app, reader)), Found()
    assert sum(bool(_cells(seen, period, view)) for period in seen.forms for view in ASKED) >= 10
    for quarter in quarters:
        found.widths += solve(known(seen, quarter), targets(quarter)).widths
    assert len(found.widths) > 50
    assert (found.exact, found.within_one) == (0, 0)
    assert min(found.widths) >= LEAST_DOUBT


def test_the_same_attack_breaks_true_totals_beside_hidden_cells(quarters: list[Quarter]) -> None:
    found = Found()
    for quarter in quarters:
        naive = Knowledge(quarter.counts.shape)
        for cells, count in targets(quarter)[:24]:
            hidden = 0 < count < HIDDEN_BELOW
            naive.know(cells, *((1, HIDDEN_BELOW - 1) if hidden else (count, count)))
        for month in range(3):
            total = int(quarter.counts[month].sum())
            naive.know(naive.cells(month=month), total, total)
        found.widths += solve(naive, targets(quarter)[:24]).widths
    assert found.exact > len(found.widths) / 2


ENDS = (0, 0, 1, 4, 7, 8, 12, 13, 17, 18, 22)


@settings(max_examples=EXAMPLES, deadline=None)
@example([12, 12, 12, 17], 53)
@example([8, 8, 8, 8], 32)
@given(some.lists(some.sampled_from(ENDS), min_size=4, max_size=4), some.integers(0, 88))
def test_whatever_the_numbers_are_both_views_side_by_side_leave_every_cell_open(waits: list[int], urgent: int) -> None:
    base = sum(waits)
    levels = [min(urgent, base), base - min(urgent, base)]
    views = [
        protect(Counted(base, dict(enumerate(cells))), range(len(cells)))  # type: ignore[arg-type]
        for cells in (levels, waits)
    ]
    told = [cells for cells in views if cells]
    if len(told) == 2 and not sums_leave_doubt(told):
        told.pop()
    for cells in told:
        for code in cells:
            could = {number for total in range(10, 130) if all(reaches(each, total) for each in told)
                     for number in range(130) if reaches(cells, total, code, number)}  # fmt: skip
            assert max(could) - min(could) >= LEAST_DOUBT
            assert (levels if cells is told[0] else waits)[int(code)] in could


def reaches(cells: dict[str, int], total: int, code: object = None, number: int = 0) -> bool:
    """Whether numbers that are shown as these can have that sum, one of them being this number."""
    if code is not None and shown(number) != cells[code]:  # type: ignore[index]
        return False
    others = [said for each, said in cells.items() if each != code]
    bounds = [possible({"it": said, "other": 1000})["it"] for said in others]
    left = total - (number if code is not None else 0)
    return sum(low for low, _ in bounds) <= left <= sum(high for _, high in bounds)


def test_without_that_rule_a_number_of_alerts_would_be_known_exactly() -> None:
    """55 and "7 or fewer" by level, 15 and 10 and 10 and 10 by wait: only 53 and none fits both."""
    assert not sums_leave_doubt([{"concern": 55, "immediate": 0}, {"a": 15, "b": 10, "c": 10, "d": 10}])
    assert sums_leave_doubt([{"concern": 45, "immediate": 0}, {"a": 15, "b": 10, "c": 10, "d": 10}])
    found = Knowledge((1, 2, 4, 1))
    for axis, bands in (("age", [(53, 57), (0, 7)]), ("area", [(13, 17), (8, 12), (8, 12), (8, 12)])):
        for place, (low, high) in enumerate(bands):
            found.know(found.cells(**{axis: place}), low, high)
    assert found.bounds(found.cells(age=1)) == (0, 0)
