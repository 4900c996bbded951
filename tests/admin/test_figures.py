"""Figures: only closed months, small groups protected, one set of numbers everywhere, never drawn again."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from html.parser import HTMLParser

import openpyxl
import pypdf
import pytest
from flask import Flask
from sqlalchemy import Executable, delete, select, update
from sqlalchemy.exc import DBAPIError

from admin import accounts, exports, presenting
from conversations import disclosure, figures
from conversations.db import db
from conversations.disclosure import NOBODY, WITHHELD, Counted, protect
from conversations.models import ClosedDraftRow, FigureRow
from conversations.script import AGE_BANDS
from tests.admin.app import Visitor, find_person, logged_in, make_person, make_responses, text_of

NOW = datetime(2026, 6, 4, 8, 0, tzinfo=UTC)
CODES = {"check-in/changed": ("yes", "a_bit", "nothing_yet"), "check-in/someone": ("yes", "no", "unsure")}
PLAN = figures.Plan(CODES, {"age_band": AGE_BANDS, "area": ("north", "south")})


@pytest.mark.parametrize("count", range(8))
def test_nought_to_seven_look_alike(count: int) -> None:
    assert disclosure.shown(count) == 0


@pytest.mark.parametrize(("count", "shown"), [(8, 10), (12, 10), (13, 15), (17, 15), (18, 20), (102, 100), (103, 105)])
def test_the_rest_is_rounded_to_five(count: int, shown: int) -> None:
    assert disclosure.shown(count) == shown


@pytest.mark.parametrize("answered", range(10))
def test_a_view_of_fewer_than_ten_is_withheld_and_looks_like_one_of_none(answered: int) -> None:
    assert protect(Counted(answered, {"yes": answered}), ("yes", "no")) == WITHHELD == protect(NOBODY, ("yes", "no"))


def test_every_shown_cell_could_be_at_least_five_numbers() -> None:
    """What somebody who sees a cell can know of the true count, also with the sum beside it."""
    for count in range(200):
        alike = [other for other in range(220) if disclosure.shown(other) == disclosure.shown(count)]
        assert len(alike) >= 5
        assert count in alike


def test_the_sum_is_the_sum_of_what_is_shown() -> None:
    cells = protect(Counted(26, {"yes": 14, "no": 9, "unsure": 3}), ("yes", "no", "unsure"))
    assert cells == {"yes": 15, "no": 10, "unsure": 0}
    assert disclosure.total(cells) == 25


def close(app: Flask, period: str = "2026-05", now: datetime = NOW) -> bool:
    closed = figures.close_period(db.session(), period, PLAN, now)
    db.session.commit()
    return closed


def test_a_month_that_is_over_is_counted_and_kept(app: Flask) -> None:
    make_responses(app, 14, "changed", "yes")
    make_responses(app, 9, "changed", "a_bit")
    make_responses(app, 9, "someone", "no")
    make_responses(app, 30, "changed", "yes", month="2026-06")
    with app.app_context():
        assert close(app)
        found = {figure.question: dict(figure.parts.get("", {})) for figure in figures.shown(db.session(), "2026-05")}
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
    "period",
    [
        "2026-06",
        "2026-07",
        "2027-01",
        "2026-Q2",
        "2026-Q3",
        "2026-Q0",
        "2026-Q5",
        "2026-13",
        "2026-5",
        "",
        "2026-05-01",
        "2026-05\n",
    ],
)
def test_a_period_that_is_not_over_or_none_cannot_be_closed(app: Flask, period: str) -> None:
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
        found = {figure.question: set(figure.parts.get("", {})) for figure in figures.shown(db.session(), "2026-05")}
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


def test_a_month_that_is_not_closed_has_no_page(app: Flask) -> None:
    make_responses(app, 14, "changed", "yes", month="2026-06")
    viewer = logged_in(app, "viewer")
    assert viewer.get("/staff/figures/2026-06").status_code == 404
    assert "No month is closed yet" in text_of(viewer.get("/staff/figures/"))


def seed_quarter(app: Flask) -> None:
    """April shows enough, May and June each too little; ages and areas as they come."""
    make_responses(app, 30, "changed", "yes", "2026-04", age_band="12-15", area="north")
    make_responses(app, 20, "changed", "a_bit", "2026-04", age_band="16-17", area="south")
    make_responses(app, 20, "changed", "yes", "2026-04")
    make_responses(app, 9, "changed", "yes", "2026-05", age_band="12-15", area="north")
    make_responses(app, 9, "changed", "a_bit", "2026-06", age_band="8-11", area="south")
    with app.app_context():
        figures.close_due(db.session(), PLAN, datetime(2026, 7, 4, tzinfo=UTC))
        db.session.commit()


def of_changed(period: str) -> dict[str, dict[str, dict[str, int]]]:
    found = figures.shown(db.session(), period)
    return {
        each.field: {part: dict(cells) for part, cells in each.parts.items()}
        for each in found
        if each.question == "changed"
    }


def test_a_quarter_shows_the_months_that_were_withheld_as_one_and_everybody_by_age_and_by_area(app: Flask) -> None:
    seed_quarter(app)
    with app.app_context():
        assert figures.periods(db.session()) == ["2026-Q2", "2026-06", "2026-05", "2026-04"]
        assert of_changed("2026-04") == {"": {"": {"yes": 50, "a_bit": 20, "nothing_yet": 0}}}
        assert of_changed("2026-05") == of_changed("2026-06") == {"": {}}
        quarter = of_changed("2026-Q2")
    assert quarter[""] == {"": {"yes": 10, "a_bit": 10, "nothing_yet": 0}}
    assert set(quarter["age_band"]) == {"12-15", "16-17", "rest"}
    assert quarter["age_band"]["12-15"] == {"yes": 40, "a_bit": 0, "nothing_yet": 0}
    assert set(quarter["area"]) == {"north", "south", "rest"}


def said_in_every_form(visitor: Visitor, period: str) -> dict[str, str]:
    """What each form says around the first view of a period, which is of everybody."""
    kinds = ("csv", "xlsx", "json", "pdf")
    taken = {kind: visitor.get(f"/staff/figures/{period}/figures.{kind}").data for kind in kinds}
    of_views, line = json.loads(taken["json"]), list(csv.reader(io.StringIO(taken["csv"].decode("utf-8-sig"))))[1]
    book = openpyxl.load_workbook(io.BytesIO(taken["xlsx"])).active
    paper = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(taken["pdf"])).pages)
    return {
        "page": text_of(visitor.get(f"/staff/figures/{period}")),
        "csv": " ".join(line),
        "xlsx": " ".join(str(cell) for row in book.iter_rows(max_row=4, values_only=True) for cell in row),
        "json": f"{of_views['note']} {of_views['views'][0]['title']}",
        "pdf": " ".join(paper.split()),
    }


def test_every_form_says_that_a_quarter_shows_the_withheld_months_alone_and_how_numbers_are_shown(
    sqlite_app: Flask,
) -> None:
    seed_quarter(sqlite_app)
    viewer = logged_in(sqlite_app, "viewer")
    for period, pooled in (("2026-Q2", True), ("2026-04", False)):
        for form, said in said_in_every_form(viewer, period).items():
            assert (presenting.POOLED in said) is pooled, (period, form)
            assert presenting.NOTE in said, (period, form)


def test_every_line_of_a_csv_has_the_same_columns(sqlite_app: Flask) -> None:
    seed_quarter(sqlite_app)
    taken = logged_in(sqlite_app, "viewer").get("/staff/figures/2026-Q2/figures.csv").data
    heads, *table = csv.reader(io.StringIO(taken.decode("utf-8-sig"), newline=""))
    assert {len(line) for line in table} == {len(heads)} == {9}
    assert {line[3] for line in table} == {presenting.POOLED, "by age", "by area"}


def test_a_month_that_its_quarter_cannot_show_either_is_in_no_table_by_group(app: Flask) -> None:
    for group in ({"age_band": "12-15"}, {"age_band": "16-17"}, {}):
        make_responses(app, 20, "changed", "yes", "2026-04", **group)
    make_responses(app, 9, "changed", "nothing_yet", "2026-05", age_band="12-15")
    with app.app_context():
        figures.close_due(db.session(), PLAN, datetime(2026, 7, 4, tzinfo=UTC))
        quarter = of_changed("2026-Q2")
    assert quarter[""] == {}
    assert {part: cells["nothing_yet"] for part, cells in quarter["age_band"].items()} == {
        "12-15": 0,
        "16-17": 0,
        "rest": 0,
    }


def test_a_quarter_whose_months_are_not_all_closed_cannot_be_closed(app: Flask) -> None:
    with app.app_context():
        close(app, "2026-04", datetime(2026, 7, 1, tzinfo=UTC))
        with pytest.raises(figures.CannotClose, match="2026-05, 2026-06"):
            close(app, "2026-Q2", datetime(2026, 7, 1, tzinfo=UTC))


def test_a_month_waits_for_what_the_daily_batch_has_not_moved_and_its_quarter_with_it(app: Flask) -> None:
    make_responses(app, 20, "changed", "yes", "2026-05")
    with app.app_context():
        db.session.add(ClosedDraftRow(id="f" * 32, draft={"month": "2026-05"}))
        db.session.commit()
        with pytest.raises(figures.CannotClose, match="daily batch"):
            close(app)
        assert figures.close_due(db.session(), PLAN, datetime(2026, 7, 4, tzinfo=UTC)) == ["2026-04", "2026-06"]
        db.session.execute(delete(ClosedDraftRow))
        assert figures.close_due(db.session(), PLAN, datetime(2026, 7, 4, tzinfo=UTC)) == ["2026-05", "2026-Q2"]
        assert figures.close_due(db.session(), PLAN, datetime(2026, 7, 4, tzinfo=UTC)) == []


def test_a_month_in_which_nobody_answered_is_closed_like_one_of_a_few(app: Flask) -> None:
    make_responses(app, 3, "changed", "yes", "2026-02")
    with app.app_context():
        closed = figures.close_due(db.session(), PLAN, datetime(2026, 6, 4, tzinfo=UTC))
        assert closed == ["2026-01", "2026-02", "2026-03", "2026-Q1", "2026-04", "2026-05"]
        assert figures.shown(db.session(), "2026-02") == figures.shown(db.session(), "2026-04")


def test_the_one_in_eight_whom_the_lot_leaves_out_changes_no_figure(app: Flask) -> None:
    make_responses(app, 14, "changed", "yes")
    make_responses(app, 40, "changed", "a_bit", counted=False)
    with app.app_context():
        close(app)
        assert of_changed("2026-05") == {"": {"": {"yes": 15, "a_bit": 0, "nothing_yet": 0}}}


@pytest.mark.parametrize("statement", [update(FigureRow).values(shown=5), delete(FigureRow)])
def test_the_database_refuses_to_change_a_figure(app: Flask, statement: Executable) -> None:
    make_responses(app, 14, "changed", "yes")
    with app.app_context():
        close(app)
        with pytest.raises(DBAPIError, match="only added to"):
            db.session.execute(statement)
        db.session.rollback()


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1")


@pytest.mark.parametrize("words", FORMULAS)
def test_no_word_becomes_a_formula_in_a_spreadsheet(words: str) -> None:
    cell = presenting.Cell(10, "10", None, 100)
    table = presenting.Table(words, words, "", ("",), (presenting.Row(words, (cell,)),), (10,))
    taken = presenting.Sheet("2026-05", [table])
    line = list(csv.reader(io.StringIO(exports.as_csv(taken).decode("utf-8-sig"), newline="")))[1]
    assert [line[place] for place in (1, 2, 5)] == [f"'{words}"] * 3
    sheet = openpyxl.load_workbook(io.BytesIO(exports.as_workbook(taken))).active
    assert [cell.data_type for cell in sheet[4]] == ["s", "s", "s", "s", "s", "s", "n", "s"]
    assert sheet["G4"].value == 10


@pytest.mark.parametrize("path", ["2026-05/figures.docx", "2026-04/figures.pdf", "2026-06/figures.json"])
def test_what_is_not_closed_or_no_form_of_ours_cannot_be_taken_away(app: Flask, path: str) -> None:
    with app.app_context():
        close(app)
    viewer = logged_in(app, "viewer")
    assert viewer.get("/staff/figures/2026-05/figures.csv").status_code == 200
    assert viewer.get(f"/staff/figures/{path}").status_code == 404


def test_whoever_is_limited_to_an_area_is_shown_its_quarters_and_no_month(sqlite_app: Flask) -> None:
    seed_quarter(sqlite_app)
    email = make_person(sqlite_app, "lead")
    with sqlite_app.app_context():
        accounts.set_area(db.session(), find_person(email), "north")
        db.session.commit()
    visitor = Visitor(sqlite_app)
    visitor.log_in(email)
    page = text_of(visitor.get("/staff/figures/2026-Q2"))
    assert "Figures of April to June 2026: North" in page
    assert "By area" in page
    assert "South" not in page
    assert "By age" not in page
    for period in ("2026-04", "2026-05"):
        assert visitor.get(f"/staff/figures/{period}").status_code == 404
        assert visitor.get(f"/staff/figures/{period}/figures.json").status_code == 404
