"""Figures: only closed months, small groups protected, one set of numbers everywhere, never drawn again."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from flask import Flask
from sqlalchemy import select

from conversations import disclosure, figures
from conversations.db import db
from conversations.disclosure import WITHHELD, protect
from conversations.models import FigureRow
from tests.admin.app import logged_in, make_responses, text_of

NOW = datetime(2026, 6, 4, 8, 0, tzinfo=UTC)
VIEWS = {"check-in/changed": ("yes", "a_bit", "nothing_yet"), "check-in/someone": ("yes", "no", "unsure")}


@pytest.mark.parametrize("count", range(8))
def test_nought_to_seven_look_alike(count: int) -> None:
    assert disclosure.shown(count) == 0


@pytest.mark.parametrize(("count", "shown"), [(8, 10), (12, 10), (13, 15), (17, 15), (18, 20), (102, 100), (103, 105)])
def test_the_rest_is_rounded_to_five(count: int, shown: int) -> None:
    assert disclosure.shown(count) == shown


@pytest.mark.parametrize("answered", range(10))
def test_a_view_of_fewer_than_ten_is_withheld_and_looks_like_one_of_none(answered: int) -> None:
    assert protect({"yes": answered, "no": 0}, answered) == WITHHELD == protect({"yes": 0, "no": 0}, 0)


def test_every_shown_cell_could_be_at_least_five_numbers() -> None:
    """What somebody who sees a cell can know of the true count, also with the sum beside it."""
    for count in range(200):
        alike = [other for other in range(220) if disclosure.shown(other) == disclosure.shown(count)]
        assert len(alike) >= 5
        assert count in alike


def test_the_sum_is_the_sum_of_what_is_shown() -> None:
    cells = protect({"yes": 14, "no": 9, "unsure": 3}, 26)
    assert cells == {"yes": 15, "no": 10, "unsure": 0}
    assert disclosure.total(cells) == 25


def close(app: Flask, period: str = "2026-05", now: datetime = NOW) -> bool:
    closed = figures.close_period(db.session(), period, VIEWS, now)
    db.session.commit()
    return closed


def test_a_month_that_is_over_is_counted_and_kept(app: Flask) -> None:
    make_responses(app, 14, "changed", "yes")
    make_responses(app, 9, "changed", "a_bit")
    make_responses(app, 9, "someone", "no")
    make_responses(app, 30, "changed", "yes", month="2026-06")
    with app.app_context():
        assert close(app)
        found = {figure.question: dict(figure.cells) for figure in figures.shown(db.session(), "2026-05")}
    assert found == {"changed": {"yes": 15, "a_bit": 10, "nothing_yet": 0}, "someone": {}}


def test_a_closed_month_is_not_drawn_again_whatever_happens_later(app: Flask) -> None:
    make_responses(app, 14, "changed", "yes")
    with app.app_context():
        close(app)
        before = [(row.view, row.cell, row.shown) for row in db.session.scalars(select(FigureRow))]
    make_responses(app, 40, "changed", "yes")
    with app.app_context():
        assert not close(app)
        assert [(row.view, row.cell, row.shown) for row in db.session.scalars(select(FigureRow))] == before


def test_a_month_without_an_answer_is_closed_too(app: Flask) -> None:
    with app.app_context():
        assert close(app)
        assert not close(app)
        assert figures.periods(db.session()) == ["2026-05"]


@pytest.mark.parametrize(
    "period", ["2026-06", "2026-07", "2027-01", "2026-13", "2026-5", "", "2026-05-01", "2026-05\n"]
)
def test_a_month_that_is_not_over_or_none_cannot_be_closed(app: Flask, period: str) -> None:
    with app.app_context(), pytest.raises(figures.CannotClose):
        close(app, period)


def test_the_last_moment_of_a_month_is_too_early_and_the_first_of_the_next_is_not(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(figures.CannotClose):
            close(app, now=datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC))
        assert close(app, now=datetime(2026, 6, 1, tzinfo=UTC))


def test_which_cells_there_are_comes_from_the_script_and_not_from_the_answers(app: Flask) -> None:
    make_responses(app, 20, "changed", "yes")
    with app.app_context():
        close(app)
        found = {figure.question: set(figure.cells) for figure in figures.shown(db.session(), "2026-05")}
    assert found["changed"] == {"yes", "a_bit", "nothing_yet"}


class Numbers(HTMLParser):
    """Everything on a page that is a number: in words and in attributes of drawings."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.bars: list[int] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._in_cell = tag == "td" and "figures__number" in (found.get("class") or "")
        if tag == "rect" and found.get("class") == "bar":
            self.bars.append(int(found["width"] or 0))

    def handle_data(self, data: str) -> None:
        if self._in_cell and data.strip():
            self.cells.append(data.strip())


def test_the_page_shows_what_is_kept_and_draws_nothing_else(app: Flask) -> None:
    make_responses(app, 14, "changed", "yes")
    make_responses(app, 6, "changed", "nothing_yet")
    make_responses(app, 6, "someone", "no")
    with app.app_context():
        close(app)
    answer = logged_in(app, "viewer").get("/staff/figures/")
    page = Numbers()
    page.feed(answer.get_data(as_text=True))
    assert page.cells == ["15", "7 or fewer", "7 or fewer", "15"]
    assert page.bars == [100, 0, 0]
    assert "Withheld: fewer than 10" in text_of(answer)
    assert "%" not in text_of(answer)


def test_a_month_that_is_not_closed_has_no_page(app: Flask) -> None:
    make_responses(app, 14, "changed", "yes", month="2026-06")
    viewer = logged_in(app, "viewer")
    assert viewer.get("/staff/figures/2026-06").status_code == 404
    assert "No month is closed yet" in text_of(viewer.get("/staff/figures/"))
