"""What staff say of the screen: kept without a name, and with words only once these are redacted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from conversations.cutting import cut_alike
from conversations.db import insert_once
from conversations.keys import keyed_hash
from conversations.models import AlertRow, AlertWordsRow, CommentRow
from conversations.triage_models import MarkRow
from conversations.values import Level, RedactedText

KINDS: Mapping[str, str] = MappingProxyType(
    {"should_have_alerted": "Should have alerted", "false_alarm": "False alarm"}
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody says of one text, and what the screen had said of it."""

    kind: str
    category: str
    level: str = Level.NONE.word
    reasons: tuple[str, ...] = ()
    version: str = ""
    text: RedactedText | None = None
    alert_id: str | None = None
    comment_id: str | None = None


def mark_id(staff_id: int, row: str, record_key: str) -> str:
    """The id of what this person says of this row: always the same, and it tells neither."""
    return keyed_hash("mark", f"{staff_id}\0{row}", record_key)


def put(session: Session, mark_id: str, mark: Mark, today: date) -> None:
    """Keep a mark; a second one of the same id takes its place, and words that are there stay."""
    said: dict[str, Any] = {"kind": mark.kind, "category": mark.category, "made_on": today}
    screened: dict[str, Any] = {"level": mark.level, "reasons": list(mark.reasons), "version": mark.version}
    words = {"text": mark.text, "alert_id": mark.alert_id, "comment_id": mark.comment_id}
    if insert_once(session, MarkRow, {"id": mark_id, **said, **screened, **words}):
        return
    mine = update(MarkRow).where(MarkRow.id == mark_id)
    session.execute(mine.values(**said))
    if mark.text is None:
        mine = mine.where(MarkRow.text.is_(None))
    session.execute(mine.values(**screened, **words))


def black_out(session: Session, old: str, gone: Collection[int]) -> None:
    """Take out of marks what a reviewer took out of the same words elsewhere: erased words stay erased.

    A mark mostly holds fewer of them, since nobody decides about its doubtful ones.
    """
    with_words = select(MarkRow).where(MarkRow.text.is_not(None)).with_for_update()
    for mark in session.scalars(with_words, execution_options={"populate_existing": True}):
        mark.text = cut_alike(mark.text or "", old, gone)


def of_comment(comment_id: str, kind: str, category: str) -> Mark:
    """A mark of a comment, which the screen had let pass; its words wait for the worker, as those of an alert do."""
    return Mark(kind, category, comment_id=comment_id)


def of_flagged(comment_id: str, alert_id: str, category: str) -> Mark:
    """A mark of a comment that is an alert now: the screen should have raised it."""
    return Mark("should_have_alerted", category, alert_id=alert_id, comment_id=comment_id)


def of_alert(session: Session, alert: AlertRow, kind: str, category: str) -> Mark:
    """A mark of an alert: of the message that raised it to its level, whose words the worker has yet to open."""
    words = raising_words(session, alert.id)
    found = words or alert
    return Mark(kind, category, found.level, tuple(found.reasons), alert.version, alert_id=alert.id)


def raising_words(session: Session, alert_id: str) -> AlertWordsRow | None:
    """The message that raised an alert to its level: the first of those that worry most."""
    every = select(AlertWordsRow).where(AlertWordsRow.alert_id == alert_id).order_by(AlertWordsRow.received_at)
    return max(session.scalars(every), key=lambda words: Level[words.level.upper()], default=None)


def comment_words(session: Session, comment_id: str) -> RedactedText | None:
    """What a comment says now, reviewed or not, locked so that nobody takes words out of it meanwhile."""
    comment = session.get(CommentRow, comment_id, with_for_update=True, populate_existing=True)
    return RedactedText(comment.text) if comment else None


def wordless(session: Session, limit: int = 50) -> Sequence[MarkRow]:
    """Marks that wait for the words of their alert or comment, locked for this unit of work."""
    waits = or_(MarkRow.alert_id.is_not(None), MarkRow.comment_id.is_not(None))
    wanted = select(MarkRow).where(waits).limit(limit)
    return session.scalars(wanted.with_for_update(skip_locked=True)).all()


def fill(mark: MarkRow, words: AlertWordsRow | None, text: RedactedText | None) -> None:
    """Give a mark its redacted words, or none for good; either way it no longer leads to where they stood.

    `words` are those of an alert; of a comment the screen had said nothing, also when somebody has raised it since.
    """
    mark.text = text or None
    if words is not None and text and mark.comment_id is None:
        mark.level, mark.reasons = words.level, words.reasons
    mark.alert_id = mark.comment_id = None


def export(session: Session) -> tuple[list[dict[str, Any]], int]:
    """Every mark that has its words, without id and day, and how many have none."""
    rows = session.scalars(select(MarkRow).where(MarkRow.text.is_not(None)))
    told = [
        {
            "text": row.text,
            "kind": row.kind,
            "category": row.category,
            "level": row.level,
            "reasons": row.reasons,
            "version": row.version,
        }
        for row in rows
    ]
    without = session.scalar(select(func.count()).select_from(MarkRow).where(MarkRow.text.is_(None)))
    return told, without or 0
