"""Nothing is lost and nothing is doubled: downtime, copies, tampering, a restored backup, a database that goes away."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from bot import jobs, reconcile
from conversations import alerts, escalation, heartbeats
from conversations.db import db
from conversations.models import AlertRow, AlertWordsRow, ConversationRow, ReceivedRow
from tests.bot.test_sms import post, rows
from tests.bot.town import KIT, RISK, ROB, SAM, Town
from tests.fakes import RecordingSender
from tests.make import Phone, make_form, texts_of
from tests.seeds import acknowledge

# --- B22: the application was down ----------------------------------------------------------------------------------


def test_b22_every_text_of_an_hour_without_us_is_found_screened_and_alerted_as_late(town: Town) -> None:
    for minute in range(0, 60, 3):
        town.missed(RISK if minute % 2 else "hi", f"+4477009002{minute:02}")
        town.clock.forward(minutes=3)
    assert town.find(seconds=60) == 20
    raised = town.alerts()
    assert [alert.late for alert in raised] == [True] * 10
    assert [alert.level for alert in raised] == ["concern"] * 10
    assert town.history().count("found later") == 10
    assert town.received() == 20
    assert town.find(seconds=61) == 0
    assert len(town.alerts()) == 10


# --- B23, B24: the same message again -------------------------------------------------------------------------------


def test_b23_twenty_copies_and_the_look_at_the_log_at_once_make_one_message_and_one_alert(town: Town) -> None:
    sid = town.missed(RISK).sid
    town.clock.forward(seconds=61)
    form = make_form(RISK, MessageSid=sid)
    replies: list[tuple[str, ...]] = []

    def look() -> None:
        with town.app.app_context():
            reconcile.find_missed(db.session(), town.parts, town.contacts())

    def copy() -> None:
        replies.append(tuple(texts_of(Phone(town.app).post(form))))

    with ThreadPoolExecutor(22) as pool:
        for done in [pool.submit(look if place in (3, 9) else copy) for place in range(22)]:
            done.result()
    assert town.received() == 1
    assert len(town.alerts()) == 1
    assert len(town.session.scalars(select(AlertWordsRow.id)).all()) == 1
    said = {reply for reply in replies if reply}
    assert len(said) + bool(town.outbox()) == 1  # one of the two said it, and whichever it was said it alone


def test_b23_a_request_that_is_replayed_months_later_leaves_and_says_nothing(town: Town) -> None:
    form = make_form(RISK)
    town.texts(RISK, MessageSid=form["MessageSid"])
    for alert in town.alerts():
        acknowledge(town.session, alert.id, "Ada", town.clock())
    town.session.commit()
    town.clock.forward(days=300)
    town.make_keys()
    town.session.execute(delete(ConversationRow))
    town.session.commit()
    town.carrier.deliver = town.answers
    assert town.texts(RISK, MessageSid=form["MessageSid"]).said == ()
    assert len(town.alerts()) == 1
    assert town.received() == 1


def test_b24_the_same_id_with_other_words_is_refused_and_logged(town: Town, caplog: Any) -> None:
    form = make_form("hi")
    town.session.rollback()
    first = texts_of(post(town.app, form))
    before = rows(town.app)
    for changes in ({"Body": RISK}, {"Body": ""}, {"Body": "HI"}):
        assert post(town.app, form | changes).status_code == 403
    assert "came with other words" in caplog.text
    assert "hits" not in caplog.text
    assert rows(town.app) == before
    assert texts_of(post(town.app, form)) == first != []


def test_b24_holds_for_senders_who_get_no_answer(town: Town) -> None:
    form = make_form("news", "85258")
    assert post(town.app, form).status_code == 200
    assert post(town.app, form | {"Body": RISK}).status_code == 403
    assert post(town.app, form).status_code == 200
    assert "alert" not in rows(town.app)


def test_the_fingerprint_of_a_text_cannot_be_tested_against_guesses_without_its_id(town: Town) -> None:
    town.texts("hi", SAM)
    town.texts("hi", KIT)
    prints = town.session.scalars(select(ReceivedRow.fingerprint)).all()
    assert len(set(prints)) == 2


# --- B41: an older backup is restored -------------------------------------------------------------------------------


def close(town: Town, alert: AlertRow) -> None:
    acknowledge(town.session, alert.id, "Ada", town.clock())
    assert alerts.record_outcome(town.session, alert.id, "Ada", next(iter(escalation.OUTCOMES)), town.clock())
    town.session.commit()


def test_b41_a_restored_backup_gets_its_missing_texts_back_and_nobody_is_texted_again(
    town: Town, texts_out: RecordingSender
) -> None:
    town.texts(RISK, SAM)
    town.texts(RISK, ROB)
    closed, opened = sorted(town.alerts(), key=lambda alert: alert.reference)
    close(town, closed)
    jobs.work_once(town.session, town.parts)
    backup = town.back_up()
    town.clock.forward(minutes=5)
    asked = town.texts("hi", KIT).said
    town.clock.forward(minutes=1)
    town.texts("2", KIT)
    town.texts(RISK, "+447700900130")
    lost = [alert for alert in town.alerts() if alert.id not in {closed.id, opened.id}]
    close(town, lost[0])
    texts_out.sent.clear()
    town.clock.forward(minutes=55)
    town.restore(backup)
    assert town.find() == 3
    assert town.received() == 5
    raised = [alert for alert in town.alerts() if alert.id not in {closed.id, opened.id}]
    assert [(alert.late, alert.state) for alert in raised] == [(True, "open")]
    assert town.outbox() == []  # all of them were answered before
    jobs.work_once(town.session, town.parts)
    told = " ".join(message.body for message in texts_out.sent)
    assert closed.reference not in told
    assert raised[0].reference in told
    assert {alert.state for alert in town.alerts() if alert.id == closed.id} == {"closed"}
    assert {message.to for message in texts_out.sent} == {town.parts.settings.duty_phone}
    assert asked[-1] not in " ".join(town.texts("4", KIT).said)  # it knows where the conversation had got to


def test_b41_what_is_older_than_our_hashes_is_never_taken(town: Town) -> None:
    town.missed(RISK)
    heartbeats.beat(town.session, reconcile.FOUND, town.clock() - timedelta(days=1))
    town.session.commit()
    town.clock.forward(days=394)
    town.make_keys()
    assert town.find() == 0
    assert town.received() == 0


# --- B20: the database goes away in the middle ----------------------------------------------------------------------


def test_b20_a_busy_database_only_delays(town: Town) -> None:
    """Somebody else holds what the look needs, and lets go."""
    town.missed(RISK)
    town.clock.forward(seconds=61)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with town.app.app_context(), db.engine.connect() as other:
            other.execute(update(AlertRow).values(channel="sms").where(AlertRow.id == "none"))
            if other.dialect.name == "postgresql":
                other.exec_driver_sql("LOCK TABLE received, alert IN ACCESS EXCLUSIVE MODE")
            held.set()
            done.wait(0.4)
            other.rollback()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    assert town.find() == 1
    holder.join()
    assert len(town.alerts()) == 1


@pytest.mark.parametrize("hours", [1, 24])
def test_b19_a_text_that_we_miss_while_our_clock_is_slow_is_found_all_the_same(town: Town, hours: int) -> None:
    town.missed(RISK)
    town.clock.forward(hours=-hours)
    town.make_keys()
    assert town.find() == 1
    assert [alert.late for alert in town.alerts()] == [True]
    assert town.find(minutes=2) == 0


@pytest.mark.parametrize("hours", [1, 24])
def test_b19_a_text_that_we_miss_while_our_clock_is_fast_is_found_once_it_is_right(town: Town, hours: int) -> None:
    right = town.clock()
    town.clock.forward(hours=hours)
    town.find()
    town.find(minutes=2)
    town.clock.now = right
    town.missed(RISK)
    town.clock.now = right + timedelta(hours=hours)
    assert town.find(minutes=3) == 0
    town.clock.now = right + timedelta(minutes=5)
    assert town.find() == 1
    assert len(town.alerts()) == 1
