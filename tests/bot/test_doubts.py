"""The worker looks for what the strict setting would take out too, before a reviewer may call a comment safe."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import doubts, jobs
from bot.contacts import Contacts
from bot.parts import Parts
from bot.safeguards.redaction import doubtful, load_names, redact
from conversations import comments, retention
from conversations.cutting import places
from conversations.models import CommentRow
from conversations.values import RedactedText
from tests.bot.test_statements import counted
from tests.fakes import NOON
from tests.seeds import worker_contacts

NAMES = load_names()
SAID = "summer stayed over in august"


@pytest.fixture
def contacts(app_parts: Parts) -> Contacts:
    return worker_contacts(app_parts)


def seed_comment(session: Session, text: str = SAID, state: str = "waiting", number: int = 0) -> str:
    """A comment that nobody has looked at; gives its id."""
    comment_id = f"{number:032x}"
    row = CommentRow(
        id=comment_id, script="check-in", step="more", theme="other", language="en", text=text, state=state,
        due_on=NOON.date(),
    )  # fmt: skip
    session.add(row)
    session.commit()
    return comment_id


def noted(session: Session, comment_id: str) -> object:
    session.expire_all()
    found = session.get_one(CommentRow, comment_id).doubtful
    return found and [tuple(each) for each in found]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (SAID, "[name] stayed over in august"),
        ("summer stayed over", "[name] stayed over"),
        ("will came late", "[name] came late"),
    ],
)
def test_the_strict_setting_takes_more_than_the_standard_one(text: str, wanted: str) -> None:
    assert redact(text, "en", NAMES).text == text
    assert redact(text, "en", NAMES, strict=True).text == wanted
    assert doubtful(RedactedText(text), NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "they asked me what i think and i said what i wanted",
        "my social worker [name] never rang",
        "[name] at [school] in [place]",
        "fine i guess",
        "yes", "a lot", "hope", "4", "7/10",  # our own answers, and words that stand alone
        "",
    ],
)  # fmt: skip
def test_what_is_harmless_or_marked_already_is_not_doubtful(text: str) -> None:
    assert doubtful(RedactedText(text), NAMES) == ()


@pytest.mark.parametrize("state", ["waiting", "safe"])
def test_the_worker_notes_the_doubtful_words_of_what_is_or_may_be_shared(
    session: Session, app_parts: Parts, state: str
) -> None:
    doubted, sure = seed_comment(session, state=state), seed_comment(session, "it was fine", state, number=1)
    assert noted(session, doubted) is None
    jobs.rest_once(session, app_parts)
    assert noted(session, doubted) == [(0, "name")]
    assert noted(session, sure) == []


def test_what_nobody_shares_is_not_looked_at(session: Session, app_parts: Parts, contacts: Contacts) -> None:
    kept = seed_comment(session, state="reviewed")
    assert doubts.look_for(session, app_parts, contacts) == 0
    assert noted(session, kept) is None


def test_what_was_looked_at_is_not_looked_at_again(session: Session, app_parts: Parts, contacts: Contacts) -> None:
    settled = seed_comment(session)
    session.get_one(CommentRow, settled).doubtful = []
    session.commit()
    assert doubts.look_for(session, app_parts, contacts) == 0
    assert noted(session, settled) == []


def test_a_round_looks_at_so_many_and_the_next_ones_at_the_rest(
    session: Session, app_parts: Parts, contacts: Contacts
) -> None:
    for number in range(doubts.AT_ONCE + 3):
        seed_comment(session, number=number)
    assert [doubts.look_for(session, app_parts, contacts) for _ in range(3)] == [doubts.AT_ONCE, 3, 0]
    session.commit()
    left = select(func.count()).select_from(CommentRow).where(CommentRow.doubtful.is_(None))
    assert session.scalar(left) == 0


def test_a_text_that_changed_meanwhile_keeps_waiting(session: Session) -> None:
    comment_id = seed_comment(session)
    assert not comments.note_doubtful(session, comment_id, RedactedText("another text"), [(0, "name")])
    assert noted(session, comment_id) is None
    assert comments.note_doubtful(session, comment_id, RedactedText(SAID), [(0, "name")])
    assert not comments.note_doubtful(session, comment_id, RedactedText(SAID), [])
    assert noted(session, comment_id) == [(0, "name")]


def test_a_round_with_nothing_to_look_at_asks_once_and_writes_nothing(
    app: Flask, session: Session, app_parts: Parts, contacts: Contacts
) -> None:
    seed_comment(session, state="reviewed")
    with counted(app) as statements:
        doubts.look_for(session, app_parts, contacts)
    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


def test_a_new_comment_waits_until_the_worker_has_looked(session: Session) -> None:
    comment_id = seed_comment(session)
    assert comments.mark_safe(session, [comment_id], looked=[comment_id]) == ([], [comment_id])
    comments.note_doubtful(session, comment_id, RedactedText(SAID), places(SAID, doubtful(RedactedText(SAID), NAMES)))
    assert comments.mark_safe(session, [comment_id], looked=[]) == ([], [comment_id])
    assert comments.mark_safe(session, [comment_id], looked=[comment_id]) == ([comment_id], [])
    assert noted(session, comment_id) == []
    assert retention.overdue_reviews(session, NOON.date()) == []
