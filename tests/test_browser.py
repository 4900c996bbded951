"""The browser that the other tests look through tells a good page from a bad one."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import PHONE, OpenContext, _refusals, _strangers, axe_violations, screenshot, serving

GOOD = ('<!doctype html><html lang="en"><title>Hello</title><main><h1>Hello</h1>'
        '<img src="/face.svg" alt="A face"></main></html>')
BAD = '<!doctype html><html><main><h1>Hello</h1><img src="/face.svg"></main></html>'


def _app(environ, start_response):
    body = {"/good": GOOD, "/bad": BAD}.get(environ["PATH_INFO"], "").encode()
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [body]


@pytest.fixture(scope="module")
def address():
    with serving(_app) as url:
        yield url


def test_axe_has_nothing_against_a_good_page(page: Page, address: str) -> None:
    page.goto(f"{address}/good")
    assert axe_violations(page) == []


def test_axe_names_the_rule_and_the_place_on_a_bad_page(page: Page, address: str) -> None:
    page.goto(f"{address}/bad")
    found = axe_violations(page)
    assert any(line.startswith("image-alt (critical)") and line.endswith("img") for line in found)
    assert any(line.startswith("html-has-lang") for line in found)


def test_every_visitor_comes_without_cookies(open_context: OpenContext, address: str) -> None:
    first, second = open_context(), open_context(**PHONE)
    first.add_cookies([{"name": "seen", "value": "1", "url": address}])
    assert [cookie["name"] for cookie in first.cookies()] == ["seen"]
    assert second.cookies() == []


def test_a_picture_is_kept_only_where_a_folder_is_named(page: Page, address: str, tmp_path: Path, monkeypatch) -> None:
    page.goto(f"{address}/good")
    monkeypatch.delenv("HEARD_SCREENSHOTS", raising=False)
    assert screenshot(page, "good") is None
    monkeypatch.setenv("HEARD_SCREENSHOTS", str(tmp_path / "pictures"))
    kept = screenshot(page, "good")
    assert kept is not None
    assert kept.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("url", "foreign"), [
    ("http://127.0.0.1:8000/chat/", False),
    ("http://localhost/", False),
    ("data:image/svg+xml,x", False),
    ("about:blank", False),
    ("https://cdn.example/a.js", True),
    ("https://127.0.0.1.example/a.js", True),
    ("wss://example.org/", True),
])
def test_a_request_to_another_machine_is_a_fault(url: str, foreign: bool) -> None:
    assert bool(_strangers(url)) is foreign


def test_only_a_refusal_by_the_content_security_policy_is_a_fault() -> None:
    assert _refusals("Refused to load: it violates the following Content Security Policy directive")
    assert not _refusals("Failed to load resource: the server responded with a status of 404")


def test_the_server_stops_with_its_block(browser: Browser) -> None:
    with serving(_app) as url:
        assert urllib.request.urlopen(f"{url}/good").status == 200
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{url}/good")
