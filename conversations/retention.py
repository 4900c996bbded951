"""What ends by itself: conversations that expire, drafts that move on without a trace, rows past their life."""

from __future__ import annotations

import random
from base64 import b64decode
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, insert, select, update
from sqlalchemy.orm import Session

from conversations import audit, keys, lives, store, versions
from conversations.db import changed
from conversations.models import (
    AlertRow,
    AnswerRow,
    AttemptRow,
    ClosedDraftRow,
    CommentRow,
    ConversationRow,
    ResponseRow,
)
from conversations.rota import HERE
from conversations.script.values import Script, parse_dump
from conversations.values import Person

REVIEW_WITHIN = timedelta(days=3)
LATE = timedelta(hours=1)
"""How long a row may be there past its life before that is an alarm; the worker looks every few minutes."""


def close_expired(session: Session, now: datetime, limit: int = 100) -> int:
    """Close conversations past their time, answers so far kept as partial; gives how many."""
    wanted = select(ConversationRow.person).where(ConversationRow.expires_at <= now).limit(limit)
    people = session.scalars(wanted.with_for_update(skip_locked=True)).all()
    for person in people:
        turn = store.find(session, (Person(person), Person(person)))
        if turn is not None:
            store.close(session, turn, now)
    return len(people)


def move_closed(session: Session, today: date, shuffle: random.Random) -> int:
    """Move all closed drafts to responses and comments in one shuffled batch; gives how many."""
    drafts = session.scalars(select(ClosedDraftRow.draft)).all()
    if not drafts:
        return 0
    scripts = _scripts(session, {draft["version"] for draft in drafts})
    responses: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    comments: list[dict[str, Any]] = []
    for draft in drafts:
        script = scripts[draft["version"]]
        kept = _answers(draft, script)
        if kept:
            responses.append(_response(draft, script) | {"id": kept[0]["response_id"]})
        answers += kept
        comments += _comments(draft, script, today)
    for row, rows in ((ResponseRow, responses), (AnswerRow, answers), (CommentRow, comments)):
        shuffle.shuffle(rows)
        if rows:
            session.execute(insert(row), rows)
    session.execute(delete(ClosedDraftRow))
    return len(drafts)


def purge(session: Session, now: datetime) -> dict[str, int]:
    """Delete or empty every row past its life; gives how many of each."""
    return {kept.what: changed(session, kept.ends.statement(now)) for kept in lives.PURGED if kept.ends}


def end_analysis(session: Session, months: int, now: datetime) -> int:
    """Delete responses and comments that the partnership has kept for as long as it said; gives how many."""
    past_responses, past_comments = _past_analysis(months, now)
    responses = changed(session, delete(ResponseRow).where(past_responses))
    return responses + changed(session, delete(CommentRow).where(past_comments))


def overdue(session: Session, months: int, now: datetime) -> tuple[str, ...]:
    """What is still there an hour after its life, by the names of the table of lives."""
    late = now - LATE
    past = {kept.what: kept.ends.past(late) for kept in lives.MEASURED if kept.ends}
    past |= dict(zip(("responses", "comments"), _past_analysis(months, late), strict=True))
    found = session.execute(select(*(exists().where(each) for each in past.values()))).one()
    old_lines = ("audit",) if audit.is_overdue(session, late) else ()
    return (*(what for what, there in zip(past, found, strict=True) if there), *old_lines)


def overdue_reviews(session: Session, today: date) -> Sequence[str]:
    """Comments that nobody has reviewed in time."""
    return session.scalars(select(CommentRow.id).where(CommentRow.state == "waiting", CommentRow.due_on < today)).all()


def unneeded_attempts(session: Session, now: datetime) -> int:
    """Cancel attempts that are still due for alerts that somebody has closed."""
    closed = select(AlertRow.id).where(AlertRow.state == "closed")
    stale = update(AttemptRow).where(AttemptRow.state == "due", AttemptRow.alert_id.in_(closed))
    return changed(session, stale.values(state="cancelled"))


def _scripts(session: Session, wanted: set[str]) -> dict[str, Script]:
    found = {version: versions.content_of(session, version) for version in wanted}
    return {version: parse_dump(content) for version, content in found.items() if content}


def _response(draft: dict[str, Any], script: Script) -> dict[str, Any]:
    kept_as = {step.keep_as: draft["answers"][step.id][0] for step in script.steps if step.id in draft["answers"]}
    return {
        "month": draft["month"],
        "script": script.name,
        "version": script.version,
        "language": draft["language"],
        "area": draft["area"] or None,
        "age_band": kept_as.get("age_band"),
        "touchpoint": script.touchpoint,
        "ending": draft["ending"] or "partial",
    }


def _answers(draft: dict[str, Any], script: Script) -> list[dict[str, Any]]:
    response_id = store.new_id()
    kept = [step.id for step in script.steps if not step.keep_as and step.id in draft["answers"]]
    return [
        {"response_id": response_id, "question": step, "code": code} for step in kept for code in draft["answers"][step]
    ]


def _comments(draft: dict[str, Any], script: Script, today: date) -> list[dict[str, Any]]:
    themes = {step.id: step.theme for step in script.steps}
    return [
        {
            "id": comment["id"],
            "script": script.name,
            "step": comment["step"] or "opening",
            "theme": themes.get(comment["step"]) or "other",
            "language": draft["language"],
            "text": comment["text"],
            "state": "waiting",
            "due_on": today + REVIEW_WITHIN,
            **_link(b64decode(comment["link"])),
        }
        for comment in draft["comments"]
    ]


def _link(box: bytes) -> dict[str, Any]:
    """The link of a comment, for as long as it can be opened: a batch comes days after the words."""
    ends = keys.life_ends(box)
    return {"sealed_link": box if ends else None, "link_expires_on": ends}


def _past_analysis(months: int, now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Responses of an earlier month than these last ones, and comments that were to be reviewed before them."""
    today = now.astimezone(HERE).date()
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    first = date(year, month + 1, 1)
    return ResponseRow.month < f"{first:%Y-%m}", CommentRow.due_on < first
