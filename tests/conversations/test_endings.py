"""Alerts end as one, a set time after the last that happened to them, and not a second before; nothing younger goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot import jobs, seeing, troubles
from bot.data_commands import data
from bot.parts import Parts
from conversations import alerts, boxes, endings, keys, lives, outcomes, reveals, worries
from conversations.breaking_glass import Reveal
from conversations.db import Base
from conversations.models import AlertEventRow, AlertRow, ConversationRow
from conversations.outcomes import Worker
from conversations.staff_models import StaffRow
from conversations.triage_models import MarkRow, WorryRow
from conversations.values import Level
from tests.conversations.test_reporting import WHOLE
from tests.fakes import Clock
from tests.seeds import acknowledge, make_seals, seed_alert, seed_told, seed_worry, worker_contacts

SECOND = timedelta(seconds=1)
LIFE = timedelta(days=2557)
ADA = Worker(1, "Ada")
AUTUMN, SPRING = datetime(2016, 10, 30, 1, tzinfo=UTC), datetime(2017, 3, 26, 1, tzinfo=UTC)
WHAT = "alerts without words, and what was done"


@pytest.fixture
def clock() -> Clock:
    """Long enough ago for the database's own clock, which no test can move."""
    return Clock(datetime(2016, 6, 6, 12, tzinfo=UTC))


@pytest.fixture(autouse=True)
def ada(session: Session) -> None:
    """Somebody who may log in."""
    session.add(StaffRow(id=ADA.id, email="a", name=ADA.name, password="x", fs_uniquifier="a"))
    session.commit()


def whole_alert(session: Session, parts: Parts) -> str:
    """A closed alert with a row of everything that can belong to one."""
    now, alert_id = parts.clock(), seed_told(session, parts)
    acknowledge(session, alert_id, ADA.name, now, ADA.id)
    reveal_id = reveals.ask(session, Reveal(1, False, now), alert_id, ADA.name, "harm")
    outcomes.hand_over(session, alert_id, ADA, "Women's Aid", None, now)
    rows = {
        "relay": "id, alert_id, who, written_at, sealed_words, due_at, state, tries",
        "reach": "id, alert_id, comment_id, sealed_link, expires_at",
        "outbox": "id, alert_id, kind, sender, body, due_at, state, tries",
        "opening": "id, reveal_id, staff_id, public_half, expires_at",
    }
    values = {"id": alert_id, "alert_id": alert_id, "reveal_id": reveal_id, "at": now}
    values |= {"word": "sent", "box": b"", "one": 1}
    kind = {"written_at": "at", "due_at": "at", "expires_at": "at", "sealed_words": "box", "sealed_link": "box"}
    kind |= {"tries": "one", "staff_id": "one", "id": "id", "alert_id": "alert_id", "reveal_id": "reveal_id"}
    for table, columns in rows.items():
        given = {name: values[kind.get(name, "word")] for name in columns.split(", ")}
        session.execute(insert(Base.metadata.tables[table]).values(given))
    closed(session, parts, alert_id, now)
    return alert_id


def closed(session: Session, parts: Parts, alert_id: str, now: datetime) -> None:
    assert outcomes.close(session, alert_id, ADA, WHOLE, make_seals(parts), now)
    session.commit()


def left(session: Session) -> dict[str, int]:
    """How many rows each table that an alert can have rows in still has."""
    session.rollback()
    return {name: session.scalar(select(func.count()).select_from(text(name))) or 0 for name in sorted(OF_ALERT)}


OF_ALERT = {
    table.name
    for table in Base.metadata.tables.values()
    if table.name == "alert" or any(key.column.table.name == "alert" for key in table.foreign_keys)
}


def end(session: Session, now: datetime, kept: timedelta = LIFE) -> int:
    ended = endings.end_alerts(session, now, kept)
    session.commit()
    return ended


@pytest.mark.parametrize("change", [None, AUTUMN, SPRING], ids=["plain", "back", "forward"])
def test_it_is_there_until_its_last_moment_and_gone_after_it_with_all_that_belongs_to_it(
    session: Session, app_parts: Parts, clock: Clock, change: datetime | None
) -> None:
    clock.now = change - timedelta(hours=1) if change else clock.now
    for day in (0, 1):
        keys.make_ahead(app_parts.settings.keys_dir, app_parts.settings.sealing_dir, clock() + timedelta(days=day))
    whole_alert(session, app_parts)
    before, ends = left(session), clock() + LIFE
    assert {name for name, rows in before.items() if not rows} == {"conversation", "mark", "second_look", "worry"}
    assert end(session, ends - SECOND) == 0
    assert left(session) == before
    assert not endings.overdue(session, ends - SECOND, LIFE)
    assert endings.overdue(session, ends, LIFE)
    assert end(session, ends) == 1
    assert set(left(session).values()) == {0}
    assert not endings.overdue(session, ends, LIFE)


