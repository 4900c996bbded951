"""Reading everything: a visitor who opens every page that they find, and takes every figure away in every form."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

import numpy
import openpyxl
import pypdf

from conversations.periods import is_month, months_of
from conversations.script import AGE_BANDS, load_all
from tests.admin.app import Visitor
from tests.attack.knowledge import Knowledge, Mask
from tests.attack.people import AGES, AREAS, PLACES, QUESTIONS, SCRIPT, Town

LINK = re.compile(r'href="(/staff/[^"#]*)"')
SMALL = "7 or fewer"
CELLS = re.compile(rf"(?: (?:{SMALL}|\d+)(?: \d+%)?)+$")
CELL = re.compile(rf" ({SMALL}|\d+)(?= |$)")
NO_ROW = re.compile(r"^Figures of |^Answer |^Sum of what is shown| Page \d+ of \d+$")
LOW, SMALLEST = 7, 10
GROUPS = {**{age.replace("-", " to "): age for age in AGE_BANDS}, **{area.capitalize(): area for area in AREAS}}
AXES: dict[str, tuple[str, tuple[str | None, ...]]] = {"by age": ("age", AGES), "by area": ("area", PLACES)}

View = dict[str, Any]


@dataclass
class Seen:
    """What one member of staff can read: every page, and the figures of every period in every form."""

    pages: dict[str, str] = field(default_factory=dict)
    forms: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def views(self, period: str) -> list[View]:
        """The views of a period."""
        found: list[View] = json.loads(self.forms[period]["json"])["views"]
        return found


def read_all(visitor: Visitor) -> Seen:
    """Open every page that can be reached by links from the first one; nothing is pressed."""
    seen, waiting = Seen(), ["/staff/"]
    while waiting:
        path = unescape(waiting.pop())
        if path in seen.pages or "/static/" in path or path.endswith(".pdf"):
            continue  # a PDF takes long to make, and says what the others say: test_figures holds it to that
        answer = visitor.get(path)
        taken = re.search(r"/figures/([^/]+)/figures\.(\w+)$", path)
        if taken:
            seen.forms.setdefault(taken[1], {})[taken[2]] = answer.data
            continue
        seen.pages[path] = answer.get_data(as_text=True) if answer.status_code == 200 else ""
        waiting += LINK.findall(seen.pages[path])
    return seen


class Numbers(HTMLParser):
    """The numbers in the cells of the tables of a page, as words."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in, self._foot = False, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._foot = tag == "tfoot" or (self._foot and tag != "table")
        self._in = tag == "td" and "figures__number" in (dict(attrs).get("class") or "") and not self._foot

    def handle_data(self, data: str) -> None:
        if self._in and data.strip():
            self.found.append(data.strip())


def said_everywhere(seen: Seen, period: str, paper: bytes) -> dict[str, list[str]]:
    """The numbers of a period in the order of each form that it can be had in, shares left out."""
    page, forms = Numbers(), seen.forms[period]
    page.feed(next(text for path, text in seen.pages.items() if path.endswith(f"/figures/{period}")))
    table = list(csv.reader(io.StringIO(forms["csv"].decode("utf-8-sig"))))[1:]
    sheet = openpyxl.load_workbook(io.BytesIO(forms["xlsx"])).active
    lines = [[str(cell if cell is not None else "") for cell in line] for line in sheet.iter_rows(4, values_only=True)]
    views = seen.views(period)
    return {
        "page": sorted(each for each in page.found if not each.endswith("%")),
        "csv": sorted(line[6] for line in table if "Withheld" not in line[6]),
        "xlsx": sorted(line[6] for line in lines if "Withheld" not in line[6]),
        "pdf": sorted(on_paper(paper)),
        "json": sorted(answer["shown"] for each in views for group in each["groups"] for answer in group["answers"]),
    }


def on_paper(content: bytes) -> list[str]:
    """The numbers in the rows of the tables of a PDF: what stands at the ends of lines, shares and sums left out."""
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    ends = (CELLS.search(line) for line in text.splitlines() if not NO_ROW.search(line))
    return [number for end in ends if end for number in CELL.findall(end[0])]


def known(seen: Seen, town: Town) -> Knowledge:
    """What the figures of a quarter and of its months say together about one question."""
    found = Knowledge(town.counts.shape)
    asked = load_all()[SCRIPT].words["en"].ask[town.question]
    hidden = []
    for place, month in enumerate(months_of(town.quarter)):
        view = _view(seen, month, asked, "")
        if view and view["groups"]:
            _know_group(found, view["groups"][0], {"month": place})
        elif view:
            hidden.append(place)
            found.know(found.cells(month=place), 0, SMALLEST - 1)
    shown = [place for place in range(3) if place not in hidden]
    pooled = _view(seen, town.quarter, asked, "")
    if pooled and pooled["groups"]:
        _know_group(found, pooled["groups"][0], {"month": hidden})
        shown += hidden
    for by, (axis, parts) in AXES.items():
        view = _view(seen, town.quarter, asked, by)
        if view and view["groups"]:
            _know_groups(found, view, axis, parts, shown)
    return found


def _view(seen: Seen, period: str, asked: str, by: str) -> View | None:
    if period not in seen.forms:
        return None
    return next((view for view in seen.views(period) if view["question"] == asked and view["by"] == by), None)


def _know_groups(found: Knowledge, view: View, axis: str, parts: tuple[str | None, ...], months: list[int]) -> None:
    alone = {parts.index(GROUPS[group["group"]]) for group in view["groups"] if group["group"] in GROUPS}
    rest = [place for place in range(len(parts)) if place not in alone]
    for group in view["groups"]:
        part = parts.index(GROUPS[group["group"]]) if group["group"] in GROUPS else rest
        _know_group(found, group, {"month": months, axis: part})
    together: list[Mask] = [found.cells(month=months, **{axis: place}) for place in rest if parts[place] is not None]
    found.know_small(together, found.cells(month=months, **{axis: rest}), SMALLEST - 1)


def _know_group(found: Knowledge, group: View, at: dict[str, Any]) -> None:
    for code, said in enumerate(group["answers"]):
        low, high = (0, LOW) if said["shown"] == SMALL else (max(LOW + 1, said["people"] - 2), said["people"] + 2)
        found.know(found.cells(**at, code=code), low, high)
    found.know(found.cells(**at), SMALLEST, numpy.inf)


def targets(town: Town) -> dict[str, tuple[Mask, int]]:
    """Every cell of every table of at most two fields, with its true count."""
    bare, found = Knowledge(town.counts.shape), {}
    codes = range(len(QUESTIONS[town.question]))
    axes = {"": (None,), "month": range(3), "age": range(len(AGES)), "area": range(len(PLACES))}
    for axis, places in axes.items():
        for place in places:
            for code in codes:
                cells = bare.cells(**({axis: place} if axis else {}), code=code)
                found[f"{town.quarter} {town.question} {axis} {place} {code}"] = (
                    cells,
                    round(cells @ town.counts.ravel()),
                )
    return found


def closed(periods: list[str]) -> list[str]:
    """The quarters among these periods."""
    return [period for period in periods if not is_month(period)]
