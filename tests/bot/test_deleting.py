"""DELETE takes away at once what a young person said, leaves what must stay, and says which is which."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from conversations import retention
from conversations.db import Base
from conversations.models import AlertRow, AlertWordsRow, ClosedDraftRow, CommentRow, ConversationRow
from conversations.script import load_words
from conversations.segments import count
from conversations.triage_models import WorryRow
from tests.fakes import Clock
from tests.make import Phone
from tests.seeds import WORDS

COMMENT = "they never asked about the trampoline"
LONELY = "i feel so lonely all the time"
WORD = load_words()["en"]
GONE, STAYS = WORD.line("deleted"), WORD.line("deleted_alert_stays")
EARLIER, NOTHING = WORD.line("deleted_earlier_stays"), WORD.line("nothing_to_delete")


def says(phone: Phone, *texts: str) -> str:
    """What is heard after the last of these texts."""
    for text in texts:
        phone.says(text)
    return "\n".join(phone.heard)


def rows(session: Session, row: type[Base]) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(row)) or 0


def everything(session: Session) -> str:
    """Every row of every table, as one text; a row by itself would show only its beginning."""
    session.rollback()
    tables = Base.metadata.sorted_tables
    return "\n".join(repr(tuple(row)) for table in tables for row in session.execute(select(table)))


def test_answers_comments_and_their_links_are_gone_with_the_reply(session: Session, phone: Phone) -> None:
    says(phone, "CHECKIN", "12-15", COMMENT, "4", COMMENT)
    state = session.scalars(select(ConversationRow.state)).one()
    assert state["comments"]
    assert all(each["link"] for each in state["comments"])
    assert "trampoline" in everything(session)
    assert says(phone, "DELETE", "1") == GONE
    left = everything(session)
    state = session.scalars(select(ConversationRow.state)).one()
    assert (state["answers"], state["comments"], state["trail"], state["ending"]) == ({}, [], [], "erased")
    assert "trampoline" not in left
    assert not any(each["link"] in left for each in state["comments"])


@pytest.mark.parametrize("answer", ["2", "keep it", "no", "maybe"])
def test_nothing_goes_before_they_have_said_yes(session: Session, phone: Phone, answer: str) -> None:
    says(phone, "CHECKIN", "12-15", "4", "DELETE", answer)
    assert session.scalars(select(ConversationRow.state)).one()["answers"]["listened"] == ["4"]


def test_after_the_last_question_it_can_still_be_deleted_and_leaves_no_draft(
    session: Session, phone: Phone, clock: Clock
) -> None:
    says(phone, "CHECKIN", "12-15", "4", "1", COMMENT, "1")
    assert session.scalars(select(ConversationRow.state)).one()["ending"] == "finished"
    assert says(phone, "DELETE") == GONE
    session.rollback()
    retention.close_expired(session, clock() + timedelta(hours=72))
    session.commit()
    assert rows(session, ClosedDraftRow) == 0


def test_an_open_alert_and_its_sealed_words_stay_and_the_reply_says_so(session: Session, phone: Phone) -> None:
    assert STAYS in says(phone, "CHECKIN", "12-15", WORDS, "DELETE", "1")
    assert rows(session, AlertRow) == 1
    assert session.scalars(select(AlertWordsRow.sealed)).one()
    assert session.scalars(select(AlertRow.state)).one() == "open"
    assert session.scalars(select(ConversationRow.state)).one()["answers"] == {}


def test_a_worry_that_somebody_will_read_stays_and_the_reply_says_so(session: Session, phone: Phone) -> None:
    assert says(phone, "CHECKIN", "12-15", LONELY, "DELETE", "1") == STAYS
    worry = session.scalars(select(WorryRow)).one()
    assert (worry.state, worry.sealed_words is not None) == ("open", True)
    assert rows(session, AlertRow) == 0


def test_after_the_conversation_has_closed_nothing_can_be_found_any_more(
    session: Session, phone: Phone, clock: Clock
) -> None:
    says(phone, "CHECKIN", "12-15", "4", COMMENT)
    clock.forward(hours=73)
    session.rollback()
    retention.close_expired(session, clock())
    session.commit()
    assert says(phone, "DELETE") == NOTHING
    retention.move_closed(session, date(2026, 11, 27), random.Random(1))
    session.commit()
    assert says(phone, "DELETE") == NOTHING
    assert rows(session, CommentRow) == 1


def test_also_when_nobody_has_kept_house_since(phone: Phone, clock: Clock) -> None:
    says(phone, "CHECKIN", "12-15", "4")
    clock.forward(hours=73)
    assert says(phone, "DELETE") == NOTHING


def test_answers_to_other_questions_before_cannot_be_found_and_the_reply_says_so(
    session: Session, phone: Phone
) -> None:
    says(phone, "CHECKIN", "12-15", "4", "STOP", "PLAN", "12-15")
    assert rows(session, ClosedDraftRow) == 1
    heard = says(phone, "DELETE", "1")
    assert GONE in heard
    assert EARLIER in heard
    assert rows(session, ClosedDraftRow) == 1


def test_of_answers_that_were_deleted_before_nothing_is_said(session: Session, phone: Phone) -> None:
    says(phone, "CHECKIN", "12-15", "4", "DELETE", "1", "PLAN", "12-15")
    assert rows(session, ClosedDraftRow) == 0
    assert says(phone, "DELETE", "1") == GONE


def test_after_seventy_two_hours_new_answers_go_and_the_old_ones_are_spoken_of(phone: Phone, clock: Clock) -> None:
    says(phone, "CHECKIN", "12-15", "4")
    clock.forward(hours=73)
    heard = says(phone, "CHECKIN", "12-15", "4", "DELETE", "1")
    assert GONE in heard
    assert EARLIER in heard


@pytest.mark.parametrize("key", ["delete_confirm", "deleted", "deleted_alert_stays", "deleted_earlier_stays"])
@pytest.mark.parametrize("language", sorted(load_words()))
def test_what_is_said_of_deleting_fits_its_budget_in_every_language(language: str, key: str) -> None:
    size = count(load_words()[language].line(key))
    assert size.segments <= {"GSM-7": 2, "UCS-2": 4}[size.encoding]
    assert language != "en" or size.encoding == "GSM-7"