def test_every_table_that_refers_to_an_alert_is_thought_of() -> None:
    """Conversations let go by themselves: their column is emptied by the database."""
    thought_of = {row.__tablename__ for row in (*endings.GOES, *endings.LETS_GO, AlertRow, ConversationRow)}
    assert thought_of == OF_ALERT


def open_still(session: Session, parts: Parts) -> None:
    seed_alert(session, parts)


def taken(session: Session, parts: Parts) -> None:
    acknowledge(session, seed_alert(session, parts), ADA.name, parts.clock(), ADA.id)


def opened_again(session: Session, parts: Parts) -> None:
    outcomes.reopen(session, whole_alert(session, parts), ADA, "news", parts.clock())


@pytest.mark.parametrize("how", [open_still, taken, opened_again])
def test_what_is_not_closed_never_ends(session: Session, app_parts: Parts, clock: Clock, how: Any) -> None:
    how(session, app_parts)
    session.commit()
    before = left(session)
    assert end(session, clock() + 10 * LIFE) == 0
    assert not endings.overdue(session, clock() + 10 * LIFE, LIFE)
    assert left(session) == before


def test_a_life_begins_with_the_last_that_happened(session: Session, app_parts: Parts, clock: Clock) -> None:
    alert_id = whole_alert(session, app_parts)
    later = clock() + timedelta(days=300)
    alerts.record(session, alert_id, later, "number reviewed", "Lorna", "")
    session.commit()
    assert end(session, later + LIFE - SECOND) == 0
    assert end(session, later + LIFE) == 1


def joined(session: Session, parts: Parts, clock: Clock) -> tuple[str, str]:
    """Two alerts, the second joined to the first."""
    older = seed_taken(session, parts)
    clock.forward(seconds=1)
    younger = seed_taken(session, parts)
    assert outcomes.merge(session, younger, older, ADA, clock()) == older
    return older, younger


