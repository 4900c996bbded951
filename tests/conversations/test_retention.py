"""Each row of the blueprint's table is there on one side of its limit and gone on the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bot import second_look
from bot.parts import Parts
from conversations import alerts, openings, outbox, retention, worries
from conversations.models import (
    AlertRow,
    AlertWordsRow,
    AttemptRow,
    CommentRow,
    DeliveryRow,
    OpeningRow,
    OutboxRow,
    ReceivedRow,
)
from conversations.sealing import new_pair
from conversations.staff_models import LoginTryRow, SessionRow
from conversations.triage_models import SecondLookRow, WorryRow
from conversations.values import Level
from tests.fakes import Clock
from tests.seeds import make_seals, seed_alert, seed_staff, seed_text, seed_told, seed_worry

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def count(session: Session, row: Any) -> int:
    return session.scalar(select(func.count()).select_from(row)) or 0


def purge(session: Session, now: datetime) -> dict[str, int]:
    gone = retention.purge(session, now)
    session.commit()
    return gone


def seed_delivery(session: Session, parts: Parts) -> Callable[[], bool]:
    outbox.note_status(session, "SM" + "1" * 32, "sent", "", parts.clock())
    return lambda: count(session, DeliveryRow) == 1


def seed_received(session: Session, parts: Parts) -> Callable[[], bool]:
    session.add(ReceivedRow(message="m" * 32, conversation_id=None, received_on=parts.clock().date()))
    return lambda: count(session, ReceivedRow) == 1


def seed_alert_contact(session: Session, parts: Parts) -> Callable[[], bool]:
    alert_id = seed_alert(session, parts)
    alerts.acknowledge(session, alert_id, "Ada", parts.clock())
    alerts.record_outcome(session, alert_id, "Ada", "no_harm", parts.clock())
    return lambda: session.scalars(select(AlertRow.sealed_contact)).one() is not None


def seed_comment_link(session: Session, parts: Parts) -> Callable[[], bool]:
    expires = parts.clock().date() + timedelta(days=7)
    session.add(
        CommentRow(
            id="c",
            script="s",
            step="t",
            theme="x",
            language="en",
            text="words",
            state="waiting",
            due_on=expires,
            sealed_link=b"box",
            link_expires_on=expires,
        )
    )
    return lambda: session.scalars(select(CommentRow.sealed_link)).one() is not None


def seed_opening(session: Session, parts: Parts) -> Callable[[], bool]:
    alert_id = seed_alert(session, parts)
    openings.ask_to_open(session, seed_staff(session), new_pair()[1], parts.clock(), alert_id=alert_id)
    return lambda: count(session, OpeningRow) == 1


def seed_login_try(session: Session, parts: Parts) -> Callable[[], bool]:
    session.add(LoginTryRow(key="k", failures=3, last_at=parts.clock()))
    return lambda: count(session, LoginTryRow) == 1


def seed_staff_session(session: Session, parts: Parts) -> Callable[[], bool]:
    ends = parts.clock() + timedelta(minutes=30)
    session.add(SessionRow(id="s", content=b"", began_at=parts.clock(), expires_at=ends))
    return lambda: count(session, SessionRow) == 1


def seed_sent_text(session: Session, parts: Parts) -> Callable[[], bool]:
    seed_text(session, parts)
    session.execute(text("UPDATE outbox SET state = 'sent'"))
    return lambda: count(session, OutboxRow) == 1


def seed_worry_words(session: Session, parts: Parts) -> Callable[[], bool]:
    seed_worry(session, parts)
    boxes = select(WorryRow.sealed_words, WorryRow.sealed_contact, WorryRow.expires_at)
    return lambda: all(each is not None for each in session.execute(boxes).one())


def seed_worry_raised(session: Session, parts: Parts) -> Callable[[], bool]:
    """Words that wait for a worker who has been down all the while."""
    worries.raise_alert(session, seed_worry(session, parts), Level.CONCERN, "Ada", parts.clock())
    return lambda: session.scalars(select(WorryRow.sealed_words)).one() is not None


def seed_worry_done(session: Session, parts: Parts) -> Callable[[], bool]:
    worries.record_outcome(session, seed_worry(session, parts), "Ada", "read", parts.clock())
    return lambda: count(session, WorryRow) == 1


def seed_second_look(session: Session, parts: Parts) -> Callable[[], bool]:
    second_look.ask(session, make_seals(parts), "sms", None, parts.clock())
    return lambda: count(session, SecondLookRow) == 1


LIVES: dict[str, tuple[Callable[[Session, Parts], Callable[[], bool]], timedelta]] = {
    "delivery report": (seed_delivery, DAY),
    "message id": (seed_received, timedelta(days=395) - timedelta(hours=12)),
    "number of an alert": (seed_alert_contact, timedelta(days=7)),
    "link of a comment": (seed_comment_link, timedelta(days=7) - timedelta(hours=12)),
    "words for one reading": (seed_opening, timedelta(minutes=15)),
    "staff session": (seed_staff_session, timedelta(minutes=30)),
    "login try": (seed_login_try, DAY),
    "words of a worry": (seed_worry_words, timedelta(days=7)),
    "words of a worry that became an alert": (seed_worry_raised, timedelta(days=7)),
    "worry that somebody is done with": (seed_worry_done, timedelta(days=365)),
    "text that waits for a second look": (seed_second_look, timedelta(hours=1)),
    "text that was sent": (seed_sent_text, timedelta(hours=72)),
}


@pytest.mark.parametrize("what", LIVES)
def test_it_is_there_until_its_last_moment_and_gone_after_it(
    session: Session, app_parts: Parts, clock: Clock, what: str
) -> None:
    seed, life = LIVES[what]
    there = seed(session, app_parts)
    session.commit()
    purge(session, clock() + life - SECOND)
    assert there()
    purge(session, clock() + life)
    assert not there()


def test_an_alert_that_is_not_closed_keeps_its_number_its_words_and_its_history(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts)
    purge(session, clock() + timedelta(days=300))
    assert alerts.is_open(session, alert_id)
    assert alerts.timeline(session, alert_id)
    assert session.scalars(select(AlertRow.sealed_contact)).one() is not None
    assert session.scalars(select(AlertWordsRow.sealed)).one()


def test_a_worry_that_nobody_read_stays_open_when_its_words_go(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    seed_worry(session, app_parts)
    purge(session, clock() + timedelta(days=400))
    row = session.scalars(select(WorryRow)).one()
    assert (row.state, row.sealed_words, row.sealed_contact) == ("open", None, None)
    assert worries.is_overdue(session, clock() + timedelta(days=400))


def test_a_comment_stays_when_its_link_goes(session: Session, app_parts: Parts, clock: Clock) -> None:
    seed_comment_link(session, app_parts)
    purge(session, clock() + timedelta(days=8))
    assert session.execute(select(CommentRow.text, CommentRow.link_expires_on)).one() == ("words", None)


@pytest.mark.parametrize("state", ["due", "leased"])
def test_a_text_that_was_never_sent_is_not_lost_in_silence(
    session: Session, app_parts: Parts, clock: Clock, state: str
) -> None:
    seed_text(session, app_parts)
    session.execute(text("UPDATE outbox SET state = :state"), {"state": state})
    purge(session, clock() + timedelta(days=30))
    assert count(session, OutboxRow) == 1


def test_attempts_for_a_closed_alert_are_cancelled_and_others_stay(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    closed, kept = seed_told(session, app_parts), seed_told(session, app_parts)
    alerts.acknowledge(session, closed, "Ada", clock())
    alerts.record_outcome(session, closed, "Ada", "no_harm", clock())
    session.execute(text("UPDATE attempt SET state = 'due'"))
    assert retention.unneeded_attempts(session, clock()) == 2
    session.commit()
    left = session.scalars(select(AttemptRow.alert_id).where(AttemptRow.state == "due")).all()
    assert left == [kept, kept]
