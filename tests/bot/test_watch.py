"""The watch raises the organisation's alarm itself, in time and once, also after a restart and without a database."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bot import alarm, jobs, troubles, watch
from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from bot.stopping import Stopping
from bot.watch import Memory
from conversations import alerts, heartbeats
from conversations.db import Base, db
from conversations.duty_models import AlarmRow
from conversations.ringing import Alarm, Kind, Telling
from tests.fakes import NOON, Clock, RecordingSender
from tests.seeds import NUMBER, WORDS, seed_alert

WORKER = "the worker does not answer"
ROUND = int(watch.PAUSE_SECONDS)
DEADMAN = "https://deadman.example.org/ping/heard"
FAILED = NotSent("ConnectionError", again=True)


@dataclass
class Outside:
    """Addresses that answer or do not, and what was asked of them."""

    asked: list[str] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)

    def __call__(self, url: str) -> float | None:
        """How long the answer took."""
        self.asked.append(url)
        return None if url in self.silent else 0.1


@dataclass
class Watching:
    """A watch whose rounds a test makes, with its clock moved on between them."""

    session: Session
    parts: Parts
    clock: Clock
    texts: RecordingSender
    mails: RecordingSender
    outside: Outside = field(default_factory=Outside)
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A process that remembers nothing."""
        self.memory = Memory(self.clock(), self.clock())

    def rounds(self, minutes: float, every: int = ROUND) -> None:
        """Look again and again for so long."""
        for _ in range(int(minutes * 60 / every)):
            watch.look_once(self.session, self.parts, self.memory, self.outside)
            self.clock.forward(seconds=every)

    def beating(self, minutes: float, every: int = 30) -> None:
        """The same while the worker works."""
        for _ in range(int(minutes * 60 / every)):
            for each in ("worker", "urgent", "housekeeping", "daily batch"):
                heartbeats.beat(self.session, each, self.clock())
            self.session.commit()
            self.rounds(every / 60, every)

    @property
    def calls(self) -> int:
        """How often the dead-man's switch was called."""
        return self.outside.asked.count(DEADMAN)


@pytest.fixture
def watching(
    session: Session, app_parts: Parts, clock: Clock, texts_out: RecordingSender, mails_out: RecordingSender
) -> Watching:
    """A watch with a dead-man's switch, beside a worker that has just worked."""
    parts = replace(app_parts, settings=replace(app_parts.settings, deadman_url=DEADMAN))
    jobs.work_once(session, parts)
    return Watching(session, parts, clock, texts_out, mails_out)


def said(sender: RecordingSender) -> list[str]:
    return [each.body for each in sender.sent]


# --- B36: each in turn is killed ------------------------------------------------------------------------------------


def test_b36_a_worker_that_is_dead_is_told_within_two_minutes_by_text_and_mail(watching: Watching) -> None:
    watching.beating(2, every=10)
    assert (watching.texts.sent, watching.mails.sent) == ([], [])
    died = watching.clock()
    while not watching.texts.sent:
        watching.rounds(ROUND / 60)
    assert watching.clock() - died <= timedelta(minutes=2)
    assert said(watching.texts) == [f"Heard alarm.\nThe worker does not answer. {troubles.BY_NAME[WORKER].cure}"]
    assert [mail.subject for mail in watching.mails.sent] == [f"Heard alarm: {WORKER}"]


def test_b36_an_alert_that_a_dead_worker_leaves_is_told_within_two_minutes_of_its_time(watching: Watching) -> None:
    watching.beating(1)
    seed_alert(watching.session, watching.parts)
    raised = watching.clock()
    while not any("has reached nobody" in body for body in said(watching.texts)):
        watching.rounds(ROUND / 60)
    assert watching.clock() - raised <= timedelta(minutes=2)


def test_b36_while_the_watch_looks_the_switch_is_called_and_when_it_is_dead_it_is_not(watching: Watching) -> None:
    watching.beating(12, every=20)
    assert 9 <= watching.calls <= 12
    called = watching.calls
    watching.clock.forward(minutes=30)  # nobody looks
    assert watching.calls == called


def test_b36_a_watch_that_is_started_again_and_again_never_calls_the_switch(watching: Watching) -> None:
    for _ in range(6):
        watching.begin()
        watching.rounds(1)
    assert watching.calls == 0


def test_b36_the_switch_is_called_for_a_trouble_only_once_somebody_has_been_told(watching: Watching) -> None:
    watching.beating(3)
    called = watching.calls
    watching.texts.failures = [FAILED] * 500
    watching.mails.failures = [FAILED] * 500
    watching.rounds(10, every=30)
    assert watching.calls <= called + 2  # until the trouble was seen
    called = watching.calls
    watching.mails.failures.clear()
    watching.rounds(5)
    assert watching.calls >= called + 4


