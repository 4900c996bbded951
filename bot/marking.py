"""What staff ask of the worker: whether a flagged comment still leads to somebody, and the words of their marks."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.contacts import Contacts
from bot.identity import can_be_texted
from bot.parts import Parts
from bot.safeguards.redaction import Names, doubtful, redact
from conversations import alerts, marks
from conversations.cutting import cut, places
from conversations.models import AlertRow, AlertWordsRow
from conversations.sealing import CannotOpen, Sealable
from conversations.triage_models import MarkRow, ReachRow
from conversations.values import RedactedText

CONTACT_FOR = timedelta(days=7)


def reach(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Make the link of each flagged comment the contact of its alert, or say that there is none; gives how many."""
    waiting = session.scalars(select(ReachRow).with_for_update(skip_locked=True)).all()
    for row in waiting:
        _reach(session, parts, contacts, row)
        session.delete(row)
    return len(waiting)


def fill_marks(session: Session, parts: Parts, contacts: Contacts) -> int:
    """Give marks the words that they are about, at strict, while these are there; gives how many."""
    waiting = marks.wordless(session)
    for mark in waiting:
        words = marks.raising_words(session, mark.alert_id) if mark.alert_id else None
        said = _redacted(words, parts, contacts) if mark.alert_id else _of_comment(session, mark, parts.names)
        marks.fill(mark, words, said)
    return len(waiting)


def _reach(session: Session, parts: Parts, contacts: Contacts, row: ReachRow) -> None:
    now = parts.clock()
    try:
        number = contacts.number(row.sealed_link, "comment", row.comment_id, now)
    except CannotOpen:
        alerts.record(session, row.alert_id, now, "nobody can be reached any more", "Heard")
        return
    key = parts.keys.of_day(now)
    alert = session.get_one(AlertRow, row.alert_id, with_for_update=True)
    alert.sealed_contact = Sealable(number).seal(key, "alert", alert.id, now + CONTACT_FOR)
    alert.cannot_be_texted = not can_be_texted(number) or contacts.opted_out(session, number)
    alerts.record(session, alert.id, now, "contact found", "Heard")


def _of_comment(session: Session, mark: MarkRow, names: Names) -> RedactedText | None:
    """What a comment says now without every doubtful word; by words, so that a reviewer's later cuts fit it."""
    text = marks.comment_words(session, mark.comment_id or "")
    while text and (found := places(text, doubtful(text, names))):
        text = RedactedText(cut(text, found, [place for place, _ in found]).text)
    return text


def _redacted(words: AlertWordsRow | None, parts: Parts, contacts: Contacts) -> RedactedText | None:
    if words is None:
        return None
    try:
        return redact(contacts.words(words, parts.clock()), "en", parts.names, strict=True).text
    except CannotOpen:
        return None
