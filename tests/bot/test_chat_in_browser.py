"""The web chat in a real Chromium: with and without JavaScript, by thumb, by keyboard, and on the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select

from bot import relay
from bot.parts import Parts
from conversations import relays
from conversations.db import db
from conversations.models import AlertRow
from conversations.templates import Draft
from tests.browser import PHONE, OpenContext, axe_violations, screenshot, serving
from tests.fakes import Clock
from tests.faults.serving import wait_for
from tests.seeds import worker_contacts
from wsgi import create_app

SECRET = "a thing that nobody else may read"
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
STORED = """async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,
    (await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length]"""


def _weather(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [b'<!doctype html><html lang="en"><title>Weather</title><h1>Weather</h1>']


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """Another site, of another origin, where nothing is known of us."""
    with serving(_weather) as url:
        yield url.replace("127.0.0.1", "localhost")


@pytest.fixture
def site(make_parts: Callable[..., Parts], sqlite_database_url: str, elsewhere: str) -> Iterator[Flask]:
    app = create_app(parts=make_parts(sqlite_database_url))
    app.config["CHAT_AWAY"] = f"{elsewhere}/weather"
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def address(site: Flask) -> Iterator[str]:
    with serving(site) as url:
        yield f"{url}/chat/"


@pytest.fixture
def open_chat(open_context: OpenContext, address: str) -> Callable[..., Page]:
    """Opens the chat as somebody of their own; what the page logs as an error fails the test."""

    def opened(**options: Any) -> Page:
        page = open_context(**options).new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(address)
        return page

    return opened


def _begin(page: Page, script: str = "after-meeting") -> None:
    if page.locator("[type=radio]").count():
        page.check(f"[type=radio][value={script}]")
    page.click("main .main")
    page.wait_for_selector(".ways")


def _answer(page: Page) -> None:
    """Answer whatever is asked, as a thumb would."""
    if page.locator(".answers [type=checkbox]").count():
        page.locator(".answers [type=checkbox]").first.check()
        page.click(".answers .main")
    elif page.locator(".answers").count():
        page.locator(".answers button").first.click()
    else:
        page.fill("#words", "more time to think")
        page.click(".writing .main")
    page.wait_for_load_state()


def _looks_right(page: Page, name: str) -> None:
    screenshot(page, name)
    assert axe_violations(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    assert page.url.split("/chat/")[1] in ("", "reach")


def _pictured(page: Page, name: str) -> None:
    screenshot(page, name)
    assert page.url.split("/chat/")[1] in ("", "reach"), "no number in an address"


def _language(page: Page) -> str:
    return str(page.get_attribute("html", "lang"))


@pytest.mark.parametrize("look", [
    pytest.param(PHONE, id="phone"),
    pytest.param({**PHONE, "color_scheme": "dark"}, id="dark"),
    pytest.param({**PHONE, "locale": "ar"}, id="arabic"),
    pytest.param(DESKTOP, id="desktop"),
    pytest.param({**DESKTOP, "forced_colors": "active"}, id="forced-colours"),
])
def test_a_whole_conversation_is_accessible_and_keeps_nothing(
    open_chat: Callable[..., Page], look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    page, name = open_chat(**look), request.node.callspec.id
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    caching = []
    page.on("response", lambda response: caching.append(response.headers.get("cache-control")))
    _looks_right(page, f"{name}-start")
    arabic = _language(page) == "ar"
    _begin(page, "check-in" if arabic else "my-plan")  # the latter asks in every way there is
    assert _language(page) == ("ar" if arabic else "en")
    for number in range(12):
        _looks_right(page, f"{name}-{number}")
        if not page.locator(".ways").count():
            break
        _answer(page)
    assert not page.locator(".ways").count()
    assert errors == []
    assert set(caching) == {"no-store"}
    assert page.evaluate(STORED) == [0, 0, 0, 0, 0]
    assert [(each["name"], each["expires"], each["httpOnly"], each["sameSite"]) for each in page.context.cookies()] == [
        ("heard", -1, True, "Lax")
    ]


def test_the_rarer_pages_are_accessible_as_well(open_chat: Callable[..., Page], clock: Clock, address: str) -> None:
    page = open_chat(**PHONE)
    _begin(page)
    page.click(".own summary")
    page.fill("#words", "blether blether blether")
    _looks_right(page, "own-words")
    page.click(".own .main")
    _looks_right(page, "asked-again")
    page.locator("footer summary").last.click()
    page.click("footer details[open] button")
    _looks_right(page, "delete")
    page.click(".aside .main")
    page.click(".own summary")
    page.fill("#words", "my stepdad hits me every night")
    page.click(".own .main")
    _looks_right(page, "concern")
    clock.forward(minutes=40)
    page.goto(address)
    _looks_right(page, "carry-on")
    page.click(".aside .main")
    page.fill("#words", SECRET)
    page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach((each) => (each.value = 'old'))")
    page.click(".writing .main")
    _looks_right(page, "old-page")
    assert page.input_value("#words") == SECRET
    page.goto(f"{address}nothing")
    assert axe_violations(page) == []


@pytest.mark.parametrize("look", [
    pytest.param(PHONE, id="phone"),
    pytest.param({**PHONE, "color_scheme": "dark"}, id="dark"),
    pytest.param({**PHONE, "locale": "ar", "java_script_enabled": False}, id="arabic-without-javascript"),
    pytest.param({**DESKTOP, "java_script_enabled": False}, id="desktop-without-javascript"),
    pytest.param({**DESKTOP, "forced_colors": "active"}, id="forced-colours"),
])
def test_somebody_who_is_not_safe_can_leave_a_number(
    open_chat: Callable[..., Page], look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    page, name = open_chat(**look), request.node.callspec.id
    scripted = look.get("java_script_enabled", True)
    looks = _looks_right if scripted else _pictured
    _begin(page, "check-in")
    page.click(".own summary")
    page.fill("#words", "im really sad all the time")
    page.click(".own .main")
    page.wait_for_selector(".answers.list button >> nth=2")
    looks(page, f"{name}-safe")
    page.click(".answers.list button >> nth=1")
    page.wait_for_selector("#number")
    looks(page, f"{name}-resting")
    page.fill("#number", "07700 900")
    page.click(".reach button")
    page.wait_for_selector(".notice")
    looks(page, f"{name}-wrong-number")
    assert page.input_value("#number") == ""
    page.fill("#number", "07700 900731")
    page.click(".reach button")
    page.wait_for_selector("p.reach")
    looks(page, f"{name}-left")
    assert "731" not in page.content()
    assert page.locator("#number").count() == 0
    page.fill("#words", SECRET)
    page.click(".writing .main")
    page.wait_for_load_state()
    assert SECRET not in page.content()


@pytest.mark.parametrize("look", [
    pytest.param(PHONE, id="phone"),
    pytest.param({**PHONE, "locale": "ar"}, id="arabic"),
    pytest.param({**DESKTOP, "java_script_enabled": False}, id="desktop-without-javascript"),
])
def test_b44_who_comes_back_reads_what_a_duty_worker_wrote(
    open_chat: Callable[..., Page], site: Flask, address: str, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    page, name = open_chat(**look), request.node.callspec.id
    _begin(page, "check-in")
    page.click(".own summary")
    page.fill("#words", "stop him hurting me")
    page.click(".own .main")
    page.wait_for_selector("#number")
    with site.app_context():
        parts: Parts = site.extensions["heard"]
        alert_id, key = db.session.scalars(select(AlertRow.id)).one(), parts.keys.of_day(parts.clock())
        draft = Draft("Hi, I am Ana. Thank you for telling us.\nIn danger now? Call 999. <b>Are you alone?</b>")
        relays.write(db.session(), alert_id, relays.Written("a" * 32, "Ana Reid", draft, key), parts.clock())
        relay.send_due(db.session(), parts, worker_contacts(parts))
    page.goto(address)
    page.get_by_text("<b>Are you alone?</b>").wait_for()
    assert page.locator(".letters a[href='tel:999']").count() == 1
    (_looks_right if look.get("java_script_enabled", True) else _pictured)(page, f"{name}-letter")
    page.click(".leave")
    page.wait_for_url("**/weather")
    page.goto(address)
    assert page.locator(".letters").count() == 0


def test_a_whole_conversation_works_without_javascript(open_chat: Callable[..., Page]) -> None:
    page = open_chat(**PHONE, java_script_enabled=False)
    _begin(page)
    for _ in range(12):
        if not page.locator(".ways").count():
            break
        _answer(page)
    assert page.inner_text("h1") == "Thank you"


def test_a_question_with_faces_fits_on_one_small_screen(open_chat: Callable[..., Page]) -> None:
    page = open_chat(**PHONE)
    _begin(page)
    page.click(".ways [value=skip]")
    page.wait_for_selector(".scale")
    for each in [*page.locator(".scale button").all(), *page.locator(".ways button").all(), page.locator("h1")]:
        box = each.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 844
    assert all(each.bounding_box()["height"] >= 44 for each in page.locator("button:visible, summary:visible").all())


def _has_focus(page: Page, selector: str) -> bool:
    return bool(page.evaluate("(selector) => document.activeElement.matches(selector)", selector))


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        if _has_focus(page, selector):
            return
    pytest.fail(f"no Tab leads to {selector}")


def _answer_by_keyboard(page: Page) -> None:
    _tab_to(page, "main button:not([data-read]), main input, main textarea")
    if _has_focus(page, "textarea"):
        page.keyboard.type("a few words")
        _tab_to(page, ".main")
    elif _has_focus(page, "[type=checkbox]"):
        page.keyboard.press("Space")
        _tab_to(page, ".main")
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("script", ["after-meeting", "my-plan"])
def test_everything_can_be_done_by_keyboard(open_chat: Callable[..., Page], script: str) -> None:
    page = open_chat(**DESKTOP)
    _tab_to(page, "[type=radio]")
    while not page.is_checked(f"[value={script}]"):
        page.keyboard.press("ArrowDown")
    _tab_to(page, "main button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ways")
    for _ in range(12):
        page.wait_for_selector("h1:focus, .said:focus")  # reading begins at what is new
        if not page.locator(".ways").count():
            break
        _answer_by_keyboard(page)
    assert page.inner_text("h1") == "Thank you"


def test_a_screen_reader_hears_the_new_question_and_what_we_said(open_chat: Callable[..., Page]) -> None:
    page = open_chat(**DESKTOP)
    _begin(page)
    page.click(".own summary")
    page.fill("#words", "blether blether blether")
    page.click(".own .main")
    page.wait_for_selector("#said")
    tree = page.locator("body").aria_snapshot()
    parts = ("banner", "Leave now", "main", "log", "heading", 'button "Skip"', "contentinfo")
    order = [tree.index(part) for part in parts]
    assert order == sorted(order)
    assert page.get_attribute("h1:focus", "aria-describedby") == "said"
    assert "did not get that" in page.inner_text("#said")
    assert page.get_attribute("#said", "aria-live") == "off"


# --- leaving ----------------------------------------------------------------------------------------------------------


def _is_away(page: Page, elsewhere: str) -> None:
    page.wait_for_url(f"{elsewhere}/**")
    assert page.title() == "Weather"


def _finds_nothing(page: Page, address: str) -> None:
    """Going back, as somebody who looks over the phone would, shows no word of what was said."""
    wait_for(lambda: not _cookies_of(page.context, address), seconds=5)  # the page is gone before the server is told
    seen = 0
    for _ in range(6):
        page.go_back()
        if not page.url.startswith("http"):
            break
        seen += 1
        text = page.inner_text("body")
        assert SECRET not in text
        assert "Question" not in text
    assert seen


def _cookies_of(context: BrowserContext, address: str) -> list[Any]:
    return [each for each in context.cookies(address) if each["name"] == "heard"]


def _say_the_secret(page: Page) -> None:
    _begin(page)
    page.click(".own summary")
    page.fill("#words", SECRET)
    page.click(".own .main")
    page.wait_for_selector("#said")
    page.click(".own summary")
    page.fill("#words", SECRET)


@pytest.mark.parametrize("scripted", [True, False], ids=["javascript", "plain"])
def test_leave_now_leaves_nothing_behind(
    open_chat: Callable[..., Page], address: str, elsewhere: str, scripted: bool
) -> None:
    page = open_chat(**PHONE, java_script_enabled=scripted)
    _say_the_secret(page)
    page.click(".leave")
    _is_away(page, elsewhere)
    _finds_nothing(page, address)


@pytest.mark.parametrize("key", ["Escape", "Shift"])
def test_three_quick_presses_leave(open_chat: Callable[..., Page], address: str, elsewhere: str, key: str) -> None:
    page = open_chat(**DESKTOP)
    _say_the_secret(page)
    for _ in range(3):
        page.keyboard.press(key)
    _is_away(page, elsewhere)
    _finds_nothing(page, address)


@pytest.mark.parametrize("keys", [
    ["Escape", "Escape"],
    ["Shift", "Shift", "Escape"],
    ["Shift", "a", "Shift", "b", "Shift", "c"],
    ["Escape", "Tab", "Escape", "Escape"],
    ["Control", "Control", "Control"],
])
def test_other_presses_do_not(open_chat: Callable[..., Page], address: str, keys: list[str]) -> None:
    page = open_chat(**DESKTOP)
    _begin(page)
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert page.url == address
    assert page.locator(".ways").count()


def test_whoever_left_has_ended_it_on_the_server_too(
    open_chat: Callable[..., Page], address: str, elsewhere: str
) -> None:
    page = open_chat(**DESKTOP)
    _say_the_secret(page)
    cookies = page.context.cookies(address)
    page.click(".leave")
    _is_away(page, elsewhere)
    page.wait_for_timeout(300)
    page.context.add_cookies(cookies)
    page.goto(address)
    assert page.locator("[name=start]").count()


def test_a_double_tap_sends_once(open_chat: Callable[..., Page]) -> None:
    page = open_chat(**PHONE)
    _begin(page)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.evaluate("() => { const tap = document.querySelector('.answers button'); tap.click(); tap.click(); }")
    page.wait_for_selector("text=Question 2")
    assert len(posts) == 1


def test_words_added_after_the_first_tap_are_sent_too(open_chat: Callable[..., Page]) -> None:
    page = open_chat(**PHONE)
    _begin(page)
    stopped = page.evaluate("""() => {
        const box = document.querySelector("textarea"), stopped = [];
        document.addEventListener("submit", (event) => {
            stopped.push(event.defaultPrevented);
            event.preventDefault();
        });
        for (const words of ["no", "no", "no he hits me"]) {
            box.value = words;
            box.form.requestSubmit();
        }
        return stopped;
    }""")
    assert stopped == [False, True, False]


def test_twice_the_text_size_hides_nothing(open_chat: Callable[..., Page]) -> None:
    page = open_chat(viewport={"width": 640, "height": 400})
    _begin(page)
    page.set_viewport_size({"width": 320, "height": 256})
    _looks_right(page, "reflow")
    page.click(".ways [value=skip]")
    page.wait_for_selector(".scale")
    _looks_right(page, "reflow-scale")


ONE_VOICE = """
const heard = []; window.heard = heard;
window.SpeechSynthesisUtterance = function (text) { this.text = text; };
Object.defineProperty(window, "speechSynthesis", { value: {
  speaking: false, getVoices: () => [{ lang: "en-GB" }], addEventListener() {}, cancel() {},
  speak: (words) => heard.push([words.lang, words.text]) } });
"""


def test_reading_aloud_is_offered_where_there_is_a_voice_for_the_language(
    open_context: OpenContext, address: str
) -> None:
    page = open_context(**DESKTOP).new_page()
    page.add_init_script(ONE_VOICE)
    page.goto(address)
    _begin(page)
    page.click("[data-read]")
    assert page.evaluate("heard") == [["en-GB", "How old are you?\n8 to 11\n12 to 15\n16 or 17\n18 to 25"]]
    silent = open_context(locale="ar").new_page()
    silent.add_init_script(ONE_VOICE)
    silent.goto(address)
    silent.click("main .main")
    silent.wait_for_selector(".ways")
    assert not silent.locator("[data-read]").is_visible()
