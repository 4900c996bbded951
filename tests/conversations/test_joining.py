"""Two alerts that go on as one, and are taken apart again: each keeps what is its own, and nothing of the other."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bot import jobs, relay
from bot.contacts import Contacts
from bot.parts import Parts
from conversations import alerts, boxes, joining, outcomes, relays
from conversations.duty_models import RelayRow
from conversations.models import AlertRow, ConversationRow
from conversations.outcomes import APART, Worker
from conversations.templates import Draft, Ruling
from tests.bot.test_web import Visitor
from tests.fakes import Clock, RecordingSender
from tests.make import Phone
from tests.seeds import NUMBER, acknowledge, seed_alert, seed_staff, worker_contacts

OTHER = "+447700900777"
ASKED, SOFT = Draft("Ada here. Are you OK?", "", "danger"), Draft("Ada here. Are you OK?")
_rows = itertools.count(1)


@pytest.fixture
def ada(session: Session) -> Worker:
    """Ada may log in."""
    return Worker(seed_staff(session), "Ada")


@pytest.fixture
def contacts(app_parts: Parts) -> Contacts:
    return worker_contacts(app_parts)


@pytest.fixture
def other(app: Flask) -> Phone:
    """The phone of another child."""
    return Phone(app, number=OTHER)


def row(session: Session, alert_id: str) -> AlertRow:
    session.rollback()
    session.expire_all()
    return session.get_one(AlertRow, alert_id)


def newest(session: Session) -> str:
    session.rollback()
    return session.scalars(select(AlertRow.id).order_by(AlertRow.raised_at.desc())).first() or ""


def raised_by(phone: Phone, session: Session, words: str, clock: Clock) -> str:
    """The alert that these words of theirs raise."""
    clock.forward(minutes=5)
    phone.says(words)
    return newest(session)


def seeded(session: Session, parts: Parts, clock: Clock, number: str | None = NUMBER, **seals: str) -> str:
    clock.forward(minutes=5)
    return seed_alert(session, parts, number=number, **seals)


def join(session: Session, older: str, younger: str, worker: Worker, clock: Clock) -> None:
    session.rollback()
    for each in (older, younger):
        acknowledge(session, each, worker.name, clock(), worker.id)
    assert outcomes.merge(session, younger, older, worker, clock()) == older
    session.commit()
    clock.forward(minutes=1)


def part(session: Session, alert_id: str, worker: Worker, clock: Clock) -> None:
    clock.forward(minutes=1)
    session.rollback()
    assert outcomes.reopen(session, alert_id, worker, "apart", clock())
    session.commit()
    clock.forward(minutes=1)


def number_of(session: Session, contacts: Contacts, alert_id: str, clock: Clock) -> str | None:
    """The number at which the young person of this alert would be reached."""
    found = joining.reached(session, row(session, alert_id))
    return contacts.number(found.sealed_contact, "alert", found.id, clock()) if found.sealed_contact else None


def write(session: Session, parts: Parts, alert_id: str, draft: Draft = ASKED) -> Ruling:
    session.rollback()
    written = relays.Written(f"{next(_rows):032x}", "Ada", draft, parts.keys.of_day(parts.clock()))
    found = relays.write(session, alert_id, written, parts.clock())
    session.commit()
    return found


def work(session: Session, parts: Parts, contacts: Contacts) -> None:
    """A round of the worker."""
    session.rollback()
    contacts.settle_opt_requests(session, parts.clock())
    session.commit()
    jobs.rest_once(session, parts)
    session.rollback()


def words(session: Session, contacts: Contacts, alert_id: str, clock: Clock) -> list[str]:
    """What somebody reads who opens the words of this alert."""
    session.rollback()
    read = sorted(contacts._of_alert(session, alert_id, clock()), key=lambda each: each["at"])
    return [each["words"] for each in read if "by" not in each]


def told(session: Session, alert_id: str) -> list[str]:
    session.rollback()
    return [f"{each.what}: {each.detail}" for each in alerts.timeline(session, alert_id)]


def standing(session: Session, alert_id: str, clock: Clock) -> tuple[bool, bool | None, str]:
    found = relays.standing(session, row(session, alert_id), clock())
    return found.by_text, found.ok, found.safe_times


@pytest.mark.parametrize("has_own", [True, False])
def test_the_one_that_goes_on_can_be_reached_where_either_could(
    session: Session, app_parts: Parts, ada: Worker, contacts: Contacts, clock: Clock, has_own: bool
) -> None:
    older = seeded(session, app_parts, clock, NUMBER if has_own else None)
    younger = seeded(session, app_parts, clock, OTHER)
    join(session, older, younger, ada, clock)
    assert number_of(session, contacts, older, clock) == (NUMBER if has_own else OTHER)
    assert standing(session, older, clock)[0]


def test_the_newest_of_several_numbers_reaches_them(
    session: Session, app_parts: Parts, ada: Worker, contacts: Contacts, clock: Clock
) -> None:
    first = seeded(session, app_parts, clock, None)
    for number in (NUMBER, OTHER):
        join(session, first, seeded(session, app_parts, clock, number), ada, clock)
    assert number_of(session, contacts, first, clock) == OTHER


def test_an_alert_without_a_number_has_none_again_when_it_is_taken_apart(
    session: Session, app_parts: Parts, ada: Worker, contacts: Contacts, clock: Clock
) -> None:
    older, younger = seeded(session, app_parts, clock, None), seeded(session, app_parts, clock, OTHER)
    join(session, older, younger, ada, clock)
    work(session, app_parts, contacts)
    part(session, younger, ada, clock)
    work(session, app_parts, contacts)
    assert (number_of(session, contacts, older, clock), number_of(session, contacts, younger, clock)) == (None, OTHER)
    assert not standing(session, older, clock)[0]
    assert standing(session, younger, clock)[0]


def test_nothing_that_is_written_to_one_goes_to_the_phone_of_the_other(
    session: Session, app_parts: Parts, ada: Worker, contacts: Contacts, clock: Clock, texts_out: RecordingSender
) -> None:
    older, younger = seeded(session, app_parts, clock, None), seeded(session, app_parts, clock, OTHER)
    join(session, older, younger, ada, clock)
    assert write(session, app_parts, older).state == "due"
    relay.send_due(session, app_parts, contacts)
    assert [each.to for each in texts_out.sent] == [OTHER]
    assert session.scalars(select(ConversationRow.alert_id)).all() == [younger]
    part(session, younger, ada, clock)
    assert write(session, app_parts, older).why_not == "They cannot be written to."
    relay.send_due(session, app_parts, contacts)
    assert [each.to for each in texts_out.sent] == [OTHER]


@pytest.mark.parametrize("state", ["waiting", "due", "leased"])
def test_what_has_yet_to_go_when_they_are_taken_apart_does_not_go(
    session: Session, app_parts: Parts, ada: Worker, contacts: Contacts, clock: Clock, state: str
) -> None:
    older, younger = seeded(session, app_parts, clock), seeded(session, app_parts, clock, OTHER)
    join(session, older, younger, ada, clock)
    assert write(session, app_parts, older).state == "due"
    session.execute(text("UPDATE relay SET state = :state"), {"state": state})
    session.commit()
    part(session, younger, ada, clock)
    assert session.scalars(select(RelayRow.state)).one() == "cancelled"
    assert "message not sent: the alert was taken apart from another" in told(session, older)


def test_what_they_text_is_of_their_own_alert_again(
    session: Session, phone: Phone, other: Phone, ada: Worker, contacts: Contacts, clock: Clock
) -> None:
    older = raised_by(phone, session, "my da hits me every night", clock)
    younger = raised_by(other, session, "my uncle hurts me", clock)
    join(session, older, younger, ada, clock)
    part(session, younger, ada, clock)
    before = told(session, older)
    other.says("he is here now he has a knife")
    assert row(session, younger).level == "immediate"
    assert "level rose: immediate" in told(session, younger)
    assert words(session, contacts, younger, clock) == ["my uncle hurts me", "he is here now he has a knife"]
    assert words(session, contacts, older, clock) == ["my da hits me every night"]
    assert told(session, older) == before
    phone.says("he hits me again")
    assert words(session, contacts, older, clock) == ["my da hits me every night", "he hits me again"]


def test_what_they_texted_meanwhile_goes_back_with_its_level(
    session: Session, phone: Phone, other: Phone, ada: Worker, contacts: Contacts, clock: Clock
) -> None:
    older = raised_by(phone, session, "my da hits me every night", clock)
    younger = raised_by(other, session, "my uncle hurts me", clock)
    join(session, older, younger, ada, clock)
    other.says("he is here now he has a knife")
    assert (row(session, older).level, row(session, older).state) == ("immediate", "open")
    assert words(session, contacts, older, clock)[-1] == "he is here now he has a knife"
    part(session, younger, ada, clock)
    assert words(session, contacts, older, clock) == ["my da hits me every night"]
    assert words(session, contacts, younger, clock) == ["my uncle hurts me", "he is here now he has a knife"]
    found = row(session, younger)
    assert (found.level, found.state, found.merged_into, found.joined_to) == ("immediate", "open", None, None)
    assert found.next_action_at == clock() - timedelta(minutes=1)
    # Nobody has said that it is less for the other one.
    assert row(session, older).level == "immediate"


def test_a_text_that_comes_while_they_are_taken_apart_raises_its_own(
    session: Session, phone: Phone, other: Phone, ada: Worker, contacts: Contacts, clock: Clock
) -> None:
    older = raised_by(phone, session, "my da hits me every night", clock)
    younger = raised_by(other, session, "my uncle hurts me", clock)
    join(session, older, younger, ada, clock)
    with ThreadPoolExecutor(1) as pool:
        assert outcomes.reopen(session, younger, ada, "apart", clock())
        session.flush()
        texting = pool.submit(other.says, "he is here now he has a knife")
        assert not wait([texting], timeout=0.5).done  # it waits for us
        session.commit()
        texting.result()
    assert (row(session, older).level, row(session, younger).level) == ("concern", "immediate")
    assert words(session, contacts, older, clock) == ["my da hits me every night"]
    assert words(session, contacts, younger, clock)[-1] == "he is here now he has a knife"


@pytest.mark.parametrize(("said", "ok"), [("YES", True), ("NO", False)])
def test_a_yes_or_a_no_counts_for_the_number_that_it_was_said_of(
    session: Session, phone: Phone, other: Phone, ada: Worker, clock: Clock, said: str, ok: bool
) -> None:
    older = raised_by(phone, session, "my da hits me every night", clock)
    younger = raised_by(other, session, "my uncle hurts me", clock)
    join(session, older, younger, ada, clock)
    other.says(said)
    assert standing(session, older, clock)[:2] == (True, None)
    part(session, younger, ada, clock)
    assert standing(session, older, clock)[:2] == (True, None)
    assert standing(session, younger, clock)[:2] == (True, ok)


def test_what_they_said_of_being_texted_is_used_with_their_number_and_goes_with_it(
    session: Session, app_parts: Parts, other: Phone, ada: Worker, contacts: Contacts, clock: Clock,
    texts_out: RecordingSender,
) -> None:  # fmt: skip
    older = seeded(session, app_parts, clock, None)
    younger = raised_by(other, session, "my uncle hurts me", clock)
    join(session, older, younger, ada, clock)
    assert write(session, app_parts, older, SOFT).state == "waiting"
    other.says("YES")
    assert "ok to text: " in told(session, older)
    relay.send_due(session, app_parts, contacts)
    assert [each.to for each in texts_out.sent] == [OTHER]
    assert standing(session, older, clock)[:2] == (True, True)
    part(session, younger, ada, clock)
    assert standing(session, older, clock) == (False, None, "")
    assert standing(session, younger, clock)[:2] == (True, True)


def test_a_yes_on_one_phone_lets_nothing_go_to_another(
    session: Session, app_parts: Parts, phone: Phone, other: Phone, ada: Worker, contacts: Contacts, clock: Clock,
    texts_out: RecordingSender,
) -> None:  # fmt: skip
    older = raised_by(phone, session, "my da hits me every night", clock)
    younger = raised_by(other, session, "my uncle hurts me", clock)
    join(session, older, younger, ada, clock)
    assert write(session, app_parts, older, SOFT).state == "waiting"
    other.says("YES")
    relay.send_due(session, app_parts, contacts)
    assert texts_out.sent == []
    phone.says("YES")
    relay.send_due(session, app_parts, contacts)
    assert [each.to for each in texts_out.sent] == [NUMBER]


@pytest.mark.parametrize("has_own", [True, False])
def test_a_stop_bars_the_number_that_it_came_from_alone(
    session: Session, app_parts: Parts, other: Phone, ada: Worker, clock: Clock, has_own: bool
) -> None:
    older = seeded(session, app_parts, clock, NUMBER if has_own else None)
    younger = raised_by(other, session, "my uncle hurts me", clock)
    join(session, older, younger, ada, clock)
    other.says("STOP")
    assert standing(session, older, clock)[0] is has_own
    reference = row(session, younger).reference
    assert f"number cut off: stop: that of alert {reference}" in told(session, older)
    part(session, younger, ada, clock)
    assert (standing(session, older, clock)[0], standing(session, younger, clock)[0]) == (has_own, False)
    assert relays.cut_off_by(session, older) is None
    other.says("START")
    assert standing(session, younger, clock)[0]


def visitor_joined(app: Flask, session: Session, older: str, ada: Worker, clock: Clock) -> tuple[Visitor, str]:
    """A visitor with a worry of five minutes later, and their alert, joined to an older one."""
    visitor = Visitor(app)
    visitor.starts()
    clock.forward(minutes=5)
    visitor.says("my stepdad hits me every night", typed="1")
    younger = newest(session)
    join(session, older, younger, ada, clock)
    return visitor, younger


def test_a_number_that_is_left_on_a_page_is_of_its_visitor(
    app: Flask, session: Session, app_parts: Parts, ada: Worker, contacts: Contacts, clock: Clock
) -> None:
    older = seeded(session, app_parts, clock)
    visitor, younger = visitor_joined(app, session, older, ada, clock)
    assert visitor.posts("/chat/reach", number="07700 900 777").status_code == 303
    assert number_of(session, contacts, older, clock) == OTHER  # the one they left last
    assert "left another number: on the page of an alert that was joined to it" in told(session, older)
    assert standing(session, older, clock)[:2] == (True, True)
    part(session, younger, ada, clock)
    assert (number_of(session, contacts, older, clock), number_of(session, contacts, younger, clock)) == (NUMBER, OTHER)
    assert standing(session, older, clock)[:2] == (True, None)


def test_a_visitor_reads_what_was_written_while_joined_and_nothing_once_apart(
    app: Flask, session: Session, app_parts: Parts, ada: Worker, contacts: Contacts, clock: Clock
) -> None:
    older = seeded(session, app_parts, clock)
    visitor, younger = visitor_joined(app, session, older, ada, clock)
    write(session, app_parts, older)
    relay.send_due(session, app_parts, contacts)
    session.rollback()
    assert ASKED.words in visitor.opens().text
    part(session, younger, ada, clock)
    assert ASKED.words not in visitor.opens().text
    write(session, app_parts, older, Draft("Ada again. Are you there?", "", "danger"))
    relay.send_due(session, app_parts, contacts)
    session.rollback()
    assert "Ada again" not in visitor.opens().text


def test_what_was_joined_to_it_first_goes_along_and_nothing_else(
    session: Session, app_parts: Parts, ada: Worker, contacts: Contacts, clock: Clock
) -> None:
    first, second, third, fourth = (seeded(session, app_parts, clock, words=f"words {each}") for each in range(4))
    join(session, third, fourth, ada, clock)
    join(session, second, third, ada, clock)
    join(session, first, second, ada, clock)
    assert words(session, contacts, first, clock) == ["words 0", "words 1", "words 2", "words 3"]
    part(session, third, ada, clock)
    assert words(session, contacts, first, clock) == ["words 0", "words 1"]
    assert words(session, contacts, third, clock) == ["words 2", "words 3"]
    assert [row(session, each).merged_into for each in (first, second, third, fourth)] == [None, first, None, third]
    part(session, second, ada, clock)
    part(session, fourth, ada, clock)
    assert {row(session, each).merged_into for each in (first, second, third, fourth)} == {None}


def test_the_history_of_both_says_what_is_where(
    session: Session, app_parts: Parts, ada: Worker, clock: Clock
) -> None:
    older, younger = seeded(session, app_parts, clock), seeded(session, app_parts, clock)
    join(session, older, younger, ada, clock)
    part(session, younger, ada, clock)
    one, two = row(session, older).reference, row(session, younger).reference
    assert f"{APART}: from alert {one}; {outcomes.ITS_OWN}" in told(session, younger)
    assert told(session, older)[-1] == f"{APART}: from alert {two}; {outcomes.STAYS}"


def test_one_that_was_joined_to_none_opens_again_without_a_word_of_it(
    session: Session, app_parts: Parts, ada: Worker, clock: Clock
) -> None:
    alert_id = seeded(session, app_parts, clock)
    acknowledge(session, alert_id, "Ada", clock(), ada.id)
    alerts.record_outcome(session, alert_id, "Ada", "spoken", clock())
    session.commit()
    part(session, alert_id, ada, clock)
    assert [line for line in told(session, alert_id) if line.startswith(APART)] == []


def test_a_text_to_one_whose_other_is_closed_raises_a_new_alert(
    session: Session, app_parts: Parts, other: Phone, ada: Worker, clock: Clock
) -> None:
    older = seeded(session, app_parts, clock)
    younger = raised_by(other, session, "my uncle hurts me", clock)
    join(session, older, younger, ada, clock)
    assert alerts.is_open(session, younger)
    alerts.record_outcome(session, older, "Ada", "spoken", clock())
    session.commit()
    assert not alerts.is_open(session, younger)
    assert raised_by(other, session, "my uncle hurts me again", clock) not in (older, younger)


def test_words_that_come_to_a_joined_alert_are_watched_like_any_other(
    session: Session, app_parts: Parts, ada: Worker, clock: Clock
) -> None:
    older, younger = seeded(session, app_parts, clock), seeded(session, app_parts, clock)
    join(session, older, younger, ada, clock)
    session.execute(text("UPDATE alert_words SET sealed = '' WHERE alert_id = :older"), {"older": older})
    session.commit()
    clock.forward(hours=2)
    assert boxes.is_late(session, clock(), timedelta(hours=1))
    alerts.record_outcome(session, older, "Ada", "spoken", clock())
    assert not boxes.is_late(session, clock(), timedelta(hours=1))


@pytest.mark.parametrize(
    ("onto", "alert_id", "expected"),
    [
        ({"b": "a", "c": "a"}, "b", []),
        ({"b": "a", "c": "b"}, "b", ["c"]),
        ({"b": "a", "c": "b", "d": "c", "e": "a"}, "b", ["c", "d"]),
        ({"b": "a", "c": None}, "b", []),
        ({"b": "c", "c": "b"}, "b", ["c"]),
    ],
)
def test_who_goes_along(onto: dict[str, str | None], alert_id: str, expected: list[str]) -> None:
    others = [AlertRow(id=each, joined_to=to) for each, to in onto.items()]
    assert joining.along(alert_id, others) == expected


def test_what_was_found_late_is_marked_on_the_alert_that_goes_on(
    session: Session, app_parts: Parts, ada: Worker, clock: Clock
) -> None:
    older, younger = seeded(session, app_parts, clock), seeded(session, app_parts, clock)
    join(session, older, younger, ada, clock)
    alerts.found_later(session, younger, clock(), clock())
    session.commit()
    marked = {each.id: each.late for each in session.scalars(select(AlertRow))}
    assert (marked[older], marked[younger]) == (True, False)
    assert any(each.startswith("found later") for each in told(session, older))
