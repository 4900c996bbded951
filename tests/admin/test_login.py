"""Logging in, for real: password, code, and everything that must not let anybody in."""

from __future__ import annotations

import re
import statistics
import threading
import time
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from flask import Flask

from conversations.db import db
from tests.admin.app import PASSWORD, Visitor, code_for, find_person, logged_in, make_person, text_of


def test_password_and_code_let_somebody_in(app: Flask) -> None:
    visitor = logged_in(app, "viewer")
    assert "Hello Person" in text_of(visitor.get("/staff/"))


def test_the_password_alone_lets_nobody_in(app: Flask) -> None:
    visitor, email = Visitor(app), make_person(app, "viewer")
    visitor.get("/staff/login")
    answer = visitor.post("/staff/login", {"email": email, "password": PASSWORD})
    assert answer.location.partition("?")[0] == "/staff/tf-validate"
    assert visitor.get("/staff/").location.startswith("/staff/login")


def test_a_code_counts_once(app: Flask) -> None:
    email = make_person(app, "viewer")
    code = code_for(app, email)
    assert Visitor(app).log_in(email, code=code).status_code == 302
    second = Visitor(app)
    assert second.log_in(email, code=code).status_code == 200
    assert not second.is_in()


def test_of_two_requests_with_one_code_at_the_same_moment_one_passes(app: Flask) -> None:
    email = make_person(app, "viewer")
    visitors = [Visitor(app), Visitor(app)]
    for visitor in visitors:
        visitor.get("/staff/login")
        visitor.get(visitor.post("/staff/login", {"email": email, "password": PASSWORD}).location)
    code, answers = code_for(app, email), []

    def send(visitor: Visitor) -> None:
        answers.append(visitor.post("/staff/tf-validate", {"code": code}).status_code)

    threads = [threading.Thread(target=send, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(302) == 1
    assert {each for each in answers if each != 302} <= {200, 429}  # refused, or made to wait since the other failed
    assert [visitor.is_in() for visitor in visitors].count(True) == 1


@pytest.mark.parametrize("code", ["000000", "", "12345", "1234567", "abcdef", "-1", "٠٠٠٠٠٠"])
def test_a_wrong_code_lets_nobody_in(sqlite_app: Flask, code: str) -> None:
    visitor, email = Visitor(sqlite_app), make_person(sqlite_app, "viewer")
    visitor.get("/staff/login")
    visitor.get(visitor.post("/staff/login", {"email": email, "password": PASSWORD}).location)
    assert visitor.post("/staff/tf-validate", {"code": code}).status_code == 200
    assert not visitor.is_in()


def test_a_wrong_password_an_unknown_account_and_a_disabled_one_look_the_same(sqlite_app: Flask) -> None:
    known, disabled = make_person(sqlite_app, "viewer"), make_person(sqlite_app, "viewer", active=False)
    tries = [(known, "wrong"), ("stranger@heard.example", "wrong"), (disabled, "wrong"), (disabled, PASSWORD),
             (known, "x" * 129)]
    pages = set()
    for email, password in tries:
        visitor = Visitor(sqlite_app)
        visitor.get("/staff/login")
        answer = visitor.post("/staff/login", {"email": email, "password": password})
        page = re.sub(r'value="[^"]*"', "", answer.get_data(as_text=True))
        pages.add((answer.status_code, page))
        assert not visitor.is_in()
    assert len(pages) == 1


def test_an_unknown_account_costs_as_much_time_as_a_known_one(sqlite_app: Flask) -> None:
    known = make_person(sqlite_app, "viewer")
    spent: dict[str, list[float]] = {known: [], "stranger@heard.example": []}
    for turn in range(6):
        for email, times in spent.items():
            visitor = Visitor(sqlite_app, f"10.0.{turn}.1")
            visitor.get("/staff/login")
            began = time.process_time()
            visitor.post("/staff/login", {"email": email, "password": "wrong"})
            times.append(time.process_time() - began)
    one, other = (statistics.median(times) for times in spent.values())
    assert 0.6 < one / other < 1.7


def test_nobody_who_is_disabled_between_password_and_code_gets_in(app: Flask) -> None:
    visitor, email = Visitor(app), make_person(app, "viewer")
    visitor.get("/staff/login")
    visitor.get(visitor.post("/staff/login", {"email": email, "password": PASSWORD}).location)
    code = code_for(app, email)
    with app.app_context():
        from admin import accounts

        accounts.disable(db.session(), find_person(email))
        db.session.commit()
    visitor.post("/staff/tf-validate", {"code": code})
    assert not visitor.is_in()


def test_an_authenticator_is_set_up_at_the_first_login_and_never_left_out(app: Flask) -> None:
    visitor, email = Visitor(app), make_person(app, "viewer", second_factor=False)
    visitor.get("/staff/login")
    answer = visitor.post("/staff/login", {"email": email, "password": PASSWORD})
    assert answer.location.partition("?")[0] == "/staff/tf-setup"
    assert visitor.get("/staff/").location.startswith("/staff/login")
    visitor.get("/staff/tf-setup")
    page = visitor.post("/staff/tf-setup", {"setup": "authenticator"}).get_data(as_text=True)
    assert "<svg" in page
    assert "data:image" not in page
    key = re.search(r"type this key: <kbd>([^<]+)</kbd>", page)
    assert key is not None
    with app.app_context():
        factory = app.extensions["security"].totp_factory._totp
        code = factory(key=key[1]).generate().token
    assert visitor.post("/staff/tf-validate", {"code": code}).status_code == 302
    assert visitor.is_in()


@pytest.mark.parametrize("method", ["disable", "email", "sms"])
def test_no_weaker_second_factor_can_be_chosen(sqlite_app: Flask, method: str) -> None:
    visitor, email = Visitor(sqlite_app), make_person(sqlite_app, "viewer", second_factor=False)
    visitor.get("/staff/login")
    visitor.post("/staff/login", {"email": email, "password": PASSWORD})
    visitor.get("/staff/tf-setup")
    visitor.post("/staff/tf-setup", {"setup": method, "phone": "+447700900123"})
    assert not visitor.is_in()


def test_a_temporary_password_opens_nothing_but_the_page_to_choose_another(app: Flask) -> None:
    email = make_person(app, "viewer", password_is_temporary=True)
    visitor = Visitor(app)
    visitor.log_in(email)
    for path in ("/staff/", "/staff/figures/", "/staff/mf-recovery-codes"):
        assert visitor.get(path).location == "/staff/change"
    visitor.get("/staff/change")
    new = {"password": PASSWORD, "new_password": "blue giraffe window", "new_password_confirm": "blue giraffe window"}
    assert visitor.post("/staff/change", new).status_code == 302
    assert visitor.is_in()


@pytest.mark.parametrize("new", ["short", "x" * 129, PASSWORD])
def test_a_bad_new_password_is_refused(sqlite_app: Flask, new: str) -> None:
    email = make_person(sqlite_app, "viewer", password_is_temporary=True)
    visitor = Visitor(sqlite_app)
    visitor.log_in(email)
    visitor.get("/staff/change")
    form = {"password": PASSWORD, "new_password": new, "new_password_confirm": new}
    assert visitor.post("/staff/change", form).status_code == 200
    assert visitor.get("/staff/").location == "/staff/change"


def test_a_recovery_code_lets_somebody_in_once(app: Flask) -> None:
    email = make_person(app, "viewer")
    visitor = Visitor(app)
    visitor.log_in(email)
    visitor.get("/staff/mf-recovery-codes")
    page = visitor.post("/staff/mf-recovery-codes", {"generate_new_codes": "1"}).get_data(as_text=True)
    codes = re.findall(r"<kbd>([0-9a-f-]{14})</kbd>", page)
    assert len(codes) == 5
    with app.app_context():
        assert codes[0] not in str(find_person(email).mf_recovery_codes)

    def log_in_with(code: str) -> bool:
        other = Visitor(app)
        other.get("/staff/login")
        other.get(other.post("/staff/login", {"email": email, "password": PASSWORD}).location)
        other.get("/staff/mf-recovery")
        other.post("/staff/mf-recovery", {"code": code})
        return other.is_in()

    assert [log_in_with(codes[0]), log_in_with(codes[0]), log_in_with(codes[1])] == [True, False, True]


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "https:evil.example"])
def test_after_login_nobody_is_sent_to_another_site(sqlite_app: Flask, back: str) -> None:
    email, visitor = make_person(sqlite_app, "viewer"), Visitor(sqlite_app)
    visitor.get("/staff/login", query_string={"next": back})
    first = visitor.post("/staff/login", {"email": email, "password": PASSWORD}, query_string={"next": back})
    if first.status_code != 302:
        return  # refused
    visitor.get(first.location)
    answer = visitor.post(first.location, {"code": code_for(sqlite_app, email)})
    assert re.match(r"/[^/\\]", answer.location)


