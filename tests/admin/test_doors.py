"""Who may open which page: every address, every way of asking, every role, with real requests."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from admin.auth import staff_blueprint
from admin.home import HEADERS
from conversations import proofs, swaps
from conversations.db import db
from conversations.models import FigureRow
from tests.admin.app import (
    PASSWORD,
    Visitor,
    close,
    logged_in,
    make_alert,
    make_app_in,
    make_comment,
    make_handover,
    make_person,
    make_worry,
)
from tests.rota_seeds import seed_shift

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

ANYBODY, LOGGING_IN, STAFF, NOBODY = {"anybody"}, {"logging in"}, {"staff"}, set[str]()
EVERY_ROLE = {"viewer", "reviewer", "duty", "lead", "admin"}
DOORS: dict[str, set[str]] = {
    "/staff/static/<path:filename>": ANYBODY,
    "/staff/login": LOGGING_IN,
    "/staff/tf-setup": LOGGING_IN,
    "/staff/tf-validate": LOGGING_IN,
    "/staff/mf-recovery": LOGGING_IN,
    "/staff/tf-setup/<token>": NOBODY,
    "/staff/tf-rescue": NOBODY,
    "/staff/tf-select": NOBODY,
    "/staff/forgotten": NOBODY,
    "/staff/logout": STAFF,
    "/staff/verify": STAFF,
    "/staff/change": STAFF,
    "/staff/mf-recovery-codes": STAFF,
    "/staff/<path:anything>": STAFF,
    "/staff/": EVERY_ROLE,
    "/staff/figures/": {"viewer", "reviewer", "lead"},
    "/staff/figures/<period>": {"viewer", "reviewer", "lead"},
    "/staff/figures/<period>/figures.<kind>": {"viewer", "reviewer", "lead"},
    "/staff/comments/": {"reviewer", "lead"},
    "/staff/comments/<comment_id>/words": {"reviewer", "lead"},
    "/staff/comments/<comment_id>/back": {"reviewer", "lead"},
    "/staff/quotes/": {"viewer", "reviewer", "lead"},
    "/staff/comments/<comment_id>/risk": {"reviewer", "lead"},
    "/staff/comments/<comment_id>/mark": {"reviewer", "lead"},
    "/staff/alerts/": {"duty", "lead"},
    "/staff/alerts/<alert_id>": {"duty", "lead"},
    "/staff/alerts/<alert_id>/acknowledge": {"duty", "lead"},
    "/staff/alerts/<alert_id>/chronology": {"duty", "lead"},
    "/staff/alerts/<alert_id>/outcome": {"duty", "lead"},
    "/staff/alerts/<alert_id>/outcome/take": {"duty", "lead"},
    "/staff/alerts/<alert_id>/handover": {"duty", "lead"},
    "/staff/alerts/<alert_id>/handover/take": {"duty", "lead"},
    "/staff/alerts/handovers/<handover_id>/receipt": {"duty", "lead"},
    "/staff/alerts/<alert_id>/take-over": {"duty", "lead"},
    "/staff/alerts/<alert_id>/reopen": {"duty", "lead"},
    "/staff/alerts/<alert_id>/everybody": {"duty", "lead"},
    "/staff/alerts/<alert_id>/merge": {"duty", "lead"},
    "/staff/alerts/<alert_id>/words": {"duty", "lead"},
    "/staff/alerts/<alert_id>/messages": {"duty", "lead"},
    "/staff/alerts/<alert_id>/mark": {"duty", "lead"},
    "/staff/alerts/<alert_id>/number": {"duty", "lead"},
    "/staff/alerts/<alert_id>/number/<reveal_id>": {"duty", "lead"},
    "/staff/alerts/<alert_id>/number/<reveal_id>/open": {"duty", "lead"},
    "/staff/numbers/": {"duty", "lead"},
    "/staff/numbers/<reveal_id>": {"duty", "lead"},
    "/staff/numbers/<reveal_id>/review": {"lead"},
    "/staff/drills/": {"duty", "lead", "admin"},
    "/staff/worries/<worry_id>": {"duty", "lead"},
    "/staff/worries/<worry_id>/outcome": {"duty", "lead"},
    "/staff/worries/<worry_id>/raise": {"duty", "lead"},
    "/staff/worries/<worry_id>/words": {"duty", "lead"},
    "/staff/rota/": {"duty", "lead", "admin"},
    "/staff/rota/shifts/<shift_id>": {"duty", "lead", "admin"},
    "/staff/rota/shifts/<shift_id>/swap": {"duty", "lead", "admin"},
    "/staff/rota/swaps/<swap_id>/yes": {"duty", "lead", "admin"},
    "/staff/rota/swaps/<swap_id>/no": {"duty", "lead", "admin"},
    "/staff/rota/shifts/<shift_id>/remove": {"lead", "admin"},
    "/staff/rota/new": {"lead", "admin"},
    "/staff/rota/import/": {"lead", "admin"},
    "/staff/rota/import/save": {"lead", "admin"},
    "/staff/rota/calendar": {"duty", "lead", "admin"},
    "/staff/rota/calendar/<feed>.ics": ANYBODY,
    "/staff/ways/": {"duty", "lead"},
    "/staff/ways/voice-code": {"duty", "lead"},
    "/staff/ways/<way_id>/code": {"duty", "lead"},
    "/staff/ways/<way_id>/prove": {"duty", "lead"},
    "/staff/ways/<way_id>/first": {"duty", "lead"},
    "/staff/ways/<way_id>/remove": {"duty", "lead"},
    "/staff/audit/": {"lead", "admin"},
    "/staff/people/": {"admin"},
    "/staff/people/<int:staff_id>/roles": {"admin"},
    "/staff/people/<int:staff_id>/disable": {"admin"},
    "/staff/people/<int:staff_id>/enable": {"admin"},
    "/staff/people/<int:staff_id>/second-factor": {"admin"},
}
PERSONAS: dict[str, tuple[str, ...]] = {
    "viewer": ("viewer",),
    "reviewer": ("reviewer",),
    "duty": ("duty",),
    "lead": ("lead",),
    "admin": ("admin",),
    "viewer and duty": ("viewer", "duty"),
    "reviewer and admin": ("reviewer", "admin"),
    "no role": (),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One app for all doors; whoever opens one of them changes nothing that the others need."""
    made = make_app_in(tmp_path_factory.mktemp("doors"))
    with made.app_context():
        db.session.add(FigureRow(period="2020-01", view="check-in/changed", cell="yes", shown=10))
        db.session.commit()
    yield made
    close(made)


