"""A phone in the browser, so that anyone can try a conversation without a phone or an account."""

from __future__ import annotations

import re
import secrets
from functools import partial
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.delivery import LOOPBACK
from bot.channels.simulator.twiml import LONGEST

# Ofcom keeps these numbers for drama; nobody can own one.
DRAMA = re.compile(r"\+447700900[0-9]{3}")
DEMO = ("+447700900101", "+447700900102", "+447700900103")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
LONDON = ZoneInfo("Europe/London")
SHOWN_NOTICES = 3


def phone_blueprint(carrier: Carrier) -> Blueprint:
    """The phone page at /demo/phone/. It sets no cookie, needs no script, and knows drama numbers only."""
    phone = Blueprint(
        "practice_phone",
        __name__,
        url_prefix="/demo/phone",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    phone.before_request(_refuse_strangers)
    phone.after_request(_add_headers)
    phone.add_url_rule("/", "show", partial(_show, carrier), methods=["GET"])
    phone.add_url_rule("/", "send", partial(_send, carrier), methods=["POST"])
    phone.add_url_rule("/thread", "thread", partial(_thread, carrier), methods=["GET"])
    return phone


def national(number: str) -> str:
    """+447700900101 as people write it: 07700 900101."""
    return f"0{number[3:7]} {number[7:]}"


def _refuse_strangers() -> None:
    """Only this machine, by a name of its own, and no other page's form: there is no cookie to tell them apart."""
    if urlsplit(f"//{request.host}").hostname not in LOOPBACK:
        abort(403)
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        abort(403)


def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


def _show(carrier: Carrier) -> ResponseReturnValue:
    if request.args.get("number") == "new":
        return redirect(url_for("practice_phone.show", number=_fresh(carrier)), 303)
    number = _number(request.args.get("number", DEMO[0]))
    return render_template("practice_phone.html", **_seen(carrier, number))


def _thread(carrier: Carrier) -> ResponseReturnValue:
    return render_template("practice_phone_thread.html", **_seen(carrier, _number(request.args.get("number", ""))))


def _send(carrier: Carrier) -> ResponseReturnValue:
    number = _number(request.form.get("number", ""))
    body = request.form.get("body", "").replace("\r\n", "\n")
    picture = "picture" in request.form
    if len(body) > LONGEST:
        abort(413)
    if body.strip() or picture:
        carrier.text_from_phone(number, body, media=int(picture))
    return redirect(url_for("practice_phone.show", number=number, _anchor="phone"), 303)


def _seen(carrier: Carrier, number: str) -> dict[str, object]:
    with carrier.lock:
        notices = [notice for notice in carrier.notices if notice.number == number][-SHOWN_NOTICES:]
    return {
        "number": number,
        "ours": carrier.account.numbers[0],
        "phones": DEMO if number in DEMO else (*DEMO, number),
        "texts": carrier.thread(number),
        "notices": notices,
        "blocked": carrier.blocked(number),
        "national": national,
        "london": LONDON,
        "longest": LONGEST,
    }


def _number(text: str) -> str:
    if not DRAMA.fullmatch(text):
        abort(400)
    return text


def _fresh(carrier: Carrier) -> str:
    """A drama number that has no texts yet, and is not ours."""
    taken = {*DEMO, *carrier.account.numbers, *carrier.handsets.numbers()}
    free = [number for number in (f"+447700900{end}" for end in range(200, 900)) if number not in taken]
    return secrets.choice(free)