def test_no_cookie_token_or_header_logs_anybody_in_without_the_code(sqlite_app: Flask) -> None:
    email = make_person(sqlite_app, "viewer")
    with sqlite_app.app_context(), sqlite_app.test_request_context():
        token = find_person(email).get_auth_token()
    visitor = Visitor(sqlite_app)
    answers = [
        visitor.get("/staff/", headers={"Authentication-Token": token}),
        visitor.get("/staff/", query_string={"auth_token": token}),
        visitor.get("/staff/", headers={"Authorization": "Basic dmlld2VyOng="}),
    ]
    assert {answer.status_code for answer in answers} == {302}
    visitor.get("/staff/login")
    first = visitor.post("/staff/login", {"email": email, "password": PASSWORD, "remember": "y"})
    visitor.get(first.location)
    visitor.post("/staff/tf-validate", {"code": code_for(sqlite_app, email)})
    assert visitor.client.get_cookie("remember_token") is None
    assert visitor.client.get_cookie("tf_validity") is None


def test_codes_of_the_demonstration_are_for_this_machine_and_the_demonstration_alone(
    demo_app: Flask, sqlite_database_url: str
) -> None:
    from admin.demo_logins import add_demo_staff

    with demo_app.app_context():
        add_demo_staff(db.session())
        add_demo_staff(db.session())
        db.session.commit()
    assert "duty@heard.example" in text_of(Visitor(demo_app).get("/staff/demo-codes"))
    assert "duty@heard.example" in text_of(Visitor(demo_app).get("/staff/login"))
    assert Visitor(demo_app, "10.0.0.7").get("/staff/demo-codes").status_code == 404

    visitor = Visitor(demo_app)
    visitor.get("/staff/login")
    first = visitor.post("/staff/login", {"email": "duty@heard.example", "password": "everybody-knows-this"})
    code = re.search(r'<kbd class="code">(\d{6})</kbd>', visitor.get(first.location).get_data(as_text=True))
    assert code is not None
    assert visitor.post(first.location, {"code": code[1]}).status_code == 302
    assert visitor.is_in()