def test_what_was_joined_ends_with_what_it_was_joined_to_and_not_before(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    older, _ = joined(session, app_parts, clock)
    later = clock() + timedelta(days=40)
    closed(session, app_parts, older, later)
    assert end(session, later + LIFE - SECOND) == 0
    assert left(session)["alert"] == 2
    assert end(session, later + LIFE) == 1
    assert left(session)["alert"] == left(session)["alert_event"] == 0


def test_something_that_happened_to_a_joined_one_keeps_both(session: Session, app_parts: Parts, clock: Clock) -> None:
    older, younger = joined(session, app_parts, clock)
    closed(session, app_parts, older, clock())
    alerts.record(session, younger, clock() + timedelta(days=9), "number reviewed", "Lorna", "")
    session.commit()
    assert end(session, clock() + LIFE) == 0
    assert end(session, clock() + LIFE + timedelta(days=9)) == 1


def test_others_stay_and_what_only_says_which_alert_it_was_lets_go(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    alert_id = whole_alert(session, app_parts)
    worry_id = seed_worry(session, app_parts)
    raised = worries.raise_alert(session, worry_id, Level.CONCERN, ADA.name, clock())
    session.execute(text("UPDATE worry SET alert_id = :alert"), {"alert": alert_id})
    of = {"kind": "false_alarm", "category": "other", "level": "none", "version": "v", "made_on": clock().date()}
    session.add(MarkRow(id="m", reasons=[], alert_id=alert_id, **of))
    session.commit()
    assert end(session, clock() + LIFE) == 1
    assert session.scalars(select(AlertRow.id)).all() == [raised]
    assert session.scalars(select(WorryRow.alert_id)).one() is None
    assert session.scalars(select(MarkRow.alert_id)).one() is None
    assert set(session.scalars(select(AlertEventRow.alert_id))) == {raised}


def test_a_hundred_end_at_a_time_so_that_no_writer_waits_long(session: Session, app_parts: Parts, clock: Clock) -> None:
    for _ in range(3):
        closed(session, app_parts, seed_taken(session, app_parts), clock())
    assert endings.end_alerts(session, clock() + LIFE, LIFE, limit=2) == 2
    assert endings.end_alerts(session, clock() + LIFE, LIFE, limit=2) == 1
    assert endings.end_alerts(session, clock() + LIFE, LIFE, limit=2) == 0


def seed_taken(session: Session, parts: Parts) -> str:
    alert_id = seed_alert(session, parts)
    acknowledge(session, alert_id, ADA.name, parts.clock(), ADA.id)
    return alert_id


# --- what the database itself refuses ---------------------------------------------------------------------------------

HISTORY = ("alert_event", "report", "handover", "reveal")


def of_age(session: Session, parts: Parts, clock: Clock, age: timedelta) -> None:
    """The history of an alert so old, by the real time, which is the database's."""
    clock.now = datetime.now(UTC) - age
    keys.make_ahead(parts.settings.keys_dir, parts.settings.sealing_dir, clock())
    alert_id = seed_taken(session, parts)
    reveals.ask(session, Reveal(1, False, clock()), alert_id, ADA.name, "harm")
    outcomes.hand_over(session, alert_id, ADA, "Women's Aid", None, clock())
    closed(session, parts, alert_id, clock())


@pytest.mark.parametrize("age", [timedelta(), timedelta(days=365), timedelta(days=729)])
@pytest.mark.parametrize("table", HISTORY)
def test_b42_the_database_refuses_to_delete_history_of_two_years(
    session: Session, app_parts: Parts, clock: Clock, table: str, age: timedelta
) -> None:
    of_age(session, app_parts, clock, age)
    with pytest.raises(IntegrityError, match="only added to"):
        session.execute(text(f"DELETE FROM {table}"))
    session.rollback()
    assert left(session)[table] >= 1


@pytest.mark.parametrize("table", HISTORY)
def test_b42_and_lets_go_what_is_older_but_changes_nothing_of_it(
    session: Session, app_parts: Parts, clock: Clock, table: str
) -> None:
    of_age(session, app_parts, clock, timedelta(days=733))
    with pytest.raises(IntegrityError, match="only added to"):
        session.execute(text(f"UPDATE {table} SET alert_id = alert_id"))
    session.rollback()
    session.execute(text(f"DELETE FROM {table}"))
    assert session.scalar(select(func.count()).select_from(text(table))) == 0


def test_b42_no_table_of_history_can_be_truncated(session: Session, app_parts: Parts, clock: Clock) -> None:
    if session.get_bind().dialect.name == "sqlite":
        return  # it has no such statement
    of_age(session, app_parts, clock, timedelta(days=1000))
    for table in HISTORY:
        with pytest.raises(IntegrityError, match="only added to"):
            session.execute(text(f"TRUNCATE {table} CASCADE"))
        session.rollback()


def test_a_worker_whose_clock_is_ten_years_ahead_loses_no_young_history(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    of_age(session, app_parts, clock, timedelta())
    before = left(session)
    with pytest.raises(IntegrityError, match="only added to"):
        endings.end_alerts(session, clock() + timedelta(days=3653), LIFE)
    session.rollback()
    assert left(session) == before


# --- who does it, and who notices -------------------------------------------------------------------------------------


@pytest.mark.parametrize("years", [3, 7, 99])
def test_the_worker_ends_them_as_the_partnership_says_and_the_watch_says_when_it_has_not(
    session: Session, app_parts: Parts, clock: Clock, years: int
) -> None:
    parts = replace(app_parts, settings=replace(app_parts.settings, alerts_kept_years=years))
    whole_alert(session, parts)
    boxes.empty_ended(session, clock() + timedelta(days=400), parts.settings.words_kept)
    session.execute(text("DELETE FROM outbox"))
    session.commit()
    began = clock()
    clock.now = began.replace(year=began.year + years) + timedelta(days=3)
    assert WHAT in kept_too_long(session, parts)
    assert lives.LATE in seen(session, parts)
    jobs.keep_house(session, parts, worker_contacts(parts))
    session.commit()
    assert session.scalar(select(func.count()).select_from(AlertRow)) == 0
    session.rollback()
    assert WHAT not in kept_too_long(session, parts)


def look(session: Session, parts: Parts) -> seeing.Seen:
    found = seeing.look(session, parts, parts.clock() - timedelta(days=1), parts.clock())
    session.rollback()
    return found


def kept_too_long(session: Session, parts: Parts) -> tuple[str, ...]:
    return look(session, parts).kept_too_long


def seen(session: Session, parts: Parts) -> tuple[str, ...]:
    return troubles.troubles(look(session, parts))


def test_the_command_ends_all_of_them_at_once(app: Flask, session: Session, app_parts: Parts, clock: Clock) -> None:
    for _ in range(2):
        closed(session, app_parts, seed_taken(session, app_parts), clock())
    clock.forward(days=LIFE.days)
    said = app.test_cli_runner().invoke(data, ["purge"]).output
    assert "     2 alerts\n" in said
    assert left(session)["alert"] == 0
