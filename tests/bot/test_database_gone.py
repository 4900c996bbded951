"""A real PostgreSQL that is shut, or throws everybody out in the middle: nothing that Twilio has is lost."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot import jobs
from conversations.models import AlertRow, AlertWordsRow, AttemptRow, ConversationRow, ReceivedRow
from conversations.script import load_words
from tests.bot.town import RISK, Town
from tests.databases import Ward
from tests.fakes import RecordingSender

SAFETY_WORDS = load_words()["en"].line("store_down")


@pytest.fixture
def database_url(postgres_database_url: str) -> str:
    """These are about a server that others can shut."""
    return postgres_database_url


@pytest.fixture
def ward(town: Town) -> Ward:
    return Ward(town.parts.settings.database_url)


def number(place: int) -> str:
    """The number of one of many young people."""
    return f"+4477009004{place:02}"


def test_b21_twenty_texts_while_the_database_is_down_are_all_taken_within_two_minutes_of_its_return(
    town: Town, ward: Ward, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    with ward.shut():
        for place in range(20):
            assert town.texts(RISK if place % 4 == 0 else "hi", number(place)).said == (SAFETY_WORDS,)
            town.clock.forward(seconds=1)
        jobs.work_once(town.session, town.parts)
        assert len(texts_out.sent) == len(mails_out.sent) == 1
        assert "could not store the message" in texts_out.sent[0].body
    back_at = town.clock()
    while town.received() < 20:
        town.clock.forward(seconds=5)
        assert town.clock() - back_at <= timedelta(minutes=2)
        jobs.work_once(town.session, town.parts)
    jobs.work_once(town.session, town.parts)
    raised = town.alerts()
    assert [(alert.level, alert.late) for alert in raised] == [("concern", True)] * 5
    told = " ".join(message.body for message in texts_out.sent)
    assert all(alert.reference in told for alert in raised)
    opened = [text for text in town.outbox() if "Staff at Demo Council" in text.body]
    assert len(opened) == 15  # the safety words were no answer


def test_b20_a_server_that_throws_everybody_out_again_and_again_loses_nothing(
    town: Town, ward: Ward, texts_out: RecordingSender, mails_out: RecordingSender, caplog: Any
) -> None:
    for place in range(16):
        town.missed(RISK if place % 2 else "hi", number(place))
    enough = threading.Event()

    def cut() -> None:
        while not enough.wait(0.04):
            ward.throw_out()

    cutter = threading.Thread(target=cut)
    cutter.start()
    for _ in range(6):
        town.clock.forward(seconds=61)
        jobs.work_once(town.session, town.parts)
    enough.set()
    cutter.join()
    for _ in range(5):
        town.clock.forward(seconds=61)
        jobs.work_once(town.session, town.parts)
    session = town.session
    assert session.scalar(select(func.count()).select_from(ReceivedRow)) == 16
    alerts = {alert.id: alert.reference for alert in session.scalars(select(AlertRow))}
    assert set(session.scalars(select(AlertWordsRow.alert_id))) == set(alerts)
    assert len(alerts) == 8
    assert session.scalar(select(func.count()).select_from(ConversationRow)) >= 8
    assert not session.scalars(select(AttemptRow.id).where(AttemptRow.state == "leased")).all()
    session.rollback()
    for told in (texts_out, mails_out):
        words = " ".join(message.body for message in told.sent)
        assert all(reference in words for reference in alerts.values())
    assert "job failed" in caplog.text or "store down" in caplog.text  # the server did throw somebody out
