"""Each row of the table of lives is there on one side of its limit and gone on the other, over both clock changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import func, inspect, select, text
from sqlalchemy.orm import Session

from bot import second_look
from bot.parts import Parts
from bot.troubles import BY_NAME
from conversations import alerts, keys, lives, openings, outbox, retention, worries
from conversations.db import Base
from conversations.duty_models import AlarmRow, RelayRow
from conversations.lives import AT_ONCE, DAY
from conversations.models import (
    AlertRow,
    AlertWordsRow,
    AnswerRow,
    AttemptRow,
    CommentRow,
    ConversationRow,
    DeliveryRow,
    OpeningRow,
    OutboxRow,
    ReceivedRow,
    ResponseRow,
)
from conversations.sealing import new_pair
from conversations.staff_models import LoginTryRow, SessionRow
from conversations.triage_models import MarkRow, ReachRow, SecondLookRow, WorryRow
from conversations.values import Level
from tests.fakes import NOON, Clock
from tests.seeds import acknowledge, make_seals, seed_alert, seed_staff, seed_text, seed_told, seed_worry

There = Callable[[], bool]
SECOND = timedelta(seconds=1)
MONTHS = 36
CLOCKS_GO_BACK = datetime(2026, 10, 25, 1, tzinfo=UTC)
CLOCKS_GO_FORWARD = datetime(2027, 3, 28, 1, tzinfo=UTC)


def count(session: Session, row: Any) -> int:
    return session.scalar(select(func.count()).select_from(row)) or 0


def purge(session: Session, now: datetime) -> dict[str, int]:
    gone = retention.purge(session, now)
    session.commit()
    return gone


def seed_delivery(session: Session, parts: Parts) -> There:
    outbox.note_status(session, "SM" + "1" * 32, "sent", "", parts.clock())
    return lambda: count(session, DeliveryRow) == 1


def seed_received(session: Session, parts: Parts) -> There:
    session.add(ReceivedRow(message="m" * 32, conversation_id=None, received_on=parts.clock().date()))
    return lambda: count(session, ReceivedRow) == 1


def seed_comment_link(session: Session, parts: Parts) -> There:
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


def seed_opening(session: Session, parts: Parts) -> There:
    alert_id = seed_alert(session, parts)
    openings.ask_to_open(session, seed_staff(session), new_pair()[1], parts.clock(), alert_id=alert_id)
    return lambda: count(session, OpeningRow) == 1


def seed_login_try(session: Session, parts: Parts) -> There:
    session.add(LoginTryRow(key="k", failures=3, last_at=parts.clock()))
    return lambda: count(session, LoginTryRow) == 1


def seed_staff_session(session: Session, parts: Parts) -> There:
    ends = parts.clock() + timedelta(minutes=30)
    session.add(SessionRow(id="s", content=b"", began_at=parts.clock(), expires_at=ends))
    return lambda: count(session, SessionRow) == 1


def seed_sent_text(session: Session, parts: Parts) -> There:
    seed_text(session, parts)
    session.execute(text("UPDATE outbox SET state = 'sent'"))
    return lambda: count(session, OutboxRow) == 1


def seed_worry_words(session: Session, parts: Parts) -> There:
    seed_worry(session, parts)
    boxes = select(WorryRow.sealed_words, WorryRow.sealed_contact, WorryRow.expires_at)
    return lambda: all(each is not None for each in session.execute(boxes).one())


def seed_worry_raised(session: Session, parts: Parts) -> There:
    """Words that wait for a worker who has been down all the while."""
    worries.raise_alert(session, seed_worry(session, parts), Level.CONCERN, "Ada", parts.clock())
    return lambda: session.scalars(select(WorryRow.sealed_words)).one() is not None


def seed_worry_done(session: Session, parts: Parts) -> There:
    worries.record_outcome(session, seed_worry(session, parts), "Ada", "read", parts.clock())
    return lambda: count(session, WorryRow) == 1


def seed_second_look(session: Session, parts: Parts) -> There:
    second_look.ask(session, make_seals(parts), "sms", None, parts.clock())
    return lambda: count(session, SecondLookRow) == 1


def seed_page_words(session: Session, parts: Parts) -> There:
    times = {"written_at": parts.clock(), "due_at": parts.clock()}
    boxes = {"sealed_words": b"box", "sealed_for_reader": b"box"}
    of = {"id": "r", "alert_id": seed_alert(session, parts, number=None), "who": "Ada"}
    session.add(RelayRow(state="sent", tries=1, **of, **times, **boxes))
    return lambda: session.scalars(select(RelayRow.sealed_for_reader)).one() is not None


def seed_mark(session: Session, parts: Parts) -> There:
    said = {"kind": "false_alarm", "category": "other", "level": "none", "version": "v", "text": "words"}
    session.add(MarkRow(id="m", reasons=[], made_on=parts.clock().date(), **said))
    return lambda: count(session, MarkRow) == 1


def seed_alarm(session: Session, parts: Parts) -> There:
    session.add(AlarmRow(id="a", trouble="x", began_at=parts.clock() - DAY, ended_at=parts.clock()))
    return lambda: count(session, AlarmRow) == 1


LIVES: dict[str, tuple[Callable[[Session, Parts], There], timedelta]] = {
    "message ids": (seed_received, timedelta(days=395)),
    "comment links": (seed_comment_link, timedelta(days=7)),
    "words on pages": (seed_page_words, timedelta(days=7)),
    "texts sent": (seed_sent_text, timedelta(hours=72)),
    "delivery reports": (seed_delivery, timedelta(days=1)),
    "words opened": (seed_opening, timedelta(minutes=15)),
    "words of worries": (seed_worry_words, timedelta(days=7)),
    "words of worries, one that became an alert": (seed_worry_raised, timedelta(days=7)),
    "worries done": (seed_worry_done, timedelta(days=365)),
    "second looks": (seed_second_look, timedelta(days=7)),
    "marks": (seed_mark, timedelta(days=365)),
    "staff sessions": (seed_staff_session, timedelta(minutes=30)),
    "login tries": (seed_login_try, timedelta(days=1)),
    "alarms that are over": (seed_alarm, timedelta(days=365)),
}
BY_DAY = {"message ids", "comment links", "marks"}
"""What keeps no time of day: its life ends with a day."""


@pytest.mark.parametrize("change", [None, CLOCKS_GO_BACK, CLOCKS_GO_FORWARD], ids=["plain", "back", "forward"])
@pytest.mark.parametrize("what", LIVES)
def test_it_is_there_until_its_last_moment_and_gone_after_it(
    session: Session, app_parts: Parts, clock: Clock, what: str, change: datetime | None
) -> None:
    seed, life = LIVES[what]
    clock.now = change - life / 2 if change else NOON
    keys.make_ahead(app_parts.settings.keys_dir, app_parts.settings.sealing_dir, clock())
    there, ends = seed(session, app_parts), clock() + life
    if what in BY_DAY:
        ends = datetime.combine(ends.date(), time(), UTC)
    session.commit()
    purge(session, ends - SECOND)
    assert there()
    assert retention.overdue(session, MONTHS, ends + retention.LATE - SECOND) == ()
    assert retention.overdue(session, MONTHS, ends + retention.LATE) == (what.partition(",")[0],)
    purge(session, ends)
    assert not there()
    assert retention.overdue(session, MONTHS, ends + retention.LATE) == ()


def test_whatever_the_purge_ends_is_held_to_its_life_here() -> None:
    assert {what.partition(",")[0] for what in LIVES} == {kept.what for kept in lives.PURGED}


UNITS = {"minutes": timedelta(minutes=1), "hour": timedelta(hours=1), "hours": timedelta(hours=1), "day": DAY,
         "days": DAY, "months": timedelta(days=365) / 12}  # fmt: skip


@pytest.mark.parametrize("kept", lives.PURGED, ids=lambda kept: kept.what)
def test_the_life_that_is_written_is_the_life_that_is_kept(kept: lives.Kept) -> None:
    number, unit = kept.life.partition(",")[0].split()[:2]
    written = int(number) * UNITS[unit]
    assert abs(LIVES[kept.what][1] - written) < DAY
    assert kept.ends is not None
    assert kept.ends.after in {AT_ONCE, LIVES[kept.what][1]}


def test_every_table_has_its_life_and_every_alarm_is_one() -> None:
    named = {name.strip() for kept in lives.TABLE for name in kept.where.split(",")}
    assert named - set(Base.metadata.tables) == {"memory", "sealing folder", "keys folder", "Twilio"}
    assert set(Base.metadata.tables) - named == set()
    assert {kept.alarm for kept in lives.TABLE} - set(BY_NAME) == {lives.NOBODY}


def test_every_table_of_the_database_is_known(session: Session) -> None:
    assert set(inspect(session.connection()).get_table_names()) - {"alembic_version"} == set(Base.metadata.tables)


@pytest.mark.parametrize("table", [ConversationRow, ReachRow])
def test_what_another_job_ends_is_left_to_it_and_looked_at(
    session: Session, app_parts: Parts, clock: Clock, table: Any
) -> None:
    what = {ConversationRow: "running conversations", ReachRow: "links of flagged comments"}[table]
    if table is ReachRow:
        reach = {"comment_id": "c", "sealed_link": b"box", "expires_at": clock()}
        session.add(ReachRow(id="r", alert_id=seed_alert(session, app_parts), **reach))
    else:
        lost = {"channel": "sms", "version": "v", "state": {}, "replies": {}, "pace": []}
        session.execute(text("INSERT INTO script_version (version, name, content) VALUES ('v', 's', '{}')"))
        session.add(ConversationRow(id="c", person="p", expires_at=clock(), **lost))
    session.commit()
    purge(session, clock() + timedelta(hours=1))
    assert count(session, table) == 1
    assert what not in retention.overdue(session, MONTHS, clock() + timedelta(hours=1) - SECOND)
    assert what in retention.overdue(session, MONTHS, clock() + timedelta(hours=1))


def seed_response(session: Session, month: str, due_on: date) -> None:
    named = {"script": "check-in", "version": "1", "language": "en"}
    session.add(ResponseRow(id="r", month=month, ending="finished", **named))
    session.flush()
    session.add(AnswerRow(response_id="r", question="q", code="4"))
    comment = {"script": "s", "step": "t", "theme": "x", "language": "en", "text": "words", "state": "reviewed"}
    session.add(CommentRow(id="c", due_on=due_on, **comment))
    session.commit()


def answered(session: Session) -> tuple[int, int, int]:
    return count(session, ResponseRow), count(session, AnswerRow), count(session, CommentRow)


@pytest.mark.parametrize(
    ("month", "months", "ends"),
    [
        ("2026-11", 36, datetime(2029, 12, 1, tzinfo=UTC)),
        ("2026-12", 1, datetime(2027, 2, 1, tzinfo=UTC)),
        ("2026-10", 1, datetime(2026, 12, 1, tzinfo=UTC)),  # over the change in autumn
        ("2027-03", 1, datetime(2027, 4, 30, 23, tzinfo=UTC)),  # over the change in spring: 1 May in Scotland
        ("2026-06", 99, datetime(2034, 9, 30, 23, tzinfo=UTC)),
    ],
)
def test_responses_and_comments_are_kept_for_as_many_whole_months_as_the_partnership_says(
    session: Session, month: str, months: int, ends: datetime
) -> None:
    seed_response(session, month, date.fromisoformat(f"{month}-15"))
    assert retention.end_analysis(session, months, ends - SECOND) == 0
    session.commit()
    assert answered(session) == (1, 1, 1)
    assert retention.overdue(session, months, ends + retention.LATE) == ("responses", "comments")
    assert retention.end_analysis(session, months, ends) == 2
    session.commit()
    assert answered(session) == (0, 0, 0)
    assert retention.overdue(session, months, ends + retention.LATE) == ()


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
    acknowledge(session, closed, "Ada", clock())
    alerts.record_outcome(session, closed, "Ada", "no_harm", clock())
    session.execute(text("UPDATE attempt SET state = 'due'"))
    assert retention.unneeded_attempts(session, clock()) == 2
    session.commit()
    left = session.scalars(select(AttemptRow.alert_id).where(AttemptRow.state == "due")).all()
    assert left == [kept, kept]
