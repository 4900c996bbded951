"""What a young person wrote and the number that they left are nowhere in what a browser keeps on the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, sync_playwright

from bot.parts import Parts
from conversations.db import db
from tests.browser import ARGUMENTS, chromium_path, serving
from tests.faults.canary import COMMENT_WORD, NEVER_IN_LOGS, RISK, SENDER, files, hits
from wsgi import create_app

COMMENT = f"nobody asked about my {COMMENT_WORD}"


@pytest.fixture
def site(make_parts: Callable[..., Parts], sqlite_database_url: str) -> Iterator[Flask]:
    app = create_app(parts=make_parts(sqlite_database_url))
    app.config["CHAT_AWAY"] = "about:blank"
    yield app
    with app.app_context():
        db.engine.dispose()


@contextmanager
def profile(folder: Path, **options: Any) -> Iterator[Page]:
    """A browser as somebody has it at home, with a folder for all that it remembers."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=chromium_path(), args=list(ARGUMENTS), **options
        )
        context.set_default_timeout(10_000)
        yield context.pages[0]
        context.close()


def kept(folder: Path) -> list[str]:
    found = files(folder)
    assert len(found) > 20, "this is no profile"
    return [hit for path in found for hit in hits(path, NEVER_IN_LOGS)]


def begin(page: Page, address: str) -> None:
    page.goto(address)
    if page.locator("[type=radio]").count():
        page.check("[type=radio][value=after-meeting]")
    page.click("main .main")
    page.wait_for_selector(".ways")


def write(page: Page, words: str, *, send: bool = True) -> None:
    if not page.locator("#words").is_visible():
        page.click(".own summary")
    page.locator("#words").press_sequentially(words)
    if send:
        page.click(".writing .main")
        page.wait_for_load_state()


@pytest.mark.parametrize("leaving", ["by_the_button", "by_closing", "by_going_back"])
@pytest.mark.parametrize("scripts", [True, False], ids=["with_scripts", "without"])
def test_a_profile_holds_nothing_of_what_was_written(site: Flask, tmp_path: Path, leaving: str, scripts: bool) -> None:
    folder = tmp_path / "profile"
    with serving(site) as url, profile(folder, java_script_enabled=scripts) as page:
        begin(page, f"{url}/chat/")
        write(page, COMMENT)
        write(page, RISK)
        page.fill("#number", SENDER)
        page.click("form.reach button")
        page.wait_for_load_state()
        write(page, f"{RISK} {SENDER}", send=False)
        if leaving == "by_the_button":
            page.click(".leave")
        if leaving == "by_going_back":
            page.go_back()
            page.goto(f"{url}/healthz")
    assert kept(folder) == []
    assert any(b"/chat/" in path.read_bytes() for path in files(folder)), "the search finds what is there"


def test_of_a_page_that_may_be_kept_it_would_have_found_the_words(tmp_path: Path) -> None:
    def careless(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html"), ("Cache-Control", "max-age=3600")])
        return [f"<!doctype html><title>x</title><p>{RISK} {environ['PATH_INFO']}".encode()]

    folder = tmp_path / "profile"
    with serving(careless) as url, profile(folder) as page:
        page.goto(f"{url}/{COMMENT_WORD}")
        page.goto(f"{url}/other")
    found = kept(folder)
    assert any("zanzibarquince" in each for each in found), "the cache"
    assert any(COMMENT_WORD in each for each in found), "the history"
