"""Figures of closed months: counted once, protected, kept as they are shown, and never drawn again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from conversations.disclosure import protect
from conversations.models import AnswerRow, FigureRow, ResponseRow
from conversations.script.values import IMPLIED_CODES, Script

Views = Mapping[str, tuple[str, ...]]
"""The codes of each "script/question"; they come from the scripts, so that "nobody said this" stays hidden."""

NO_CELL = ""
"""The cell of a view that is withheld."""

PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])\Z")


class CannotClose(ValueError):
    """The month is not over, or is none."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One view of one period, as it is shown; no cells means that it is withheld."""

    script: str
    question: str
    cells: Mapping[str, int]


def views_of(scripts: Iterable[Script]) -> Views:
    """Every question with set answers, and every code that it offers."""
    return {
        f"{script.name}/{step.id}": step.options or IMPLIED_CODES[step.type]
        for script in scripts
        for step in script.steps
        if (step.options or step.type in IMPLIED_CODES) and not step.keep_as  # an age band is no answer
    }


def close_period(session: Session, period: str, views: Views, now: datetime) -> bool:
    """Count and keep the figures of a month that is over; False when that was done before: then nothing changes.

    Raises CannotClose for a month that is not over. What is answered or erased later does not change them.
    """
    if not PERIOD.match(period):
        raise CannotClose(f"{period} is not a month like 2026-05")
    if period >= now.strftime("%Y-%m"):
        raise CannotClose(f"{period} is not over yet")
    if is_closed(session, period):
        return False
    counts, answered = _counts(session, period), _answered(session, period)
    rows = [
        {"period": period, "view": view, "cell": cell, "shown": number}
        for view, codes in views.items()
        for cell, number in _cells(counts.get(view, {}), codes, answered.get(view, 0)).items()
    ]
    if rows:
        session.execute(insert(FigureRow), rows)
    return True


def is_closed(session: Session, period: str) -> bool:
    """Whether this month's figures are fixed."""
    return session.scalar(select(FigureRow.period).where(FigureRow.period == period).limit(1)) is not None


def periods(session: Session) -> list[str]:
    """The closed months, newest first."""
    return list(session.scalars(select(FigureRow.period).distinct().order_by(FigureRow.period.desc())))


def shown(session: Session, period: str) -> list[Figure]:
    """The figures of a closed month; none for a month that is not closed."""
    found: dict[str, dict[str, int]] = {}
    rows = select(FigureRow.view, FigureRow.cell, FigureRow.shown).where(FigureRow.period == period)
    for view, cell, number in session.execute(rows.order_by(FigureRow.view)):
        cells = found.setdefault(view, {})
        if cell != NO_CELL:
            cells[cell] = number
    names = {view: view.split("/", 1) for view in found}
    return [Figure(script=names[view][0], question=names[view][1], cells=cells) for view, cells in found.items()]


def _cells(counts: Mapping[str, int], codes: tuple[str, ...], answered: int) -> Mapping[str, int]:
    return protect({code: counts.get(code, 0) for code in codes}, answered) or {NO_CELL: 0}


def _counts(session: Session, period: str) -> dict[str, dict[str, int]]:
    query = (
        select(ResponseRow.script, AnswerRow.question, AnswerRow.code, func.count())
        .join(AnswerRow, AnswerRow.response_id == ResponseRow.id)
        .where(ResponseRow.month == period)
        .group_by(ResponseRow.script, AnswerRow.question, AnswerRow.code)
    )
    found: dict[str, dict[str, int]] = {}
    for script, question, code, number in session.execute(query):
        found.setdefault(f"{script}/{question}", {})[code] = number
    return found


def _answered(session: Session, period: str) -> dict[str, int]:
    query = (
        select(ResponseRow.script, AnswerRow.question, func.count(AnswerRow.response_id.distinct()))
        .join(AnswerRow, AnswerRow.response_id == ResponseRow.id)
        .where(ResponseRow.month == period)
        .group_by(ResponseRow.script, AnswerRow.question)
    )
    return {f"{script}/{question}": number for script, question, number in session.execute(query)}