def test_a_switch_that_does_not_answer_is_logged_and_called_again(
    watching: Watching, caplog: pytest.LogCaptureFixture
) -> None:
    watching.outside.silent = {DEADMAN}
    watching.beating(5)
    assert watching.calls >= 3
    assert "dead-man's switch does not answer" in caplog.text
    assert "deadman.example" not in caplog.text


# --- once, again, and over ------------------------------------------------------------------------------------------


def test_an_alarm_is_told_once_then_hourly_and_then_that_it_is_over(watching: Watching) -> None:
    watching.rounds(3)
    first = len(watching.texts.sent)
    assert first == 1
    watching.rounds(54, every=120)
    assert len(watching.texts.sent) - first <= 1  # alerts are none; only what follows from a worker that is gone
    watching.rounds(10, every=60)
    assert any("Still: the worker does not answer." in body for body in said(watching.texts))
    watching.beating(4)
    assert any("Over: the worker does not answer." in body for body in said(watching.texts))
    sent = len(watching.texts.sent)
    watching.beating(10)
    assert len(watching.texts.sent) == sent


def test_a_restart_repeats_nothing_and_still_says_when_it_is_over(watching: Watching) -> None:
    watching.rounds(3)
    assert len(watching.texts.sent) == 1
    watching.begin()
    watching.rounds(10, every=30)
    assert len(watching.texts.sent) == 1
    row = watching.session.scalars(select(AlarmRow)).one()
    assert (row.trouble, row.ended_at) == (WORKER, None)
    watching.session.rollback()
    watching.begin()
    watching.beating(4)
    assert said(watching.texts)[1:] == ["Heard alarm.\nOver: the worker does not answer."]
    assert watching.session.scalars(select(AlarmRow)).one().ended_at is not None


def test_a_way_that_fails_is_tried_each_round_and_the_other_has_told_at_once(watching: Watching) -> None:
    watching.rounds(1.5)
    watching.texts.failures = [FAILED] * 5
    watching.rounds(1)
    assert (len(watching.texts.sent), len(watching.mails.sent)) == (0, 1)
    watching.rounds(1)
    assert (len(watching.texts.sent), len(watching.mails.sent)) == (1, 1)


class Broken:
    """A way out with a fault of its own."""

    def send(self, message: Outgoing) -> str:
        """Break."""
        raise ZeroDivisionError


def test_a_way_that_breaks_does_not_silence_the_others(watching: Watching) -> None:
    watching.parts = replace(watching.parts, ways={**watching.parts.ways, "sms": Broken()})
    watching.rounds(3)
    assert len(watching.mails.sent) == 1


def test_all_that_begins_together_is_one_message_a_way(watching: Watching) -> None:
    seed_alert(watching.session, watching.parts)
    watching.clock.forward(hours=1)
    watching.begin()
    watching.rounds(ROUND / 60)
    assert (len(watching.texts.sent), len(watching.mails.sent)) == (1, 1)
    assert "alerts are overdue" in watching.mails.sent[0].subject
    assert "has reached nobody" in watching.mails.sent[0].body


# --- to whom, and in which words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "phone", "mail"),
    [
        ({}, "+447700900900", "duty@example.org"),
        ({"alarm_phone": "+447700900901", "alarm_email": "ops@example.org"}, "+447700900901", "ops@example.org"),
        ({"alarm_email": "ops@example.org"}, "+447700900900", "ops@example.org"),
    ],
)
def test_an_alarm_goes_to_the_alarm_contact_or_else_to_the_duty_contact(
    watching: Watching, changes: dict[str, str], phone: str, mail: str
) -> None:
    watching.parts = replace(watching.parts, settings=replace(watching.parts.settings, **changes))
    watching.rounds(3)
    assert ([each.to for each in watching.texts.sent], [each.to for each in watching.mails.sent]) == ([phone], [mail])


def test_teams_and_webhook_are_told_where_they_are_set(watching: Watching) -> None:
    teams, webhook = RecordingSender(), RecordingSender()
    watching.parts = replace(watching.parts, ways={**watching.parts.ways, "teams": teams, "webhook": webhook})
    watching.rounds(3)
    assert len(teams.sent) == len(webhook.sent) == 1


def test_an_alarm_says_nothing_about_anybody(watching: Watching, caplog: pytest.LogCaptureFixture) -> None:
    alert_id = seed_alert(watching.session, watching.parts)
    reference = watching.session.get_one(alerts.AlertRow, alert_id).reference
    watching.session.rollback()
    watching.clock.forward(hours=2)
    watching.rounds(66, every=180)
    everything = " ".join([*said(watching.texts), *said(watching.mails), caplog.text])
    assert "overdue" in everything
    for word in (alert_id, reference, NUMBER, WORDS, "hits"):
        assert word not in everything


