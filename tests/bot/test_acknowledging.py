"""An alert is taken by a text from a worker's own number that holds its code, and by nothing else that is texted."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.acknowledging import NO_SUCH
from bot.parts import Parts
from conversations import alerts
from conversations.duty_models import WayRow
from conversations.models import AlertRow, AlertWordsRow, ConversationRow, OutboxRow
from conversations.staff_models import StaffRoleRow, StaffRow
from conversations.triage_models import WorryRow
from tests.bot.workers import ADA, BEN, seed_told, seed_worker
from tests.fakes import Clock
from tests.make import Phone, make_form, texts_of
from tests.seeds import acknowledge
from wsgi import create_app

STRANGER = "+447700900123"


def owner(session: Session, alert_id: str) -> str | None:
    session.rollback()
    return session.scalar(select(AlertRow.acknowledged_by).where(AlertRow.id == alert_id))


def history(session: Session, alert_id: str) -> list[tuple[str, str, str]]:
    session.rollback()
    told = ("acknowledged", "also tried to acknowledge")
    return [(each.what, each.who, each.detail) for each in alerts.timeline(session, alert_id) if each.what in told]


@pytest.mark.parametrize(("around", "case"), [("{}", str.upper), ("ok, {}!", str.lower), ("\"{}\" ", str.title)])
def test_b15_a_workers_own_number_and_the_code_take_the_alert(
    app: Flask, session: Session, app_parts: Parts, around: str, case: Callable[[str], str]
) -> None:
    alert = seed_told(session, app_parts, seed_worker(session, app_parts))
    alert_id, reference = alert.id, alert.reference
    assert Phone(app, ADA).says(around.format(case(reference))) == [f"You have alert {reference}."]
    assert owner(session, alert_id) == "Ada"
    assert history(session, alert_id) == [("acknowledged", "Ada", "text")]


def test_the_reminder_comes_when_the_policy_of_this_service_says(
    app: Flask, session: Session, app_parts: Parts, clock: Clock
) -> None:
    sooner = replace(app_parts.policy, remind_after=timedelta(minutes=7))
    app.extensions["heard"] = replace(app_parts, policy=sooner)
    alert = seed_told(session, app_parts, seed_worker(session, app_parts))
    alert_id, reference = alert.id, alert.reference
    assert Phone(app, ADA).says(reference) == [f"You have alert {reference}."]
    session.rollback()
    assert session.get_one(AlertRow, alert_id).next_action_at == clock() + timedelta(minutes=7)


@pytest.fixture
def one_database(sqlite_database_url: str) -> str:
    """For rules that no database has a say in."""
    return sqlite_database_url


class TestOnOneDatabase:
    """Rules in which locks and types play no part."""

    @pytest.fixture
    def database_url(self, one_database: str) -> str:
        return one_database

    def test_b15_a_code_may_be_written_with_spaces(self, app: Flask, session: Session, app_parts: Parts) -> None:
        reference = seed_told(session, app_parts, seed_worker(session, app_parts)).reference
        assert Phone(app, ADA).says(f"{reference[:3]} {reference[3:]}") == [f"You have alert {reference}."]

    @pytest.mark.parametrize("number", [STRANGER, f"whatsapp:{ADA}", "+447700900810"])
    def test_b15_another_number_takes_nothing(
        self, app: Flask, session: Session, app_parts: Parts, number: str
    ) -> None:
        alert = seed_told(session, app_parts, seed_worker(session, app_parts))
        alert_id, reference = alert.id, alert.reference
        said = Phone(app, number).says(reference)
        assert not [each for each in said if reference in each or "alert" in each]
        assert owner(session, alert_id) is None

    def test_b15_a_number_that_is_not_proven_takes_nothing(
        self, app: Flask, session: Session, app_parts: Parts
    ) -> None:
        alert = seed_told(session, app_parts, seed_worker(session, app_parts))
        session.execute(update(WayRow).where(WayRow.kind == "sms").values(verified_at=None))
        session.commit()
        assert Phone(app, ADA).says(alert.reference) == []
        assert owner(session, alert.id) is None

    def test_b15_a_number_proven_for_calls_alone_takes_nothing(
        self, app: Flask, session: Session, app_parts: Parts
    ) -> None:
        alert = seed_told(session, app_parts, seed_worker(session, app_parts))
        session.execute(delete(WayRow).where(WayRow.kind == "sms"))
        session.commit()
        assert Phone(app, ADA).says(alert.reference) == []
        assert owner(session, alert.id) is None

    @pytest.mark.parametrize("change", [update(StaffRow).values(active=False), delete(StaffRoleRow)])
    def test_b15_somebody_who_has_left_duty_takes_nothing(
        self, app: Flask, session: Session, app_parts: Parts, change: Any
    ) -> None:
        alert = seed_told(session, app_parts, seed_worker(session, app_parts))
        session.execute(change)
        session.commit()
        assert Phone(app, ADA).says(alert.reference) == []
        assert owner(session, alert.id) is None

    @pytest.mark.parametrize("tries", [0, 1])
    def test_b15_an_alert_of_which_only_another_was_told_is_not_theirs_to_take(
        self, app: Flask, session: Session, app_parts: Parts, tries: int
    ) -> None:
        ada, ben = seed_worker(session, app_parts), seed_worker(session, app_parts, "Ben", BEN)
        alert = seed_told(session, app_parts, ben)
        own = seed_told(session, app_parts, ada, tries=tries)
        assert Phone(app, ADA).says(alert.reference) == [NO_SUCH]
        assert owner(session, alert.id) is None
        assert (Phone(app, ADA).says(own.reference) == [NO_SUCH]) == (not tries)

    def test_b15_the_duty_phone_of_the_settings_is_told_for_whoever_has_proven_it(
        self, app: Flask, session: Session, app_parts: Parts
    ) -> None:
        duty_phone = app_parts.settings.duty_phone
        seed_worker(session, app_parts, number=duty_phone)
        seed_worker(session, app_parts, "Ben", BEN)
        alert = seed_told(session, app_parts, None)
        assert Phone(app, BEN).says(alert.reference) == [NO_SUCH]
        assert Phone(app, duty_phone).says(alert.reference) == [f"You have alert {alert.reference}."]

    def test_b15_the_code_of_a_closed_alert_opens_nothing(
        self, app: Flask, session: Session, app_parts: Parts, clock: Clock
    ) -> None:
        ada = seed_worker(session, app_parts)
        alert = seed_told(session, app_parts, ada)
        alert_id, reference = alert.id, alert.reference
        acknowledge(session, alert_id, "Ada", clock(), ada)
        alerts.record_outcome(session, alert_id, "Ada", "spoken", clock())
        session.commit()
        before = len(alerts.timeline(session, alert_id))
        assert Phone(app, ADA).says(reference) == [NO_SUCH]
        session.rollback()
        assert len(alerts.timeline(session, alert_id)) == before

    def test_b15_the_same_message_again_takes_nothing_that_has_opened_again(
        self, app: Flask, session: Session, app_parts: Parts
    ) -> None:
        alert = seed_told(session, app_parts, seed_worker(session, app_parts))
        alert_id, form = alert.id, make_form(alert.reference, ADA)
        phone = Phone(app, ADA)
        assert texts_of(phone.post(form)) == [f"You have alert {alert.reference}."]
        assert texts_of(phone.post(form)) == []
        session.rollback()
        session.execute(update(AlertRow).values(state="open", acknowledged_by=None, owner_id=None))
        session.commit()
        assert texts_of(phone.post(form)) == []
        assert owner(session, alert_id) is None

    def test_b15_saying_it_twice_changes_nothing(self, app: Flask, session: Session, app_parts: Parts) -> None:
        alert = seed_told(session, app_parts, seed_worker(session, app_parts))
        alert_id, reference = alert.id, alert.reference
        for _ in range(2):
            assert Phone(app, ADA).says(reference) == [f"You have alert {reference}."]
        assert history(session, alert_id) == [("acknowledged", "Ada", "text")]

    @pytest.mark.parametrize(("hours", "when"), [(0, "at 12:00"), (30, "on 23 November at 12:00")])
    def test_b15_the_second_is_told_who_has_it_and_since_when(
        self, app: Flask, session: Session, app_parts: Parts, clock: Clock, hours: int, when: str
    ) -> None:
        ada, ben = seed_worker(session, app_parts), seed_worker(session, app_parts, "Ben", BEN)
        alert = seed_told(session, app_parts, ada, ben)
        alert_id, reference = alert.id, alert.reference
        Phone(app, ADA).says(reference)
        clock.forward(hours=hours)
        assert Phone(app, BEN).says(reference) == [f"Ada took alert {reference} {when}."]
        assert owner(session, alert_id) == "Ada"
        assert history(session, alert_id)[1] == ("also tried to acknowledge", "Ben", "text")

    @pytest.mark.parametrize("text", ["K7MQ2X", "k7m q2x", "ABCDEF", " zzzz99. "])
    def test_b15_a_code_of_no_alert_is_said_to_be_none(
        self, app: Flask, session: Session, app_parts: Parts, text: str
    ) -> None:
        seed_worker(session, app_parts)
        assert Phone(app, ADA).says(text) == [NO_SUCH]

    @pytest.mark.parametrize("text", ["thanks", "I am on my way", "better", "K7MQ2X please", "ok", "K7MQ2", "K0MQ2X"])
    def test_what_is_no_code_from_a_worker_is_screened_and_not_answered_as_ever(
        self, app: Flask, session: Session, app_parts: Parts, text: str
    ) -> None:
        seed_worker(session, app_parts)
        assert Phone(app, ADA).says(text) == []
        assert session.scalar(select(func.count()).select_from(ConversationRow)) == 0

    @pytest.mark.parametrize("text", ["K7MQ2X", "better", "BETTER"])
    def test_a_young_person_who_texts_something_like_a_code_is_in_a_conversation_like_any_other(
        self, app: Flask, session: Session, app_parts: Parts, text: str
    ) -> None:
        seed_worker(session, app_parts)
        assert Phone(app, STRANGER).says(text)
        assert session.scalar(select(func.count()).select_from(ConversationRow)) == 1

    def test_a_worker_in_the_middle_of_a_conversation_of_their_own_takes_the_alert_all_the_same(
        self, app: Flask, session: Session, app_parts: Parts
    ) -> None:
        phone = Phone(app, ADA)
        assert phone.says("hi")
        alert = seed_told(session, app_parts, seed_worker(session, app_parts))
        assert phone.says(alert.reference) == [f"You have alert {alert.reference}."]

    def test_words_beside_the_code_are_screened_like_any_others(
        self, app: Flask, session: Session, app_parts: Parts
    ) -> None:
        alert = seed_told(session, app_parts, seed_worker(session, app_parts))
        alert_id, reference = alert.id, alert.reference
        assert Phone(app, ADA).says(f"{reference} he hits me every night") == [f"You have alert {reference}."]
        session.rollback()
        assert session.scalar(select(func.count()).select_from(AlertRow)) == 2
        assert session.scalar(select(func.count()).select_from(AlertWordsRow).where(AlertWordsRow.alert_id == alert_id))

    def test_a_code_alone_lands_on_no_list(self, app: Flask, session: Session, app_parts: Parts) -> None:
        alert = seed_told(session, app_parts, seed_worker(session, app_parts))
        Phone(app, ADA).says(alert.reference)
        assert session.scalar(select(func.count()).select_from(WorryRow)) == 0

    def test_where_replies_go_by_the_worker_the_answer_waits_in_the_outbox(
        self, app_parts: Parts, session: Session
    ) -> None:
        alert = seed_told(session, app_parts, seed_worker(session, app_parts))
        reference = alert.reference
        session.rollback()
        by_rest = replace(app_parts, settings=replace(app_parts.settings, twilio_reply="rest"))
        assert Phone(create_app(parts=by_rest), ADA).says(reference) == []
        session.rollback()
        assert session.scalars(select(OutboxRow.body)).all() == [f"You have alert {reference}."]


def test_b15_ten_workers_at_once_make_one_owner(app: Flask, session: Session, app_parts: Parts) -> None:
    numbers = [f"+4477009008{end:02}" for end in range(10, 20)]
    people = [seed_worker(session, app_parts, f"Worker{number[-2:]}", number) for number in numbers]
    alert = seed_told(session, app_parts, *people)
    alert_id, reference = alert.id, alert.reference
    session.rollback()
    with ThreadPoolExecutor(10) as pool:
        said = list(pool.map(lambda number: Phone(app, number).says(reference), numbers))
    mine = [each for each in said if each == [f"You have alert {reference}."]]
    others = [each for each in said if re.fullmatch(rf"Worker\d\d took alert {reference} at 12:00\.", each[0])]
    assert (len(mine), len(others)) == (1, 9)
    lines = sorted(what for what, _, _ in history(session, alert_id))
    assert lines == ["acknowledged"] + ["also tried to acknowledge"] * 9
