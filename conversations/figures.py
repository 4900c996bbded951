"""Figures of closed periods: counted once, protected, kept as they are shown, and never drawn again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from conversations.counting import ALERT_VIEWS, FIELDS, count_alerts, count_groups, count_whole
from conversations.disclosure import WITHHELD, Cells, divide, leaves_doubt, protect, sums_leave_doubt
from conversations.models import AlertRow, ClosedDraftRow, FigureRow, ResponseRow
from conversations.periods import between, is_month, months_of, place
from conversations.rota import HERE
from conversations.script.values import AGE_BANDS, IMPLIED_CODES, Script

NO_CELL = ""
"""The cell of a view that is withheld."""
EVERYBODY = ""
"""The field, and the part, of a view that is about everybody."""
AGE, AREA = "age_band", "area"
ALERTS = "(alerts)"
"""Stands where the views of answers have their script; no script is called so."""
A_LITTLE = timedelta(hours=1)
"""How long after its end a period may be closed: until then an alert of it may still be taken within the hour."""


class CannotClose(ValueError):
    """The period is not over, or is none, or something of it is still to come."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The fixed list of views: the codes of each "script/question", and the parts of each second field.

    Both come from scripts and settings and never from answers, so that "nobody said this" stays hidden.
    """

    codes: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, tuple[str, ...]]
    alerts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The codes of each view of alerts, the first of which decides in which months there are enough."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One view of one period as it is shown, the cells by part; no parts means that it is withheld."""

    script: str
    question: str
    field: str
    parts: Mapping[str, Cells]


def plan_of(scripts: Iterable[Script], areas: tuple[str, ...]) -> Plan:
    """Every question with set answers and every code that it offers, for everybody, by age and by area; and alerts."""
    codes = {
        f"{script.name}/{step.id}": step.options or IMPLIED_CODES[step.type]
        for script in scripts
        for step in script.steps
        if (step.options or step.type in IMPLIED_CODES) and not step.keep_as  # an age band is no answer
    }
    return Plan(codes, MappingProxyType({AGE: AGE_BANDS, AREA: areas}), ALERT_VIEWS)


def close_period(session: Session, period: str, plan: Plan, now: datetime) -> bool:
    """Count and keep the figures of a period that is over; False when that was done before: then nothing changes.

    A month has the views of everybody. Its quarter, once its three months are closed, has those that no month could
    show, and the views by age and by area. Raises CannotClose for a period of which something is still to come.
    """
    if not months_of(period):
        raise CannotClose(f"{period} is not a month like 2026-05 or a quarter like 2026-Q2")
    if months_of(period)[-1] >= _this_month(now):
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
    """Close every period that is over since the first answer or alert, each quarter after its months; gives these.

    A quarter of which there is nothing is closed like any other: to leave it out would say so.
    """
    first = _first_month(session)
    over = between(first, _this_month(now)) if first else ()
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
    answers = {(view, EVERYBODY): _whole(protect(counted(view), codes)) for view, codes in plan.codes.items()}
    return answers | _of_alerts(session, (month,), plan)


def _of_quarter(session: Session, quarter: str, plan: Plan) -> dict[tuple[str, str], Mapping[str, Cells]]:
    months = {month: _by_view(session, month) for month in months_of(quarter)}
    if missing := [month for month, figures in months.items() if not figures]:
        raise CannotClose(f"{', '.join(missing)} is not closed yet")
    tables: dict[tuple[str, str], Mapping[str, Cells]] = {}
    for view in plan.codes:
        monthly = {month: figures.get(view, {}) for month, figures in months.items()}
        tables |= {(view, field): parts for field, parts in _quarterly(session, view, plan, monthly).items()}
    hidden = [month for month, figures in months.items() if not _has_alerts(figures, plan)]
    return tables | (_of_alerts(session, hidden, plan) if hidden else {})


def _of_alerts(session: Session, months: Collection[str], plan: Plan) -> dict[tuple[str, str], Mapping[str, Cells]]:
    """The views of the same alerts; one that gives a number away beside those before it is withheld for good."""
    counted, shown_so_far = count_alerts(session, months), list[Cells]()
    tables = {}
    for question, codes in plan.alerts.items():
        cells = protect(counted[question], codes)
        if cells and sums_leave_doubt([*shown_so_far, cells]):
            shown_so_far.append(cells)
        else:
            cells = WITHHELD
        tables[f"{ALERTS}/{question}", EVERYBODY] = _whole(cells)
    return tables


def _has_alerts(figures: Mapping[str, Mapping[str, Cells]], plan: Plan) -> bool:
    """Whether a month had enough alerts to show; which views of them it did show does not matter."""
    return any(figures.get(f"{ALERTS}/{question}") for question in plan.alerts)


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
    for by in FIELDS:
        groups = divide(count_groups(session, people, by, plan.parts[by])(view))
        parts = {part: protect(counted, codes) for part, counted in groups.items()}
        if parts and leaves_doubt([*shown_so_far, parts.values()]):
            shown_so_far.append(list(parts.values()))
            found[by] = parts
        else:
            found[by] = {}
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


def _this_month(now: datetime) -> str:
    """The month that cannot be closed yet."""
    return f"{(now - A_LITTLE).astimezone(HERE):%Y-%m}"


def _first_month(session: Session) -> str | None:
    """The month of the first answer or alert."""
    raised = session.scalar(select(func.min(AlertRow.raised_at)))
    answered = session.scalar(select(func.min(ResponseRow.month)))
    found = [answered, f"{raised.astimezone(HERE):%Y-%m}" if raised else None]
    return min((month for month in found if month), default=None)


def _to_come(session: Session, period: str) -> bool:
    """Whether closed conversations of this period wait for the daily batch: they would come too late for ever."""
    waiting: Iterable[dict[str, Any]] = session.scalars(select(ClosedDraftRow.draft))
    return bool({draft["month"] for draft in waiting} & set(months_of(period)))
