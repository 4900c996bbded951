"""Every staff page in a real browser: on a phone and on a desk, with axe, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import update

from conversations import alerts, comments, drills, figures, keys
from conversations.db import db
from conversations.duty_models import AlarmRow
from conversations.models import AlertRow, AttemptRow, CommentRow
from conversations.script import load_all
from conversations.values import Level
from tests.admin.app import (
    PASSWORD,
    close,
    code_for,
    fill_opening,
    make_alert,
    make_app_in,
    make_comment,
    make_person,
    make_responses,
    make_worry,
)
from tests.browser import PHONE, OpenContext, axe_violations, screenshot, serving
from tests.seeds import acknowledge

DESK = {"viewport": {"width": 1280, "height": 800}}
SIZES = {"phone": PHONE, "desk": DESK}
EVERY_ROLE = ("viewer", "reviewer", "duty", "lead", "admin")
SAID = (
    "They let me finish what I was saying and Mrs Campbell wrote it down the way I said it.",
    "I liked that it was at the hub and not at school.",
    "Nobody told me what happens next. I asked two times.",
    "My worker Alan came with me to the meeting and I could say what I wanted for once, which never happens.",
    "fine i guess",
    "Chciałbym, żeby ktoś mi wytłumaczył ten plan.",
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, str, str]]:
    """The staff side with something on every page, its address, and somebody with every role."""
    folder = tmp_path_factory.mktemp("browser")
    keys.make_ahead(folder / "keys", folder / "sealing", datetime.now(UTC))
    app = make_app_in(folder, sealing_dir=folder / "sealing")
    email = make_person(app, *EVERY_ROLE, email="lorna@heard.example", name="Lorna Lead")
    make_person(app, "duty", email="dougie.mackenzie@heard.example", name="Dougie Mackenzie")
    make_person(app, "viewer", email="old@heard.example", name="Old Hand", active=False, second_factor=False)
    make_alert(app, Level.IMMEDIATE, ago=timedelta(minutes=3))
    make_alert(app, Level.CONCERN, ago=timedelta(hours=2), cannot_be_texted=True, channel="web")
    make_worry(app, due_in=timedelta(hours=27))
    make_worry(app, due_in=-timedelta(hours=20), reasons=["en-bullying", "en-low-mood"])
    make_worry(app, "same_day", due_in=timedelta(hours=3), reasons=["pl-sad", "not-covered"], cannot_be_texted=True)
    for said in SAID * 2 + SAID[:2]:
        make_comment(app, said, language="pl" if "Chc" in said else "en")
    for said in SAID[1:3]:
        make_comment(app, said, state="safe", sealed_link=None, link_expires_on=None)
    for code, number in (("yes", 41), ("a_bit", 23), ("nothing_yet", 12), ("not_asked", 4)):
        make_responses(app, number, "changed", code, age_band="12-15", area="north")
        make_responses(app, number, "changed", code, "2026-04", age_band="16-17")
        make_responses(app, number, "changed", code, "2026-06", area="south")
    with app.app_context():
        figures.close_due(db.session(), figures.plan_of(load_all().values(), ("north", "south")), datetime.now(UTC))
        make_drills(datetime.now(UTC))
        db.session.commit()
    with serving(app) as address:
        yield app, address, email
    close(app)


def make_drills(now: datetime) -> None:
    """A drill that went well, one that nobody took, an alarm that is over and one that rings."""
    for began in (now - timedelta(days=1), now - timedelta(hours=2)):
        drills.begin(db.session(), began)
        made = drills.latest(db.session())[0]
        db.session.execute(update(AttemptRow).where(AttemptRow.alert_id == made.id).values(sent_at=began, state="sent"))
        alerts.record(db.session(), made.id, began + timedelta(seconds=4), drills.DELIVERED, "Heard")
        if began < now - timedelta(hours=3):
            acknowledge(db.session(), made.id, "Dougie Mackenzie", began + timedelta(seconds=95))
        drills.close(db.session(), made, began + timedelta(hours=1), "the drill is over")
    rang = {"began_at": now - timedelta(hours=1), "told_at": now - timedelta(minutes=59)}
    ended = now - timedelta(minutes=20)
    db.session.add(AlarmRow(id="a", trouble="the front door does not answer", ended_at=ended, **rang))
    db.session.add(AlarmRow(id="b", trouble="nobody answered the drill", **rang))


def fresh_code(app: Flask, email: str) -> str:
    from tests.admin.app import find_person

    with app.app_context():
        find_person(email).tf_last_step = None
        db.session.commit()
    return code_for(app, email)


def log_in(page: Page, house: tuple[Flask, str, str]) -> None:
    app, address, email = house
    page.goto(f"{address}/staff/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Six digits from your authenticator app").fill(fresh_code(app, email))
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Hello Lorna").wait_for()


def look(page: Page, size: str, name: str) -> None:
    """No rule of axe broken, nothing wider than the screen, and a picture for whoever wants to look."""
    screenshot(page, f"{name}-{size}")
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    small = page.evaluate(
        "[...document.querySelectorAll('button, .ds_button, select')]"
        ".filter(e => e.offsetHeight && e.offsetHeight < 44).map(e => e.textContent.trim())"
    )
    assert small == []


@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_readable_on_a_phone_and_a_desk(
    house: tuple[Flask, str, str], open_context: OpenContext, size: str
) -> None:
    _, address, email = house
    page = open_context(**SIZES[size], java_script_enabled=True).new_page()
    page.goto(f"{address}/staff/login")
    look(page, size, "01-login")
    page.get_by_label("E-mail address").fill("stranger@heard.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Continue").click()
    look(page, size, "02-login-failed")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    look(page, size, "03-code")
    page.get_by_role("link", name="use a recovery code").click()
    look(page, size, "04-recovery")
    log_in(page, house)
    look(page, size, "05-home")
    paths = {"06-alerts": "alerts/", "10-comments": "comments/", "12-figures": "figures/2026-05", "13-audit": "audit/"}
    paths |= {"14-people": "people/", "15-recovery-codes": "mf-recovery-codes", "16-password": "change", "17-none": "x"}
    paths |= {"19-drills": "drills/", "10b-quotes": "quotes/", "12-quarter": "figures/2026-Q2"}
    for name, path in paths.items():
        page.goto(f"{address}/staff/{path}")
        look(page, size, name)
    page.goto(f"{address}/staff/people/")
    page.locator("summary").first.click()
    look(page, size, "18-people-open")
    page.goto(f"{address}/staff/comments/")
    page.get_by_text("What to look for").click()
    look(page, size, "10c-comments-what-to-look-for")
    page.goto(f"{address}/staff/comments/")
    page.locator(".cut").first.locator(".cut__word").nth(2).click()
    assert not page.get_by_role("button", name="safe to share").is_visible()
    look(page, size, "10d-comments-struck")
    page.get_by_role("link", name="Take words out").first.click()
    page.locator(".word").nth(2).click()
    look(page, size, "11-comment-words")
    page.goto(f"{address}/staff/comments/")
    page.get_by_role("link", name="Flag as risk").first.click()
    look(page, size, "11b-comment-risk")
    page.locator("summary").click()
    look(page, size, "11c-comment-mark")
    page.locator("button[value='immediate neglect']").click()
    page.get_by_text("is raised and the duty worker is being told").wait_for()
    look(page, size, "11d-comments-after-a-flag")
    page.goto(f"{address}/staff/alerts/")
    page.locator(".alert", has_text="A reviewer flagged a comment").get_by_role("link").first.click()
    look(page, size, "11e-flagged-alert")


@pytest.mark.parametrize("size", SIZES)
def test_an_alert_is_taken_read_and_closed_without_javascript(
    house: tuple[Flask, str, str], open_context: OpenContext, size: str
) -> None:
    app, address, _ = house
    make_alert(app, Level.IMMEDIATE, ago=timedelta(hours=3))
    page, pictured = open_context(**SIZES[size], java_script_enabled=False).new_page(), open_context(**SIZES[size])
    log_in(page, house)
    page.get_by_role("link", name="Alerts", exact=True).first.click()
    page.get_by_role("button", name="I am taking this one").first.click()
    page.get_by_text("You have taken this alert.").wait_for()
    page.get_by_role("button", name="Open the words for me").click()
    page.get_by_role("heading", name="Opening the words").wait_for()
    screenshot(page, f"08-waiting-{size}")
    fill_opening(app, ("concern", "he comes in my room at night"), ("immediate", "please can somebody come"))
    page.get_by_role("heading", name="The words of alert").wait_for()
    page.get_by_text("please can somebody come").wait_for()
    screenshot(page, f"09-words-{size}")
    page.get_by_role("link", name="Back to the alert").click()
    page.get_by_role("link", name="Say what was done").click()
    for answer in ("Where they live", "For now", "Social work", "Yes, they were told", "Social work takes it on",
                   "Passed to social work"):
        page.locator(f"label:text-is('{answer}')").click()
    page.get_by_label("What happened?").fill("Passed on at once.")
    page.get_by_role("button", name="Record it and close the alert").click()
    page.get_by_text("The outcome is recorded").wait_for()
    other = pictured.new_page()
    log_in(other, house)
    other.goto(f"{address}/staff/alerts/")
    other.get_by_role("button", name="I am taking this one").first.click()
    look(other, size, "07-alert")
    other.get_by_text("Was Heard wrong about this?").click()
    look(other, size, "07b-alert-mark")
    other.goto(f"{address}/staff/alerts/")
    look(other, size, "06b-alerts-after")


@pytest.mark.parametrize("size", SIZES)
def test_a_worry_is_read_and_an_alert_raised_from_it_without_javascript(
    house: tuple[Flask, str, str], open_context: OpenContext, size: str
) -> None:
    app, address, _ = house
    gone = {"sealed_words": None, "sealed_contact": None, "expires_at": None}
    make_worry(app, due_in=-timedelta(days=7), reasons=["uk-scared"])
    old = make_worry(app, due_in=-timedelta(days=6), **gone)
    page, pictured = open_context(**SIZES[size], java_script_enabled=False).new_page(), open_context(**SIZES[size])
    log_in(page, house)
    page.get_by_role("link", name="Alerts", exact=True).first.click()
    page.get_by_role("link", name="Scared (Ukrainian words)").first.click()
    other = pictured.new_page()
    log_in(other, house)
    other.goto(page.url)
    look(other, size, "20-worry")
    other.goto(f"{address}/staff/worries/{old}")
    look(other, size, "21-worry-gone")
    page.get_by_role("button", name="Open the words for me").click()
    page.get_by_role("heading", name="Opening the words").wait_for()
    fill_opening(app, ("same_day", "мені страшно вдома"))
    page.get_by_text("мені страшно вдома").wait_for()
    screenshot(page, f"22-worry-words-{size}")
    page.get_by_role("link", name="Back to this worry").click()
    page.get_by_text("Concern: somebody may be harmed").click()
    page.get_by_role("button", name="Raise the alert now").click()
    page.get_by_text("The alert is raised, and the duty contacts are being told.").wait_for()
    page.get_by_role("heading", name="Alert").first.wait_for()
    screenshot(page, f"23-worry-raised-{size}")
    other.goto(f"{address}/staff/worries/{old}")
    other.get_by_text("Passed to their worker").click()
    other.get_by_role("button", name="Record it and take it off the list").click()
    other.get_by_text("What was done is recorded").wait_for()
    other.goto(f"{address}/staff/worries/{old}")
    look(other, size, "24-worry-done")


def test_ten_comments_are_reviewed_with_the_keyboard_alone(
    house: tuple[Flask, str, str], open_context: OpenContext
) -> None:
    _, address, _ = house
    page = open_context(**DESK).new_page()
    log_in(page, house)
    page.goto(f"{address}/staff/comments/")
    page.get_by_role("checkbox").first.focus()
    for _ in range(10):
        page.keyboard.press("Space")
        for _link in ("take words out", "flag as risk", "the next comment"):
            page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("10 safe to share.").wait_for()


WORD = "wombatmarmalade"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("size", SIZES)
def test_a_word_goes_with_two_clicks_or_taps_also_without_javascript(
    house: tuple[Flask, str, str], open_context: OpenContext, size: str, script: bool
) -> None:
    app, address, _ = house
    comment_id = make_comment(app, f"it was the {WORD} in my unit", theme="two clicks")
    page = open_context(**SIZES[size], java_script_enabled=script).new_page()
    log_in(page, house)
    page.goto(f"{address}/staff/comments/?theme=two+clicks")
    press = "tap" if size == "phone" else "click"
    getattr(page.locator(".cut__word", has_text=WORD), press)()
    getattr(page.locator(".cut__do:visible"), press)()
    page.get_by_text("The words are gone for good.").wait_for()
    assert text_of_comment(app, comment_id) == "it was the [removed] in my unit"
    review(app, comment_id)


def test_a_word_goes_by_the_keyboard_with_two_presses_on_the_page_of_its_words(
    house: tuple[Flask, str, str], open_context: OpenContext
) -> None:
    app, address, _ = house
    comment_id = make_comment(app, f"it was the {WORD} in my unit", theme="two keys")
    page = open_context(**DESK, java_script_enabled=False).new_page()
    log_in(page, house)
    page.goto(f"{address}/staff/comments/?theme=two+keys")
    page.get_by_role("checkbox").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Take words out").wait_for()
    page.get_by_role("checkbox", name=WORD).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_text("The words are gone for good.").wait_for()
    assert text_of_comment(app, comment_id) == "it was the [removed] in my unit"
    review(app, comment_id)


@pytest.mark.parametrize("size", SIZES)
def test_doubtful_words_go_with_one_press_each_or_stay_with_one_tick_also_without_javascript(
    house: tuple[Flask, str, str], open_context: OpenContext, size: str
) -> None:
    app, address, _ = house
    said = "hope and big Al came to my panel at the drum, and nobody else asked me what i wanted"
    doubtful = [(0, "name"), (2, "name"), (3, "name"), (10, "place")]
    theme = f"doubts {size}"
    comment_id = make_comment(app, said, theme=theme, doubtful=doubtful)
    make_comment(app, "I liked that it was at the hub and not at school.", theme=theme)
    new = make_comment(app, "Nobody told me what happens next.", theme=theme, doubtful=None)
    page = open_context(**SIZES[size], java_script_enabled=False).new_page()
    log_in(page, house)
    page.goto(f"{address}/staff/comments/?theme=doubts+{size}")
    other = open_context(**SIZES[size], color_scheme={"phone": "dark", "desk": "light"}[size]).new_page()
    log_in(other, house)
    other.goto(page.url)
    look(other, size, "10e-comments-doubtful")
    other.goto(f"{address}/staff/comments/{comment_id}/words")
    look(other, size, "11f-comment-words-doubtful")
    press = "tap" if size == "phone" else "click"
    getattr(page.get_by_role("button", name="Take out “big Al”"), press)()
    page.get_by_text("The words are gone for good.").wait_for()
    assert text_of_comment(app, comment_id).startswith("hope and [removed] came to my panel at the drum,")
    page.get_by_role("checkbox", name="I have looked at the underlined words").check(force=True)
    getattr(page.get_by_role("button", name="The ticked ones are safe to share"), press)()
    page.get_by_text("1 safe to share.").wait_for()
    assert page.get_by_role("button", name="Take out").count() == 0
    review(app, new)


def text_of_comment(app: Flask, comment_id: str) -> str:
    with app.app_context():
        return db.session.get_one(CommentRow, comment_id).text


def review(app: Flask, comment_id: str) -> None:
    """Out of the way of the other tests."""
    with app.app_context():
        comments.mark_kept(db.session(), [comment_id])
        db.session.commit()


def test_the_first_thing_under_the_keyboard_skips_to_the_main_part(
    house: tuple[Flask, str, str], page: Page
) -> None:
    page.goto(f"{house[1]}/staff/login")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the main part"


@pytest.mark.parametrize("size", SIZES)
def test_an_alert_goes_the_whole_way_of_a_night(
    house: tuple[Flask, str, str], open_context: OpenContext, size: str
) -> None:
    """Taken, handed over, given no answer, reported with something missing, closed, opened again: light and dark."""
    app, address, _ = house
    alert_id = make_alert(app, Level.IMMEDIATE, ago=timedelta(hours=5))
    scheme = {"phone": "dark", "desk": "light"}[size]
    page = open_context(**SIZES[size], color_scheme=scheme).new_page()
    log_in(page, house)
    page.goto(f"{address}/staff/alerts/{alert_id}")
    look(page, size, "30-not-taken")
    page.get_by_role("button", name="I am taking this one").click()
    page.get_by_text("Another alert is of the same young person").click()
    page.get_by_text("I cannot do this alone").click()
    look(page, size, "31-taken")
    page.get_by_text("Hand it to a partner agency").click()
    page.get_by_role("link", name="Hand it over").click()
    page.get_by_label("Which agency?").fill("Women's Aid")
    page.get_by_role("button", name="Note that they were asked").click()
    page.get_by_text("until then the clock runs on").wait_for()
    page.get_by_role("button", name="Record that they have it").click()
    look(page, size, "32-handed-over")
    page.get_by_role("link", name="Say who at the agency has it.").click()
    page.get_by_label("Who there has it?").fill("Kim Reid")
    page.get_by_role("button", name="Record that they have it").click()
    page.get_by_text("Kim Reid at Women's Aid has had this alert").wait_for()
    page.get_by_role("link", name="Say what was done").click()
    look(page, size, "33-report")
    page.get_by_label("What happened?").fill("She is at her aunt's, and safe there tonight.")
    page.get_by_role("button", name="Record it and close the alert").click()
    page.get_by_text("6 answers are missing").wait_for()
    look(page, size, "34-report-with-gaps")
    page.get_by_role("link", name="Say who else has been told").click()
    for answer in ("With a worker, or at a place of safety", "For now", "A partner agency", "Yes, they were told",
                   "A partner agency takes it on", "Passed to a named partner agency"):
        page.locator(f"label:text-is('{answer}')").click()
    page.get_by_role("button", name="Record it and close the alert").click()
    page.get_by_text("The outcome is recorded").wait_for()
    page.goto(f"{address}/staff/alerts/{alert_id}")
    page.get_by_text("It must be opened again").click()
    look(page, size, "35-closed")
    page.get_by_role("link", name="A page to print").click()
    look(page, size, "36-chronology")
    page.emulate_media(media="print")
    screenshot(page, f"37-printed-{size}")
    assert pages_of(page.pdf(prefer_css_page_size=True)) == 1
    assert not page.locator(".top, .foot, .back").filter(visible=True).count()
    page.emulate_media(media="screen")
    page.goto(f"{address}/staff/alerts/")
    look(page, size, "38-inbox-after")


def pages_of(document: bytes) -> int:
    """How many sheets a PDF of Chromium has."""
    return len(re.findall(rb"/Type\s*/Page\b", document))


@pytest.mark.parametrize("size", SIZES)
def test_every_duty_page_is_readable_in_the_dark(
    house: tuple[Flask, str, str], open_context: OpenContext, size: str
) -> None:
    app, address, _ = house
    page = open_context(**SIZES[size], color_scheme="dark").new_page()
    log_in(page, house)
    look(page, size, "40-dark-home")
    drill = make_alert(app, Level.IMMEDIATE, ago=timedelta(minutes=2))
    with app.app_context():
        db.session.execute(update(AlertRow).where(AlertRow.id == drill).values(drill=True, late=True))
        db.session.commit()
    for name, path in {"alerts": "alerts/", "drill": f"alerts/{drill}", "comments": "comments/",
                       "figures": "figures/2026-05", "people": "people/", "audit": "audit/"}.items():
        page.goto(f"{address}/staff/{path}")
        look(page, size, f"41-dark-{name}")
