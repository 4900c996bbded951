"""The pages about numbers in a real browser: a phone and a desk, axe, without JavaScript where it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from bot import jobs
from bot.desk import Desk
from bot.parts import Parts
from conversations import heartbeats, reveals
from conversations.breaking_glass import Reveal
from conversations.db import db
from conversations.duty_models import RevealRow
from conversations.staff_models import StaffRow
from tests.admin.app import Hands, close, make_app, make_person
from tests.admin.test_staff_browser import SIZES, log_in, look
from tests.browser import OpenContext, serving
from tests.seeds import NUMBER, seed_alert

House = tuple[Flask, str, str]


@pytest.fixture
def clock(hands: Hands) -> Hands:
    """One clock for the staff side and the worker."""
    return hands


@pytest.fixture
def worker(make_parts: Callable[..., Parts], sqlite_database_url: str) -> Parts:
    return make_parts(sqlite_database_url)


@pytest.fixture
def house(worker: Parts, hands: Hands, tmp_path: Path) -> Iterator[House]:
    """The staff side, its address, and a safeguarding lead."""
    app = make_app(worker.settings.database_url, hands, sealing_dir=tmp_path / "sealing", alarm_phone="+441632960001")
    email = make_person(app, "duty", "lead", email="lorna@heard.example", name="Lorna Lead")
    make_person(app, "duty", email="dougie@heard.example", name="Dougie Mackenzie")
    with serving(app) as address:
        yield app, address, email
    close(app)


def wishes(app: Flask, alert_id: str, now: datetime) -> None:
    """A colleague's wish that waits, one that they acted on alone, and what was before."""
    with app.app_context():
        dougie = db.session.scalars(select(StaffRow.id).where(StaffRow.name.startswith("Dougie"))).one()
        for alone, ago, reason in ((False, 5, "harm"), (True, 90, "danger"), (True, 3000, "find")):
            wish = Reveal(dougie, alone, now - timedelta(minutes=ago))
            reveals.ask(db.session(), wish, alert_id, "Dougie Mackenzie", reason)
        db.session.commit()


@pytest.mark.parametrize("size", SIZES)
def test_a_number_is_asked_for_opened_alone_and_shown_without_javascript(
    house: House, worker: Parts, open_context: OpenContext, size: str
) -> None:
    app, address, _ = house
    with app.app_context():
        alert_id = seed_alert(db.session(), worker)
    page = open_context(**SIZES[size], java_script_enabled=False).new_page()
    log_in(page, house)
    page.goto(f"{address}/staff/alerts/{alert_id}")
    page.get_by_role("link", name="I need the number itself").click()
    page.locator("summary").first.click()
    page.locator("label[for='alone-danger']").click()
    page.get_by_role("button", name="Open the number now").click()
    page.get_by_text("does not answer").wait_for()
    with app.app_context(), Desk() as desk:
        heartbeats.beat(db.session(), "urgent", datetime.now(UTC))
        db.session.commit()
        jobs.urgent_once(db.session(), worker, desk)
    page.get_by_text(NUMBER).wait_for()
    assert page.get_by_role("link", name=NUMBER).get_attribute("href") == f"tel:{NUMBER}"
    page.reload()
    assert page.get_by_text("no longer here").count() == 1


@pytest.mark.parametrize("size", SIZES)
def test_every_page_about_numbers_is_readable_on_a_phone_and_a_desk(
    house: House, worker: Parts, hands: Hands, open_context: OpenContext, size: str
) -> None:
    app, address, _ = house
    with app.app_context():
        alert_id = seed_alert(db.session(), worker)
    wishes(app, alert_id, hands())
    page = open_context(**SIZES[size]).new_page()
    log_in(page, house)
    page.goto(f"{address}/staff/alerts/")
    look(page, size, "n1-inbox")
    page.goto(f"{address}/staff/alerts/{alert_id}/number")
    page.locator("summary").first.click()
    page.locator("label[for='alone-danger']").click()
    page.get_by_role("button", name="Open the number now").click()
    look(page, size, "n5-worker-down")
    with app.app_context(), Desk() as desk:
        jobs.urgent_once(db.session(), worker, desk)
    page.get_by_text(NUMBER).wait_for()
    look(page, size, "n6-shown")
    hands.ahead = timedelta(minutes=6)
    page.goto(f"{address}/staff/numbers/")
    look(page, size, "n2-numbers")
    page.get_by_role("button", name="Yes, they need it").click()
    look(page, size, "n3-refused")
    page.goto(f"{address}/staff/alerts/{alert_id}/number")
    for summary in page.locator("summary").all():
        summary.click()
    look(page, size, "n4-number")
    with app.app_context():
        assert db.session.scalars(select(RevealRow).where(RevealRow.shown_at.is_not(None))).one().who == "Lorna Lead"
