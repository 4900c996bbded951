"""What ends by itself: conversations that expire, drafts that move on without a trace, rows past their life."""

from __future__ import annotations

import random
from base64 import b64decode
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from conversations import boxes, store, versions, worries
from conversations.db import changed
from conversations.duty_models import RelayRow
from conversations.models import (
    AlertRow,
    AnswerRow,
    AttemptRow,
    ClosedDraftRow,
    CommentRow,
    ConversationRow,
    DeliveryRow,
    OpeningRow,
    OutboxRow,
    ReceivedRow,
    ResponseRow,
)
from conversations.script.values import Script, parse_dump
from conversations.staff_models import LoginTryRow, SessionRow
from conversations.triage_models import SecondLookRow, WorryRow
from conversations.values import Person

REVIEW_WITHIN = timedelta(days=3)
LINK_LIFE = timedelta(days=7)
PAGE_LIFE = timedelta(days=7)
WORRY_LIFE = timedelta(days=365)  # once it is done
MESSAGE_ID_LIFE = timedelta(days=395)  # 13 months
OUTBOX_LIFE = timedelta(hours=72)
LOOK_LIFE = timedelta(hours=1)
DAY = timedelta(days=1)


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


def purge(session: Session, now: datetime, kept: timedelta = boxes.KEPT) -> dict[str, int]:
    """Delete or empty every row past its life; gives how many of each. `kept` is for alerts, from their outcome."""
    links = update(CommentRow).where(CommentRow.link_expires_on <= now.date(), CommentRow.sealed_link.is_not(None))
    pages = update(RelayRow).where(
        RelayRow.written_at <= now - PAGE_LIFE, RelayRow.sealed_for_reader.is_not(None)
    )
    worry_boxes = update(WorryRow).where(WorryRow.expires_at <= now)
    worries_done = delete(WorryRow).where(WorryRow.state == "done", WorryRow.done_at <= now - WORRY_LIFE)
    done = OutboxRow.state.in_(("sent", "failed", "cancelled"))
    ended: dict[str, Any] = {
        "message ids": delete(ReceivedRow).where(ReceivedRow.received_on <= (now - MESSAGE_ID_LIFE).date()),
        "comment links": links.values(sealed_link=None, link_expires_on=None),
        "words on pages": pages.values(sealed_for_reader=None),
        "texts sent": delete(OutboxRow).where(done, OutboxRow.due_at <= now - OUTBOX_LIFE),
        "delivery reports": delete(DeliveryRow).where(DeliveryRow.received_at <= now - DAY),
        "words opened": delete(OpeningRow).where(OpeningRow.expires_at <= now),
        "words of worries": worry_boxes.values(**worries.EMPTY),
        "worries done": worries_done,
        "second looks": delete(SecondLookRow).where(SecondLookRow.due_at <= now - LOOK_LIFE),
        "staff sessions": delete(SessionRow).where(SessionRow.expires_at <= now),
        "login tries": delete(LoginTryRow).where(LoginTryRow.last_at <= now - DAY),
    }
    gone = {what: changed(session, statement) for what, statement in ended.items()}
    return gone | {f"{what} of alerts": how_many for what, how_many in boxes.empty_ended(session, now, kept).items()}


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
            "sealed_link": b64decode(comment["link"]) if comment["link"] else None,
            "link_expires_on": today + LINK_LIFE if comment["link"] else None,
        }
        for comment in draft["comments"]
    ]
