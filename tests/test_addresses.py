"""No address of ours can hold what somebody wrote: a proxy, a browser's history and a referrer keep addresses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

ROOT = Path(__file__).resolve().parent.parent
# Each word that an address of ours may carry after its question mark, and what may stand behind it.
CARRIED = {
    "k": "a keyword and an area, off a link of ours",
    "script": "one of a list", "theme": "one of a list",
    "before": "the number of a line of the audit",
    "from": "a date",
    "opening": "a random id",
    "turn": "how often a page was drawn anew",
    "attempt": "a random id", "tries": "a count",
    "next": "an address of ours, checked by Flask-Security",
}  # fmt: skip
READERS = re.compile(r"\brequest\.(?:args|values)(?:\.get\(|\[)\s*f?[\"'](\w+)")
CONVERTED = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
# What may stand in the path itself: ids and references that we made, and names from lists of ours.
IN_THE_PATH = {
    "period": "a month or a quarter",
    "kind": "csv, xlsx or json", "feed": "the random word of somebody's calendar of the rota",
    "anything": "what is not there: answered with 404 and kept nowhere",
}  # fmt: skip


def sources(*endings: str) -> list[Path]:
    found = [path for package in ("bot", "admin") for end in endings for path in (ROOT / package).rglob(end)]
    return [path for path in found if not {"simulator", "demo"} & {*path.relative_to(ROOT).parts}]


def read_from_addresses() -> Iterator[str]:
    for path in sources("*.py", "*.html"):
        yield from READERS.findall(path.read_text(encoding="utf-8"))


def test_addresses_carry_these_words_and_no_other() -> None:
    assert set(read_from_addresses()) | {"script", "theme"} == set(CARRIED), "say what may stand behind it"


def test_a_form_that_writes_its_fields_into_the_address_has_no_field_to_write_in() -> None:
    forms = [
        form
        for path in sources("*.html")
        for form in re.findall(r"<form\b[^>]*>.*?</form>", path.read_text(encoding="utf-8"), re.DOTALL)
        if "post" not in (re.search(r"method=\"(\w+)\"", form) or [form, ""])[1]
    ]
    assert forms, "the list of comments is filtered by one"
    for form in forms:
        assert not re.search(r"<textarea|<input(?![^>]*type=\"(?:hidden|radio|checkbox|submit|date)\")", form), form


@pytest.mark.parametrize("path", sources("*.py"), ids=lambda path: path.name)
def test_what_a_path_may_hold_is_an_id_of_ours(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"get", "post", "route"}:
            for rule in (each.value for each in node.args if isinstance(each, ast.Constant)):
                for _, name in CONVERTED.findall(str(rule)) if str(rule).startswith("/") else ():
                    assert name in IN_THE_PATH or name.endswith("id"), f"{rule}: say in IN_THE_PATH what this is"


# --- an address that leads nowhere ------------------------------------------------------------------------------------

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
MISTYPED = ["/Chat/", "/nope", "/help", "/c/meeting", "/chatt", "/staffs", "/chat/nope"]


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """No database is asked."""
    return sqlite_database_url


@pytest.mark.parametrize("path", MISTYPED)
def test_whoever_mistypes_the_address_is_shown_the_way_to_the_chat_and_to_help(app: Flask, path: str) -> None:
    answer = app.test_client().get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert 'href="/chat/"' in answer.text
    assert 'href="tel:999"' in answer.text
    assert path not in answer.text
    assert "form-action" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_page_speaks_the_language_that_the_browser_asks_for(app: Flask) -> None:
    answer = app.test_client().get("/nope", headers=BROWSER | {"Accept-Language": "pl"})
    assert '<html lang="pl"' in answer.text


PLAIN = ["/healthz/x", "/readyz/x", "/sms/inbound", "/sms/nope", "/voice/nope"]


@pytest.mark.parametrize("path", PLAIN)
def test_programs_are_told_in_a_line(app: Flask, path: str) -> None:
    answer = app.test_client().get(path, headers=BROWSER)
    assert answer.status_code in {404, 405}
    assert "/chat/" not in answer.text


def test_what_a_browser_looks_for_by_itself_brings_no_page_and_no_cookie(app: Flask) -> None:
    answer = app.test_client().get("/favicon.ico", headers={"Accept": "image/avif,image/webp,*/*;q=0.8"})
    assert answer.status_code == 404
    assert "/chat/" not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_staff_who_mistype_an_address_stay_with_their_own_pages(app: Flask) -> None:
    answer = app.test_client().get("/staff/nope", headers=BROWSER)
    assert 'href="/chat/"' not in answer.text
