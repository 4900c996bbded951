"""Whoever may read rows tries to put them together: by id, by order, by time, and by what is rare."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select

from conversations import retention, versions
from conversations.db import db
from conversations.models import AlertRow, ClosedDraftRow, CommentRow, ResponseRow
from conversations.script import load_all
from tests.admin.app import close, logged_in, make_alert, make_app_in, make_comment, make_responses, make_worry
from tests.attack.people import AREAS
from tests.attack.reading import Seen, read_all

ID = re.compile(r"\b[0-9a-f]{32}\b")
FORM = re.compile(r'name="csrf_token"[^>]*>')
PEOPLE = 60
TODAY = date(2026, 11, 24)


@pytest.fixture
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An app of its own."""
    made = make_app_in(tmp_path_factory.mktemp("singling"), areas=AREAS)
    yield made
    close(made)


def leave_drafts(app: Flask) -> list[str]:
    """People who each answered and wrote something, one after the other; gives what they wrote, in that order."""
    script, said = load_all()["check-in"], [f"words {number:02}" for number in range(PEOPLE)]
    with app.app_context():
        versions.keep(db.session(), script)
        for number, words in enumerate(said):
            made = random.Random(number)
            draft = {
                "month": "2026-11", "version": script.version, "language": "en", "ending": "finished",
                "area": AREAS[number % 3], "answers": {"listened": [str(1 + number % 5)]},
                "comments": [{"step": "would_help", "text": words, "id": f"{made.getrandbits(128):032x}", "link": ""}],
            }  # fmt: skip
            db.session.execute(insert(ClosedDraftRow).values(id=f"{number:032x}", draft=draft))
        retention.move_closed(db.session(), TODAY, random.Random(5))
        db.session.commit()
    return said


def read_as(app: Flask, *roles: str) -> Seen:
    return read_all(logged_in(app, *roles))


def test_no_page_of_any_role_shows_the_id_of_a_response(app: Flask) -> None:
    leave_drafts(app)
    make_alert(app)
    with app.app_context():
        responses = set(db.session.scalars(select(ResponseRow.id)))
        comments = set(db.session.scalars(select(CommentRow.id)))
        alerts = set(db.session.scalars(select(AlertRow.id)))
    assert len(responses) == len(comments) == PEOPLE
    assert not responses & comments | comments & alerts | responses & alerts
    shown = set(ID.findall("".join(read_as(app, "viewer", "reviewer", "duty", "lead", "admin").pages.values())))
    assert shown & comments
    assert shown & alerts
    assert not shown & responses


def test_neither_the_order_of_comments_nor_of_the_audit_lines_that_reading_them_leaves_says_who_came_first(
    app: Flask,
) -> None:
    said = leave_drafts(app)
    orders = []
    for _ in range(4):
        page = read_as(app, "reviewer").pages["/staff/comments/"]
        orders.append([said.index(words) for words in re.findall(r"words \d\d", page)])
    assert all(len(set(order)) == len(set(orders[0])) == 10 for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert not [order for order in orders if order in (sorted(order), sorted(order, reverse=True))]
    with app.app_context():
        responses = list(db.session.scalars(select(ResponseRow.area).order_by(ResponseRow.id)))
        by_id = [said.index(words) for words in db.session.scalars(select(CommentRow.text).order_by(CommentRow.id))]
    pairs = sum(area == AREAS[number % 3] for area, number in zip(responses, by_id, strict=True))
    assert pairs < PEOPLE / 2  # a third by chance


def test_a_page_of_comments_says_no_day_no_area_no_age_and_no_answer(app: Flask) -> None:
    leave_drafts(app)
    page = read_as(app, "reviewer").pages["/staff/comments/"].lower()
    for told in (*AREAS, "12-15", "12 to 15", "november", "2026", TODAY.isoformat(), str(TODAY + timedelta(days=3))):
        assert told not in page


def test_a_comment_in_a_rare_language_is_told_from_others_by_no_figure(app: Flask) -> None:
    make_responses(app, 40, "changed", "yes", "2026-05")
    make_responses(app, 1, "changed", "a_bit", "2026-05", language="gd", area="isles")
    make_comment(app, "facal no dhà", language="gd")
    seen = read_as(app, "reviewer", "viewer")
    assert not [form for forms in seen.forms.values() for form in forms.values() if b"gd" in form or b"Gaelic" in form]


WIDER = ("viewer", "reviewer")


@pytest.mark.parametrize("role", WIDER)
def test_nothing_that_a_role_without_duty_reads_changes_with_alerts_and_worries(app: Flask, role: str) -> None:
    """Counts of alerts are figures too: "1 alert is open" tells on a day on which one young person wrote."""
    visitor = logged_in(app, role)
    before = {path: FORM.sub("", page) for path, page in read_all(visitor).pages.items()}
    for _ in range(3):
        make_alert(app)
        make_worry(app)
    after = {path: FORM.sub("", page) for path, page in read_all(visitor).pages.items()}
    assert len(before) > 3
    assert after == before


def test_what_a_duty_worker_reads_does_change_with_them(app: Flask) -> None:
    visitor = logged_in(app, "duty")
    before = read_all(visitor).pages["/staff/"]
    make_alert(app)
    assert FORM.sub("", read_all(visitor).pages["/staff/"]) != FORM.sub("", before)


def test_whoever_keeps_accounts_reads_of_alerts_only_what_the_audit_says_that_staff_did(app: Flask) -> None:
    visitor = logged_in(app, "admin")
    before = {path: FORM.sub("", page) for path, page in read_all(visitor).pages.items()}
    make_alert(app)
    make_worry(app)
    after = {path: FORM.sub("", page) for path, page in read_all(visitor).pages.items()}
    assert after == before
