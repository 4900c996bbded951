"""What staff prove: ways by a code that came back in time, a code for the telephone, a calendar's address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from conversations import proofs
from conversations.duty_models import DutyKeyRow, WayRow
from conversations.keys import keyed_hash
from conversations.proofs import CannotProve, Code
from conversations.staff_models import StaffNumberRow
from tests.fakes import NOON, Clock
from tests.rota_seeds import seed_person, seed_shift, seed_way

KEY = "r" * 32


@pytest.fixture
def ann(session: Session) -> int:
    """Somebody with no way yet."""
    return seed_person(session, "Ann", "duty", proven=())


def added(session: Session, who: int, kind: str = "sms", typed: str = "07700 900 321") -> Code:
    way_id = proofs.add(session, who, kind, typed, NOON)
    return next(code for code in proofs.claim(session, KEY, NOON) if code.way_id == way_id)


def row(session: Session, way_id: str) -> WayRow:
    return session.get_one(WayRow, way_id, populate_existing=True)


ADDRESSES = {
    ("sms", "07700 900321"): "+447700900321",
    ("sms", "+44 (0)7700 900321"): "+447700900321",
    ("voice", "0131 496 0000"): "+441314960000",
    ("voice", "07700900321"): "+447700900321",
    ("email", " Ann@Council.example "): "ann@council.example",
}
NO_ADDRESSES = [
    ("sms", "0131 496 0000"), ("sms", "999"), ("sms", "+48 501 234 567"), ("sms", ""), ("voice", "ann@council.example"),
    ("email", "ann"), ("email", "a@b.c, d@e.f"), ("email", "a@b.c\nBcc: x@y.z"), ("teams", "ann"),
    ("email", f"{'a' * 64}@{'b' * 250}.uk"), ("email", "Ann <a@b.c>"),
]


@pytest.mark.parametrize(("typed", "kept"), ADDRESSES.items())
def test_a_way_is_kept_as_carriers_want_it(session: Session, ann: int, typed: tuple[str, str], kept: str) -> None:
    assert row(session, proofs.add(session, ann, *typed, NOON)).address == kept


@pytest.mark.parametrize(("kind", "typed"), NO_ADDRESSES)
def test_what_cannot_reach_anybody_is_refused(session: Session, ann: int, kind: str, typed: str) -> None:
    with pytest.raises(CannotProve):
        proofs.add(session, ann, kind, typed, NOON)


def test_the_same_way_twice_and_a_seventh_are_refused(session: Session, ann: int) -> None:
    added(session, ann)
    with pytest.raises(CannotProve, match="already"):
        proofs.add(session, ann, "sms", "+447700900321", NOON)
    for number in range(5):
        added(session, ann, "sms", f"0770090040{number}")
    with pytest.raises(CannotProve, match="are enough"):
        proofs.add(session, ann, "email", "ann@council.example", NOON)


def test_a_code_that_comes_back_proves_the_way_and_makes_the_number_staffs(session: Session, ann: int) -> None:
    code = added(session, ann)
    assert (len(code.digits), code.digits.isdigit(), code.address) == (6, True, "+447700900321")
    assert code.digits not in row(session, code.way_id).code_hash
    proofs.prove(session, ann, code.way_id, f" {code.digits[:3]} {code.digits[3:]} ", KEY, NOON + timedelta(minutes=14))
    found = row(session, code.way_id)
    assert (found.verified_at, found.code_hash) == (NOON + timedelta(minutes=14), None)
    assert session.get(StaffNumberRow, keyed_hash("staff-number", "+447700900321", KEY)) is not None


def test_a_mail_address_is_no_number(session: Session, ann: int) -> None:
    code = added(session, ann, "email", "ann@council.example")
    proofs.prove(session, ann, code.way_id, code.digits, KEY, NOON)
    assert session.scalars(select(StaffNumberRow)).all() == []


def wrong(code: Code) -> str:
    return f"{(int(code.digits) + 1) % 10**6:06}"


def test_five_wrong_tries_end_a_code_and_the_right_one_comes_too_late(session: Session, ann: int) -> None:
    code = added(session, ann)
    for _ in range(5):
        with pytest.raises(CannotProve, match="not the code"):
            proofs.prove(session, ann, code.way_id, wrong(code), KEY, NOON)
    with pytest.raises(CannotProve, match="no longer counts"):
        proofs.prove(session, ann, code.way_id, code.digits, KEY, NOON)
    assert row(session, code.way_id).verified_at is None


def test_the_fifth_try_still_counts(session: Session, ann: int) -> None:
    code = added(session, ann)
    for _ in range(4):
        with pytest.raises(CannotProve):
            proofs.prove(session, ann, code.way_id, wrong(code), KEY, NOON)
    proofs.prove(session, ann, code.way_id, code.digits, KEY, NOON)
    assert row(session, code.way_id).verified_at == NOON


@pytest.mark.parametrize("typed", ["", "abc", "１２３４５６", "0"])
def test_what_is_no_code_is_not_the_code(session: Session, ann: int, typed: str) -> None:
    code = added(session, ann)
    with pytest.raises(CannotProve, match="not the code"):
        proofs.prove(session, ann, code.way_id, typed, KEY, NOON)


def test_a_code_counts_for_a_quarter_of_an_hour_for_its_own_way_and_its_own_person(session: Session, ann: int) -> None:
    code, other = added(session, ann), added(session, ann, "sms", "07700900322")
    ben = seed_person(session, "Ben", "duty")
    with pytest.raises(LookupError):
        proofs.prove(session, ben, code.way_id, code.digits, KEY, NOON)
    if code.digits != other.digits:
        with pytest.raises(CannotProve, match="not the code"):
            proofs.prove(session, ann, other.way_id, code.digits, KEY, NOON)
    with pytest.raises(CannotProve, match="no longer counts"):
        proofs.prove(session, ann, code.way_id, code.digits, KEY, NOON + timedelta(minutes=15))


def test_another_code_may_be_asked_for_after_a_minute_and_ends_the_one_before(session: Session, ann: int) -> None:
    code = added(session, ann)
    for seconds in (0, 59):
        with pytest.raises(CannotProve, match="give it a minute"):
            proofs.ask_again(session, ann, code.way_id, NOON + timedelta(seconds=seconds))
    later = NOON + timedelta(seconds=60)
    proofs.ask_again(session, ann, code.way_id, later)
    with pytest.raises(CannotProve):
        proofs.prove(session, ann, code.way_id, code.digits, KEY, later)
    with pytest.raises(CannotProve, match="give it a minute"):
        proofs.ask_again(session, ann, code.way_id, later)
    again = proofs.claim(session, KEY, later)[0]
    proofs.prove(session, ann, code.way_id, again.digits, KEY, later)
    with pytest.raises(CannotProve, match="proven already"):
        proofs.ask_again(session, ann, code.way_id, later)


def test_a_code_is_made_once_for_each_asking_and_not_before_it_is_due(session: Session, ann: int, clock: Clock) -> None:
    proofs.add(session, ann, "sms", "07700900321", NOON + timedelta(seconds=5))
    assert proofs.claim(session, KEY, NOON) == ()
    assert len(proofs.claim(session, KEY, NOON + timedelta(seconds=5))) == 1
    assert proofs.claim(session, KEY, NOON + timedelta(minutes=5)) == ()


def test_b15_one_number_for_texts_tells_who_sent_them(session: Session, ann: int) -> None:
    """A colleague's proven number cannot be proven again for texts; for calls it can, where a code says who answers."""
    ben = seed_person(session, "Ben", "duty", proven=())
    first, second, third = added(session, ben), added(session, ann), added(session, ann, "voice")
    proofs.prove(session, ben, first.way_id, first.digits, KEY, NOON)
    with pytest.raises(CannotProve, match="A colleague"):
        proofs.prove(session, ann, second.way_id, second.digits, KEY, NOON)
    assert row(session, second.way_id).verified_at is None
    proofs.prove(session, ann, third.way_id, third.digits, KEY, NOON)


