"""A real Chromium for the tests: fresh pages, accessibility rules, screenshots, and no request beyond this machine."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync")
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
LOCAL = ("127.0.0.1", "localhost", "::1")

OpenContext = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a test module. Not one a session: while it lives, playwright's event loop runs in this thread, and
    whatever calls `asyncio.run` in it is refused.
    """
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def open_context(browser: Browser) -> Iterator[OpenContext]:
    """Opens a visitor of their own, with playwright's options (`**PHONE`, `java_script_enabled=False`, `locale="ar"`).

    At the end no visitor may have asked another machine for anything, nor have met our own content security policy.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def opened(**options: Any) -> BrowserContext:
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)
        context.on("request", lambda request: faults.extend(_strangers(request.url)))
        context.on("console", lambda message: faults.extend(_refusals(message.text)))
        contexts.append(context)
        return context

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def page(open_context: OpenContext) -> Page:
    """A page of a visitor who has never been here."""
    return open_context().new_page()


def chromium_path() -> str:
    """Where the system's Chromium is; fails with the line that installs it."""
    wanted = (os.environ.get("HEARD_CHROMIUM"), *NAMES)
    found = next(filter(None, (shutil.which(name) for name in wanted if name)), None)
    if found is None:
        pytest.fail("Chromium is missing. Install it: sudo apt-get install -y chromium", pytrace=False)
    return found


def axe_violations(page: Page, **options: Any) -> list[str]:
    """What axe holds against the page as it stands, one line a rule and place; `options` go to axe.run."""
    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [f"{rule['id']} ({rule['impact']}): {rule['help']}: {' '.join(map(str, node['target']))}"
            for rule in found for node in rule["nodes"]]


def screenshot(page: Page, name: str) -> Path | None:
    """Keeps a picture of the whole page in the folder that HEARD_SCREENSHOTS names; without it, does nothing."""
    folder = os.environ.get("HEARD_SCREENSHOTS")
    if not folder:
        return None
    path = Path(folder) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True)
    return path


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serves a WSGI app on a free loopback port for as long as the block lasts; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="serving")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _strangers(url: str) -> list[str]:
    parts = urlsplit(url)
    return [url] if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in LOCAL else []


def _refusals(text: str) -> list[str]:
    return [text] if "Content Security Policy" in text else []