def test_without_the_demonstration_its_pages_do_not_exist(sqlite_app: Flask) -> None:
    assert Visitor(sqlite_app).get("/staff/demo-codes").location.startswith("/staff/login")
    assert logged_in(sqlite_app, "admin").get("/staff/demo-codes").status_code == 404
    assert "demonstration" not in text_of(Visitor(sqlite_app).get("/staff/login"))
    assert "demo_codes" not in sqlite_app.view_functions
    assert "staff.demo_codes" not in sqlite_app.view_functions


def test_login_reads_while_it_checks_a_password_so_that_others_may_write(sqlite_app: Flask) -> None:
    """On SQLite a write lock held for the length of a password check would hold up every text that comes in."""
    import sqlite3

    dear = PasswordHasher().hash(PASSWORD)  # as slow to check as a real one
    email, visitor = make_person(sqlite_app, "viewer", password=dear), Visitor(sqlite_app)
    visitor.get("/staff/login")
    file = sqlite_app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
    waits: list[float] = []
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            connection = sqlite3.connect(file, timeout=5)
            began = time.monotonic()
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
            waits.append(time.monotonic() - began)
            connection.close()
            time.sleep(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    visitor.post("/staff/login", {"email": email, "password": "wrong"})
    done.set()
    writer.join()
    assert len(waits) > 5
    assert max(waits) < timedelta(milliseconds=60).total_seconds()
