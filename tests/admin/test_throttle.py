"""Guessing gets slow, for the guesser alone, in every process together."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from admin import throttle
from admin.throttle import CODE, PASSWORD, Limit
from conversations.db import db
from tests.admin.app import PASSWORD as RIGHT
from tests.admin.app import Hands, Visitor, code_for, make_person, text_of

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
KEY = "k" * 32


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (1000, 900)]
)
def test_the_wait_doubles_and_then_stays(tries: int, seconds: int) -> None:
    assert PASSWORD.wait(tries) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.200", True),
        ("203.0.113.7", "203.0.114.7", False),
        ("2001:db8:1:ff00::1", "2001:db8:1:ffff::2", True),
        ("2001:db8:1:ff00::1", "2001:db8:2:ff00::1", False),
        ("", "nonsense", True),
        ("::1", "127.0.0.1", False),
    ],
)
def test_a_network_is_roughly_a_home_or_an_office(one: str, other: str, same: bool) -> None:
    assert (throttle.network(one) == throttle.network(other)) is same


@pytest.mark.parametrize(
    "typed", ["Duty@Heard.example", " duty@heard.example ", "ｄｕｔｙ@heard.example", "DUTY@HEARD.EXAMPLE"]
)
def test_an_account_is_the_same_however_it_is_typed(typed: str) -> None:
    assert throttle.of_password(typed, "10.0.0.1", KEY) == throttle.of_password("duty@heard.example", "10.0.0.1", KEY)


def guess(app: Flask, visitor: Visitor, email: str, times: int) -> list[int]:
    visitor.get("/staff/login")
    return [visitor.post("/staff/login", {"email": email, "password": "wrong"}).status_code for _ in range(times)]


def test_after_five_guesses_the_next_must_wait_and_the_page_says_how_long(app: Flask, hands: Hands) -> None:
    email, visitor = make_person(app, "duty"), Visitor(app)
    assert guess(app, visitor, email, 6) == [200] * 5 + [429]
    visitor.get("/staff/login")
    answer = visitor.post("/staff/login", {"email": email, "password": RIGHT})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Nothing is locked" in text_of(answer)
    hands.ahead += timedelta(seconds=2)
    assert visitor.log_in(email).status_code == 302


def test_a_colleague_gets_in_from_another_network_while_somebody_guesses(app: Flask) -> None:
    email = make_person(app, "duty")
    guess(app, Visitor(app, "203.0.113.7"), email, 8)
    colleague = Visitor(app, "198.51.100.4")
    colleague.log_in(email)
    assert colleague.is_in()


def test_another_account_on_the_same_network_is_not_slowed(app: Flask) -> None:
    guess(app, Visitor(app), make_person(app, "duty"), 8)
    other = Visitor(app)
    other.log_in(make_person(app, "duty"))
    assert other.is_in()


def test_an_unknown_account_is_slowed_like_a_known_one(sqlite_app: Flask) -> None:
    assert guess(sqlite_app, Visitor(sqlite_app), "stranger@heard.example", 6) == [200] * 5 + [429]


def test_a_success_makes_up_for_the_tries_before(sqlite_app: Flask) -> None:
    email, visitor = make_person(sqlite_app, "duty"), Visitor(sqlite_app)
    guess(sqlite_app, visitor, email, 4)
    visitor.log_in(email)
    assert guess(sqlite_app, Visitor(sqlite_app), email, 6) == [200] * 5 + [429]


def test_what_the_door_turns_away_makes_up_for_no_guess(app: Flask) -> None:
    """Whoever must first choose a password is sent there from everywhere else, whatever they typed."""
    email, visitor = make_person(app, "duty", password_is_temporary=True), Visitor(app)
    visitor.log_in(email)
    visitor.get("/staff/change")
    chosen, answers = {"new_password": "battery staple 9", "new_password_confirm": "battery staple 9"}, []
    for turn in range(8):
        answers.append(visitor.post("/staff/change", chosen | {"password": f"wrong {turn}"}).status_code)
        visitor.post("/staff/verify", {"password": "wrong as well"})
    assert answers[:3] == [200] * 3
    assert 429 in answers


def test_codes_are_counted_too_and_a_new_password_round_does_not_make_up_for_them(app: Flask) -> None:
    email, answers = make_person(app, "duty"), []
    for _ in range(3):
        visitor = Visitor(app)
        visitor.get("/staff/login")
        visitor.get(visitor.post("/staff/login", {"email": email, "password": RIGHT}).location)
        answers += [visitor.post("/staff/tf-validate", {"code": "000000"}).status_code for _ in range(2)]
    assert answers == [200] * 5 + [429]


def test_codes_count_from_every_network_together_and_stay_answerable(app: Flask, hands: Hands) -> None:
    email, answers = make_person(app, "duty"), []
    for network in range(11):
        visitor = Visitor(app, f"10.0.{network}.1")
        visitor.get("/staff/login")
        visitor.get(visitor.post("/staff/login", {"email": email, "password": RIGHT}).location)
        answers.append(visitor.post("/staff/tf-validate", {"code": "000000"}).status_code)
    assert answers == [200] * 10 + [429]
    hands.ahead += timedelta(minutes=5)
    assert visitor.post("/staff/tf-validate", {"code": code_for(app, email)}).status_code == 302


def test_recovery_codes_are_counted_with_the_codes(sqlite_app: Flask) -> None:
    email, visitor = make_person(sqlite_app, "duty"), Visitor(sqlite_app)
    visitor.get("/staff/login")
    visitor.get(visitor.post("/staff/login", {"email": email, "password": RIGHT}).location)
    visitor.get("/staff/mf-recovery")
    answers = [visitor.post("/staff/mf-recovery", {"code": "abcd-abcd-abcd"}).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


def test_tries_side_by_side_are_each_counted(app: Flask) -> None:
    """Ten at once, each with a connection of its own, as ten processes would."""
    passed: list[bool] = []
    counters = throttle.of_password("duty@heard.example", "10.0.0.1", KEY)

    def one_try() -> None:
        with app.app_context(), Session(db.engine) as session, session.begin():
            passed.append(not throttle.book(session, counters, NOW))

    threads = [threading.Thread(target=one_try) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.count(True) == PASSWORD.free
    assert len(passed) == 10


def test_what_waits_does_not_count_and_what_is_old_is_forgotten(app: Flask) -> None:
    counters = throttle.of_password("duty@heard.example", "10.0.0.1", KEY)
    with app.app_context(), Session(db.engine) as session, session.begin():
        for _ in range(5):
            assert not throttle.book(session, counters, NOW)
        assert throttle.book(session, counters, NOW) == timedelta(seconds=1)
        assert throttle.book(session, counters, NOW) == timedelta(seconds=1)
        assert not throttle.book(session, counters, NOW + timedelta(seconds=1))
        assert throttle.book(session, counters, NOW + timedelta(seconds=1)) == timedelta(seconds=2)
        assert not throttle.book(session, counters, NOW + timedelta(hours=13))
        assert not throttle.book(session, counters, NOW + timedelta(hours=13))


def test_guesses_in_an_hour_stay_few(sqlite_app: Flask) -> None:
    """2 000 guesses, one every 1.8 seconds: how many are looked at."""
    counters, looked_at = throttle.of_code("account", "10.0.0.1", KEY), 0
    with sqlite_app.app_context(), Session(db.engine) as session, session.begin():
        for number in range(2_000):
            looked_at += not throttle.book(session, counters, NOW + timedelta(seconds=number * 1.8))
    assert looked_at <= 20


def test_limits_are_what_the_decision_says() -> None:
    assert Limit("password", 5, timedelta(minutes=15)) == PASSWORD
    assert Limit("code", 5, timedelta(minutes=15)) == CODE
