"""Figures of alerts: how many by level and how soon they were taken, of closed periods, protected like all others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from conversations import figures
from conversations.counting import count_alerts
from conversations.db import db
from conversations.models import AlertRow
from conversations.script import load_all
from tests.admin.app import Visitor, find_person, logged_in, make_person, make_raised, text_of

PLAN = figures.plan_of(load_all().values(), ("north", "south"))
NOW = datetime(2026, 7, 4, 8, 0, tzinfo=UTC)
MAY = datetime(2026, 5, 12, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def close(app: Flask, now: datetime = NOW) -> list[str]:
    with app.app_context():
        closed = figures.close_due(db.session(), PLAN, now)
        db.session.commit()
    return closed


def of_alerts(app: Flask, period: str) -> dict[str, dict[str, int]]:
    with app.app_context():
        found = figures.shown(db.session(), period)
        return {each.question: dict(each.parts.get("", {})) for each in found if each.script == figures.ALERTS}


def counted(app: Flask, month: str = "2026-05") -> dict[str, dict[str, int]]:
    with app.app_context():
        return {view: dict(each.counts) for view, each in count_alerts(db.session(), (month,)).items()}


def test_a_month_shows_alerts_by_level_and_by_how_soon_they_were_taken(app: Flask) -> None:
    make_raised(app, 9, MAY, level="concern", taken=[3 * MINUTE])
    make_raised(app, 14, MAY, level="immediate", taken=[8 * MINUTE])
    close(app)
    assert of_alerts(app, "2026-05") == {
        "level": {"concern": 10, "immediate": 15},
        "taken": {"within_5": 10, "within_15": 15, "within_60": 0, "later": 0},
    }
    page = text_of(logged_in(app, "viewer").get("/staff/figures/2026-05"))
    assert "How urgent were the alerts? Answer Alerts Immediate 15 60% Concern 10 40%" in page
    assert "How soon did somebody take them? Answer Alerts Within 5 minutes 10 40% After 5 to 15 minutes 15 60%" in page


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        ([timedelta()], "within_5"),
        ([5 * MINUTE], "within_5"),
        ([5 * MINUTE + timedelta(seconds=1)], "within_15"),
        ([15 * MINUTE], "within_15"),
        ([16 * MINUTE], "within_60"),
        ([60 * MINUTE], "within_60"),
        ([61 * MINUTE], "later"),
        ([], "later"),
        ([50 * MINUTE, 2 * MINUTE], "within_5"),  # given back and taken again: the first time counts
    ],
)
def test_what_counts_is_how_long_it_took_until_somebody_first_took_it(
    app: Flask, taken: list[timedelta], said: str
) -> None:
    make_raised(app, 1, MAY, taken=taken)
    assert counted(app)["taken"] == {said: 1}


def test_neither_drills_nor_joined_alerts_nor_those_that_the_lot_leaves_out_count(app: Flask) -> None:
    ids = make_raised(app, 2, MAY)
    make_raised(app, 3, MAY, drill=True)
    make_raised(app, 4, MAY, counted=False)
    with app.app_context():
        db.session.execute(update(AlertRow).where(AlertRow.id == ids[0]).values(merged_into=ids[1]))
        db.session.commit()
    assert counted(app)["level"] == {"concern": 1}


@pytest.mark.parametrize(
    ("raised", "month"),
    [
        (datetime(2026, 4, 30, 22, 59, 59, tzinfo=UTC), "2026-04"),  # summer time: midnight is at 23:00 UTC
        (datetime(2026, 4, 30, 23, 0, tzinfo=UTC), "2026-05"),
        (datetime(2026, 5, 31, 22, 59, 59, tzinfo=UTC), "2026-05"),
        (datetime(2026, 5, 31, 23, 0, tzinfo=UTC), "2026-06"),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "2026-12"),
        (datetime(2027, 1, 1, tzinfo=UTC), "2027-01"),
    ],
)
def test_an_alert_belongs_to_the_month_in_which_it_was_raised_here(app: Flask, raised: datetime, month: str) -> None:
    make_raised(app, 1, raised)
    months = ("2026-04", "2026-05", "2026-06", "2026-12", "2027-01")
    assert [each for each in months if counted(app, each)["level"]] == [month]


def test_fewer_than_ten_are_withheld_and_look_like_none(app: Flask) -> None:
    make_raised(app, 9, MAY)
    close(app)
    nothing = {"level": {}, "taken": {}}
    assert of_alerts(app, "2026-05") == of_alerts(app, "2026-06") == of_alerts(app, "2026-Q2") == nothing


def test_the_months_that_are_withheld_are_shown_together_in_their_quarter_and_no_other(app: Flask) -> None:
    make_raised(app, 30, MAY, level="immediate")
    for month in (4, 6):
        make_raised(app, 9, MAY.replace(month=month))
    close(app)
    assert of_alerts(app, "2026-05")["level"] == {"concern": 0, "immediate": 30}
    assert of_alerts(app, "2026-Q2")["level"] == {"concern": 20, "immediate": 0}


def test_a_quarter_of_which_each_month_is_shown_says_nothing_more(app: Flask) -> None:
    for month in (4, 5, 6):
        make_raised(app, 12, MAY.replace(month=month))
    close(app)
    assert of_alerts(app, "2026-Q2") == {}


def test_a_second_view_that_would_give_a_number_of_the_first_away_is_withheld_for_good(app: Flask) -> None:
    """17 + 12 + 12 + 12 are at most 53, and 53 by level is at least 53: so nobody's was immediate."""
    for number, waited in ((17, 1), (12, 10), (12, 20), (12, 90)):
        make_raised(app, number, MAY, taken=[waited * MINUTE])
    close(app)
    assert of_alerts(app, "2026-05") == {"level": {"concern": 55, "immediate": 0}, "taken": {}}
    assert of_alerts(app, "2026-Q2") == {"level": {}, "taken": {}}


def test_what_happens_to_an_alert_later_changes_no_closed_figure(app: Flask) -> None:
    make_raised(app, 12, MAY)
    close(app)
    before = of_alerts(app, "2026-05")
    make_raised(app, 40, MAY, level="immediate")
    close(app)
    assert of_alerts(app, "2026-05") == before


def test_a_month_is_closed_an_hour_after_its_end_whether_or_not_there_was_an_alert(app: Flask) -> None:
    ends = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    make_raised(app, 1, datetime(2026, 11, 3, tzinfo=UTC))
    assert "2026-12" not in close(app, ends + timedelta(hours=1))
    assert "2026-12" in close(app, ends + timedelta(hours=1, seconds=1))


def test_whoever_is_limited_to_an_area_reads_none_of_it(sqlite_app: Flask) -> None:
    for month in (4, 6):
        make_raised(sqlite_app, 9, MAY.replace(month=month))
    close(sqlite_app)
    email = make_person(sqlite_app, "viewer")
    assert "Alerts" in text_of(logged_in(sqlite_app, "viewer").get("/staff/figures/2026-Q2"))
    with sqlite_app.app_context():
        find_person(email).area = "north"
        db.session.commit()
    visitor = Visitor(sqlite_app)
    visitor.log_in(email)
    page = visitor.get("/staff/figures/2026-Q2")
    assert page.status_code == 200
    assert "How urgent" not in text_of(page)
