"""Figures in words: the one source of what the page, its drawings, their words and every export say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from conversations.counting import LATER, LEVEL, TAKEN
from conversations.disclosure import REST, SMALL_CELL, Cells, share, total
from conversations.figures import AGE, ALERTS, AREA, EVERYBODY, Figure
from conversations.periods import is_month, months_of
from conversations.script import AGE_BANDS, Script
from conversations.script.values import IMPLIED_CODES

LANGUAGE = "en"
FULL = 100
SMALL = f"{SMALL_CELL} or fewer"
OTHERS = "Everybody else"
SUM = "Sum of what is shown"
WITHHELD = "Withheld: fewer than 10, or it would give another number away"
NOTE = (
    "Numbers up to 7 are shown alike, others to the nearest 5. Sums and shares are of what is shown. One response "
    "in eight, and one alert in eight, chosen by lot, is not counted."
)
BASE = "A question that fewer than 10 people answered is withheld, and so is what is said of fewer than 10 alerts."
QUARTER = (
    "A quarter has what no single month could show, and the answers by age and by area. “Everybody else” did not say, "
    "or is in a group of fewer than 10."
)
PEOPLE, OF_ALERTS = "People", "Alerts"
ALERT_WORDS: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        LEVEL: ("How urgent were the alerts?", {"immediate": "Immediate", "concern": "Concern"}),
        TAKEN: (
            "How soon did somebody take them?",
            {
                "within_5": "Within 5 minutes",
                "within_15": "After 5 to 15 minutes",
                "within_60": "After 15 to 60 minutes",
                LATER: "Later, or not when the month ended",
            },
        ),
    }
)
POOLED = "The months that are withheld, taken together"
BY = {EVERYBODY: "", AGE: "by age", AREA: "by area"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One number as it is shown, in words and as a share of what is shown; its bar is out of 100."""

    number: int
    words: str
    share: int | None
    bar: int


@dataclass(frozen=True, slots=True)
class Row:
    """One answer, with a cell for each group."""

    answer: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One view: a question, by what it is divided, its groups and answers; no rows means that it is withheld."""

    script: str
    question: str
    by: str
    groups: tuple[str, ...]
    rows: tuple[Row, ...]
    totals: tuple[int, ...]
    of: str = PEOPLE

    @property
    def words(self) -> str:
        """What a drawing of it shows, for whoever does not see it."""
        said = [
            (group, ", ".join(f"{row.answer} {row.cells[place].words}" for row in self.rows))
            for place, group in enumerate(self.groups)
        ]
        return "; ".join(f"{group}: {answers}" if group else answers for group, answers in said)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is taken away or shown: the figures of one period, whose they are, and the area that they are limited to."""

    period: str
    tables: Sequence[Table]
    partnership: str = ""
    area: str = ""

    @property
    def title(self) -> str:
        """What stands above it."""
        return f"Figures of {period_name(self.period)}{f': {self.area}' if self.area else ''}"

    @property
    def rules(self) -> tuple[str, ...]:
        """How small numbers are protected, in sentences."""
        return (f"{NOTE} {BASE}", *([] if is_month(self.period) or self.area else [QUARTER]))

    def view(self, table: Table) -> str:
        """By what a question is divided, or which months are taken together; nothing for everybody of one month."""
        return table.by or ("" if is_month(self.period) else POOLED)

    def titled(self, table: Table) -> str:
        """A question, and whose answers to it these are."""
        return f"{table.question} {self.view(table).capitalize()}".strip()


def period_name(period: str) -> str:
    """A month like 2026-05 or a quarter like 2026-Q2, as people say it."""
    first, *_, last = (date.fromisoformat(f"{month}-01") for month in months_of(period) * 2)
    return f"{last:%B %Y}" if is_month(period) else f"{first:%B} to {last:%B %Y}"


def tables(figures: Iterable[Figure], scripts: Mapping[str, Script]) -> list[Table]:
    """The figures of a period in words, in the order of the scripts and their questions."""
    ordered = sorted(figures, key=lambda figure: (*_place(figure, scripts), list(BY).index(figure.field)))
    return [_table(figure, scripts.get(figure.script)) for figure in ordered]


def plain(name: str) -> str:
    """A name from a script or a setting, as a reader sees it."""
    return name.replace("_", " ").replace("-", " ").capitalize()


def _table(figure: Figure, script: Script | None) -> Table:
    asked, labels, offered = _of_alerts(figure) if figure.script == ALERTS else _of_script(figure, script)
    parts = sorted(figure.parts, key=_part_place)
    highest = max((number for cells in figure.parts.values() for number in cells.values()), default=0) or 1
    totals = tuple(total(figure.parts[part]) for part in parts)
    rows = tuple(
        Row(
            _label(labels, code),
            tuple(_cell(figure.parts[part].get(code, 0), of, highest) for part, of in zip(parts, totals, strict=True)),
        )
        for code in _codes(offered, figure.parts.values())
    )
    of = OF_ALERTS if figure.script == ALERTS else PEOPLE
    return Table(_heading(figure), asked, BY[figure.field], tuple(_part(part) for part in parts), rows, totals, of)


def _heading(figure: Figure) -> str:
    return OF_ALERTS if figure.script == ALERTS else plain(figure.script)


Asked = tuple[str, Mapping[str, str], Sequence[str]]
"""A question in words, the words of its answers by code, and the codes in their order."""


def _of_alerts(figure: Figure) -> Asked:
    asked, labels = ALERT_WORDS.get(figure.question, (figure.question, {}))
    return asked, labels, tuple(labels)


def _of_script(figure: Figure, script: Script | None) -> Asked:
    if script is None:
        return figure.question, {}, ()
    words = script.words[LANGUAGE]
    step = next((step for step in script.steps if step.id == figure.question), None)
    offered = (step.options or IMPLIED_CODES.get(step.type, ())) if step else ()
    return words.ask.get(figure.question, figure.question), words.labels.get(figure.question, {}), offered


def _cell(number: int, of: int, highest: int) -> Cell:
    return Cell(number, str(number) if number else SMALL, share(number, of), round(FULL * number / highest))


def _codes(offered: Sequence[str], parts: Iterable[Cells]) -> Sequence[str]:
    shown = {code for cells in parts for code in cells}
    return [code for code in offered if code in shown] + sorted(shown - set(offered))


def _place(figure: Figure, scripts: Mapping[str, Script]) -> tuple[str, int]:
    script = scripts.get(figure.script)
    asked = [step.id for step in script.steps] if script else list(ALERT_WORDS)
    return _heading(figure), asked.index(figure.question) if figure.question in asked else len(asked)


def _label(labels: Mapping[str, str], code: str) -> str:
    label = labels.get(code, "")
    return f"{code}: {label}" if label and code.isdecimal() else label or plain(code)


def _part_place(part: str) -> tuple[bool, int, str]:
    return part == REST, AGE_BANDS.index(part) if part in AGE_BANDS else 0, part


def _part(part: str) -> str:
    if part == EVERYBODY:
        return ""
    if part in AGE_BANDS:
        return part.replace("-", " to ")
    return OTHERS if part == REST else plain(part)
