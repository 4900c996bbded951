"""What is over moves on once a day in a batch that carries no time, no person and no order; what is erased is gone."""

from __future__ import annotations

import random
from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot.parts import Parts
from conversations import comments, keys, retention
from conversations.db import Base
from conversations.models import (
    AnswerRow,
    ClosedDraftRow,
    CommentRow,
    ConversationRow,
    ReceivedRow,
    ResponseRow,
)
from tests.fakes import NOON, Clock
from tests.make import Phone
from tests.seeds import worker_contacts

SECOND = timedelta(seconds=1)


def count(session: Session, row: Any) -> int:
    return session.scalar(select(func.count()).select_from(row)) or 0


def move(session: Session, seed: int = 1) -> int:
    moved = retention.move_closed(session, date(2026, 11, 24), random.Random(seed))
    session.commit()
    return moved


def close(session: Session, now: datetime) -> int:
    closed = retention.close_expired(session, now)
    session.commit()
    return closed


def finish(phone: Phone, *answers: str) -> None:
    for each in ("CHECKIN", *answers):
        phone.says(each)


def test_a_conversation_closes_after_seventy_two_hours_and_lets_person_number_and_ids_go(
    session: Session, phone: Phone, clock: Clock
) -> None:
    finish(phone, "12-15", "4")
    session.rollback()
    assert close(session, clock() + timedelta(hours=72) - SECOND) == 0
    assert close(session, clock() + timedelta(hours=72)) == 1
    assert count(session, ConversationRow) == 0
    assert set(session.scalars(select(ReceivedRow.conversation_id))) == {None}
    assert count(session, ClosedDraftRow) == 1


@pytest.mark.parametrize("change", [datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC)])
def test_seventy_two_hours_are_no_longer_and_no_shorter_when_the_clocks_change(
    session: Session, phone: Phone, clock: Clock, app_parts: Parts, change: datetime
) -> None:
    clock.now = change - timedelta(hours=36)
    keys.make_ahead(app_parts.settings.keys_dir, app_parts.settings.sealing_dir, clock())
    finish(phone, "12-15", "4")
    session.rollback()
    assert close(session, change + timedelta(hours=36) - SECOND) == 0
    assert close(session, change + timedelta(hours=36)) == 1
    assert session.scalars(select(ClosedDraftRow.draft)).one()["month"] == f"{change:%Y-%m}"


@pytest.mark.parametrize(("hour", "month"), [(22, "2027-04"), (23, "2027-05")])  # midnight in Scotland, in summer
def test_the_month_of_a_response_is_scotlands(
    session: Session, phone: Phone, clock: Clock, app_parts: Parts, hour: int, month: str
) -> None:
    clock.now = datetime(2027, 4, 27, hour, 30, tzinfo=UTC)
    keys.make_ahead(app_parts.settings.keys_dir, app_parts.settings.sealing_dir, clock())
    finish(phone, "12-15", "4")
    session.rollback()
    close(session, clock() + timedelta(hours=72))
    assert session.scalars(select(ClosedDraftRow.draft)).one()["month"] == month


def test_an_answer_set_that_was_not_finished_is_kept_as_partial(session: Session, phone: Phone, clock: Clock) -> None:
    finish(phone, "12-15", "4")
    session.rollback()
    close(session, clock() + timedelta(hours=72))
    assert move(session) == 1
    response = session.scalars(select(ResponseRow)).one()
    assert (response.ending, response.age_band, response.month) == ("partial", "12-15", "2026-11")
    assert session.execute(select(AnswerRow.response_id, AnswerRow.question, AnswerRow.code)).all() == [
        (response.id, "listened", "4")
    ]


ENDINGS = {"finished": ["12-15", "4", "1", "1"], "stopped": ["12-15", "4", "STOP"], "partial": ["12-15", "4", "1"]}


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_ending_is_kept_as_what_it_was(session: Session, phone: Phone, clock: Clock, ending: str) -> None:
    finish(phone, *ENDINGS[ending])
    session.rollback()
    close(session, clock() + timedelta(hours=72))
    move(session)
    assert session.scalars(select(ResponseRow.ending)).one() == ending


def test_what_was_erased_leaves_nothing(session: Session, phone: Phone, clock: Clock) -> None:
    finish(phone, "12-15", "4", "they never ask me", "DELETE", "yes")
    session.rollback()
    assert session.scalars(select(ConversationRow.state)).one()["ending"] == "erased"
    close(session, clock() + timedelta(hours=72))
    assert move(session) == 0
    for row in (ConversationRow, ClosedDraftRow, ResponseRow, AnswerRow, CommentRow):
        assert count(session, row) == 0
    for table in Base.metadata.tables.values():
        assert not any("never ask" in repr(tuple(row)) for row in session.execute(select(table)))


def test_a_conversation_in_which_nothing_was_said_leaves_nothing(session: Session, phone: Phone, clock: Clock) -> None:
    phone.says("hi")
    session.rollback()
    close(session, clock() + timedelta(hours=72))
    assert count(session, ClosedDraftRow) == 0


def seed_drafts(session: Session, phone: Phone, clock: Clock, people: int) -> list[str]:
    """Closed drafts of `people` in a known order; gives the comment that each of them made, in that order."""
    finish(phone, "12-15", "4", "my own words here", "1", "1")
    session.rollback()
    close(session, clock() + timedelta(hours=72))
    draft = session.scalars(select(ClosedDraftRow.draft)).one()
    session.execute(text("DELETE FROM closed_draft"))
    said = [f"words {number:03}" for number in range(people)]
    rows = [
        {
            "id": f"{number:032x}",
            "draft": {
                **draft,
                "answers": {**draft["answers"], "listened": [str(1 + number % 5)]},
                "comments": [
                    {
                        "step": "changed",
                        "text": words,
                        "id": f"{random.Random(number).getrandbits(128):032x}",
                        "link": "",
                    }
                ],
            },
        }
        for number, words in enumerate(said)
    ]
    session.execute(insert(ClosedDraftRow), rows)
    session.commit()
    return said


