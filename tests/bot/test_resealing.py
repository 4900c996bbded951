"""Each alert has a key of its own: its words outlive the day, and end a set time after its outcome."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import jobs, resealing
from bot.contacts import Contacts
from bot.parts import Parts
from conversations import alerts, boxes, outcomes, relays
from conversations.duty_models import ReportRow
from conversations.models import AlertRow
from conversations.outcomes import Worker
from conversations.reporting import REOPEN_REASONS
from conversations.sealing import CannotOpen, key_name
from conversations.templates import Draft
from tests.fakes import Clock
from tests.seeds import DANGER, NUMBER, WORDS, acknowledge, make_seals, seed_alert, worker_contacts

DAY = timedelta(days=1)
ADA = Worker(1, "Ada")


@pytest.fixture
def contacts(app_parts: Parts) -> Contacts:
    return worker_contacts(app_parts)


def reseal(session: Session, parts: Parts, contacts: Contacts) -> int:
    session.rollback()
    found = resealing.reseal(session, parts, contacts)
    session.commit()
    return found


def keep_house(session: Session, parts: Parts) -> None:
    """What the worker does when some days have gone by."""
    session.rollback()
    contacts = worker_contacts(parts)
    jobs.keep_house(session, parts, contacts)
    session.commit()
    session.expire_all()


def whole(session: Session, parts: Parts, clock: Clock) -> str:
    """An alert with everything that may be sealed about one: number, words, message, notes of report and handover."""
    alert_id = seed_alert(session, parts)
    acknowledge(session, alert_id, ADA.name, clock())
    draft = Draft("Ada here, can you ring me?", "", "danger")
    written = relays.Written("1" * 32, "Ada", draft, parts.keys.of_day(clock()))
    relays.write(session, alert_id, written, clock())
    outcomes.hand_over(session, alert_id, ADA, "Women's Aid", make_seals(parts, "told Jo"), clock())
    session.commit()
    return alert_id


def close(session: Session, parts: Parts, alert_id: str, clock: Clock) -> None:
    session.add(
        ReportRow(
            id=secrets.token_hex(16), alert_id=alert_id, at=clock(), who="Ada", outcome="spoken", where_now="home",
            safe_now="yes", told=[], young_person_told="yes", next_step="none", sealed_notes=None,
        )
    )
    session.flush()
    report = session.scalars(select(ReportRow)).one()
    report.sealed_notes = make_seals(parts, "they are with gran").seal_words(report.id, outcomes.REPORT_NOTES)
    assert alerts.record_outcome(session, alert_id, "Ada", "spoken", clock())
    session.commit()


def every_box(session: Session) -> Iterator[tuple[str, str, bytes]]:
    """Purpose, row and content of each box of alerts that is not empty."""
    for place in boxes.PLACES:
        for row, box in session.execute(select(place.table.id, place.column)):
            if box:
                yield place.purpose, row, box


def opened(session: Session, contacts: Contacts, clock: Clock) -> set[str]:
    session.expire_all()
    found = set()
    for purpose, row, box in every_box(session):
        try:
            found.add(contacts.content(box, purpose, row, clock()))
        except CannotOpen:
            found.add("shut")
    return found


def test_everything_sealed_about_an_open_alert_gets_the_alerts_own_key(
    session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    alert_id = whole(session, app_parts, clock)
    said = {NUMBER, WORDS, "Ada here, can you ring me?", "told Jo"}
    assert opened(session, contacts, clock) == said
    assert reseal(session, app_parts, contacts) == 4
    assert {key_name(box) for _, _, box in every_box(session)} == {f"alert-{alert_id}"}
    assert opened(session, contacts, clock) == said
    assert reseal(session, app_parts, contacts) == 0


def test_each_alert_has_a_key_of_its_own_that_opens_no_other(
    session: Session, app_parts: Parts, contacts: Contacts
) -> None:
    first, second = seed_alert(session, app_parts), seed_alert(session, app_parts)
    reseal(session, app_parts, contacts)
    one, other = (contacts.keys.open_with(f"alert-{each}") for each in (first, second))
    assert bytes(one) != bytes(other)
    assert contacts.keys.alerts() == tuple(sorted((first, second)))


@pytest.mark.parametrize("days", [1, 8, 40, 300])
def test_the_words_of_an_open_alert_can_be_read_for_as_long_as_it_is_open_and_the_day_key_still_dies_on_time(
    session: Session, app_parts: Parts, contacts: Contacts, clock: Clock, days: int
) -> None:
    seed_alert(session, app_parts)
    name = app_parts.keys.of_day(clock()).name
    reseal(session, app_parts, contacts)
    clock.forward(days=days)
    keep_house(session, app_parts)
    assert (app_parts.settings.keys_dir / f"{name}.private").exists() == (days < 8)
    assert opened(session, contacts, clock) == {NUMBER, WORDS}


def test_without_a_key_of_its_own_nothing_could_be_read_after_a_week(
    session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    """The control: it is the sealing anew that keeps the words, and nothing else."""
    seed_alert(session, app_parts)
    clock.forward(days=8)
    keep_house(session, app_parts)
    assert opened(session, contacts, clock) == {"shut"}
    assert reseal(session, app_parts, contacts) == 0


@pytest.mark.parametrize("kept", [1, 7, 30])
def test_the_key_of_an_alert_dies_at_its_outcome_plus_the_set_time_and_its_boxes_go(
    session: Session, app_parts: Parts, contacts: Contacts, clock: Clock, kept: int
) -> None:
    parts = replace(app_parts, settings=replace(app_parts.settings, words_kept_days=kept))
    alert_id = whole(session, parts, clock)
    reseal(session, parts, contacts)
    clock.forward(days=20)
    keep_house(session, parts)
    close(session, parts, alert_id, clock)
    reseal(session, parts, contacts)
    clock.forward(days=kept, seconds=-1)
    keep_house(session, parts)
    everything = {NUMBER, WORDS, "Ada here, can you ring me?", "told Jo", "they are with gran"}
    assert opened(session, contacts, clock) == everything
    clock.forward(minutes=6)
    keep_house(session, parts)
    assert list(every_box(session)) == []
    assert contacts.keys.alerts() == ()


def test_notes_written_at_the_very_end_are_sealed_anew_too(
    session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    alert_id = whole(session, app_parts, clock)
    reseal(session, app_parts, contacts)
    close(session, app_parts, alert_id, clock)
    assert reseal(session, app_parts, contacts) == 1


def test_an_alert_that_is_opened_again_keeps_its_key_and_one_that_comes_too_late_begins_a_new_one(
    session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    alert_id = whole(session, app_parts, clock)
    reseal(session, app_parts, contacts)
    close(session, app_parts, alert_id, clock)
    _reopen(session, alert_id, clock)
    clock.forward(days=30)
    keep_house(session, app_parts)
    assert WORDS in opened(session, contacts, clock)
    acknowledge(session, alert_id, ADA.name, clock())
    assert alerts.record_outcome(session, alert_id, "Ada", "spoken", clock())
    session.commit()
    clock.forward(days=8)
    keep_house(session, app_parts)
    _reopen(session, alert_id, clock)
    alerts.add_words(session, alert_id, DANGER, make_seals(app_parts, "again"), clock())
    session.commit()
    assert reseal(session, app_parts, contacts) == 1
    assert opened(session, contacts, clock) == {"again"}


def _reopen(session: Session, alert_id: str, clock: Clock) -> None:
    assert outcomes.reopen(session, alert_id, ADA, next(iter(REOPEN_REASONS)), clock())
    session.commit()


def test_an_alert_that_was_joined_to_another_lives_as_long_as_that_one(
    session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    older = seed_alert(session, app_parts)
    clock.forward(minutes=1)
    younger = seed_alert(session, app_parts, words="and my sister")
    acknowledge(session, older, ADA.name, clock())
    assert outcomes.merge(session, older, younger, ADA, clock()) == older
    session.commit()
    reseal(session, app_parts, contacts)
    clock.forward(days=60)
    keep_house(session, app_parts)
    assert opened(session, contacts, clock) == {NUMBER, WORDS, "and my sister"}
    assert alerts.record_outcome(session, older, "Ada", "spoken", clock())
    session.commit()
    clock.forward(days=8)
    keep_house(session, app_parts)
    assert list(every_box(session)) == []
    assert contacts.keys.alerts() == ()


def test_a_worker_on_another_database_destroys_no_key_of_an_alert(
    session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    theirs = contacts.keys.of_alert("a" * 32).name
    clock.forward(days=400)
    keep_house(session, app_parts)
    assert contacts.keys.open_with(theirs)


def test_a_box_that_cannot_be_opened_stays_and_stops_no_other(
    session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    broken, sound = seed_alert(session, app_parts), seed_alert(session, app_parts)
    session.get_one(AlertRow, broken).sealed_contact = b"day-2026-11-23\njunk"
    session.commit()
    assert reseal(session, app_parts, contacts) == 3
    assert contacts.number(session.get_one(AlertRow, sound).sealed_contact, "alert", sound, clock()) == NUMBER


def test_a_number_that_they_leave_meanwhile_is_not_overwritten(
    session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts)
    found = boxes.under_day_keys(session, clock(), boxes.KEPT)
    newer = make_seals(app_parts, number="+447700900777").seal_contact("alert", alert_id)
    assert newer is not None
    assert alerts.leave_contact(session, alert_id, newer, clock(), mobile=True)
    session.commit()
    assert [boxes.seal_anew(session, box, b"old") for box in found if box.place.purpose == "alert"] == [False]
    assert reseal(session, app_parts, contacts) == 2
    assert opened(session, contacts, clock) == {WORDS, "+447700900777"}


def test_the_worker_does_it_by_itself_at_its_next_round(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    seed_alert(session, app_parts)
    jobs.work_once(session, app_parts)
    session.rollback()
    assert {key_name(box).partition("-")[0] for _, _, box in every_box(session)} == {"alert"}
