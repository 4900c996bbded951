"""The phone page lets anyone text the product, without a script, a cookie or a number that belongs to somebody."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask, Response, request
from flask.testing import FlaskClient
from playwright.sync_api import Page, sync_playwright

from bot.channels.simulator.account import Account
from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.delivery import Answer, Post, to_client
from bot.channels.simulator.desk import DEMO
from bot.channels.simulator.desk import Desk as DemoDesk
from bot.channels.simulator.mail import Mailbox
from bot.channels.simulator.mail_page import mail_blueprint
from bot.channels.simulator.phone import phone_blueprint
from bot.channels.simulator.serving import make_carrier_server
from tests.bot.carrier_house import running

PHONE, MAIL = "/demo/phone/", "/demo/mail/"
DUTY = "+447700900900"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@dataclass
class Desk:
    """A carrier, what the product was sent, and a browser without a script."""

    carrier: Carrier
    mailbox: Mailbox
    heard: list[dict[str, str]]
    client: FlaskClient

    def send(self, body: str, number: str = DEMO[0], **more: Any) -> Any:
        return self.client.post(PHONE, data={"number": number, "body": body} | more.pop("data", {}), **more)

    def page(self, number: str = DEMO[0]) -> str:
        return str(self.client.get(PHONE, query_string={"number": number}).get_data(as_text=True))


def make_carrier(heard: list[dict[str, str]]) -> Carrier:
    product = Flask("product")

    @product.post("/sms/inbound")
    def inbound() -> Response:
        heard.append(request.form.to_dict())
        words = f"You said {len(heard)} & more" + " and more" * 30
        return Response(f"<Response><Message>{words.replace('&', '&amp;')}</Message></Response>", mimetype="text/xml")

    return Carrier(Account("AC" + "0" * 32, "token"), to_client(product.test_client()))


@pytest.fixture
def desk() -> Desk:
    heard: list[dict[str, str]] = []
    carrier = make_carrier(heard)
    app = Flask("desk")
    mailbox = Mailbox()
    demo = DemoDesk(carrier, mailbox, DUTY)
    app.register_blueprint(phone_blueprint(demo))
    app.register_blueprint(mail_blueprint(demo))
    return Desk(carrier, mailbox, heard, app.test_client())


def test_a_text_is_sent_by_a_plain_form_and_the_reply_is_on_the_page(desk: Desk) -> None:
    answer = desk.send("hi\r\nyou")
    assert (answer.status_code, answer.location) == (303, "/demo/phone/?number=%2B447700900101#phone")
    assert (desk.heard[0]["From"], desk.heard[0]["Body"]) == ("+447700900101", "hi\nyou")
    page = desk.page()
    assert "hi\nyou" in page
    assert "You said 1 &amp; more" in page
    assert re.findall(r"\d texts?</p>", page) == ["1 text</p>", "2 texts</p>"]


def test_each_phone_has_a_thread_of_its_own(desk: Desk) -> None:
    desk.send("from the first")
    assert "from the first" not in desk.page(DEMO[1])
    assert "No texts yet" in desk.page(DEMO[1])


def test_what_is_typed_is_shown_and_never_obeyed_by_the_page(desk: Desk) -> None:
    desk.send("<script>alert(1)</script>{{7*7}}")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in desk.page()


def test_a_picture_needs_no_words(desk: Desk) -> None:
    desk.send("", data={"picture": "1"})
    assert (desk.heard[0]["NumMedia"], desk.heard[0]["Body"]) == ("1", "")
    assert "A picture" in desk.page()


def test_nothing_is_sent_when_there_is_nothing_to_send(desk: Desk) -> None:
    assert desk.send("  \r\n").status_code == 303
    assert desk.heard == []


def test_a_new_number_is_a_drama_number_that_nobody_used(desk: Desk) -> None:
    answer = desk.client.get(PHONE, query_string={"number": "new"})
    number = answer.location.rpartition("%2B")[2]
    assert re.fullmatch(r"447700900[2-8][0-9]{2}", number)
    assert f"0{number[2:6]} {number[6:]}" in desk.page(f"+{number}")


@pytest.mark.parametrize("number", ["", "+447911123456", "07700900101", "+4477009001012", "+447700900101\n", "x"])
def test_other_numbers_are_refused_everywhere(desk: Desk, number: str) -> None:
    assert desk.send("hi", number).status_code == 400
    for path in (PHONE, f"{PHONE}thread"):
        assert desk.client.get(path, query_string={"number": number}).status_code == 400
    assert desk.heard == []


def test_a_text_longer_than_a_carrier_takes_is_refused(desk: Desk) -> None:
    assert desk.send("a" * 1600).status_code == 303
    assert desk.send("a" * 1601).status_code == 413
    assert len(desk.heard) == 1


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_another_page_cannot_send(desk: Desk, site: str) -> None:
    assert desk.send("hi", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert desk.send("hi", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    assert len(desk.heard) == 1


@pytest.mark.parametrize("host", ["evil.example.org", "127.0.0.1.example.org:8101", "192.0.2.1"])
def test_the_page_answers_to_the_names_of_this_machine_only(desk: Desk, host: str) -> None:
    assert desk.client.get(PHONE, headers={"Host": host}).status_code == 403
    assert desk.client.get(PHONE, headers={"Host": "127.0.0.1:8101"}).status_code == 200


def test_no_cookie_is_set_and_nothing_inline_is_needed(desk: Desk) -> None:
    answer = desk.client.get(PHONE)
    assert "Set-Cookie" not in answer.headers
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = answer.get_data(as_text=True)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|https?://(?!127\.0\.0\.1:8000/)", page)


def test_stop_and_a_silent_product_are_explained_on_the_page(desk: Desk) -> None:
    desk.send("STOP")
    page = desk.page()
    assert "has sent STOP" in page
    assert "Carrier note 21610" in page
    assert "Carrier note" not in desk.page(DEMO[1])


@pytest.fixture
def browser_page() -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context().new_page()
        browser.close()


@pytest.fixture
def address() -> Iterator[str]:
    carrier = make_carrier([])
    server = make_carrier_server(carrier, desk=DemoDesk(carrier, duty=DUTY))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{PHONE}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_is_usable_by_everyone_at_every_width(browser_page: Page, address: str, width: int) -> None:
    complaints: list[str] = []
    browser_page.on("console", lambda message: complaints.append(message.text))
    browser_page.set_viewport_size({"width": width, "height": 844})
    browser_page.goto(address)
    for body in ("hi", "STOP", "a" * 300):
        browser_page.get_by_label("Your text").fill(body)
        browser_page.get_by_role("button", name="Send").click()
    newest = browser_page.get_by_text("a" * 300)
    newest.wait_for()
    assert browser_page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Axe().run(browser_page).response["violations"] == []
    assert complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_chosen_number_stays_on_one_line_as_the_others_do(browser_page: Page, address: str, width: int) -> None:
    browser_page.set_viewport_size({"width": width, "height": 844})
    browser_page.goto(address)
    heights = "[...document.querySelector('.phones').querySelectorAll('a')].map(each => each.offsetHeight)"
    assert len(set(browser_page.evaluate(heights))) == 1


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("path", [f"{PHONE}?number=%2B447700900900", MAIL])
def test_the_duty_side_is_usable_by_everyone_at_every_width(
    browser_page: Page, address: str, path: str, width: int
) -> None:
    browser_page.set_viewport_size({"width": width, "height": 844})
    browser_page.goto(address.replace(PHONE, path))
    browser_page.get_by_role("heading", level=1).wait_for()
    assert browser_page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Axe().run(browser_page).response["violations"] == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 1280])
def test_a_call_is_usable_by_everyone_at_every_width(browser_page: Page, width: int) -> None:
    carrier = make_carrier([])
    carrier.deliver = lambda post: Answer(200, "text/xml", STEER[urlsplit(post.url).path].encode())
    carrier.switchboard.place({"To": DUTY, "From": "+447700900999", "Url": "http://127.0.0.1:8000/voice/alert"})
    with running(make_carrier_server(carrier, desk=DemoDesk(carrier, duty=DUTY))) as base:
        browser_page.set_viewport_size({"width": width, "height": 844})
        browser_page.goto(f"{base}{PHONE}?number=%2B447700900900")
        browser_page.get_by_role("button", name="Answer").click()
        browser_page.get_by_label("Keys to press").fill("1")
        assert browser_page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert Axe().run(browser_page).response["violations"] == []
        browser_page.get_by_role("button", name="Press").click()
        browser_page.get_by_text("You have it.").wait_for()


@pytest.mark.browser
def test_a_text_that_comes_later_shows_without_a_reload(browser_page: Page, address: str) -> None:
    browser_page.goto(address)
    other = browser_page.context.new_page()
    other.goto(address)
    other.get_by_label("Your text").fill("from the other window")
    other.get_by_role("button", name="Send").click()
    browser_page.get_by_text("from the other window").wait_for(timeout=8000)


def test_the_duty_phone_shows_what_arrives_and_sends_nothing(desk: Desk) -> None:
    desk.carrier.reply(DUTY, "Heard alert ABC234: http://127.0.0.1:8000/staff/alerts/.")
    page = desk.page(DUTY)
    assert 'ABC234: <a href="http://127.0.0.1:8000/staff/alerts/">http://127.0.0.1:8000/staff/alerts/</a>.' in page
    assert "<form" not in page
    assert desk.send("hi", DUTY).status_code == 403
    assert desk.heard == []


STEER = {
    "/voice/alert": '<Response><Gather numDigits="1" action="/voice/press"><Say>Press 1.</Say></Gather></Response>',
    "/voice/press": "<Response><Say>You have it.</Say></Response>",
}


@pytest.fixture
def ringing(desk: Desk) -> Desk:
    asked: list[str] = []

    def steer(post: Post) -> Answer:
        place = urlsplit(post.url).path
        asked.append(f"{place} {dict(post.form).get('Digits', '')}".strip())
        return Answer(200, "text/xml", STEER[place].encode())

    desk.carrier.deliver, desk.heard = steer, asked  # type: ignore[assignment]  # what was asked, in place of texts
    ours = desk.carrier.account.numbers[0]
    desk.carrier.switchboard.place({"To": DUTY, "From": ours, "Url": "http://127.0.0.1:8000/voice/alert"})
    return desk


def deed(desk: Desk, **form: str) -> Any:
    call = desk.carrier.switchboard.latest(DUTY)
    assert call is not None
    return desk.client.post(f"{PHONE}call", data={"number": DUTY, "sid": call.sid} | form)


def test_a_call_can_be_answered_and_keys_pressed_without_a_script(ringing: Desk) -> None:
    assert "Heard is calling" in ringing.page(DUTY)
    assert deed(ringing, deed="answer").status_code == 303
    assert "Press 1." in ringing.page(DUTY)
    assert 'name="digits"' in ringing.page(DUTY)
    deed(ringing, deed="press", digits="1")
    assert "You have it." in ringing.page(DUTY)
    assert "The call is over" in ringing.page(DUTY)
    assert "<button" not in ringing.page(DUTY)
    assert ringing.heard == ["/voice/alert", "/voice/press 1"]
    assert "Heard is calling" not in ringing.page(DEMO[0])


def test_a_call_can_be_turned_away(ringing: Desk) -> None:
    deed(ringing, deed="hang_up")
    assert "A call that nobody answered" in ringing.page(DUTY)
    assert ringing.heard == []


@pytest.mark.parametrize(
    "form",
    [{"deed": "dance"}, {"deed": "answer", "sid": "CA1"}, {"deed": "answer", "number": DEMO[0]}, {"number": "+4412"}],
)
def test_what_no_phone_can_do_is_refused(ringing: Desk, form: dict[str, str]) -> None:
    assert deed(ringing, **form).status_code == 400
    assert deed(ringing, deed="press", digits="one").status_code == 400
    assert ringing.heard == []


def test_every_phone_page_says_how_much_has_arrived_on_the_duty_side(desk: Desk) -> None:
    counts = [re.findall(r'class="count">(\w+ \w+)', desk.page())]
    desk.carrier.reply(DUTY, "Heard alert")
    desk.mailbox.put("heard@heard.example", "duty@heard.example", b"Subject: a\n\nb")
    desk.mailbox.put("heard@heard.example", "duty@heard.example", b"Subject: a\n\nb")
    counts.append(re.findall(r'class="count">(\w+ \w+)', desk.client.get(f"{PHONE}others").get_data(as_text=True)))
    assert counts == [["0 texts", "0 mails"], ["1 text", "2 mails"]]