def test_the_order_is_changed_one_place_at_a_time(session: Session, ann: int) -> None:
    ids = [added(session, ann, "sms", f"0770090040{number}").way_id for number in range(3)]
    proofs.move_up(session, ann, ids[2])
    assert [way.id for way in proofs.ways_of(session, ann)] == [ids[0], ids[2], ids[1]]
    proofs.move_up(session, ann, ids[0])
    assert [way.id for way in proofs.ways_of(session, ann)] == [ids[0], ids[2], ids[1]]


def test_b17_the_last_proven_way_stays_while_shifts_are_ahead(session: Session, ann: int) -> None:
    proven, unproven = seed_way(session, ann), seed_way(session, ann, proven=False)
    seed_shift(session, ann, NOON - timedelta(hours=1))
    proofs.remove(session, ann, unproven, NOON)
    with pytest.raises(CannotProve, match="shifts ahead"):
        proofs.remove(session, ann, proven, NOON)
    other = seed_way(session, ann, "email")
    proofs.remove(session, ann, proven, NOON)
    with pytest.raises(CannotProve, match="shifts ahead"):
        proofs.remove(session, ann, other, NOON)
    proofs.remove(session, ann, other, NOON + timedelta(hours=7))
    assert proofs.ways_of(session, ann) == []


@pytest.mark.parametrize("typed", ["12345", "1234567", "abcdef", "111111", "121212", "123456", "890123", "654321", ""])
def test_a_code_for_the_telephone_that_anybody_guesses_is_refused(session: Session, ann: int, typed: str) -> None:
    with pytest.raises(CannotProve):
        proofs.set_voice_code(session, ann, typed)
    assert not proofs.has_voice_code(session, ann)


def test_the_code_for_the_telephone_fits_its_person_alone_and_is_kept_as_a_hash(session: Session, ann: int) -> None:
    ben = seed_person(session, "Ben", "duty")
    proofs.set_voice_code(session, ann, "48 15 16")
    assert proofs.voice_code_fits(session, ann, "481516")
    assert not any(proofs.voice_code_fits(session, *who) for who in ((ann, "481517"), (ben, "481516"), (ann, "")))
    kept = session.get_one(DutyKeyRow, ann).voice_code_hash
    assert kept is not None
    assert kept.startswith("$argon2id$")
    proofs.set_voice_code(session, ann, "234241")
    assert not proofs.voice_code_fits(session, ann, "481516")


def test_a_calendar_has_one_address_and_its_code_for_the_telephone_stays(session: Session, ann: int) -> None:
    proofs.set_voice_code(session, ann, "481516")
    first = proofs.new_feed(session, ann)
    second = proofs.new_feed(session, ann)
    assert [proofs.owner_of_feed(session, token) for token in (first, second, "", "\ud800")] == [None, ann, None, None]
    assert proofs.has_voice_code(session, ann)
    assert second not in (session.get_one(DutyKeyRow, ann).feed_hash or "")
