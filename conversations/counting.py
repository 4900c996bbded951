"""How many people answered what: true counts, for `figures` to protect and for nobody to see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from conversations.disclosure import COUNTED_FROM, NOBODY, REST, Counted
from conversations.models import AnswerRow, ResponseRow

FIELDS: Mapping[str, Any] = MappingProxyType({"age_band": ResponseRow.age_band, "area": ResponseRow.area})
"""The fields by which a question may be divided, one at a time, in the order in which their tables are made."""


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
