"""How many people answered what: true counts, for `figures` to protect and for nobody to see."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session

from conversations.disclosure import COUNTED_FROM, NOBODY, REST, Counted
from conversations.models import AlertEventRow, AlertRow, AnswerRow, ResponseRow
from conversations.periods import after
from conversations.rota import HERE

FIELDS: Mapping[str, Any] = MappingProxyType({"age_band": ResponseRow.age_band, "area": ResponseRow.area})
"""The fields by which a question may be divided, one at a time, in the order in which their tables are made."""

LEVEL, TAKEN = "level", "taken"
SOON: Mapping[str, timedelta] = MappingProxyType(
    {f"within_{minutes}": timedelta(minutes=minutes) for minutes in (5, 15, 60)}
)
LATER = "later"
ALERT_VIEWS: Mapping[str, tuple[str, ...]] = MappingProxyType({LEVEL: ("immediate", "concern"), TAKEN: (*SOON, LATER)})
"""The views of alerts, and the cells of each: every alert is in one cell of both."""


def count_whole(session: Session, months: Collection[str]) -> Callable[[str], Counted]:
    """Who answered in these months, by view."""
    found = _count(session, months, ResponseRow.age_band)
    return lambda view: sum(found[view].values(), NOBODY)


def count_groups(
    session: Session, months: Collection[str], field: str, parts: Collection[str]
) -> Callable[[str], Mapping[str, Counted]]:
    """Who answered in these months, by view and by group; whoever is in none of these groups is in the rest."""
    found = _count(session, months, FIELDS[field])

    def of(view: str) -> Mapping[str, Counted]:
        groups = dict.fromkeys(parts, NOBODY)
        for group, counted in found[view].items():
            name = group if group in groups else REST
            groups[name] = groups.get(name, NOBODY) + counted
        return groups

    return of


def count_alerts(session: Session, months: Collection[str]) -> Mapping[str, Counted]:
    """Alerts raised in these months by level, and by how soon somebody first took them; drills are none.

    An alert that was joined to another of the same young person counts as that one.
    """
    first = (
        select(AlertEventRow.alert_id, func.min(AlertEventRow.at).label("at"))
        .where(AlertEventRow.what == "acknowledged")
        .group_by(AlertEventRow.alert_id)
        .subquery()
    )
    then = [and_(AlertRow.raised_at >= _begins(month), AlertRow.raised_at < _begins(after(month))) for month in months]
    found = session.execute(
        select(AlertRow.level, AlertRow.raised_at, first.c.at)
        .outerjoin(first, first.c.alert_id == AlertRow.id)
        .where(or_(false(), *then), AlertRow.id >= COUNTED_FROM)
        .where(AlertRow.drill.is_(False), AlertRow.merged_into.is_(None))
    ).all()
    levels = Counter(level for level, _, _ in found)
    taken = Counter(_how_soon(at - raised if at else None) for _, raised, at in found)
    return {LEVEL: Counted(len(found), levels), TAKEN: Counted(len(found), taken)}


def _begins(month: str) -> datetime:
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=HERE)


def _how_soon(waited: timedelta | None) -> str:
    return next((code for code, most in SOON.items() if waited is not None and waited <= most), LATER)


def _count(session: Session, months: Collection[str], group: Any) -> dict[str, dict[str, Counted]]:
    answers = (
        select(ResponseRow.script, AnswerRow.question, group.label("of"))
        .join(AnswerRow, AnswerRow.response_id == ResponseRow.id)
        .where(ResponseRow.month.in_(months), ResponseRow.id >= COUNTED_FROM)
        .group_by(ResponseRow.script, AnswerRow.question, group)
    )
    bases = session.execute(answers.add_columns(func.count(ResponseRow.id.distinct()))).all()
    counts: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    codes = answers.add_columns(AnswerRow.code, func.count()).group_by(AnswerRow.code)
    for script, question, part, code, number in session.execute(codes):
        counts[script, question, part][code] = number
    found: dict[str, dict[str, Counted]] = defaultdict(dict)
    for script, question, part, base in bases:
        found[f"{script}/{question}"][part] = Counted(base, counts[script, question, part])
    return found