def rules(app: Flask) -> list[str]:
    return sorted({str(rule) for rule in app.url_map.iter_rules() if str(rule).startswith("/staff")})


def filled(app: Flask, rule: str) -> str:
    """An address that exists, with rows that exist."""
    made = {
        "<path:filename>": lambda: "staff.css",
        "<token>": lambda: "x",
        "<path:anything>": lambda: "nowhere/at/all",
        "<period>": lambda: "2020-01",
        "<kind>": lambda: "csv",
        "<comment_id>": lambda: make_comment(app),
        "<alert_id>": lambda: make_alert(app),
        "<handover_id>": lambda: make_handover(app),
        "<worry_id>": lambda: make_worry(app),
        "<shift_id>": lambda: _a_shift(app),
        "<swap_id>": lambda: _a_swap(app),
        "<way_id>": lambda: "gone",
        "<reveal_id>": lambda: "gone",
        "<feed>": lambda: _a_feed(app),
        "<int:staff_id>": lambda: _id_of(app, make_person(app, "viewer", second_factor=False)),
    }
    for blank, make in made.items():
        if blank in rule:
            rule = rule.replace(blank, make())
    return rule


def _id_of(app: Flask, email: str) -> str:
    from tests.admin.app import find_person

    with app.app_context():
        return str(find_person(email).id)


def _a_shift(app: Flask) -> str:
    """A shift ahead of somebody new."""
    staff_id = int(_id_of(app, make_person(app, "duty", second_factor=False)))
    with app.app_context():
        shift_id = seed_shift(db.session(), staff_id, datetime.now(UTC) + timedelta(days=1))
        db.session.commit()
    return shift_id


def _a_swap(app: Flask) -> str:
    one, other = _a_shift(app), _a_shift(app)
    with app.app_context():
        swap_id = swaps.ask(db.session(), one, other, 0, datetime.now(UTC)).id
        db.session.commit()
    return swap_id


