"""Comments: in no order that says anything, only ever with fewer words, and shared only once a person said so."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from conversations.cutting import Cut, Doubtful, is_redaction, may_be_shared
from conversations.db import changed
from conversations.models import ClosedDraftRow, CommentRow
from conversations.triage_models import ReachRow
from conversations.values import RedactedText

OPEN = ("waiting", "safe")
"""What a reviewer may still change: words that nobody shares are read by nobody any more."""

LINKS_OUTLIVE_DUE = timedelta(days=4)
"""How long after the day by which a comment is due the last link of its batch may end: seven days after the batch."""


class NotARedaction(ValueError):
    """The new text holds something that the old one did not."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a comment was: its redacted words, and the sealed link that may still lead to somebody."""

    id: str
    text: RedactedText
    link: bytes | None
    link_expires_on: date | None

    def reaches(self, today: date) -> bool:
        """Whether the link may still be opened; only the worker knows for sure."""
        return leads_somewhere(self.link, self.link_expires_on, today)


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that a person has marked safe: all that anybody but a reviewer may see of a comment."""

    id: str
    text: RedactedText
    language: str
    theme: str
    doubtful: Doubtful | None


def waiting(session: Session, seed: str, script: str = "", theme: str = "", most: int = 10) -> Sequence[CommentRow]:
    """Comments that nobody has reviewed, in an order that only the seed decides."""
    return _shuffled(session, "waiting", seed, script, theme)[:most]


def safe(session: Session, seed: str, script: str = "", theme: str = "", most: int = 30) -> list[Quote]:
    """Comments that may be shared, in an order that only the seed decides: the only way to words for wider roles."""
    found = _shuffled(session, "safe", seed, script, theme)[:most]
    return [Quote(row.id, RedactedText(row.text), row.language, row.theme, row.doubtful) for row in found]


def choices(session: Session, state: str = "waiting") -> tuple[list[str], list[str]]:
    """The scripts and the themes that comments of this state have."""
    here = CommentRow.state == state
    scripts = session.scalars(select(CommentRow.script).where(here).distinct().order_by(CommentRow.script))
    themes = session.scalars(select(CommentRow.theme).where(here).distinct().order_by(CommentRow.theme))
    return list(scripts), list(themes)


def forget(session: Session, text: RedactedText) -> int:
    """Take exactly this text out of conversations that are over, before it becomes a comment; gives how many."""
    drafts = session.scalars(select(ClosedDraftRow).with_for_update()).all()
    saying = [row for row in drafts if any(each["text"] == text for each in row.draft["comments"])]
    for row in saying:
        row.draft = {**row.draft, "comments": [each for each in row.draft["comments"] if each["text"] != text]}
    return len(saying)


def find(session: Session, comment_id: str, lock: bool = False) -> CommentRow | None:
    """The comment of this id, while it waits for review or is shared; locked, it is as it stands now and stays so."""
    found = session.get(CommentRow, comment_id, with_for_update=lock, populate_existing=lock)
    return found if found and found.state in OPEN else None


def mark_kept(session: Session, ids: Collection[str]) -> list[str]:
    """Mark these comments as read and not to share; gives the ids that were waiting."""
    found = [row.id for row in _to_review(session, ids)]
    _end_review(session, found, "reviewed")
    return found


def mark_safe(session: Session, ids: Collection[str], looked: Collection[str]) -> tuple[list[str], list[str]]:
    """Mark these comments as safe to share; gives the ids that are now, and those that must wait.

    Those wait whose words the worker has not looked at, or that have doubtful ones and are not among `looked`.
    """
    rows = _to_review(session, ids)
    done = [row.id for row in rows if may_be_shared(row.doubtful, row.id in looked)]
    _end_review(session, done, "safe")
    return done, [row.id for row in rows if row.id not in done]


def _to_review(session: Session, ids: Collection[str]) -> Sequence[Any]:
    query = select(CommentRow.id, CommentRow.doubtful).where(CommentRow.id.in_(ids), CommentRow.state == "waiting")
    return session.execute(query.with_for_update()).all()


def _end_review(session: Session, ids: Collection[str], state: str) -> None:
    """Cut the last link to anybody; no doubt is left once a person has read it."""
    reviewed = update(CommentRow).where(CommentRow.id.in_(ids), CommentRow.state == "waiting")
    session.execute(reviewed.values(state=state, sealed_link=None, link_expires_on=None, doubtful=[]))


def unlooked(session: Session, most: int | None = None) -> Mapping[str, RedactedText]:
    """Texts whose doubtful words nobody has looked for, and that may still be shared or are."""
    query = select(CommentRow.id, CommentRow.text).where(CommentRow.doubtful.is_(None), CommentRow.state.in_(OPEN))
    return {row.id: RedactedText(row.text) for row in session.execute(query.limit(most))}


def note_doubtful(session: Session, comment_id: str, text: RedactedText, doubtful: Doubtful) -> bool:
    """Note the doubtful words of a text; False when it is another one meanwhile, or was looked at."""
    same = update(CommentRow).where(CommentRow.id == comment_id, CommentRow.text == text, CommentRow.doubtful.is_(None))
    return changed(session, same.values(doubtful=doubtful)) == 1


def take_back(session: Session, comment_id: str) -> bool:
    """Share a comment with nobody any more; False when it was not shared."""
    shared = update(CommentRow).where(CommentRow.id == comment_id, CommentRow.state == "safe")
    return changed(session, shared.values(state="reviewed")) == 1


def black_out(session: Session, comment_id: str, left: Cut) -> bool:
    """Put what is left of a text in its place, for good; raises NotARedaction for anything but fewer words."""
    comment = find(session, comment_id, lock=True)
    if comment is None:
        return False
    if not is_redaction(comment.text, left.text):
        raise NotARedaction
    comment.text, comment.doubtful = left.text, left.doubtful
    return True


def take(session: Session, comment_id: str) -> Taken | None:
    """Take a comment away for good, reviewed or not, since its words go into an alert; None when it is not there."""
    gone = delete(CommentRow).where(CommentRow.id == comment_id)
    columns = (CommentRow.id, CommentRow.text, CommentRow.sealed_link, CommentRow.link_expires_on)
    found = session.execute(gone.returning(*columns)).one_or_none()
    return Taken(found.id, RedactedText(found.text), found.sealed_link, found.link_expires_on) if found else None


def ask_to_reach(session: Session, comment: Taken, alert_id: str) -> None:
    """Ask the worker to make the link of a comment the contact of an alert."""
    if comment.link is None or comment.link_expires_on is None:
        return
    session.execute(
        insert(ReachRow).values(
            id=secrets.token_hex(16),
            alert_id=alert_id,
            comment_id=comment.id,
            sealed_link=comment.link,
            expires_at=datetime.combine(comment.link_expires_on, time.min, UTC),
        )
    )


def is_being_reached(session: Session, alert_id: str) -> bool:
    """Whether the worker has yet to look where the link of a flagged comment leads."""
    return session.scalar(select(ReachRow.id).where(ReachRow.alert_id == alert_id).limit(1)) is not None


def leads_somewhere(link: bytes | None, expires_on: date | None, today: date) -> bool:
    """Whether a comment's link is there and within its days."""
    return link is not None and expires_on is not None and today < expires_on


def may_lead_somewhere(comment: CommentRow, today: date) -> bool:
    """Whether the link of any comment of the same batch may still lead somewhere: all that a reviewer is told.

    The day on which a comment's own link ends is seven days after somebody wrote it, and nobody's to know.
    """
    return comment.state == "waiting" and today < comment.due_on + LINKS_OUTLIVE_DUE


def _shuffled(session: Session, state: str, seed: str, script: str, theme: str) -> list[CommentRow]:
    query = select(CommentRow).where(CommentRow.state == state)
    if script:
        query = query.where(CommentRow.script == script)
    if theme:
        query = query.where(CommentRow.theme == theme)
    return sorted(session.scalars(query), key=lambda comment: _place(seed, comment.id))


def _place(seed: str, comment_id: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{comment_id}".encode()).digest()
