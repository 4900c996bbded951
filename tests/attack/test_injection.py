"""Somebody sends in answers of their own, knows every one of them, and looks what the figures do."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

import numpy
import pytest
from flask import Flask

from conversations import figures
from conversations.db import db
from conversations.disclosure import COUNTED_FROM, shown
from conversations.periods import months_of
from conversations.script import load_all
from tests.admin.app import close, logged_in, make_app_in
from tests.attack.knowledge import Knowledge, Mask
from tests.attack.measuring import Found, solve
from tests.attack.people import AREAS, QUESTIONS, Town, answer, settle
from tests.attack.reading import known, read_all, targets
from tests.attack.test_figures import NOW

COUNTED = 7 / 8
QUARTERS = {"2026-Q1": 7, "2026-Q3": 8}
"""How many answers of their own somebody sends in, for each code, all from one area and age in one month."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An app of its own."""
    made = make_app_in(tmp_path_factory.mktemp("injection"), areas=AREAS)
    yield made
    close(made)


def send_in(quarter: str, fakes: int, seed: int) -> dict[str, list[int]]:
    """So many made-up answers for each code, in the first month, from the north, of 8 to 11; gives how many count."""
    dice, month = random.Random(seed), months_of(quarter)[0]
    counted = {question: [0] * len(codes) for question, codes in QUESTIONS.items()}
    for question, codes in QUESTIONS.items():
        for code in range(len(codes)):
            for _ in range(fakes):
                made = f"{dice.getrandbits(128):032x}"
                answer(db.session(), made, month, ("8-11", AREAS[0]), {question: code})
                counted[question][code] += made >= COUNTED_FROM
    return counted


def with_fakes(all_answers: Knowledge, least: Sequence[int], most: Sequence[int]) -> Knowledge:
    """The same knowledge with the fakes of each code as unknowns of their own, after the last month: so many count."""
    months, *others = all_answers.shape
    found = Knowledge((months + 1, *others))

    def widened(cells: Mask) -> Mask:
        own = numpy.zeros(others)
        own[0, 0] = cells.reshape(all_answers.shape)[0, 0, 0]
        return numpy.r_[cells, own.ravel()]

    for cells, low, high in all_answers.facts:
        found.know(widened(cells), low, high)
    for groups, whole, at_most in all_answers.either:
        found.know_small([widened(group) for group in groups], widened(whole), at_most)
    for code in range(others[-1]):
        found.know(found.cells(month=months, age=0, area=0, code=code), least[code], most[code])
    return found


@dataclass(frozen=True)
class Sent:
    """The true answers to one question in a quarter, and the fakes that were sent in for each code."""

    town: Town
    fakes: int
    counted: list[int]


@pytest.fixture(scope="module")
def sent(app: Flask) -> list[Sent]:
    """Two quarters with fakes in them, closed."""
    found = []
    with app.app_context():
        for seed, (quarter, fakes) in enumerate(QUARTERS.items()):
            towns = settle(db.session(), quarter, 30, seed + 50)
            counted = send_in(quarter, fakes, seed)
            found += [Sent(town, fakes, counted[town.question]) for town in towns]
        figures.close_due(db.session(), figures.plan_of(load_all().values(), AREAS), NOW)
        db.session.commit()
    return found


def attacked(app: Flask, sent: list[Sent], knows_the_lot: bool) -> Found:
    """What is left open about true answers to somebody who sent the fakes in."""
    seen, found = read_all(logged_in(app, "viewer")), Found()
    for each in sent:
        every = [each.fakes] * len(each.counted)
        least, most = (each.counted, each.counted) if knows_the_lot else ([0] * len(every), every)
        knowledge = with_fakes(known(seen, each.town), least, most)
        none = numpy.zeros(each.town.counts[0].size)
        aims = [(numpy.r_[cells, none], count) for cells, count in targets(each.town).values()]
        found.widths += solve(knowledge, aims).widths
    return found


def test_answers_of_ones_own_give_away_nobody_elses(app: Flask, sent: list[Sent]) -> None:
    found = attacked(app, sent, knows_the_lot=False)
    assert len(found.widths) > 80
    assert min(found.widths) >= 3


def test_the_same_attack_finds_somebody_when_it_is_known_which_answers_count(app: Flask, sent: list[Sent]) -> None:
    assert attacked(app, sent, knows_the_lot=True).within_one > 0


def test_where_every_answer_counts_seven_of_ones_own_show_who_is_alone() -> None:
    """The control: without the lot, "7 or fewer" beside seven answers of one's own means that there is no other."""
    found = Knowledge((1, 1, 1, 1))
    found.know(found.cells(), 0, 7 - 7)
    assert shown(0 + 7) == 0
    assert found.bounds(found.cells()) == (0, 0)


def certainty(fakes: int, counted: float) -> float:
    """How sure of "nobody else" somebody may be who sent in so many answers and reads "7 or fewer" (0 to 20 alike)."""
    fits = [
        sum(comb(true + fakes, number) * counted**number * (1 - counted) ** (true + fakes - number)
            for number in range(min(7, true + fakes) + 1))
        for true in range(21)
    ]  # fmt: skip
    return fits[0] / sum(fits)


@pytest.mark.parametrize(
    ("fakes", "sure"), [(0, 0.11), (3, 0.16), (5, 0.24), (6, 0.32), (7, 0.47), (9, 0.64), (12, 0.74)]
)
def test_with_the_lot_it_stays_a_guess_that_there_is_nobody_else(fakes: int, sure: float) -> None:
    assert certainty(fakes, COUNTED) == pytest.approx(sure, abs=0.01)


def test_without_the_lot_it_is_certain() -> None:
    assert certainty(7, 1.0) == 1.0
    assert certainty(6, 1.0) == 0.5