def test_the_batch_has_no_order_and_joins_nothing(session: Session, phone: Phone, clock: Clock) -> None:
    said = seed_drafts(session, phone, clock, 60)
    assert move(session) == 60
    stored = session.scalars(text("SELECT text FROM comment")).all()
    by_id = session.scalars(select(CommentRow.text).order_by(CommentRow.id)).all()
    responses = session.scalars(text("SELECT id FROM response")).all()
    listened = dict(
        session.execute(select(AnswerRow.response_id, AnswerRow.code).where(AnswerRow.question == "listened")).all()
    )
    assert sorted(stored) == sorted(by_id) == said
    assert stored != said
    assert by_id != said
    for order in (responses, sorted(responses)):
        codes = [listened[each] for each in order]
        assert codes != [str(1 + number % 5) for number in range(60)]
    comment_ids = set(session.scalars(select(CommentRow.id)))
    assert comment_ids.isdisjoint(responses)


def test_neither_database_shows_in_which_order_rows_came(session: Session, phone: Phone, clock: Clock) -> None:
    said = seed_drafts(session, phone, clock, 40)
    move(session)
    if session.get_bind().dialect.name == "postgresql":
        assert session.scalars(text("SELECT text FROM comment ORDER BY ctid")).all() != said
        return
    for table in ("response", "answer", "comment", "closed_draft", "received"):
        with pytest.raises(OperationalError, match="no such column"):
            session.execute(text(f"SELECT rowid FROM {table}"))
        session.rollback()


TIMES = ("at", "time", "when", "created", "updated", "date")


@pytest.mark.parametrize("table", ["response", "answer", "closed_draft", "comment", "received", "opt_out"])
def test_no_table_about_what_was_said_has_a_number_in_order_or_a_moment(table: str) -> None:
    columns = Base.metadata.tables[table].columns
    kinds = {column.name: column.type.python_type for column in columns}
    assert int not in kinds.values()
    assert datetime not in kinds.values()
    assert {name for name, kind in kinds.items() if kind is date} <= {"due_on", "link_expires_on", "received_on"}
    assert not [name for name in kinds if name.split("_")[-1] in TIMES]


def test_nothing_in_a_response_or_draft_says_when_or_who(session: Session, phone: Phone, clock: Clock) -> None:
    finish(phone, "12-15", "4", "1", "1")
    person = session.scalars(select(ConversationRow.person)).one()
    conversation = session.scalars(select(ConversationRow.id)).one()
    session.rollback()
    close(session, clock() + timedelta(hours=72))
    draft = session.execute(text("SELECT * FROM closed_draft")).one()
    move(session)
    rows = [row for each in ("response", "answer") for row in session.execute(text(f"SELECT * FROM {each}"))]
    kept = [repr(tuple(row)) for row in (draft, *rows)]
    for row in kept:
        assert person not in row
        assert conversation not in row
        assert phone.number not in row
        assert f"{NOON:%Y-%m-%d}" not in row


def test_comments_are_due_for_review_within_three_days_and_then_overdue(
    session: Session, phone: Phone, clock: Clock
) -> None:
    finish(phone, "12-15", "1", "i want more say in my plan")
    session.rollback()
    close(session, clock() + timedelta(hours=72))
    move(session)
    comment = session.scalars(select(CommentRow)).one()
    assert (comment.state, comment.due_on) == ("waiting", date(2026, 11, 27))
    assert comment.link_expires_on == date(2026, 11, 30)  # seven days after the words, not after the batch
    assert retention.overdue_reviews(session, date(2026, 11, 27)) == []
    assert retention.overdue_reviews(session, date(2026, 11, 28)) == [comment.id]


def test_a_link_ends_with_its_box_however_late_the_batch_is(
    session: Session, phone: Phone, clock: Clock, app_parts: Parts
) -> None:
    finish(phone, "12-15", "1", "i want more say in my plan")
    session.rollback()
    close(session, clock() + timedelta(days=6))
    retention.move_closed(session, date(2026, 11, 29), random.Random(1))
    session.commit()
    comment = session.scalars(select(CommentRow)).one()
    contacts, wrote = worker_contacts(app_parts), clock()
    for days in range(10):
        now = wrote + timedelta(days=days)
        keys.destroy_expired(app_parts.settings.keys_dir, app_parts.settings.sealing_dir, now)
        retention.purge(session, now)
        session.commit()
        leads = comments.leads_somewhere(comment.sealed_link, comment.link_expires_on, now.date())
        assert leads == (days < 7)
        if leads:
            assert contacts.number(comment.sealed_link, "comment", comment.id, now) == phone.number
        assert (comment.sealed_link is not None) == leads


@pytest.mark.parametrize("link", ["", b64encode(b"alert-" + b"a" * 32 + b"\nx").decode(), b64encode(b"x").decode()])
def test_a_link_whose_end_nobody_knows_is_not_kept(session: Session, phone: Phone, clock: Clock, link: str) -> None:
    seed_drafts(session, phone, clock, 1)
    row = session.scalars(select(ClosedDraftRow)).one()
    row.draft = {**row.draft, "comments": [{**row.draft["comments"][0], "link": link}]}
    session.commit()
    assert move(session) == 1
    comment = session.scalars(select(CommentRow)).one()
    assert (comment.sealed_link, comment.link_expires_on) == (None, None)