def _a_feed(app: Flask) -> str:
    """The secret end of a calendar's address of somebody new."""
    staff_id = int(_id_of(app, make_person(app, "duty", second_factor=False)))
    with app.app_context():
        token = proofs.new_feed(db.session(), staff_id)
        db.session.commit()
    return token


def outcome(visitor: Visitor, method: str, path: str) -> str:
    """What the door did: let in, sent to log in, refused; or nothing is there for this method."""
    answer = visitor.open(method, path)
    answer.close()
    where = (answer.location or "").removeprefix("http://localhost").partition("?")[0]
    if answer.status_code == 403:
        return "refused"
    if answer.status_code == 302 and where == "/staff/login":
        return "log in"
    if answer.status_code in {404, 405}:
        return "nothing"
    return "in"


def expected(app: Flask, rule: str, method: str, roles: tuple[str, ...] | None) -> str:
    doors = DOORS[rule]
    there = any(method in (each.methods or ()) for each in app.url_map.iter_rules() if str(each) == rule)
    if there and doors == ANYBODY:
        return "in"
    if there and doors == LOGGING_IN:
        return "in" if roles is None else "sent home"
    if roles is None:
        return "log in"
    if not there or rule == "/staff/<path:anything>":
        return "nothing"
    return "in" if doors == STAFF or doors & set(roles) else "refused"


def test_every_address_under_staff_has_its_line_in_the_table(house: Flask) -> None:
    assert rules(house) == sorted(DOORS)


def test_a_blueprint_that_the_table_does_not_know_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        staff_blueprint("surprise", "surprise")


@pytest.mark.parametrize("rule", sorted(DOORS))
def test_nobody_gets_in_without_logging_in(house: Flask, rule: str) -> None:
    """Without a login and with half of one: an address lets in who it is for, and sends the others to log in."""
    half = Visitor(house)
    half.get("/staff/login")
    half.post("/staff/login", {"email": make_person(house, "lead", "admin"), "password": PASSWORD})
    for visitor, method in itertools.product([Visitor(house), half], METHODS):
        visitor.get("/staff/mf-recovery" if visitor is half else "/staff/login")
        if DOORS[rule] == LOGGING_IN:
            assert visitor.open(method, rule).status_code in {200, 302, 429}
        else:
            assert outcome(visitor, method, filled(house, rule)) == expected(house, rule, method, None)


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_role_opens_its_own_pages_and_no_other(house: Flask, persona: str) -> None:
    roles, found, wrong = PERSONAS[persona], 0, []
    visitor = logged_in(house, *roles)
    for rule, method in itertools.product(sorted(DOORS), METHODS):
        if rule == "/staff/logout" and method == "POST":
            continue
        visitor.get("/staff/change")
        path, wanted = filled(house, rule), expected(house, rule, method, roles)
        answered = outcome(visitor, method, path)
        if wanted == "sent home":
            home = visitor.open(method, path)
            answered = "sent home" if home.status_code == 302 and home.location == "/staff/" else answered
        found += 1
        wrong += [f"{method} {rule}: {answered}, not {wanted}"] if answered != wanted else []
    assert wrong == []
    assert found == len(DOORS) * len(METHODS) - 1
    assert visitor.open("POST", "/staff/logout").location == "/staff/login"


def test_every_answer_carries_the_headers_that_keep_it_in(house: Flask) -> None:
    visitor = logged_in(house, *EVERY_ROLE)
    paths = ["/staff", "/staff/", "/staff/login", "/staff/nowhere", "/staff/people/", "/staff/alerts/x"]
    for someone, path in itertools.product([visitor, Visitor(house)], paths):
        answer = someone.get(path)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert answer.headers["Cache-Control"] == "no-store"


def test_no_page_holds_a_script_or_a_style_or_an_address_of_its_own(house: Flask) -> None:
    make_alert(house)
    visitor = logged_in(house, *EVERY_ROLE)
    for rule in (rule for rule in sorted(DOORS) if "<" not in rule):
        page = visitor.get(rule).get_data(as_text=True)
        assert not any(part in page for part in ("<script", "<style", " style=", "onclick", "http://", "https://"))
