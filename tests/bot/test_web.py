"""The web chat by its forms: what a visitor sees, what is kept from them, and what they never lose."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

import bot.channels
from bot.channels.headers import AWAY, policy
from bot.channels.pages import dial
from bot.parts import Parts
from conversations.db import db
from conversations.models import AlertRow, AlertWordsRow, ConversationRow, ReceivedRow
from conversations.script import load_all
from conversations.script.shared_keys import SHARED_KEYS
from tests.fakes import Clock
from wsgi import create_app

FOLDER = Path(bot.channels.__file__).parent
STATIC, TEMPLATES = FOLDER / "static" / "chat", FOLDER / "templates" / "chat"
FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
MakeParts = Callable[..., Parts]


class Visitor:
    """Somebody with a browser: opens the page, taps, types, and reads what it says."""

    def __init__(self, app: Flask, **environ: Any) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.environ = environ
        self.seen = self.opens()

    def opens(self, path: str = "/chat/", **options: Any) -> TestResponse:
        self.seen = self.client.get(path, **self.environ, **options)
        return self.seen

    def posts(self, path: str = "/chat/", **fields: Any) -> TestResponse:
        hidden = dict(reversed(FIELD.findall(self.seen.text.split("<main", 1)[-1])))  # those of the first form
        carried = {name: hidden.get(name, "") for name in ("csrf_token", "once", "asked")}
        return self.client.post(path, data=carried | fields, **self.environ)

    def says(self, text: str | list[str], **fields: Any) -> str:
        """Send a text as a button or a box does, follow where it leads, and give the page."""
        answer = self.posts(text=text, **fields)
        assert (answer.status_code, answer.location) == (303, "/chat/"), answer.text
        return self.opens().text

    def starts(self, script: str = "check-in") -> str:
        """Begin a script, past the question about age."""
        assert self.posts(start=script).status_code == 303
        self.opens()
        return self.says("skip")

    @property
    def heading(self) -> str:
        return unescape(re.search(r"<h1[^>]*>(.*?)</h1>", self.seen.text, re.DOTALL)[1])

    @property
    def bubbles(self) -> str:
        found = re.search(r'<div class="said".*?</div>', self.seen.text, re.DOTALL)
        return unescape(re.sub("<[^>]+>", "", found[0])) if found else ""


@pytest.fixture
def make_site(make_parts: MakeParts, sqlite_database_url: str):
    """Makes the application with these settings."""
    made: list[Flask] = []

    def make(database_url: str = sqlite_database_url, **changes: Any) -> Flask:
        app = create_app(parts=make_parts(database_url, **changes))
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def site(make_site) -> Flask:
    return make_site()


@pytest.fixture
def visitor(site: Flask) -> Visitor:
    return Visitor(site)


def _conversations(site: Flask) -> int:
    with site.app_context():
        return len(db.session.execute(select(ConversationRow.id)).all())


# --- a conversation -------------------------------------------------------------------------------------------------


def test_the_first_page_says_who_reads_it_before_it_asks_anything(visitor: Visitor) -> None:
    page = visitor.seen.text
    assert "Staff at Demo Council read this" in page
    assert "we must tell a worker" in page
    assert "you can" in page.lower()
    assert page.index("0800 1111") < page.index('name="start"')


def test_whoever_only_looks_leaves_no_trace(site: Flask, visitor: Visitor) -> None:
    visitor.opens()
    assert _conversations(site) == 0


def test_a_whole_conversation_goes_by_taps_at_one_address(visitor: Visitor) -> None:
    visitor.starts()
    headings = [visitor.heading]
    while 'class="row ways"' in visitor.seen.text:
        visitor.says("some words" if "<textarea" in visitor.seen.text.split("<details")[0] else "1")
        headings.append(visitor.heading)
    assert len(set(headings)) == len(headings) >= 4
    assert headings[-1] == "Thank you"
    assert "Start again" in visitor.seen.text


def test_the_question_comes_with_its_answers_and_its_place(visitor: Visitor) -> None:
    page = visitor.starts()
    assert re.search(r"Question 2 of \d", page)
    assert re.findall(r'<button name="text" value="(\d)">', page) == ["1", "2", "3", "4", "5"]
    assert page.count('class="face"') == 5
    assert [word for word in ("Back", "Skip", "Stop", "Delete what I said") if f">{word}</button>" in page] == [
        "Back", "Skip", "Stop", "Delete what I said"
    ]


def test_ticked_answers_travel_as_one_text(site: Flask, visitor: Visitor) -> None:
    visitor.starts("my-plan")
    for _ in range(6):
        if 'type="checkbox"' in visitor.seen.text:
            break
        visitor.says("1")
    heading = visitor.heading
    visitor.says(["1", "3"])
    assert visitor.heading != heading
    assert "did not get that" not in visitor.bubbles


def test_back_goes_back_and_stop_stops(visitor: Visitor) -> None:
    visitor.starts()
    first = visitor.heading
    visitor.says("5")
    assert visitor.heading != first
    visitor.says("back")
    assert visitor.heading == first
    visitor.says("stop")
    assert visitor.heading == "Thank you"
    assert "We have stopped" in visitor.bubbles


def test_what_was_said_is_deleted_when_asked_twice(visitor: Visitor) -> None:
    visitor.starts()
    visitor.says("5")
    assert "delete" in visitor.says("delete")
    assert ">Yes, delete it</button>" in visitor.seen.text
    visitor.says("1")
    assert "We deleted what you told us" in visitor.bubbles


def test_the_opening_is_not_said_again_above_the_first_question(visitor: Visitor) -> None:
    visitor.posts(start="check-in")
    visitor.opens()
    assert visitor.bubbles == ""
    assert "{" not in visitor.seen.text


def test_a_worrying_text_is_answered_with_numbers_to_tap(visitor: Visitor) -> None:
    visitor.starts()
    page = visitor.says("my stepdad hits me every night", typed="1")
    assert "duty worker" in visitor.bubbles
    assert 'href="tel:999"' in page
    assert 'href="tel:08001111"' in page
    assert re.search(r'id="said"[^>]* autofocus', page), "a screen reader hears it before the next question"
    assert "We do not know who you are or where you are." in visitor.bubbles
    assert visitor.heading == "You can tell us more if you want"
    assert "carry on" not in page


def test_a_second_tap_on_the_same_page_counts_once(visitor: Visitor) -> None:
    visitor.starts()
    visitor.posts(text="4")
    visitor.posts(text="4")
    visitor.opens()
    assert "Question 4" in visitor.seen.text or "Question 3" in visitor.seen.text
    assert visitor.bubbles == ""
    once = visitor.heading
    other = Visitor(visitor.app)
    other.starts()
    other.says("4")
    assert other.heading == once


@pytest.mark.parametrize("first", ["no", "the social worker talked over me"])
def test_words_added_while_the_page_still_stands_are_a_new_message(visitor: Visitor, first: str) -> None:
    visitor.starts()
    page = visitor.seen
    for text in (first, "my stepdad hits me every night", "my stepdad hits me every night"):
        visitor.seen = page
        assert visitor.posts(text=text, typed="1").status_code == 303
    visitor.opens()
    assert "duty worker" in visitor.bubbles
    with visitor.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(AlertRow)) == 1
        assert db.session.scalar(select(func.count()).select_from(AlertWordsRow)) == 1


def test_harmless_words_added_on_an_old_page_are_kept_and_answer_no_other_question(visitor: Visitor) -> None:
    visitor.starts()
    page = visitor.seen
    visitor.posts(text="4")
    visitor.seen = page
    visitor.posts(text="5 and they asked what i think", typed="1")
    with visitor.app.app_context():
        state = db.session.scalars(select(ConversationRow.state)).one()
    assert [each["text"] for each in state["comments"]] == ["5 and they asked what i think"]
    assert list(state["answers"].values()) == [["4"]]


def test_the_id_of_a_message_tells_nothing_of_its_words(visitor: Visitor) -> None:
    visitor.starts()
    visitor.says("blether blether blether")
    with visitor.app.app_context():
        ids = db.session.scalars(select(ReceivedRow.message)).all()
    assert len(ids) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


def test_after_half_an_hour_the_page_shows_nothing_of_what_was_said(visitor: Visitor, clock: Clock) -> None:
    visitor.starts()
    visitor.says("blether blether blether")
    question = visitor.heading
    assert visitor.bubbles
    clock.forward(minutes=31)
    page = visitor.opens().text
    assert visitor.heading == "Do you want to carry on?"
    assert visitor.bubbles == ""
    assert question not in unescape(page)
    visitor.says("1")
    assert visitor.heading == question


# --- links and languages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "script", "area"), [
    ("CHECKIN", "check-in", ""),
    ("checkin-north", "check-in", "north"),
    ("CheckIn-SOUTH", "check-in", "south"),
    ("CHECKIN-nowhere", "", ""),
    ("CHECKIN-", "check-in", ""),
    ("NOSUCHWORD", "", ""),
    ("", "", ""),
    ("<script>", "", ""),
    ("CHECKIN north", "", ""),
])
def test_a_link_is_remembered_and_leaves_the_address_at_once(
    visitor: Visitor, word: str, script: str, area: str
) -> None:
    answer = visitor.opens("/chat/", query_string={"k": word})
    assert (answer.status_code, answer.location) == (303, "/chat/")
    with visitor.client.session_transaction() as kept:
        assert (kept.get("script", ""), kept.get("area", "")) == (script, area)
    visitor.opens()
    assert ('type="radio"' in visitor.seen.text) is not bool(script)


def test_the_area_of_a_link_is_kept_with_the_conversation(site: Flask, visitor: Visitor) -> None:
    visitor.opens("/chat/?k=CHECKIN-north")
    visitor.opens()
    visitor.posts(start="check-in")
    with site.app_context():
        assert "north" in str(db.session.execute(select(ConversationRow.state)).scalar_one())


@pytest.mark.parametrize(("accepts", "language", "direction"), [
    ("en-GB,en", "en", "ltr"),
    ("ar-SY,ar;q=0.9,en;q=0.5", "ar", "rtl"),
    ("pl", "pl", "ltr"),
    ("xx", "en", "ltr"),
    ("", "en", "ltr"),
])
def test_the_page_speaks_as_the_browser_does(site: Flask, accepts: str, language: str, direction: str) -> None:
    visitor = Visitor(site, headers={"Accept-Language": accepts})
    tag = f'<html lang="{language}" dir="{direction}">'
    assert tag in visitor.seen.text
    visitor.posts(start="check-in")
    assert tag in visitor.opens().text


def test_only_what_can_be_asked_in_that_language_is_offered(visitor: Visitor) -> None:
    assert 'value="my-plan"' in visitor.seen.text
    visitor.posts(language="ar")
    page = visitor.opens().text
    assert 'value="check-in"' in page
    assert 'value="my-plan"' not in page


def test_a_chosen_language_wins_and_can_be_changed_on_the_way(visitor: Visitor) -> None:
    assert visitor.posts(language="ar").location == "/chat/"
    assert '<html lang="ar" dir="rtl">' in visitor.opens().text
    visitor.starts()
    assert '<html lang="ar" dir="rtl">' in visitor.seen.text
    visitor.says("English", asked="")
    assert '<html lang="en" dir="ltr">' in visitor.seen.text


@pytest.mark.parametrize("language", ["", "xx", "../en", "\0", "e" * 1000])
def test_a_language_that_nobody_offered_changes_nothing(visitor: Visitor, language: str) -> None:
    assert visitor.posts(language=language).status_code == 303
    assert '<html lang="en"' in visitor.opens().text


# --- what is sent, and what is given back ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x" * 1600, "x" * 799 + "\r\n" + "y" * 800, "ы" * 1600, "  " + "x" * 1600 + "\n"])
def test_as_much_as_the_box_takes_is_taken(visitor: Visitor, text: str) -> None:
    visitor.starts()
    assert visitor.posts(text=text, typed="1").status_code == 303


def test_too_many_words_come_back_with_a_kind_word(visitor: Visitor) -> None:
    visitor.starts()
    answer = visitor.posts(text="blether " * 250, typed="1")
    assert answer.status_code == 422
    assert "blether " * 249 in answer.text
    assert 'role="alert"' in answer.text
    assert "<details class=\"own\" open>" in answer.text


@pytest.mark.parametrize("text", ["", "   ", "\0", "\n"])
def test_nothing_sent_is_asked_for_again(visitor: Visitor, text: str) -> None:
    visitor.starts()
    answer = visitor.posts(text=text)
    assert answer.status_code == 422
    assert "pick an answer, or skip" in answer.text


@pytest.mark.parametrize("body", [
    b"text=a%00b+c+d+e", b"text=%ED%A0%80+lone", b"text=%FF%FE", b"text=%F0%9F%98%80", b"text=1&text=%00", b"text[]=1",
    b"=&&==&%", b"text=5&once=%00&asked=%ED%A0%80", b"start=%00", b"start=nothing&text=", b"language=%ED%A0%80",
])
def test_no_byte_breaks_the_page(visitor: Visitor, body: bytes) -> None:
    visitor.starts()
    token = dict(FIELD.findall(visitor.seen.text))["csrf_token"]
    answer = visitor.client.post("/chat/", data=body + b"&csrf_token=" + token.encode(),
                                 content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (303, 422)
    assert visitor.opens().status_code == 200


def test_words_come_back_as_words_and_not_as_markup(visitor: Visitor) -> None:
    visitor.starts()
    answer = visitor.posts(text="</textarea><script>x()</script>" + "y" * 1600, typed="1")
    assert "<script>x" not in answer.text
    assert "&lt;script&gt;x()" in answer.text


@pytest.mark.parametrize("token", ["", "x", "Ijk2.awPz.XQ"])
def test_a_page_that_lay_open_gives_the_words_back_in_a_good_form(visitor: Visitor, token: str) -> None:
    visitor.starts()
    heading = visitor.heading
    answer = visitor.posts(text="these words", typed="1", csrf_token=token)
    assert answer.status_code == 400
    assert "\nthese words</textarea>" in answer.text
    assert "Send again" in answer.text
    visitor.seen = answer
    visitor.says("4")
    assert visitor.heading != heading


def test_over_https_no_referer_is_needed(make_site) -> None:
    changes = {"demo": False, "twilio_api_url": "", "public_url": "https://heard.example"}
    visitor = Visitor(make_site(**changes), base_url="https://heard.example")
    assert "Secure" in visitor.seen.headers["Set-Cookie"]
    visitor.starts()
    assert "Question 2" in visitor.seen.text


def test_more_than_a_page_can_hold_is_refused_calmly(visitor: Visitor) -> None:
    answer = visitor.posts(text="x" * 70_000)
    assert answer.status_code == 413
    assert "0800 1111" in answer.text


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/chat/nothing", 404),
    ("GET", "/chat/static/nothing.css", 404),
    ("GET", "/chat/static/../web.py", 404),
    ("PUT", "/chat/", 405),
    ("GET", "/chat/leave", 405),
    ("DELETE", "/chat/leave", 405),
])
def test_wrong_turnings_end_on_a_calm_page(visitor: Visitor, method: str, path: str, status: int) -> None:
    answer = visitor.client.open(path, method=method)
    if method in ("PUT", "DELETE"):  # without a token the form is refused before the way is looked at
        assert answer.status_code in (status, 400)
    else:
        assert answer.status_code == status
    assert "<h1" in answer.text
    assert 'href="tel:999"' in answer.text
    assert "Traceback" not in answer.text
    assert "Method Not Allowed" not in answer.text


@pytest.mark.parametrize("path", ["/nothing", "/chatter", "/staffroom"])
def test_other_addresses_are_none_of_ours(visitor: Visitor, path: str) -> None:
    answer = visitor.client.get(path)
    assert answer.status_code == 404
    assert "<h1 id" not in answer.text


# --- the store is down ------------------------------------------------------------------------------------------------


def test_words_that_could_not_be_kept_are_still_in_the_form(make_site, tmp_path: Path) -> None:
    visitor = Visitor(make_site(f"sqlite:///{tmp_path}/no/such/folder.sqlite3"))
    answer = visitor.posts(text="it was <b>him</b>", typed="1")
    assert answer.status_code == 503
    assert "we could not keep this" in answer.text
    assert "\nit was &lt;b&gt;him&lt;/b&gt;</textarea>" in answer.text
    assert "Send again" in answer.text
    assert 'href="tel:999"' in answer.text
    assert 'href="tel:08001111"' in answer.text


def test_what_is_sent_again_is_the_same_message(make_site, tmp_path: Path) -> None:
    visitor = Visitor(make_site(f"sqlite:///{tmp_path}/no/such/folder.sqlite3"))
    answer = visitor.posts(text="4", once="abc", asked="listened")
    fields = dict(FIELD.findall(answer.text.split("<main")[1]))
    assert (fields["text"], fields["once"], fields["asked"]) == ("4", "abc", "listened")


@pytest.mark.parametrize("broken", ["store", "keys"])
def test_a_page_that_cannot_be_read_says_so_calmly(make_site, visitor: Visitor, tmp_path: Path, broken: str) -> None:
    visitor.starts()
    if broken == "keys":
        shutil.rmtree(tmp_path / "sealing")
    else:
        (tmp_path / "heard.sqlite3").unlink()
        (tmp_path / "heard.sqlite3").mkdir()
        with visitor.app.app_context():
            db.engine.dispose()
    answer = visitor.opens()
    assert answer.status_code == 503
    assert 'href="tel:08001111"' in answer.text
    assert visitor.posts("/chat/leave").location == AWAY


# --- leaving ----------------------------------------------------------------------------------------------------------


def test_leaving_ends_it_here_and_forgets_it_there(visitor: Visitor) -> None:
    visitor.starts()
    with visitor.client.session_transaction() as kept:
        before = dict(kept)
    answer = visitor.posts("/chat/leave")
    assert (answer.status_code, answer.location) == (303, AWAY)
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert visitor.client.get_cookie("heard") is None
    with visitor.client.session_transaction() as kept:
        kept.update(before)
    visitor.opens()
    assert 'name="start"' in visitor.seen.text, "even somebody who had copied the cookie finds nothing"


@pytest.mark.parametrize("fields", [{}, {"csrf_token": "old"}, {"csrf_token": ""}])
def test_nothing_keeps_anybody_from_leaving(visitor: Visitor, fields: dict[str, str]) -> None:
    visitor.starts()
    answer = visitor.client.post("/chat/leave", data=fields)
    assert (answer.status_code, answer.location) == (303, AWAY)
    assert visitor.client.get_cookie("heard") is None


def test_a_beacon_is_not_sent_anywhere(visitor: Visitor) -> None:
    visitor.starts()
    answer = visitor.posts("/chat/leave", beacon="1")
    assert (answer.status_code, answer.location) == (204, None)
    assert visitor.client.get_cookie("heard") is None


def test_whoever_never_began_can_leave_too(site: Flask) -> None:
    assert site.test_client().post("/chat/leave").location == AWAY


# --- what is kept on the device ---------------------------------------------------------------------------------------


def test_one_cookie_that_dies_with_the_browser(visitor: Visitor) -> None:
    visitor.starts()
    cookies = visitor.posts(text="4").headers.getlist("Set-Cookie") + visitor.opens().headers.getlist("Set-Cookie")
    first = visitor.app.test_client().get("/chat/").headers.getlist("Set-Cookie")
    assert len(first) == 1
    for cookie in cookies + first:
        assert cookie.startswith("heard=")
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Max-Age" not in cookie
        assert "Expires" not in cookie


@pytest.mark.parametrize("path", ["/chat/", "/chat", "/chat/?k=CHECKIN", "/chat/nothing", "/chat/static/page.css",
                                  "/chat/static/nothing"])
def test_every_answer_carries_the_headers_of_the_public_face(visitor: Visitor, path: str) -> None:
    with visitor.client.get(path) as answer:
        headers = answer.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Permissions-Policy" in headers
    rules = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert {rules[name] for name in ("style-src", "script-src", "img-src", "font-src", "connect-src")} == {"'self'"}
    assert rules["form-action"].split()[:2] == ["'self'", "https://www.bbc.co.uk"]
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_a_form_may_lead_only_to_us_and_away() -> None:
    assert "form-action 'self' http://localhost:1" in policy("http://localhost:1/weather")


# --- the files -------------------------------------------------------------------------------------------------------


def test_the_page_says_nothing_to_somebody_looking_over_a_shoulder(visitor: Visitor) -> None:
    title = re.search("<title>(.*?)</title>", visitor.seen.text)[1]
    assert title == "Questions"
    assert "href=\"/chat/static/dot.svg\"" in visitor.seen.text


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_holds_inline_code_or_another_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|https?://|<script(?![^>]*\bsrc=)", text)


def test_every_word_of_a_page_is_a_shared_one_and_none_is_left_over() -> None:
    core = [FOLDER.parents[1] / "conversations" / name for name in ("engine.py", "caring.py")]
    sources = [*TEMPLATES.rglob("*.html"), *FOLDER.glob("*.py"), *core]
    used = set(re.findall(r"""["'](web\.[a-z_]+)["']""", "".join(path.read_text(encoding="utf-8") for path in sources)))
    titles = {f"web.script.{name}" for name in load_all()}
    assert used | titles == {key for key in SHARED_KEYS if key.startswith("web.")}


def test_the_code_keeps_nothing_on_the_device() -> None:
    code = (STATIC / "page.js").read_text(encoding="utf-8")
    assert not re.search(r"localStorage|sessionStorage|indexedDB|caches|document\.cookie|serviceWorker|innerHTML", code)
    assert code.count("\n") <= 60


def test_the_style_is_small_and_mirrors_by_itself() -> None:
    style = (STATIC / "page.css").read_bytes()
    code = (STATIC / "page.js").read_bytes()
    assert len(gzip.compress(style)) + len(gzip.compress(code)) <= 10_000
    sided = rb"(?:margin|padding|border)-(?:left|right)|[\s;{](?:left|right)\s*:|text-align:\s*(?:left|right)"
    assert not re.search(sided, style)


def test_every_font_is_the_one_that_was_vetted() -> None:
    lines = (STATIC / "VENDOR").read_text(encoding="utf-8").splitlines()
    hashes = {name: digest for kind, digest, name in (line.split() for line in lines if line.startswith("sha256"))}
    fonts = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in STATIC.glob("*.woff2")}
    assert hashes == fonts


@pytest.mark.parametrize(("text", "links"), [
    ("call 999.", ["tel:999"]),
    ("0800 1111", ["tel:08001111"]),
    ("SHOUT to 85258, or 0800 1111", ["sms:85258", "tel:08001111"]),
    ("1999", []),
    ("9990", []),
    ("0800 11112", []),
    ("852581", []),
    ("<b>999</b>", ["tel:999"]),
])
def test_helplines_can_be_tapped_and_other_numbers_not(text: str, links: list[str]) -> None:
    found = str(dial(text))
    assert re.findall('href="([^"]+)"', found) == links
    assert "<b>" not in found


def test_a_worry_that_is_too_long_to_take_raises_its_alert_and_is_answered(site: Flask, visitor: Visitor) -> None:
    visitor.starts()
    page = visitor.posts(text="he hits me every night " + "and i do not know what to do " * 80, typed="1")
    assert page.status_code == 422
    assert "We are telling a duty worker" in page.text
    assert "he hits me every night" in page.text
    with site.app_context():
        assert db.session.scalar(select(func.count()).select_from(AlertRow)) == 1
