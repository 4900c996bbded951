"""Staff sessions end when we say, and the public face keeps its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from admin import accounts
from admin.accounts import Staff
from conversations.db import db
from conversations.staff_models import SessionRow
from tests.admin.app import Hands, Visitor, find_person, logged_in, make_person


def stolen(visitor: Visitor) -> Visitor:
    """Another browser that holds a copy of the cookie."""
    thief = Visitor(visitor.app)
    thief.client.set_cookie("heard_staff", visitor.cookie(), path="/staff")
    return thief


def test_the_cookie_is_for_staff_pages_and_no_script(app: Flask) -> None:
    answer = Visitor(app).get("/staff/login")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("heard_staff=")
    assert all(part in cookie for part in ("HttpOnly", "Path=/staff", "SameSite=Lax"))
    assert "Secure" not in cookie


def test_the_cookie_is_secure_behind_https(sqlite_database_url: str) -> None:
    from tests.admin.app import close, make_app

    app = make_app(sqlite_database_url, public_url="https://heard.example.org")
    assert "Secure" in Visitor(app).get("/staff/login").headers["Set-Cookie"]
    close(app)


def test_what_the_cookie_holds_is_not_what_the_row_holds(app: Flask) -> None:
    visitor = logged_in(app, "viewer")
    with app.app_context():
        rows = db.session.scalars(select(SessionRow)).all()
        assert all(visitor.cookie() not in row.id for row in rows)
        assert all(visitor.cookie().encode() not in row.content for row in rows)


def test_logging_in_gives_a_new_cookie_and_the_old_one_is_dead(app: Flask) -> None:
    visitor, email = Visitor(app), make_person(app, "viewer")
    visitor.get("/staff/login")
    before = stolen(visitor)
    visitor.log_in(email)
    assert visitor.cookie() != before.cookie()
    assert not before.is_in()
    assert visitor.is_in()


def test_a_copied_cookie_is_dead_after_logging_out(app: Flask) -> None:
    visitor = logged_in(app, "viewer")
    thief = stolen(visitor)
    assert thief.is_in()
    visitor.get("/staff/")
    visitor.post("/staff/logout")
    assert [visitor.is_in(), thief.is_in()] == [False, False]
    with app.app_context():
        assert db.session.scalars(select(SessionRow).where(SessionRow.staff_id.is_not(None))).all() == []


ENDINGS: dict[str, Callable[[Staff], object]] = {
    "disable": lambda person: accounts.disable(db.session(), person),
    "roles": lambda person: accounts.set_roles(db.session(), person, ["viewer", "duty"]),
    "second factor": lambda person: accounts.reset_second_factor(db.session(), person),
    "password": lambda person: accounts.new_password(db.session(), person),
}


@pytest.mark.parametrize("what", ENDINGS)
def test_every_session_of_somebody_ends_when_their_access_changes(app: Flask, what: str) -> None:
    email = make_person(app, "viewer")
    here, there, other = Visitor(app), Visitor(app), logged_in(app, "viewer")
    here.log_in(email)
    there.log_in(email, steps=1)
    assert [here.is_in(), there.is_in()] == [True, True]
    with app.app_context():
        ENDINGS[what](find_person(email))
        db.session.commit()
    assert [here.is_in(), there.is_in(), other.is_in()] == [False, False, True]


def test_choosing_a_password_ends_the_other_sessions(app: Flask) -> None:
    from tests.admin.app import PASSWORD

    email = make_person(app, "viewer")
    here, there = Visitor(app), Visitor(app)
    here.log_in(email)
    there.log_in(email, steps=1)
    here.get("/staff/change")
    new = {"password": PASSWORD, "new_password": "blue giraffe window", "new_password_confirm": "blue giraffe window"}
    here.post("/staff/change", new)
    assert [here.is_in(), there.is_in()] == [True, False]


@pytest.mark.parametrize(("minutes", "still"), [(29, True), (31, False)])
def test_a_session_ends_after_half_an_hour_of_rest(app: Flask, hands: Hands, minutes: int, still: bool) -> None:
    visitor = logged_in(app, "viewer")
    hands.ahead += timedelta(minutes=minutes)
    assert visitor.is_in() is still


@pytest.mark.parametrize(("hours", "still"), [(7.9, True), (8.1, False)])
def test_a_session_ends_after_eight_hours_whatever_somebody_does(
    sqlite_app: Flask, hands: Hands, hours: float, still: bool
) -> None:
    visitor, done = logged_in(sqlite_app, "viewer"), timedelta()
    while done < timedelta(hours=7, minutes=40):
        done += timedelta(minutes=20)
        hands.ahead = done
        assert visitor.is_in()
    hands.ahead = timedelta(hours=hours)
    assert visitor.is_in() is still


@pytest.mark.parametrize("cookie", ["", "x", "x" * 4096, "../../etc/passwd", "é", "a\x00b"])
def test_a_made_up_cookie_is_nobody(sqlite_app: Flask, cookie: str) -> None:
    visitor = Visitor(sqlite_app)
    answer = visitor.get("/staff/", headers={"Cookie": f"heard_staff={cookie}"})
    assert answer.location.startswith("/staff/login")


@pytest.mark.parametrize("content", [b"", b"[]", b"\x80\x04N.", b'{" t": ["x"]}', b"\xff"])
def test_a_damaged_row_is_nobody(sqlite_app: Flask, content: bytes) -> None:
    visitor = logged_in(sqlite_app, "viewer")
    with sqlite_app.app_context():
        for row in db.session.scalars(select(SessionRow)):
            row.content = content
        db.session.commit()
    assert not visitor.is_in()


def test_the_public_face_keeps_its_signed_cookie_and_leaves_no_row(app: Flask) -> None:
    client = app.test_client()
    assert [client.get("/chat/").text, client.get("/chat/").text] == ["1", "2"]
    assert client.get_cookie("session") is not None
    assert client.get_cookie("heard_staff", path="/staff") is None
    with app.app_context():
        assert db.session.scalars(select(SessionRow)).all() == []


def test_a_session_of_one_side_says_nothing_on_the_other(app: Flask) -> None:
    visitor = logged_in(app, "viewer")
    assert visitor.get("/chat/").text == "1"
    public = visitor.client.get_cookie("session")
    assert public is not None
    other = Visitor(app)
    other.client.set_cookie("heard_staff", public.value, path="/staff")
    assert not other.is_in()


FORMS = [
    ("/staff/logout", {}),
    ("/staff/change", {"password": "x"}),
    ("/staff/mf-recovery-codes", {"generate_new_codes": "1"}),
    ("/staff/people/", {"email": "new@heard.example", "name": "New"}),
    ("/staff/comments/", {"comment": "1"}),
    ("/staff/alerts/1/acknowledge", {}),
]


@pytest.mark.parametrize(("path", "form"), FORMS)
def test_no_form_is_taken_without_the_token_of_this_session(sqlite_app: Flask, path: str, form: dict[str, str]) -> None:
    visitor, other = logged_in(sqlite_app, "lead", "admin"), logged_in(sqlite_app, "lead", "admin")
    visitor.get("/staff/")
    other.get("/staff/")
    for token in ("", "x", other.token):
        answer = visitor.post(path, form | {"csrf_token": token})
        assert answer.status_code == 400
        assert re.search(r"<h1[^>]*>We could not take that", answer.text)
    assert visitor.is_in()
