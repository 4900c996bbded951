"""How we reach you: the ways that alerts use, each proven by a code that came back, and the code for the telephone."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin.auth import audit, now, side, staff_blueprint
from conversations import proofs
from conversations.audit import Act
from conversations.db import db

own_ways = staff_blueprint("own_ways", "ways")

KINDS = MappingProxyType({"sms": "Text message", "voice": "Phone call", "email": "E-mail"})


@own_ways.get("/")
def everything() -> str:
    """Every way that leads to you, in the order in which alerts use them."""
    return render_template(
        "staff/own_ways.html",
        ways=proofs.ways_of(db.session(), current_user.id),
        kinds=KINDS,
        offered={kind: words for kind, words in KINDS.items() if kind != "voice" or side().settings.voice_number},
        voice_code=proofs.has_voice_code(db.session(), current_user.id),
        tries=proofs.TRIES,
    )


@own_ways.post("/")
def add() -> ResponseReturnValue:
    """Add a way, and have a code sent to it."""
    kind = request.form.get("kind", "")
    if kind not in KINDS:
        flash("Choose how we reach you.", "error")
        return _back()
    return _done(
        lambda: proofs.add(db.session(), current_user.id, kind, request.form.get("address", ""), now()),
        Act("added a way", f"staff {current_user.id}", kind),
        "A code is on its way. Type it in here when it comes.",
    )


@own_ways.post("/<way_id>/code")
def code(way_id: str) -> ResponseReturnValue:
    """Have another code sent."""
    return _done(
        lambda: proofs.ask_again(db.session(), current_user.id, way_id, now()),
        Act("asked for a code", f"way {way_id}"),
        "Another code is on its way.",
    )


@own_ways.post("/<way_id>/prove")
def prove(way_id: str) -> ResponseReturnValue:
    """Take the code that came: from here on alerts use this way."""
    key, typed = side().settings.record_key, request.form.get("code", "")
    return _done(
        lambda: proofs.prove(db.session(), current_user.id, way_id, typed, key, now()),
        Act("proved a way", f"way {way_id}"),
        "That works. Alerts will reach you here.",
    )


@own_ways.post("/<way_id>/first")
def first(way_id: str) -> ResponseReturnValue:
    """Use this way before the one before it."""
    return _done(
        lambda: proofs.move_up(db.session(), current_user.id, way_id),
        Act("changed the order of ways", f"way {way_id}"),
        "The order is changed.",
    )


@own_ways.post("/<way_id>/remove")
def remove(way_id: str) -> ResponseReturnValue:
    """Forget a way, unless it is the last proven one of somebody who has shifts ahead."""
    return _done(
        lambda: proofs.remove(db.session(), current_user.id, way_id, now()),
        Act("removed a way", f"way {way_id}"),
        "We no longer use it.",
    )


@own_ways.post("/voice-code")
def voice_code() -> ResponseReturnValue:
    """Choose the six digits for the telephone."""
    return _done(
        lambda: proofs.set_voice_code(db.session(), current_user.id, request.form.get("code", "")),
        Act("chose a telephone code", f"staff {current_user.id}"),
        "Your telephone code is kept.",
    )


def _done(do: Callable[[], object], act: Act, words: str) -> ResponseReturnValue:
    """Do one thing and put it on the audit; what cannot be done is said, and a wrong code is counted all the same."""
    try:
        do()
    except LookupError:
        flash("That is no longer on your list.", "error")
    except proofs.CannotProve as why:
        flash(f"{why}.", "error")
    else:
        audit(act)
        flash(words, "done")
    db.session.commit()
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(url_for("own_ways.everything"))