def make_telling(name: str, kind: Kind = Kind.BEGAN) -> Telling:
    return Telling("sms", Alarm(name, NOON), kind)


def test_a_text_names_three_troubles_and_counts_the_rest(app_parts: Parts) -> None:
    five = [make_telling(each.name) for each in troubles.TROUBLES[:5]]
    body = alarm.message("sms", five, watch.CURES, app_parts.settings).body
    assert body.count("\n") == 4
    assert body.endswith("And 2 more: see the mail.")
    assert len(body) <= 459  # three segments
    mail = alarm.message("email", five, watch.CURES, app_parts.settings)
    assert all(each.alarm.trouble[1:] in mail.body for each in five)
    assert mail.subject.endswith(", and 4 more")


# --- without a database ---------------------------------------------------------------------------------------------

BREAKS: dict[str, Callable[[Session], object]] = {
    "no tables": lambda session: Base.metadata.drop_all(db.engine),
    "no heartbeats": lambda session: session.execute(text("ALTER TABLE heartbeat RENAME TO heartbeats")),
    "no alarms": lambda session: session.execute(text("ALTER TABLE alarm RENAME TO alarms")),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_store_that_does_not_answer_is_told_from_memory_within_two_minutes(
    watching: Watching, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    watching.session.rollback()
    BREAKS[how](watching.session)
    watching.session.commit()
    watching.rounds(2)
    cure = troubles.BY_NAME[troubles.STORE_DOWN].cure
    assert said(watching.texts) == [f"Heard alarm.\nThe database does not answer. {cure}"]
    watching.rounds(30, every=60)
    assert len(watching.texts.sent) == 1
    assert "SELECT" not in caplog.text
    assert watching.calls >= 20  # somebody has been told


def test_a_store_that_hiccups_is_nobodys_alarm(watching: Watching) -> None:
    watching.session.rollback()
    watching.session.execute(text("ALTER TABLE heartbeat RENAME TO heartbeats"))
    watching.session.commit()
    watching.rounds(0.4)
    watching.session.execute(text("ALTER TABLE heartbeats RENAME TO heartbeat"))
    watching.session.commit()
    watching.beating(5)
    assert (watching.texts.sent, watching.mails.sent) == ([], [])


def test_what_was_told_without_a_store_is_kept_when_it_is_back_and_ends_there(watching: Watching) -> None:
    watching.session.rollback()
    watching.session.execute(text("ALTER TABLE heartbeat RENAME TO heartbeats"))
    watching.session.commit()
    watching.rounds(1)
    watching.session.execute(text("ALTER TABLE heartbeats RENAME TO heartbeat"))
    watching.session.commit()
    watching.beating(4)
    assert said(watching.texts)[1:] == ["Heard alarm.\nOver: the database does not answer."]
    row = watching.session.scalars(select(AlarmRow)).one()
    assert row.trouble == troubles.STORE_DOWN
    assert row.began_at < row.ended_at  # type: ignore[operator]  # it has ended


def test_a_watch_that_breaks_on_its_own_fault_says_so(watching: Watching) -> None:
    def broken(_seen: object) -> None:
        raise ZeroDivisionError

    for _ in range(8):
        watch.look_once(watching.session, watching.parts, watching.memory, watching.outside, broken)
        watching.clock.forward(seconds=ROUND)
    assert [body.split("\n")[1][:28] for body in said(watching.texts)] == ["The watch itself is broken. "]


# --- the loop -------------------------------------------------------------------------------------------------------


class Once(Stopping):
    """Stopped as soon as somebody would rest."""

    def wait(self, seconds: float) -> None:
        """Stop instead."""
        self.asked = True


def test_it_logs_what_is_wrong_by_name_and_beats(
    session: Session, app_parts: Parts, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    seed_alert(session, app_parts)
    clock.forward(minutes=30)
    with caplog.at_level(logging.ERROR):
        watch.watch(session, app_parts, Once(), Outside())
    assert "watch: alerts are overdue" in caplog.text
    assert heartbeats.last(session, "watch") == clock()


def test_a_watch_that_is_told_to_stop_stops(session: Session, app_parts: Parts) -> None:
    watch.watch(session, app_parts, Stopping(asked=True), Outside())
    assert heartbeats.last(session, "watch") is None


def test_a_front_door_that_is_shut_rings_and_one_that_answers_does_not(watching: Watching) -> None:
    watching.beating(3)
    assert watching.texts.sent == []
    watching.outside.silent = {f"{watching.parts.settings.public_url}/healthz"}
    watching.beating(2)
    assert [body.split(".")[1].strip() for body in said(watching.texts)] == ["The front door does not answer"]
