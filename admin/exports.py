"""Figures to take away: the same numbers in the same words as on the page, as CSV, workbook or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

import xlsxwriter

from admin.paper import as_pdf
from admin.presenting import NOTE, WITHHELD, Sheet, Table

HEADS = ("Period", "Questions", "Question", "View", "Group", "Answer", "People", "Share of what is shown, %")
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
"""A workbook says when it was made; the same figures make the same file for everybody."""
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Export:
    """A way to take figures away: what the file is, and what makes it."""

    kind: str
    make: Callable[[Sheet], bytes]


def lines(sheet: Sheet) -> list[tuple[str, ...]]:
    """One line for each number that is shown, and one for each view that is withheld."""
    found: list[tuple[str, ...]] = []
    for table in sheet.tables:
        head = (sheet.period, table.script, table.question, sheet.view(table))
        if not table.rows:
            found.append((*head, "", "", WITHHELD, ""))
        for place, group in enumerate(table.groups):
            cells = ((row.answer, row.cells[place]) for row in table.rows)
            found += [(*head, group, answer, cell.words, _text(cell.share)) for answer, cell in cells]
    return found


def as_csv(sheet: Sheet) -> bytes:
    """A file that spreadsheets open with its letters right and no cell as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow((*HEADS, "Note"))
    # The note ends each line: programs take a line above the heads for the heads, and lines are sorted and cut out.
    writer.writerows([_harmless(text) for text in (*line, NOTE)] for line in lines(sheet))
    return out.getvalue().encode("utf-8-sig")


def as_workbook(sheet: Sheet) -> bytes:
    """A workbook in which numbers are numbers and everything else is text."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": UNDATED})
        page, strong = book.add_worksheet("Figures"), book.add_format({"bold": True})
        page.write_string(0, 0, NOTE)
        for column, head in enumerate(HEADS):
            page.write_string(2, column, head, strong)
        for row, line in enumerate(lines(sheet), start=3):
            for column, text in enumerate(line):
                write = page.write_number if text.isdecimal() else page.write_string
                write(row, column, int(text) if text.isdecimal() else text)
        page.set_column(0, len(HEADS) - 1, 18)
        page.freeze_panes(3, 0)
    return out.getvalue()


def as_json(sheet: Sheet) -> bytes:
    """What docs/figures.md describes, for programs."""
    views = [_view(sheet, table) for table in sheet.tables]
    return json.dumps({"period": sheet.period, "note": NOTE, "views": views}, indent=1).encode()


EXPORTS: Mapping[str, Export] = MappingProxyType(
    {
        "csv": Export("text/csv; charset=utf-8", as_csv),
        "xlsx": Export("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_workbook),
        "json": Export("application/json", as_json),
    }
)
PAPER: Mapping[str, Export] = MappingProxyType({"pdf": Export("application/pdf", as_pdf)})


def offered(with_paper: bool) -> Mapping[str, Export]:
    """The forms in which figures can be taken away, with or without the one that needs an optional extra."""
    return {**(PAPER if with_paper else {}), **EXPORTS}


def _view(sheet: Sheet, table: Table) -> dict[str, object]:
    groups = [
        {
            "group": group,
            "sum": table.totals[place],
            "answers": [
                {
                    "answer": row.answer,
                    "people": row.cells[place].number or None,
                    "shown": row.cells[place].words,
                    "share": row.cells[place].share,
                }
                for row in table.rows
            ],
        }
        for place, group in enumerate(table.groups)
    ]
    head = {"script": table.script, "question": table.question, "by": table.by, "title": sheet.titled(table)}
    return {**head, "withheld": not groups, "words": table.words, "groups": groups}


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(BEGINS_A_FORMULA) else text
