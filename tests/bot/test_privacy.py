"""What young people are told about what we keep: where they find it, and how hard it is to read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from bot import doctor
from bot.channels.notice import Notice, notices
from bot.parts import Parts
from conversations.db import db
from conversations.script.reading import UNKIND_WORDS, grade, reading_faults, words_of
from tests.browser import PHONE, OpenContext, axe_violations, screenshot, serving
from wsgi import create_app

TAG = re.compile(r"<[^>]*>")
ROOT = Path(__file__).resolve().parents[2]
YOUNGER, OLDER = notices("Demo Council", "privacy@demo.example", 36)
# In the words of the law, which somebody who looks for help will be asked for.
NAMES = ("Information Commissioner",)


def texts(notice: Notice) -> list[str]:
    return [text for part in notice.parts for text in (part.heading, *part.texts)]


@pytest.fixture
def app_of(make_parts: Callable[..., Parts], sqlite_database_url: str) -> Any:
    made = []

    def app(**changes: Any) -> Any:
        parts = make_parts(sqlite_database_url)
        made.append(create_app(parts=replace(parts, settings=replace(parts.settings, **changes))))
        return made[-1]

    yield app
    for each in made:
        with each.app_context():
            db.engine.dispose()


@pytest.mark.parametrize("text", texts(YOUNGER))
def test_the_short_one_can_be_read_at_eight(text: str) -> None:
    assert reading_faults(text) == []
    assert grade(text) <= 4.0


@pytest.mark.parametrize("text", texts(OLDER))
def test_the_long_one_can_be_read_at_twelve(text: str) -> None:
    plain = text
    for name in NAMES:
        plain = plain.replace(name, "office")
    assert reading_faults(plain) == []


def test_both_are_as_easy_as_the_paper_says() -> None:
    page = (ROOT / "docs" / "privacy-notice.md").read_text()
    for notice in (YOUNGER, OLDER):
        whole = "\n".join(texts(notice))
        assert f"| {notice.heading} | {len(words_of(whole))} | {grade(whole):.1f} | {hardest(notice):.1f} |" in page


def hardest(notice: Notice) -> float:
    return max(grade(text) for text in texts(notice))


def test_the_short_one_is_short() -> None:
    assert len(words_of("\n".join(texts(YOUNGER)))) < 350


@pytest.mark.parametrize("hard", ["We utilise your words.", "Each child has a case.", "They get respite."])
def test_the_measure_says_no(hard: str) -> None:
    assert reading_faults(hard)


def test_the_paper_shows_what_the_page_shows() -> None:
    page = (ROOT / "docs" / "privacy-notice.md").read_text()
    for notice in notices("*your council*", "*whom to ask*", 36):
        for part in notice.parts:
            assert f"### {part.heading}\n" in page
        assert [text for text in texts(notice) if text not in page] == []


@pytest.mark.parametrize("path", ["/privacy", "/chat/privacy"])
def test_the_page_is_where_a_poster_and_the_chat_point_to(app_of: Any, path: str) -> None:
    client = app_of(partnership="Fife <b>Council</b>", privacy_contact="Ann on the help desk").test_client()
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code == 200
    assert answer.request.path == "/chat/privacy"
    said = answer.get_data(as_text=True)
    assert "<b>Council</b>" not in said
    seen = unescape(TAG.sub("", said))
    for notice in notices("Fife <b>Council</b>", "Ann on the help desk", 36):
        assert [text for text in (notice.heading, *texts(notice)) if text not in seen] == []
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_every_page_of_the_chat_leads_there(app_of: Any) -> None:
    client = app_of().test_client()
    for path in ("/chat/", "/chat/nothing", "/chat/privacy"):
        assert 'href="/chat/privacy"' in client.get(path).get_data(as_text=True)


def test_where_young_people_do_not_come_there_is_no_such_page(app_of: Any) -> None:
    client = app_of(faces=frozenset({"staff"})).test_client()
    assert client.get("/privacy").status_code == 404


def test_the_page_needs_no_database(app_of: Any, tmp_path: Path) -> None:
    client = app_of(database_url=f"sqlite:///{tmp_path}/nowhere/at/all.sqlite3").test_client()
    assert client.get("/chat/privacy").status_code == 200


def test_without_a_contact_it_is_any_worker_and_the_doctor_says_so(make_parts: Callable[..., Parts]) -> None:
    settings = make_parts("sqlite://").settings
    younger, _ = notices("Demo Council", "", 36)
    assert "any worker at Demo Council" in "\n".join(texts(younger))
    assert doctor.NOBODY_TO_ASK in doctor.reminders(settings)
    assert doctor.NOBODY_TO_ASK not in doctor.reminders(replace(settings, privacy_contact="x"))


def test_no_word_that_sets_young_people_apart_is_in_either() -> None:
    for notice in (YOUNGER, OLDER):
        spaced = f" {' '.join(words_of(' '.join(texts(notice))))} "
        assert [word for word in UNKIND_WORDS if f" {word} " in spaced] == []


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(PHONE, id="phone"),
        pytest.param({**PHONE, "color_scheme": "dark"}, id="dark"),
        pytest.param({**PHONE, "locale": "ar"}, id="arabic"),
        pytest.param({"viewport": {"width": 1280, "height": 800}}, id="desktop"),
    ],
)
def test_it_reads_well_on_every_screen(
    app_of: Any, open_context: OpenContext, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    with serving(app_of(partnership="Demo Council")) as url:
        page = open_context(**look).new_page()
        page.goto(f"{url}/chat/")
        page.click('footer a[href="/chat/privacy"]')
        page.wait_for_selector(".privacy")
        screenshot(page, f"privacy-{request.node.callspec.id}")
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.click("main > p a")
        page.wait_for_selector("main .main")


@pytest.mark.parametrize(("months", "said"), [(36, "three years"), (1, "a month"), (18, "18 months"), (12, "a year")])
def test_it_says_how_long_answers_are_kept_here(months: int, said: str) -> None:
    for notice in notices("Demo Council", "", months):
        assert any(said in text for text in texts(notice))
