"""How staff say how they are reached: added, proven by the code that came, put in order, taken away."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from conversations import proofs
from conversations.db import db
from conversations.duty_models import WayRow
from conversations.keys import keyed_hash
from conversations.staff_models import AuditRow, StaffNumberRow
from tests.admin.app import Hands, Visitor, close, find_person, logged_in, make_app, make_person, text_of
from tests.rota_seeds import seed_shift, seed_way

KEY = "r" * 32


def ways(app: Flask) -> list[tuple[str, str, bool]]:
    with app.app_context():
        found = db.session.scalars(select(WayRow).order_by(WayRow.place))
        return [(way.kind, way.address, way.verified_at is not None) for way in found]


def way_id(app: Flask, address: str) -> str:
    with app.app_context():
        return db.session.scalars(select(WayRow.id).where(WayRow.address == address)).one()


def code(app: Flask, hands: Hands) -> str:
    """What the worker would have sent."""
    with app.app_context():
        (made,) = proofs.claim(db.session(), KEY, hands())
        db.session.commit()
    return made.digits


def said(visitor: Visitor) -> str:
    return text_of(visitor.get("/staff/ways/"))


def test_a_way_is_added_proven_by_its_code_and_used_from_then_on(app: Flask, hands: Hands) -> None:
    duty = logged_in(app, "duty")
    assert "We cannot reach you yet" in said(duty)
    duty.post("/staff/ways/", {"kind": "sms", "address": "07700 900 321"})
    assert "A code is on its way." in said(duty)
    digits, where = code(app, hands), f"/staff/ways/{way_id(app, '+447700900321')}"
    assert "It counts until" in said(duty)
    duty.post(f"{where}/prove", {"code": "no"})
    assert "That is not the code that we sent last." in said(duty)
    duty.post(f"{where}/prove", {"code": digits})
    assert "That works. Alerts will reach you here." in said(duty)
    assert ways(app) == [("sms", "+447700900321", True)]
    with app.app_context():
        assert db.session.get(StaffNumberRow, keyed_hash("staff-number", "+447700900321", KEY)) is not None
        done = [line for line in db.session.scalars(select(AuditRow)) if "way" in line.what]
    assert [line.what for line in done] == ["added a way", "proved a way"]
    assert not any("900321" in f"{line.on}{line.why}" for line in done)


def test_wrong_codes_are_counted_across_requests(app: Flask, hands: Hands) -> None:
    duty = logged_in(app, "duty")
    duty.get("/staff/ways/")
    duty.post("/staff/ways/", {"kind": "sms", "address": "07700 900 321"})
    digits, where = code(app, hands), f"/staff/ways/{way_id(app, '+447700900321')}"
    for _ in range(proofs.TRIES):
        duty.post(f"{where}/prove", {"code": f"{(int(digits) + 1) % 10**6:06}"})
    duty.post(f"{where}/prove", {"code": digits})
    assert "That code no longer counts: have another one sent." in said(duty)
    assert ways(app) == [("sms", "+447700900321", False)]
    assert "The last code no longer counts." in said(duty)


def test_a_code_that_could_not_leave_says_so(app: Flask, hands: Hands) -> None:
    duty = logged_in(app, "duty")
    duty.get("/staff/ways/")
    duty.post("/staff/ways/", {"kind": "email", "address": "ann@council.example"})
    with app.app_context():
        (made,) = proofs.claim(db.session(), KEY, hands())
        proofs.not_sent(db.session(), made, "smtp 550")
        db.session.commit()
    assert "The code could not be sent." in said(duty)
    duty.post(f"/staff/ways/{made.way_id}/code")
    assert "Another code is on its way." in said(duty)


def test_order_and_removal_are_ones_own(app: Flask) -> None:
    email = make_person(app, "duty")
    with app.app_context():
        me = find_person(email).id
        first, second = (seed_way(db.session(), me, kind) for kind in ("sms", "email"))
        db.session.commit()
    duty, colleague = Visitor(app), logged_in(app, "lead")
    duty.log_in(email)
    duty.get("/staff/ways/")
    duty.post(f"/staff/ways/{second}/first")
    assert [kind for kind, _, _ in ways(app)] == ["email", "sms"]
    colleague.get("/staff/ways/")
    for what in ("code", "prove", "first", "remove"):
        colleague.post(f"/staff/ways/{first}/{what}")
        assert "That is no longer on your list." in said(colleague)
    assert [kind for kind, _, _ in ways(app)] == ["email", "sms"]
    duty.post(f"/staff/ways/{first}/remove")
    assert [kind for kind, _, _ in ways(app)] == ["email"]


def test_b17_the_last_proven_way_of_somebody_on_the_rota_stays(app: Flask, hands: Hands) -> None:
    email = make_person(app, "duty")
    with app.app_context():
        me = find_person(email).id
        way = seed_way(db.session(), me)
        seed_shift(db.session(), me, hands())
        db.session.commit()
    duty = Visitor(app)
    duty.log_in(email)
    duty.get("/staff/ways/")
    duty.post(f"/staff/ways/{way}/remove")
    assert "You have shifts ahead and this alone is proven to reach you" in said(duty)
    assert len(ways(app)) == 1


def test_a_phone_call_is_offered_where_calls_can_be_made(sqlite_app: Flask, sqlite_database_url: str) -> None:
    assert "Phone call" not in said(logged_in(sqlite_app, "duty"))
    other = make_app(sqlite_database_url, voice_number="+441314960111")
    try:
        assert "Phone call" in said(logged_in(other, "duty"))
    finally:
        close(other)


@pytest.mark.parametrize(("typed", "words"), [
    ("481516", "Your telephone code is kept."), ("111111", "That is too easy to guess."), ("48-15", "Give six digits."),
])
def test_the_code_for_the_telephone_is_chosen_and_never_shown(app: Flask, typed: str, words: str) -> None:
    duty = logged_in(app, "duty")
    duty.get("/staff/ways/")
    duty.post("/staff/ways/voice-code", {"code": typed})
    page = said(duty)
    assert words in page
    assert ("You have chosen some." in page) is (words == "Your telephone code is kept.")
    assert typed not in page


@pytest.mark.parametrize(("kind", "address", "why"), [
    ("", "07700900321", "Choose how we reach you."), ("teams", "x", "Choose how we reach you."),
    ("sms", "0131 496 0000", "Give a British mobile number."), ("email", "ann", "Give one mail address."),
])
def test_what_is_no_way_is_refused_with_a_reason(sqlite_app: Flask, kind: str, address: str, why: str) -> None:
    duty = logged_in(sqlite_app, "duty")
    duty.get("/staff/ways/")
    duty.post("/staff/ways/", {"kind": kind, "address": address})
    assert why in said(duty)
    assert ways(sqlite_app) == []
