"""Worries as rows: sealed, owned, due, and done once; an alert raised from one is told at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.parts import Parts
from conversations import alerts, retention, worries
from conversations.escalation import LISTS, WORRY_OUTCOMES, list_of
from conversations.models import AlertRow, AlertWordsRow
from conversations.triage_models import WorryRow
from conversations.values import Assessment, Level
from tests.fakes import Clock
from tests.seeds import LONELY, NUMBER, WORDS, seed_worry

UNCOVERED = Assessment(Level.WELLBEING, covered=False)
BELONGS = {
    Assessment(): "",
    LONELY: "wellbeing",
    UNCOVERED: "same_day",
    replace(UNCOVERED, level=Level.NONE): "same_day",
    replace(LONELY, level=Level.CONCERN): "",
    replace(UNCOVERED, level=Level.IMMEDIATE): "",
    replace(LONELY, assessed=False): "",
    Assessment(assessed=False, covered=False): "",
}


@pytest.mark.parametrize(("found", "kind"), BELONGS.items())
def test_each_text_belongs_to_one_list_at_most_and_to_none_when_it_alerts(found: Assessment, kind: str) -> None:
    assert list_of(found) == kind
    assert kind in {"", *LISTS}


def test_a_worry_keeps_words_and_number_sealed_and_says_whose_it_is(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    seed_worry(session, app_parts)
    row = session.scalars(select(WorryRow)).one()
    assert (row.kind, row.owner, row.channel, row.state) == ("wellbeing", "duty", "sms", "open")
    assert (row.reasons, row.version, row.cannot_be_texted) == (["en-low-mood"], "v1", False)
    assert (row.due_at, row.expires_at) == (clock() + timedelta(hours=5), clock() + timedelta(days=7))
    assert row.sealed_words
    assert row.sealed_contact
    assert WORDS.encode() not in row.sealed_words
    assert NUMBER.encode() not in row.sealed_contact


def test_without_a_number_nobody_can_be_texted(session: Session, app_parts: Parts) -> None:
    row = session.get_one(WorryRow, seed_worry(session, app_parts, number=None))
    assert (row.cannot_be_texted, row.sealed_contact) == (True, None)


def test_what_is_due_first_is_read_first_and_what_is_done_is_gone(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    late, soon, done = (seed_worry(session, app_parts, due_in=timedelta(hours=hours)) for hours in (9, 1, 3))
    worries.record_outcome(session, done, "Ada", "read", clock())
    session.commit()
    assert [row.id for row in worries.to_read(session)] == [soon, late]


@pytest.mark.parametrize(("after", "late"), [(timedelta(), False), (timedelta(seconds=1), True)])
def test_a_worry_is_overdue_after_its_time(
    session: Session, app_parts: Parts, clock: Clock, after: timedelta, late: bool
) -> None:
    worry_id = seed_worry(session, app_parts)
    moment = clock() + timedelta(hours=5) + after
    assert worries.is_overdue(session, moment) is late
    worries.record_outcome(session, worry_id, "Ada", "known", moment)
    assert not worries.is_overdue(session, moment)


@pytest.mark.parametrize("outcome", WORRY_OUTCOMES)
def test_an_outcome_ends_it_once_and_empties_it(
    session: Session, app_parts: Parts, clock: Clock, outcome: str
) -> None:
    worry_id = seed_worry(session, app_parts)
    assert worries.record_outcome(session, worry_id, "Ada", outcome, clock())
    assert not worries.record_outcome(session, worry_id, "Ben", outcome, clock())
    assert worries.raise_alert(session, worry_id, Level.CONCERN, "Ben", clock()) is None
    session.commit()
    row = session.get_one(WorryRow, worry_id)
    assert (row.state, row.outcome, row.done_by, row.done_at) == ("done", outcome, "Ada", clock())
    assert (row.sealed_words, row.sealed_contact, row.expires_at) == (None, None, None)


@pytest.mark.parametrize("outcome", ["", "raised", "made up"])
def test_nothing_else_ends_it(session: Session, app_parts: Parts, clock: Clock, outcome: str) -> None:
    worry_id = seed_worry(session, app_parts)
    assert not worries.record_outcome(session, worry_id, "Ada", outcome, clock())
    assert [row.id for row in worries.to_read(session)] == [worry_id]


@pytest.mark.parametrize("level", [Level.CONCERN, Level.IMMEDIATE])
def test_an_alert_raised_from_it_is_due_at_once(
    session: Session, app_parts: Parts, clock: Clock, level: Level
) -> None:
    worry_id = seed_worry(session, app_parts)
    moment: datetime = clock() + timedelta(hours=1)
    alert_id = worries.raise_alert(session, worry_id, level, "Ada", moment)
    session.commit()
    assert alert_id is not None
    alert = session.get_one(AlertRow, alert_id)
    assert (alert.level, alert.state, alert.raised_at, alert.channel) == (level.word, "open", moment, "sms")
    assert alert.reasons == ["en-low-mood", "duty:raised"]
    assert alert.next_action_at == moment
    lines = [(each.what, each.who) for each in alerts.timeline(session, alert_id)]
    assert lines == [("raised", "Heard"), ("raised from a worry", "Ada")]
    row = session.get_one(WorryRow, worry_id)
    assert (row.state, row.outcome, row.done_by, row.alert_id) == ("done", "raised", "Ada", alert_id)
    assert row.sealed_words
    assert row.sealed_contact
    assert worries.moving(session) == [row]


def test_an_alert_can_be_raised_also_when_its_words_have_gone_and_says_so(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    worry_id = seed_worry(session, app_parts)
    retention.purge(session, clock() + timedelta(days=7))
    alert_id = worries.raise_alert(session, worry_id, Level.CONCERN, "Ada", clock() + timedelta(days=8))
    assert alert_id is not None
    assert session.get_one(AlertRow, alert_id).cannot_be_texted
    assert [each.what for each in alerts.timeline(session, alert_id)][2:] == ["words can no longer be opened"]
    assert worries.moving(session) == []


def test_only_the_first_of_two_raises_it(session: Session, app_parts: Parts, clock: Clock) -> None:
    worry_id = seed_worry(session, app_parts)
    assert worries.raise_alert(session, worry_id, Level.CONCERN, "Ada", clock())
    assert worries.raise_alert(session, worry_id, Level.IMMEDIATE, "Ben", clock()) is None
    assert not worries.record_outcome(session, worry_id, "Ben", "read", clock())
    assert len(session.scalars(select(AlertRow)).all()) == 1
    assert session.scalars(select(AlertWordsRow)).all() == []
