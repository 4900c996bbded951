"""Figures as PDF: the words of the page as they are, for readers who see and readers who hear, and never for long."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest
from flask import Flask

from admin import exports, paper
from admin.presenting import Cell, Row, Sheet, Table
from conversations import figures
from conversations.db import db
from conversations.script import load_all
from tests.admin.app import logged_in, make_app_in, make_responses

ROOT = Path(__file__).parents[2]
ROW = Row("Yes", (Cell(15, "15", 50, 100),))


def make_table(question: str = "Did anything change?", rows: Sequence[Row] = (ROW,), by: str = "") -> Table:
    groups = ("",) if not by else ("North", "Everybody else")
    return Table("Check in", question, by, groups if rows else (), tuple(rows), (15,) * len(groups))


def make_sheet(*tables: Table, period: str = "2026-05", **changes: str) -> Sheet:
    return Sheet(period, tables or (make_table(),), **{"partnership": "Demo Council"} | changes)


def read(sheet: Sheet) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(paper.as_pdf(sheet)))


def words(sheet: Sheet) -> str:
    return " ".join(" ".join(page.extract_text() for page in read(sheet).pages).split())


def test_it_says_what_the_page_says_and_whose_figures_they_are() -> None:
    small = Row("A bit", (Cell(0, "7 or fewer", None, 0),))
    said = words(make_sheet(make_table(rows=(ROW, small)), make_table("Is there someone?", rows=())))
    assert said.startswith("Figures of May 2026 Demo Council Numbers up to 7 are shown alike")
    assert "Check in Did anything change? Answer People Yes 15 50% A bit 7 or fewer Sum of what is shown 15" in said
    assert "Withheld: fewer than 10, or it would give another number away • Is there someone?" in said
    assert said.endswith("Demo Council: Figures of May 2026 Page 1 of 1")


def test_a_quarter_of_an_area_says_so() -> None:
    cells = (Cell(15, "15", 50, 100), Cell(0, "7 or fewer", None, 0))
    said = words(make_sheet(make_table(rows=[Row("Yes", cells)], by="by area"), period="2026-Q2", area="North"))
    assert "Figures of April to June 2026: North" in said
    assert "Did anything change? By area Answer North Everybody else Yes 15 50% 7 or fewer" in said


def test_many_questions_take_many_pages_and_each_is_numbered() -> None:
    pages = read(make_sheet(*[make_table(f"Question {number}?") for number in range(30)])).pages
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        assert page.extract_text().endswith(f"Page {number} of {len(pages)}")


def test_it_has_a_title_a_language_and_tags_for_whoever_hears_it() -> None:
    made = read(make_sheet())
    root = made.trailer["/Root"]
    assert made.metadata is not None
    assert made.metadata.title == "Figures of May 2026"
    assert root["/Lang"] == "en-GB"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert {"/H1", "/H2", "/H3", "/Table", "/TH", "/TD", "/TR"} <= {*tags(root["/StructTreeRoot"])}


def tags(node: object) -> list[str]:
    """The kinds of everything in the tree that a screen reader goes through."""
    found = node.get_object() if isinstance(node, pypdf.generic.IndirectObject) else node
    if isinstance(found, list):
        return [tag for each in found for tag in tags(each)]
    if not isinstance(found, dict):
        return []
    return [str(found.get("/S")), *tags(found.get("/K"))]


MARKUP = (
    "#panic(1)",
    "*strong*",
    "$x^2$",
    "= head",
    "@nowhere",
    "// gone",
    "[open",
    "\\u{41}",
    "{{ 1 }}",
    '"',
    "`raw`",
)


@pytest.mark.parametrize("said", MARKUP)
def test_no_word_is_read_as_markup(said: str) -> None:
    table = make_table(said, rows=[Row(said, ROW.cells)])
    assert words(make_sheet(table, partnership=said)).count(said) >= 4


@pytest.mark.parametrize("said", ["شمال", "\U0001f600", "ਪੰਜਾਬ", "\0"])
def test_letters_that_no_font_has_leave_a_gap_and_take_nothing_else_with_them(said: str) -> None:
    assert "Yes 15 50%" in words(make_sheet(make_table(f"Changed {said}?")))


def test_the_same_figures_make_the_same_file_for_everybody() -> None:
    assert paper.as_pdf(make_sheet()) == paper.as_pdf(make_sheet())


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(paper.CannotTypeset):
        paper.as_pdf(make_sheet(), longest=0.001)


def test_without_the_extra_it_is_not_offered() -> None:
    assert "pdf" in exports.offered(with_paper=True)
    assert "pdf" not in exports.offered(with_paper=False)


def test_whoever_reads_figures_can_take_it_away(sqlite_app: Flask) -> None:
    seed(sqlite_app)
    viewer = logged_in(sqlite_app, "viewer")
    assert "2026-05/figures.pdf" in viewer.get("/staff/figures/2026-05").get_data(as_text=True)
    answer = viewer.get("/staff/figures/2026-05/figures.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")


def seed(app: Flask) -> None:
    make_responses(app, 14, "changed", "yes")
    with app.app_context():
        figures.close_due(db.session(), figures.plan_of(load_all().values(), ()), datetime(2026, 6, 4, tzinfo=UTC))
        db.session.commit()


WITHOUT = """
import sys
from pathlib import Path
sys.modules["typst"] = None  # what the import system takes for a package that is not there
from tests.admin.test_paper import ask
ask(Path(sys.argv[1]))
"""


def ask(folder: Path) -> None:
    """Open the page and the address, in a process of its own that has no extra."""
    app = make_app_in(folder)
    seed(app)
    viewer = logged_in(app, "viewer")
    page = viewer.get("/staff/figures/2026-05").get_data(as_text=True)
    assert "figures.csv" in page
    assert "figures.pdf" not in page
    assert viewer.get("/staff/figures/2026-05/figures.csv").status_code == 200
    assert viewer.get("/staff/figures/2026-05/figures.pdf").status_code == 404


def test_without_the_extra_there_is_no_link_and_no_such_address(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT, str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
