"""A phone in the browser, so that anyone can try a conversation without a phone or an account."""

from __future__ import annotations

import re
import secrets
from functools import partial

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.desk import DEMO, Desk, look_after, surroundings
from bot.channels.simulator.twiml import LONGEST

# Ofcom keeps these numbers for drama; nobody can own one.
DRAMA = re.compile(r"\+447700900[0-9]{3}")
KEYS = re.compile(r"[0-9*#]{0,16}")
SHOWN_NOTICES = 3


def phone_blueprint(desk: Desk) -> Blueprint:
    """The phone page at /demo/phone/. It sets no cookie, needs no script, and knows drama numbers only."""
    phone = Blueprint(
        "practice_phone",
        __name__,
        url_prefix="/demo/phone",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    look_after(phone)
    phone.add_url_rule("/", "show", partial(_show, desk), methods=["GET"])
    phone.add_url_rule("/", "send", partial(_send, desk), methods=["POST"])
    phone.add_url_rule("/call", "call", partial(_call, desk), methods=["POST"])
    phone.add_url_rule("/thread", "thread", partial(_thread, desk), methods=["GET"])
    phone.add_url_rule("/others", "others", partial(_others, desk), methods=["GET"])
    return phone


def _show(desk: Desk) -> ResponseReturnValue:
    if request.args.get("number") == "new":
        return redirect(url_for("practice_phone.show", number=_fresh(desk.carrier)), 303)
    return render_template("practice_phone.html", **_seen(desk, _number(request.args.get("number", DEMO[0]))))


def _thread(desk: Desk) -> ResponseReturnValue:
    return render_template("practice_phone_thread.html", **_seen(desk, _number(request.args.get("number", ""))))


def _others(desk: Desk) -> ResponseReturnValue:
    number = request.args.get("number", "")
    return render_template("practice_others.html", number=number and _number(number), **surroundings(desk))


def _send(desk: Desk) -> ResponseReturnValue:
    number = _number(request.form.get("number", ""))
    body = request.form.get("body", "").replace("\r\n", "\n")
    picture = "picture" in request.form
    if number == desk.duty:
        abort(403)  # the duty worker acts on the staff pages; this phone only shows what arrives
    if len(body) > LONGEST:
        abort(413)
    if body.strip() or picture:
        desk.carrier.text_from_phone(number, body, media=int(picture))
    return redirect(url_for("practice_phone.show", number=number, _anchor="phone"), 303)


def _call(desk: Desk) -> ResponseReturnValue:
    """Answer the call at this phone, press keys in it, or put the phone down; keys that no phone has are no keys."""
    number, digits = _number(request.form.get("number", "")), request.form.get("digits", "")
    board, sid = desk.carrier.switchboard, request.form.get("sid", "")
    deeds = {"answer": board.answer, "press": lambda sid: board.press(sid, digits), "hang_up": board.hang_up}
    deed = deeds.get(request.form.get("deed", ""))
    running = board.latest(number)
    if deed is None or running is None or running.sid != sid or not KEYS.fullmatch(digits):
        abort(400)
    deed(sid)
    return redirect(url_for("practice_phone.show", number=number, _anchor="phone"), 303)


def _seen(desk: Desk, number: str) -> dict[str, object]:
    carrier = desk.carrier
    with carrier.lock:
        notices = [notice for notice in carrier.notices if notice.number == number][-SHOWN_NOTICES:]
    return {
        **surroundings(desk),
        "number": number,
        "ours": carrier.account.numbers[0],
        "on_duty": number == desk.duty,
        "texts": carrier.thread(number),
        "call": carrier.switchboard.latest(number),
        "notices": notices,
        "blocked": carrier.blocked(number),
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
