"""Figures of closed periods: counted once, protected, kept as they are shown, and never drawn again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from conversations.counting import FIELDS, count_groups, count_whole
from conversations.disclosure import Cells, divide, leaves_doubt, protect
from conversations.models import ClosedDraftRow, FigureRow, ResponseRow
from conversations.periods import between, is_month, months_of, place
from conversations.script.values import AGE_BANDS, IMPLIED_CODES, Script

NO_CELL = ""
"""The cell of a view that is withheld."""
EVERYBODY = ""
"""The field, and the part, of a view that is about everybody."""
AGE, AREA = "age_band", "area"


class CannotClose(ValueError):
    """The period is not over, or is none, or something of it is still to come."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The fixed list of views: the codes of each "script/question", and the parts of each second field.

    Both come from scripts and settings and never from answers, so that "nobody said this" stays hidden.
    """

    codes: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One view of one period as it is shown, the cells by part; no parts means that it is withheld."""

    script: str
    question: str
    field: str
    parts: Mapping[str, Cells]


def plan_of(scripts: Iterable[Script], areas: tuple[str, ...]) -> Plan:
    """Every question with set answers and every code that it offers, for everybody, by age and by area."""
    codes = {
        f"{script.name}/{step.id}": step.options or IMPLIED_CODES[step.type]
        for script in scripts
        for step in script.steps
        if (step.options or step.type in IMPLIED_CODES) and not step.keep_as  # an age band is no answer
    }
    return Plan(codes, MappingProxyType({AGE: AGE_BANDS, AREA: areas}))


def close_period(session: Session, period: str, plan: Plan, now: datetime) -> bool:
    """Count and keep the figures of a period that is over; False when that was done before: then nothing changes.

    A month has the views of everybody. Its quarter, once its three months are closed, has those that no month could
    show, and the views by age and by area. Raises CannotClose for a period of which something is still to come.
    """
    if not months_of(period):
        raise CannotClose(f"{period} is not a month like 2026-05 or a quarter like 2026-Q2")
    if months_of(period)[-1] >= now.strftime("%Y-%m"):
        raise CannotClose(f"{period} is not over yet")
    if is_closed(session, period):
        return False
    tables = _of_month(session, period, plan) if is_month(period) else _of_quarter(session, period, plan)
    rows = [
        {"period": period, "view": view, "field": field, "part": part, "cell": cell, "shown": number}
        for (view, field), parts in tables.items()
        for part, cells in (parts or {EVERYBODY: {NO_CELL: 0}}).items()
        for cell, number in cells.items()
    ]
    if rows:
        session.execute(insert(FigureRow), rows)
    return True


def close_due(session: Session, plan: Plan, now: datetime) -> list[str]:
    """Close every period that is over since the first answer, each quarter after its months; gives those it closed.

    A quarter in which nobody answered is closed like any other: to leave it out would say so.
    """
    first = session.scalar(select(func.min(ResponseRow.month)))
    over = between(first, now.strftime("%Y-%m")) if first else ()
    ready = [period for period in over if not is_closed(session, period) and not _to_come(session, period)]
    return [period for period in ready if close_period(session, period, plan, now)]


def is_closed(session: Session, period: str) -> bool:
    """Whether this period's figures are fixed."""
    return session.scalar(select(FigureRow.period).where(FigureRow.period == period).limit(1)) is not None


def periods(session: Session) -> list[str]:
    """The closed periods, newest first; a quarter before its months."""
    return sorted(session.scalars(select(FigureRow.period).distinct()), key=place, reverse=True)


def shown(session: Session, period: str) -> list[Figure]:
    """The figures of a closed period; none for one that is not closed."""
    order = (FigureRow.view, FigureRow.field, FigureRow.part, FigureRow.cell)
    rows = session.scalars(select(FigureRow).where(FigureRow.period == period).order_by(*order))
    views = groupby(rows, key=lambda row: (row.view, row.field))
    return [_figure(view, field, tuple(each)) for (view, field), each in views]


def within(figures: Iterable[Figure], area: str) -> list[Figure]:
    """What somebody sees whose figures are limited to one area: a part of what the others see, and no other number.

    Figures made for the area alone would give others away when they are held beside those of the whole.
    """
    by_area = (figure for figure in figures if figure.field == AREA)
    return [
        replace(each, parts={name: cells for name, cells in each.parts.items() if name == area}) for each in by_area
    ]


def _of_month(session: Session, month: str, plan: Plan) -> dict[tuple[str, str], Mapping[str, Cells]]:
    if _to_come(session, month):
        raise CannotClose(f"the daily batch has not moved everything of {month} yet")
    counted = count_whole(session, (month,))
    return {(view, EVERYBODY): _whole(protect(counted(view), codes)) for view, codes in plan.codes.items()}


def _of_quarter(session: Session, quarter: str, plan: Plan) -> dict[tuple[str, str], Mapping[str, Cells]]:
    months = {month: _by_view(session, month) for month in months_of(quarter)}
    if missing := [month for month, figures in months.items() if not figures]:
        raise CannotClose(f"{', '.join(missing)} is not closed yet")
    tables: dict[tuple[str, str], Mapping[str, Cells]] = {}
    for view in plan.codes:
        monthly = {month: figures.get(view, {}) for month, figures in months.items()}
        tables |= {(view, field): parts for field, parts in _quarterly(session, view, plan, monthly).items()}
    return tables


def _quarterly(
    session: Session, view: str, plan: Plan, monthly: Mapping[str, Mapping[str, Cells]]
) -> dict[str, Mapping[str, Cells]]:
    """One question in a quarter: the months that were withheld as one, then everybody who is shown, in groups."""
    codes = plan.codes[view]
    hidden = tuple(month for month, parts in monthly.items() if not parts)
    pooled = _whole(protect(count_whole(session, hidden)(view), codes))
    found = {EVERYBODY: pooled} if hidden else {}
    # Those of a month that stays withheld are in no table by group either: the difference would be that month.
    people = tuple(month for month in monthly if month not in hidden or pooled)
    shown_so_far = [[cells for parts in (*monthly.values(), pooled) for cells in parts.values()]]
    for field in FIELDS:
        groups = divide(count_groups(session, people, field, plan.parts[field])(view))
        parts = {part: protect(counted, codes) for part, counted in groups.items()}
        if parts and leaves_doubt([*shown_so_far, parts.values()]):
            shown_so_far.append(list(parts.values()))
            found[field] = parts
        else:
            found[field] = {}
    return found


def _whole(cells: Cells) -> Mapping[str, Cells]:
    return {EVERYBODY: cells} if cells else {}


def _by_view(session: Session, month: str) -> dict[str, Mapping[str, Cells]]:
    return {f"{each.script}/{each.question}": each.parts for each in shown(session, month)}


def _figure(view: str, field: str, rows: Sequence[FigureRow]) -> Figure:
    script, question = view.split("/", 1)
    parts: dict[str, dict[str, int]] = {}
    for row in rows:
        if row.cell != NO_CELL:
            parts.setdefault(row.part, {})[row.cell] = row.shown
    return Figure(script, question, field, parts)


def _to_come(session: Session, period: str) -> bool:
    """Whether closed conversations of this period wait for the daily batch: they would come too late for ever."""
    waiting: Iterable[dict[str, Any]] = session.scalars(select(ClosedDraftRow.draft))
    return bool({draft["month"] for draft in waiting} & set(months_of(period)))
