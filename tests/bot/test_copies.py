"""Twilio's copies: deleted once we have them and they are old enough, never before, and in time or it is an alarm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from bot import reconcile
from bot.sender import Outgoing
from bot.ways.sms import TwilioSender
from conversations.models import HeartbeatRow, OutboxRow, ReceivedRow
from tests.bot.town import KIT, RISK, SAM, Town
from tests.make import OUR_NUMBER
from tests.seeds import seed_text

LISTS = 4
"""What it asks before it deletes: to us and from us, by text and by WhatsApp."""


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """One database is enough for what the carrier keeps."""
    return sqlite_database_url


def test_copies_are_kept_for_a_restored_backup_and_then_deleted_both_ways_with_their_pictures(town: Town) -> None:
    town.texts("hi")
    town.texts("", KIT, media="2")
    assert len(town.sids()) > 2
    assert town.sweep(hours=25) == 0
    assert len(town.sids()) > 2
    town.find()
    assert town.sweep(hours=2) > 2
    assert town.sids() == set()
    assert town.carrier.ledger.orphans == []


def test_a_copy_of_a_text_that_we_do_not_have_is_taken_before_it_is_deleted(town: Town) -> None:
    sid = town.texts(RISK).sid
    town.session.execute(delete(ReceivedRow))
    town.session.commit()
    town.sweep(hours=27)
    assert [alert.late for alert in town.alerts()] == [True]
    assert town.received() == 1
    assert sid not in town.sids()


def test_a_copy_is_never_deleted_while_we_could_not_keep_the_text(town: Town) -> None:
    sid = town.missed(RISK).sid
    town.parts = replace(town.parts, keys=replace(town.parts.keys, folder=town.parts.settings.keys_dir / "nowhere"))
    for _ in range(80):
        town.find()
        town.sweep(hours=1)
    assert town.received() == 0
    assert sid in town.sids()
    assert reconcile.copies_overdue(town.session, town.clock())


def test_what_became_of_our_text_is_noted_before_nobody_can_ask_any_more(town: Town) -> None:
    seed_text(town.session, town.parts, number=SAM)
    town.carrier.play("queued* ~sent ~undelivered:30003")
    sid = TwilioSender(town.parts.settings).send(Outgoing(SAM, OUR_NUMBER, "hello"))
    row = town.session.scalars(select(OutboxRow)).one()
    row.state, row.provider_id = "sent", sid
    town.session.commit()
    town.carrier.settle()
    assert town.sweep(hours=27) == 1
    assert [(text.provider_status, text.error) for text in town.outbox()] == [("undelivered", "30003")]


def test_a_text_that_was_never_sent_goes_too_and_one_that_is_underway_stays(town: Town) -> None:
    sender = TwilioSender(town.parts.settings)
    town.carrier.play("queued* failed:30001")
    failed = sender.send(Outgoing(SAM, OUR_NUMBER, "hello"))
    town.carrier.settle()
    town.clock.forward(hours=26, minutes=10)
    town.carrier.play("silent-provider")
    new = sender.send(Outgoing(SAM, OUR_NUMBER, "hello"))
    town.sweep(minutes=10)
    assert failed not in town.sids()
    assert new in town.sids()


@pytest.mark.parametrize("status", [429, 500])
def test_a_carrier_that_refuses_is_asked_again_and_too_late_is_an_alarm(town: Town, status: int) -> None:
    town.texts("hi")
    town.carrier.log_refused = status
    for hours in (30, 30, 11):
        assert town.sweep(hours=hours) == 0
        assert not reconcile.copies_overdue(town.session, town.clock())
    assert town.sweep(hours=3) == 0
    assert reconcile.copies_overdue(town.session, town.clock())
    town.carrier.log_refused = 0
    assert town.sweep(hours=1) > 0
    assert town.sids() == set()
    assert not reconcile.copies_overdue(town.session, town.clock())


def test_a_refusal_in_the_middle_leaves_the_rest_for_the_next_minute(town: Town) -> None:
    for place in range(6):
        town.texts("STOP", f"+4477009003{place:02}")
    left = len(town.sids()) - 3
    town.carrier.log_refused, town.carrier.log_spared = 429, LISTS + 3
    assert town.sweep(hours=27) == 3
    assert len(town.sids()) == left
    town.carrier.log_refused = 0
    assert town.sweep(seconds=59) == 0
    assert town.sweep(seconds=2) == left


def test_many_copies_go_a_hundred_a_minute(town: Town) -> None:
    for place in range(52):
        town.missed("STOP", f"+44770090{4000 + place}")
    town.find(seconds=61)
    kept = len(town.sids())
    assert town.sweep(hours=27) == reconcile.DELETED_AT_ONCE
    assert town.sweep(seconds=30) == 0
    assert town.sweep(seconds=31) == kept - reconcile.DELETED_AT_ONCE
    assert town.sids() == set()


def test_what_was_there_before_us_is_not_ours_to_delete(town: Town) -> None:
    sid = town.missed("for somebody else").sid
    town.clock.forward(days=3)
    town.session.execute(delete(HeartbeatRow))
    town.session.commit()
    town.make_keys()
    town.find()
    ours = town.texts("hi").sid
    town.sweep(hours=27)
    assert sid in town.sids()
    assert ours not in town.sids()


def test_before_the_first_look_nothing_is_overdue(town: Town) -> None:
    town.session.execute(delete(HeartbeatRow))
    town.session.commit()
    assert not reconcile.copies_overdue(town.session, town.clock() + timedelta(days=9))
    assert not reconcile.behind(town.session, town.clock() + timedelta(days=9))
    assert town.sweep(hours=30) == 0
