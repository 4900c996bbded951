"""Reviewing comments: in no order, ten at a time, with fewer words or none the fewer."""

from __future__ import annotations

import secrets

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from admin.audit import Act
from admin.auth import audit, begin_writing, staff_blueprint
from conversations import comments as store
from conversations.db import db
from conversations.models import CommentRow

AT_ONCE = 10

comments = staff_blueprint("comments", "comments")


@comments.get("/")
def waiting() -> str:
    """Ten comments that wait, of one script or theme if wanted; each one shown is on the audit."""
    begin_writing()
    script, theme = request.args.get("script", ""), request.args.get("theme", "")
    found = store.waiting(db.session(), _order(), script, theme, AT_ONCE)
    scripts, themes = store.choices(db.session())
    page = render_template(
        "staff/comments.html", found=found, scripts=scripts, themes=themes, script=script, theme=theme
    )
    audit(*[Act("read a comment", f"comment {comment.id}") for comment in found])
    db.session.commit()
    return page


@comments.post("/")
def reviewed() -> ResponseReturnValue:
    """Mark the ticked comments as reviewed and show the next ones."""
    done = store.mark_reviewed(db.session(), request.form.getlist("comment"))
    audit(*[Act("reviewed a comment", f"comment {comment_id}") for comment_id in done])
    db.session.commit()
    if done:
        flash(f"{len(done)} reviewed.", "done")
    else:
        flash("Tick the comments that you have read, then save.", "note")
    return redirect(_back())


@comments.get("/<comment_id>/words")
def words(comment_id: str) -> str:
    """One comment, word by word, to take some out."""
    begin_writing()
    comment = _found(comment_id)
    page = render_template("staff/comment_words.html", comment=comment, filters=_filters())
    audit(Act("read a comment", f"comment {comment.id}"))
    db.session.commit()
    return page


@comments.post("/<comment_id>/words")
def black_out(comment_id: str) -> ResponseReturnValue:
    """Take the ticked words out for good."""
    comment = _found(comment_id)
    if request.form.get("of") != str(len(comment.text.split())):
        abort(409)  # a colleague has taken words out meanwhile: the places would be others
    places = {int(place) for place in request.form.getlist("word") if place.isdecimal()}
    store.black_out(db.session(), comment_id, store.without(comment.text, places))
    audit(Act("took words out", f"comment {comment_id}", f"{len(places)} words"))
    db.session.commit()
    flash("The words are gone for good.", "done")
    return redirect(_back())


def _found(comment_id: str) -> CommentRow:
    comment = store.find(db.session(), comment_id)
    if comment is None:
        abort(404)
    return comment


def _order() -> str:
    """What shuffles the comments for this session: the same from page to page, another for every login."""
    seed: str = session.setdefault("order", secrets.token_hex(8))
    return seed


def _back() -> str:
    chosen = _filters()
    return url_for("comments.waiting", script=chosen.get("script"), theme=chosen.get("theme"))


def _filters() -> dict[str, str]:
    """The script and theme that were chosen, to come back to them."""
    return {name: value for name in ("script", "theme") if (value := request.values.get(name, ""))}
