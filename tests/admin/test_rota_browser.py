"""The pages of the rota in a real browser: on a phone and on a desk, with axe, without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page

from conversations import proofs, swaps
from conversations.db import db
from tests.admin.app import close, find_person, make_app_in, make_person
from tests.admin.test_rota import event, ics
from tests.admin.test_staff_browser import SIZES, log_in, look
from tests.browser import OpenContext, serving
from tests.rota_seeds import seed_shift, seed_way

HOUSE = tuple[Flask, str, str]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HOUSE]:
    """A rota with a gap, an override and somebody out of reach, its address, and a lead who is on it."""
    folder, now = tmp_path_factory.mktemp("rota"), datetime.now(UTC)
    app = make_app_in(folder, voice_number="+441314960111")
    email = make_person(app, "duty", "lead", "admin", email="lorna@heard.example", name="Lorna Lead")
    names = ("Dougie Mackenzie", "Aileen Duty", "Mohammed Abdul-Rahman Featherstonehaugh")
    mails = [make_person(app, "duty", email=f"{name.split()[0].lower()}@heard.example", name=name) for name in names]
    make_person(app, "duty", email="new@heard.example", name="New Worker")
    with app.app_context():
        lorna, *others = (find_person(mail).id for mail in (email, *mails))
        for who in (lorna, *others[:2]):
            seed_way(db.session(), who)
        seed_way(db.session(), lorna, "email")
        for day in range(15):
            start = now + timedelta(days=day, hours=-3)
            seed_shift(db.session(), (lorna, *others)[day % 4], start)
            if day != 4:
                seed_shift(db.session(), others[day % 2], start + timedelta(hours=8), 16, "out_of_hours")
        proofs.add(db.session(), lorna, "voice", "0131 496 0000", now)
        proofs.claim(db.session(), "r" * 32, now)
        db.session.commit()
    with serving(app) as address:
        yield app, address, email
    close(app)


def opened(house: HOUSE, open_context: OpenContext, size: str) -> Page:
    page = open_context(**SIZES[size]).new_page()
    log_in(page, house)
    return page


@pytest.mark.parametrize("size", SIZES)
def test_the_rota_is_readable_on_a_phone_and_a_desk(
    house: HOUSE, open_context: OpenContext, size: str, tmp_path: Path
) -> None:
    page, address = opened(house, open_context, size), house[1]
    page.get_by_role("link", name="Rota", exact=True).first.click()
    look(page, size, "30-rota")
    page.get_by_role("link", name="Lorna Lead (you)").nth(1).click()
    look(page, size, "31-shift")
    page.get_by_role("button", name="Take this shift out").click()
    look(page, size, "32-shift-confirm")
    page.get_by_role("link", name="Leave it on the rota").click()
    page.goto(f"{address}/staff/rota/new")
    page.get_by_label("Who", exact=True).select_option(label="Aileen Duty")
    page.get_by_label("Time").nth(1).fill("08:00")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("It ends before it begins.").wait_for()
    look(page, size, "33-rota-new")
    page.goto(f"{address}/staff/rota/import/")
    for name, content in {
        "wrong": ics(event("a", "20291124", "SUMMARY:Nobody")),
        "right": ics(event(f"b{size}", "20291205", "SUMMARY:Aileen Duty", "RRULE:FREQ=WEEKLY;COUNT=3")),
    }.items():
        (tmp_path / "rota.ics").write_bytes(content)
        page.get_by_label("Calendar file").set_input_files(tmp_path / "rota.ics")
        page.get_by_role("button", name="Show me what it would add").click()
        look(page, size, f"34-import-{name}")
    page.goto(f"{address}/staff/rota/")
    page.get_by_role("button", name="Make an address").click()
    look(page, size, "35-feed")
    page.goto(f"{address}/staff/ways/")
    look(page, size, "36-ways")


@pytest.mark.parametrize("size", SIZES)
def test_a_swap_that_waits_is_seen_and_answered(house: HOUSE, open_context: OpenContext, size: str) -> None:
    app, address, email = house
    with app.app_context():
        lorna, aileen = find_person(email).id, find_person("aileen@heard.example").id
        start = datetime.now(UTC) + timedelta(days=40 if size == "phone" else 50)
        turns = enumerate((aileen, lorna))
        theirs, own = (seed_shift(db.session(), who, start + timedelta(days=n)) for n, who in turns)
        swaps.ask(db.session(), theirs, own, aileen, datetime.now(UTC))
        db.session.commit()
    page = opened(house, open_context, size)
    page.goto(f"{address}/staff/")
    look(page, size, "37-home-swap")
    page.get_by_role("link", name="1 colleague waits for your yes").click()
    look(page, size, "38-rota-swap")
    page.goto(f"{address}/staff/rota/shifts/{own}")
    look(page, size, "39-shift-swap")
    page.get_by_role("button", name="Yes, swap them").click()
    page.get_by_text("The shifts are swapped.").wait_for()
    assert page.get_by_text("yet to say yes").count() == 0


def test_a_shift_is_added_and_a_way_given_without_javascript(house: HOUSE, open_context: OpenContext) -> None:
    page, address = open_context(java_script_enabled=False, **SIZES["phone"]).new_page(), house[1]
    log_in(page, house)
    page.goto(f"{address}/staff/rota/")
    page.get_by_role("link", name="Add a shift").click()
    page.get_by_label("Who", exact=True).select_option(label="Aileen Duty")
    page.get_by_label("Day").nth(0).fill(f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}")
    page.get_by_label("Time").nth(0).fill("17:00")
    page.get_by_label("Time").nth(1).fill("23:30")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved: 1 shift.").wait_for()
    page.get_by_role("link", name="How we reach you").click()
    page.get_by_text("E-mail", exact=True).last.click()
    page.get_by_label("Number or address").fill("lorna@home.example")
    page.get_by_role("button", name="Send a code to it").click()
    page.get_by_text("A code is on its way. Type it in here").wait_for()
