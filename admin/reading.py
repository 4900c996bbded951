"""Reading sealed words once: asked for with a reason, opened by the worker, shown to one browser and then gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask import abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin.auth import audit, begin_writing, now, side
from conversations import openings
from conversations.audit import Act
from conversations.db import db
from conversations.models import OpeningRow
from conversations.sealing import CannotOpen, new_pair, open_box, private_half

KEY_COOKIE = "heard_opening"
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose words are read: an alert or a worry, as staff call it, and where its pages are."""

    kind: str
    id: str
    name: str
    pages: str

    @property
    def row(self) -> str:
        """How the audit names it."""
        return f"{self.kind} {self.id}"

    @property
    def column(self) -> str:
        """Where an opening and an address hold its id."""
        return f"{self.kind}_id"

    @property
    def key(self) -> dict[str, Any]:
        """Its id as an argument."""
        return {self.column: self.id}

    @property
    def page(self) -> str:
        """The address of its own page."""
        return url_for(f"{self.pages}.one", **self.key)

    def words(self, opening_id: str | None = None) -> str:
        """The address where its words are read."""
        return url_for(f"{self.pages}.words", **self.key, opening=opening_id)


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a young person, of the duty worker who is named, or a note of theirs, as the worker opened it."""

    at: datetime | None
    level: str
    words: str
    by: str = ""


def reasons(acting: str) -> dict[str, str]:
    """Why somebody may read words; `acting` is how those say it who have to act."""
    return {
        "acting": acting,
        "handover": "I am taking over from a colleague",
        "review": "I am checking how it was handled",
    }


def or_404(row: Row | None) -> Row:
    """The row, or the page that says there is none."""
    if row is None:
        abort(404)
    return row


def ask(subject: Subject, reasons: Mapping[str, str]) -> ResponseReturnValue:
    """Ask the worker to open the words for this browser alone."""
    reason = request.form.get("reason", "")
    if reason not in reasons:
        abort(400)
    audit(Act("asked to read words", subject.row, reasons[reason]))
    return for_this_browser(subject.words, **subject.key)


def for_this_browser(address: Callable[[str | None], str], **of: str) -> ResponseReturnValue:
    """Have something opened for this browser alone, and go where it will be: its one-time key is sent to no other."""
    private, public = new_pair()
    opening_id = openings.ask_to_open(db.session(), current_user.id, public, now(), **of)
    db.session.commit()
    answer = redirect(address(opening_id))
    secure = side().settings.public_url.startswith("https://")
    life = int(openings.OPENING_LIFE.total_seconds())
    answer.set_cookie(KEY_COOKIE, private, life, path=address(None), httponly=True, secure=secure, samesite="Strict")
    return answer


def show(subject: Subject, labels: Mapping[str, str]) -> ResponseReturnValue:
    """The words, once; until the worker has opened them, a page that looks again by itself."""
    begin_writing()
    opening_id = request.args.get("opening", "")
    if not _mine(db.session.get(OpeningRow, opening_id), subject) or KEY_COOKIE not in request.cookies:
        return render_template("staff/words_gone.html", subject=subject)
    box = openings.opened(db.session(), opening_id, current_user.id, now())
    if box is None:
        return render_template("staff/words_waiting.html", subject=subject), {"Refresh": "2"}
    return _shown_once(subject, opening_id, box, labels)


def _mine(opening: OpeningRow | None, subject: Subject) -> bool:
    return (
        opening is not None
        and getattr(opening, subject.column) == subject.id
        and opening.staff_id == current_user.id
        and opening.expires_at > now()
    )


def _shown_once(subject: Subject, opening_id: str, box: bytes, labels: Mapping[str, str]) -> ResponseReturnValue:
    audit(Act("read words", subject.row, "asked for with a reason before"))
    db.session.commit()
    try:
        messages = _messages(box, request.cookies[KEY_COOKIE], opening_id)
        page = render_template("staff/words.html", subject=subject, messages=messages, labels=labels)
    except CannotOpen:
        page = render_template("staff/words_gone.html", subject=subject)
    answer = make_response(page)
    answer.delete_cookie(KEY_COOKIE, path=subject.words())
    return answer


def _messages(box: bytes, key: str, opening_id: str) -> list[Message]:
    content = json.loads(open_box(box, private_half(key), "opening", opening_id, now()))
    return [_message(**each) for each in content]


def _message(at: str, level: str, words: str, by: str = "") -> Message:
    return Message(datetime.fromisoformat(at) if at else None, level, words, by)
