"""Only the worker opens a box, and only the right one; STOP makes an opt-out, START lifts it."""

from __future__ import annotations

import inspect
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

import bot
from bot import contacts as contacts_module
from bot import jobs
from bot.contacts import Contacts
from bot.parts import Parts
from conversations import alerts, keys
from conversations.models import AlertRow, AlertWordsRow, ConversationRow, OpeningRow, OptOutRow, OptRequestRow
from conversations.sealing import CannotOpen, Sealable, SealingKey, new_pair, open_box, private_half
from tests.fakes import Clock
from tests.make import Phone
from tests.seeds import DANGER, NUMBER, WORDS, make_seals, seed_alert, seed_staff, worker_contacts

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


def read_by_staff(session: Session, contacts: Contacts, alert_id: str, clock: Clock) -> list[dict[str, str]]:
    """What a browser session that asked gets to read."""
    private, public = new_pair()
    staff_id = session.scalar(text("SELECT id FROM staff")) or seed_staff(session)
    opening = alerts.ask_to_open(session, alert_id, staff_id, public, clock())
    assert contacts.fill_openings(session, clock()) == 1
    session.commit()
    box = alerts.opened(session, opening, staff_id, clock())
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


def test_a_wish_to_read_that_ran_out_is_not_filled(
    session: Session, contacts: Contacts, app_parts: Parts, clock: Clock
) -> None:
    alerts.ask_to_open(session, seed_alert(session, app_parts), seed_staff(session), new_pair()[1], clock())
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
    alerts.ask_to_open(session, seed_alert(session, app_parts), seed_staff(session), new_pair()[1], clock())
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
