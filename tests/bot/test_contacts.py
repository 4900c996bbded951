"""Only the worker opens a box, and only the right one; STOP makes an opt-out, START lifts it."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

import bot
from bot import contacts as contacts_module
from bot import jobs
from bot.contacts import Contacts
from bot.parts import Parts
from conversations import alerts, keys, openings, worries
from conversations.models import AlertRow, AlertWordsRow, ConversationRow, OpeningRow, OptOutRow, OptRequestRow
from conversations.sealing import CannotOpen, Sealable, SealingKey, new_pair, open_box, private_half
from conversations.triage_models import WorryRow
from conversations.values import Assessment, Level
from tests.fakes import Clock, RecordingSender
from tests.make import Phone
from tests.seeds import (
    DANGER,
    LONELY,
    NUMBER,
    WORDS,
    make_seals,
    seed_alert,
    seed_staff,
    seed_worry,
    worker_contacts,
)

DAY = timedelta(days=1)


@pytest.fixture
def contacts(app_parts: Parts) -> Contacts:
    return worker_contacts(app_parts)


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_database_url


def box_of(parts: Parts, purpose: str = "outbox", row: str = "row1") -> bytes | None:
    return make_seals(parts).seal_contact(purpose, row)


def settle(session: Session, contacts: Contacts, clock: Clock) -> int:
    session.rollback()
    settled = contacts.settle_opt_requests(session, clock())
    session.commit()
    return settled


def read_by_staff(
    session: Session, contacts: Contacts, alert_id: str, clock: Clock, worry_id: str | None = None
) -> list[dict[str, str]]:
    """What a browser session that asked gets to read."""
    private, public = new_pair()
    staff_id = session.scalar(text("SELECT id FROM staff")) or seed_staff(session)
    opening = openings.ask_to_open(session, staff_id, public, clock(), alert_id=alert_id or None, worry_id=worry_id)
    assert contacts.fill_openings(session, clock()) == 1
    session.commit()
    box = openings.opened(session, opening, staff_id, clock())
    assert box is not None
    found: list[dict[str, str]] = json.loads(open_box(box, private_half(private), "opening", opening, clock()))
    return found


def test_the_box_of_a_row_gives_its_number(app_parts: Parts, contacts: Contacts, clock: Clock) -> None:
    assert contacts.number(box_of(app_parts), "outbox", "row1", clock()) == NUMBER


@pytest.mark.parametrize(
    ("purpose", "row"), [("conversation", "row1"), ("alert", "row1"), ("outbox", "row2"), ("", "")]
)
def test_the_box_of_another_row_or_purpose_stays_shut(
    app_parts: Parts, contacts: Contacts, clock: Clock, purpose: str, row: str
) -> None:
    with pytest.raises(CannotOpen):
        contacts.number(box_of(app_parts), purpose, row, clock())


def test_a_box_stays_shut_after_its_time_also_while_its_key_is_there(
    app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    box = box_of(app_parts)
    assert contacts.number(box, "outbox", "row1", clock() + 7 * DAY - timedelta(seconds=1))
    with pytest.raises(CannotOpen, match="expired"):
        contacts.number(box, "outbox", "row1", clock() + 7 * DAY)


def test_a_box_stays_shut_when_its_key_has_been_destroyed_also_when_its_time_was_set_later(
    app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    key = app_parts.keys.of_day(clock())
    box = Sealable(NUMBER).seal(key, "outbox", "row1", clock() + 365 * DAY)
    settings = app_parts.settings
    assert contacts.number(box, "outbox", "row1", clock() + 8 * DAY)
    keys.destroy_expired(settings.keys_dir, settings.sealing_dir, clock() + 8 * DAY)
    with pytest.raises(CannotOpen, match="destroyed"):
        contacts.number(box, "outbox", "row1", clock() + 8 * DAY)


@pytest.mark.parametrize(
    "box", [None, b"", b"\n", b"x" * 5000, b"../opt-out\nxxx", b"opt-out\n" + b"x" * 80, b"\0\n\0"]
)
def test_a_box_that_is_none_or_damaged_stays_shut(contacts: Contacts, clock: Clock, box: bytes | None) -> None:
    with pytest.raises(CannotOpen):
        contacts.number(box, "outbox", "row1", clock())


def test_what_the_web_side_holds_cannot_open_a_box(app_parts: Parts, clock: Clock) -> None:
    public = app_parts.keys
    assert not [name for name in dir(public) if "open" in name or "private" in name or "opt_out" in name]
    folder = app_parts.settings.sealing_dir
    halves = [path.read_bytes() for path in folder.iterdir()]
    private = [path.read_bytes() for path in app_parts.settings.keys_dir.iterdir()]
    assert halves
    assert not set(halves) & set(private)
    with pytest.raises(CannotOpen):
        Contacts(keys.PrivateKeys(folder)).number(box_of(app_parts), "outbox", "row1", clock())


OPENERS = ("open_box", "PrivateKeys", "open_with", "Contacts")


def test_the_channels_and_the_way_in_name_nothing_that_opens() -> None:
    folder = Path(inspect.getfile(bot)).parent
    paths = [*(folder / "channels").glob("*.py"), folder / "inbound.py", folder / "parts.py", folder / "identity.py"]
    assert len(paths) > 5
    assert not [(path.name, word) for path in paths for word in OPENERS if word in path.read_text(encoding="utf-8")]
    assert all(word in inspect.getsource(contacts_module) for word in ("open_box", "PrivateKeys"))


def test_stop_makes_an_opt_out_and_start_lifts_it(
    phone: Phone, session: Session, contacts: Contacts, clock: Clock
) -> None:
    phone.says("hi")
    assert settle(session, contacts, clock) == 0
    phone.says("STOP")
    assert not contacts.opted_out(session, phone.number)
    assert settle(session, contacts, clock) == 1
    assert contacts.opted_out(session, phone.number)
    assert not contacts.opted_out(session, "+447700900456")
    clock.forward(minutes=1)
    phone.says("START")
    assert settle(session, contacts, clock) == 1
    assert not contacts.opted_out(session, phone.number)


@pytest.mark.parametrize(("words", "out"), [(("STOP", "START"), False), (("STOP", "START", "STOP", "STOP"), True)])
def test_stop_and_start_that_wait_together_are_settled_in_their_order(
    phone: Phone, session: Session, contacts: Contacts, clock: Clock, words: tuple[str, ...], out: bool
) -> None:
    phone.says("hi")
    for word in words:
        phone.says(word)
        clock.forward(seconds=1)
    assert settle(session, contacts, clock) == len(words)
    assert contacts.opted_out(session, phone.number) == out


def test_a_second_stop_changes_nothing(phone: Phone, session: Session, contacts: Contacts, clock: Clock) -> None:
    for _ in range(2):
        phone.says("STOP")
        settle(session, contacts, clock)
    assert session.scalar(select(func.count()).select_from(OptOutRow)) == 1


def test_an_opt_out_is_kept_as_a_hash_that_the_record_key_cannot_make(
    phone: Phone, session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    phone.says("STOP")
    settle(session, contacts, clock)
    kept = session.scalars(select(OptOutRow.number)).one()
    assert len(kept) == 32
    for key in (app_parts.settings.record_key, app_parts.settings.secret_key):
        assert kept != keys.keyed_hash("opt-out", phone.number, key)


def test_a_request_that_nobody_can_open_does_not_stop_the_others(
    phone: Phone, session: Session, contacts: Contacts, clock: Clock
) -> None:
    for number, box in enumerate((b"junk", b"day-2026-11-23\njunk", b"x" * 4000)):
        row = OptRequestRow(id=f"{number}", kind="stop", requested_at=clock() - DAY, sealed_contact=box)
        session.add(row)
    session.commit()
    phone.says("STOP")
    assert settle(session, contacts, clock) == 4
    assert contacts.opted_out(session, phone.number)
    assert session.scalar(select(func.count()).select_from(OptRequestRow)) == 0


def test_staff_read_every_message_of_an_alert_in_order_with_its_level(
    session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts)
    clock.forward(minutes=2)
    alerts.add_to_alert(session, alert_id, DANGER, make_seals(app_parts, "tonight again"), clock())
    session.commit()
    said = read_by_staff(session, contacts, alert_id, clock)
    assert [(each["level"], each["words"]) for each in said] == [("concern", WORDS), ("immediate", "tonight again")]
    assert said[0]["at"] < said[1]["at"]


def test_a_message_without_words_and_one_too_old_say_so(
    session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts, words="")
    assert "picture" in read_by_staff(session, contacts, alert_id, clock)[0]["words"]
    clock.forward(days=7)
    assert "no longer be opened" in read_by_staff(session, contacts, alert_id, clock)[0]["words"]


def test_words_of_one_alert_are_not_opened_for_another(
    session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    mine, theirs = seed_alert(session, app_parts, words="mine"), seed_alert(session, app_parts, words="theirs")
    assert [each["words"] for each in read_by_staff(session, contacts, mine, clock)] == ["mine"]
    box = session.scalars(select(AlertWordsRow.sealed).where(AlertWordsRow.alert_id == theirs)).one()
    session.execute(text("UPDATE alert_words SET sealed = :box WHERE alert_id = :mine"), {"box": box, "mine": mine})
    session.commit()
    assert "theirs" not in read_by_staff(session, contacts, mine, clock)[0]["words"]


@pytest.mark.parametrize("assessment", [LONELY, replace(LONELY, covered=False)])
def test_staff_read_the_words_of_a_worry_and_when_they_came(
    session: Session, contacts: Contacts, app_parts: Parts, clock: Clock, assessment: Assessment
) -> None:
    worry_id, said_at = seed_worry(session, app_parts, assessment=assessment), clock()
    clock.forward(days=2)
    kind = "wellbeing" if assessment.covered else "same_day"
    assert read_by_staff(session, contacts, "", clock, worry_id) == [
        {"at": said_at.isoformat(), "level": kind, "words": WORDS}
    ]
    clock.forward(days=5)
    assert "no longer be opened" in read_by_staff(session, contacts, "", clock, worry_id)[0]["words"]


def test_the_words_of_a_worry_do_not_open_as_those_of_another_or_of_an_alert(
    session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    mine, theirs = seed_worry(session, app_parts, words="mine"), seed_worry(session, app_parts, words="theirs")
    session.get_one(WorryRow, mine).sealed_words = session.get_one(WorryRow, theirs).sealed_words
    session.commit()
    assert "no longer be opened" in read_by_staff(session, contacts, "", clock, mine)[0]["words"]


def raised(session: Session, parts: Parts, clock: Clock, **seals: Any) -> AlertRow:
    """The alert that somebody raised a day after the worry had come in."""
    worry_id = seed_worry(session, parts, **seals)
    clock.forward(days=1)
    alert_id = worries.raise_alert(session, worry_id, Level.IMMEDIATE, "Ada", clock())
    session.commit()
    return session.get_one(AlertRow, alert_id)


def test_words_and_number_of_a_worry_go_over_to_the_alert_that_was_raised_from_it(
    session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    said_at, alert = clock(), raised(session, app_parts, clock)
    keys.make_ahead(app_parts.settings.keys_dir, app_parts.settings.sealing_dir, clock())
    assert contacts.move_raised(session, app_parts.keys, clock()) == 1
    session.commit()
    assert contacts.move_raised(session, app_parts.keys, clock()) == 0
    clock.forward(days=6, hours=23)
    assert contacts.number(alert.sealed_contact, "alert", alert.id, clock()) == NUMBER
    assert read_by_staff(session, contacts, alert.id, clock) == [
        {"at": said_at.isoformat(), "level": "immediate", "words": WORDS}
    ]
    row = session.scalars(select(WorryRow)).one()
    assert (row.sealed_words, row.sealed_contact, row.expires_at, row.alert_id) == (None, None, None, alert.id)
    assert not alert.cannot_be_texted


def test_a_worry_without_a_number_goes_over_without_one(
    session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    alert = raised(session, app_parts, clock, number=None)
    contacts.move_raised(session, app_parts.keys, clock())
    assert (alert.sealed_contact, alert.cannot_be_texted) == (None, True)
    assert [row.what for row in alerts.timeline(session, alert.id)] == ["raised", "raised from a worry"]


def test_a_worker_that_was_down_for_a_week_says_what_it_could_not_bring_over(
    session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    alert = raised(session, app_parts, clock)
    clock.forward(days=6)
    assert contacts.move_raised(session, app_parts.keys, clock()) == 1
    session.commit()
    assert (alert.sealed_contact, alert.cannot_be_texted, alert.state) == (None, True, "open")
    assert [row.what for row in alerts.timeline(session, alert.id)][2:] == [
        "words can no longer be opened", "number can no longer be opened",
    ]
    assert read_by_staff(session, contacts, alert.id, clock) == []
    assert contacts.move_raised(session, app_parts.keys, clock()) == 0


def test_whoever_asks_for_the_words_of_an_alert_waits_until_they_are_there(
    session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    alert, staff_id = raised(session, app_parts, clock), seed_staff(session)
    other = seed_worry(session, app_parts)
    openings.ask_to_open(session, staff_id, new_pair()[1], clock(), alert_id=alert.id)
    openings.ask_to_open(session, staff_id, new_pair()[1], clock(), worry_id=other)
    assert contacts.fill_openings(session, clock()) == 1
    contacts.move_raised(session, app_parts.keys, clock())
    assert contacts.fill_openings(session, clock()) == 1


def test_the_worker_brings_them_over_and_tells_the_duty_worker_in_one_round(
    session: Session, app_parts: Parts, clock: Clock, texts_out: RecordingSender
) -> None:
    alert = raised(session, app_parts, clock)
    jobs.work_once(session, app_parts)
    assert alert.reference in texts_out.sent[0].body
    assert session.scalars(select(AlertWordsRow)).one().alert_id == alert.id
    assert WORDS not in " ".join(each.body for each in texts_out.sent)


def test_a_wish_to_read_that_ran_out_is_not_filled(
    session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts)
    openings.ask_to_open(session, seed_staff(session), new_pair()[1], clock(), alert_id=alert_id)
    session.commit()
    clock.forward(minutes=15)
    assert contacts.fill_openings(session, clock()) == 0


def test_the_words_of_a_page_are_what_the_worker_sealed(
    phone: Phone, session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    phone.says(WORDS)
    alert = session.scalars(select(AlertRow)).one()
    assert contacts.number(alert.sealed_contact, "alert", alert.id, clock()) == phone.number
    conversation = session.scalars(select(ConversationRow)).one()
    assert contacts.number(conversation.sealed_contact, "conversation", conversation.id, clock()) == phone.number
    assert read_by_staff(session, contacts, alert.id, clock)[0]["words"] == WORDS


def test_the_worker_fills_a_wish_in_its_round(session: Session, app_parts: Parts, clock: Clock) -> None:
    alert_id = seed_alert(session, app_parts)
    openings.ask_to_open(session, seed_staff(session), new_pair()[1], clock(), alert_id=alert_id)
    session.commit()
    jobs.work_once(session, app_parts)
    assert session.scalars(select(OpeningRow.sealed)).one() is not None


def test_a_key_of_another_name_is_not_taken_for_a_sealing_key(
    app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    public = app_parts.keys.of_day(clock()).public
    for name in ("opt-out", "../sealing/day-2026-11-23", "session", ""):
        box = Sealable(NUMBER).seal(SealingKey(name, public), "outbox", "row1", clock() + DAY)
        with pytest.raises(CannotOpen):
            contacts.number(box, "outbox", "row1", clock())
