"""Who is asked to say yes to a number: by message, once, without a word of anybody, and nothing waits for it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot import jobs, revealing
from bot.parts import Parts
from bot.sender import NotSent, Outgoing
from conversations import alerts, reveals
from conversations.breaking_glass import STANDS, Reveal, approvers
from conversations.duty_models import RevealRow, ShiftRow
from conversations.shifts import DUTY, OUT_OF_HOURS, DutyPerson, Rota, Shift, Way
from tests.fakes import NOON, Clock, RecordingSender
from tests.seeds import seed_alert, seed_on_duty, worker_contacts

HOUR = timedelta(hours=1)
WORDS = re.compile(
    r"(DRILL\. )?Heard has a request that waits for your yes or no, for an hour: http://127\.0\.0\.1:8000/staff/numbers/"
)


def person(number: int, lead: bool = False) -> DutyPerson:
    return DutyPerson(number, f"P{number}", (Way("sms", f"+44770090099{number}"),), lead)


def shift(number: int, which: str = DUTY, starts: timedelta = -HOUR) -> Shift:
    return Shift(which, number, NOON + starts, NOON + starts + 2 * HOUR)


@pytest.mark.parametrize(
    ("asker", "shifts", "asked"),
    [
        (1, (shift(1), shift(2)), (2, 5)),
        (3, (shift(1), shift(2)), (1, 2, 5)),
        (5, (shift(1),), (1,)),  # a lead does not say yes to their own
        (1, (shift(1), shift(3, OUT_OF_HOURS)), (3, 5)),
        (1, (shift(2, starts=HOUR), shift(3, OUT_OF_HOURS, -3 * HOUR)), (5,)),  # not yet on duty, and no more
        (5, (), ()),
        (1, (shift(2), shift(2, OUT_OF_HOURS), shift(5)), (2, 5)),  # nobody twice
    ],
)
def test_whoever_is_on_duty_now_and_the_leads_are_asked_and_never_whoever_asks(
    asker: int, shifts: tuple[Shift, ...], asked: tuple[int, ...]
) -> None:
    people = {number: person(number, lead=number == 5) for number in (1, 2, 3, 5)}
    assert approvers(Rota(people, shifts), asker, NOON) == asked


def wish(session: Session, parts: Parts, staff: int, alone: bool = False, drill: bool = False) -> str:
    """Somebody asks for the number of a new alert; gives the id of the wish."""
    alert_id = seed_alert(session, parts)
    alerts.find(session, alert_id).drill = drill  # type: ignore[union-attr]  # it is there
    reveal_id = reveals.ask(session, Reveal(staff, alone, parts.clock()), alert_id, "Ann Asker", "harm")
    session.commit()
    return reveal_id


def tell(session: Session, parts: Parts) -> int:
    told = revealing.tell_approvers(session, parts, worker_contacts(parts))
    session.commit()
    return told


@pytest.mark.parametrize("drill", [False, True])
def test_they_are_asked_once_with_no_name_no_number_no_code_and_no_word(
    session: Session,
    app_parts: Parts,
    texts_out: RecordingSender,
    mails_out: RecordingSender,
    clock: Clock,
    drill: bool,
) -> None:
    ann, _, off = (seed_on_duty(session, app_parts, name) for name in ("Ann", "Ben", "Dot"))
    seed_on_duty(session, app_parts, "Lorna", lead=True)
    session.execute(update(ShiftRow).where(ShiftRow.staff_id == off).values(ends_at=clock()))
    session.commit()
    reveal_id = wish(session, app_parts, ann, drill=drill)
    assert tell(session, app_parts) == 1
    assert tell(session, app_parts) == 0
    assert sorted(each.to for each in texts_out.sent) == ["+447700900992", "+447700900994"]
    assert sorted(each.to for each in mails_out.sent) == ["2@example.org", "4@example.org"]
    for each in texts_out.sent + mails_out.sent:
        found = WORDS.fullmatch(each.body)
        assert found is not None
        assert (found[1] is not None) == drill
        assert each.subject.removeprefix("DRILL. ") == "Heard: a request waits for you"
        assert each.life == 3600
    row = session.get_one(RevealRow, reveal_id)
    assert row.told_at == clock()
    assert "a second person was asked" in [line.what for line in alerts.timeline(session, row.alert_id)]


def test_where_nobody_else_can_be_asked_the_duty_contact_is(
    session: Session, app_parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    wish(session, app_parts, seed_on_duty(session, app_parts, "Ann"))
    assert tell(session, app_parts) == 1
    assert [each.to for each in texts_out.sent] == [app_parts.settings.duty_phone]
    assert [each.to for each in mails_out.sent] == [app_parts.settings.duty_email]


def decided(session: Session, reveal_id: str, clock: Clock) -> None:
    assert reveals.decide(session, reveal_id, True, 99, "Ben", clock()) == ""


def over(session: Session, reveal_id: str, clock: Clock) -> None:
    clock.forward(seconds=STANDS.total_seconds())


@pytest.mark.parametrize("before", [decided, over])
def test_what_is_decided_or_over_is_not_asked_about(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock, before: object
) -> None:
    reveal_id = wish(session, app_parts, seed_on_duty(session, app_parts, "Ann"))
    before(session, reveal_id, clock)  # type: ignore[operator]
    session.commit()
    assert tell(session, app_parts) == 0
    assert texts_out.sent == []


def test_what_is_asked_alone_is_no_matter_for_them_and_what_is_asked_again_is(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock
) -> None:
    ann = seed_on_duty(session, app_parts, "Ann")
    wish(session, app_parts, ann, alone=True)
    assert tell(session, app_parts) == 0
    wish(session, app_parts, ann)
    assert tell(session, app_parts) == 1
    clock.forward(seconds=STANDS.total_seconds() + 1)
    wish(session, app_parts, ann)
    assert tell(session, app_parts) == 1
    assert len(texts_out.sent) == 2


def test_what_reached_nobody_is_tried_again_a_minute_later_and_not_at_every_round(
    session: Session, app_parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender, clock: Clock
) -> None:
    wish(session, app_parts, seed_on_duty(session, app_parts, "Ann"))
    texts_out.failures, mails_out.failures = [NotSent("x", again=True)], [NotSent("y", again=True)]
    assert tell(session, app_parts) == 0
    clock.forward(seconds=59)
    assert tell(session, app_parts) == 0
    assert texts_out.sent == []
    clock.forward(seconds=1)
    assert tell(session, app_parts) == 1
    assert len(texts_out.sent) == 1


class Meeting:
    """A provider that answers nobody before as many calls are under way."""

    def __init__(self, calls: int) -> None:
        self.calls = Barrier(calls, timeout=20)

    def send(self, message: Outgoing) -> str:
        """Wait for the others."""
        self.calls.wait()
        return ""


def test_they_are_asked_side_by_side_so_that_one_who_hangs_costs_ten_seconds_in_all(
    session: Session, app_parts: Parts
) -> None:
    ann = seed_on_duty(session, app_parts, "Ann")
    for name in ("Ben", "Cat", "Dot"):
        seed_on_duty(session, app_parts, name)
    meeting = Meeting(6)
    parts = replace(app_parts, ways={"sms": meeting, "email": meeting})
    wish(session, parts, ann)
    assert tell(session, parts) == 1


def test_leads_hear_of_what_was_done_alone_before_anybody_is_asked_for_a_yes() -> None:
    """And numbers are opened in the urgent loop, which does neither."""
    assert list(jobs.JOBS).index("leads") < list(jobs.JOBS).index("approvers")
    assert "numbers asked for" in jobs.URGENT
    assert "approvers" not in jobs.URGENT
