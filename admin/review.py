"""Reviewing comments: in no order, ten at a time, with fewer words or none the fewer; a risk becomes an alert."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from admin.auth import audit, begin_writing, now, side, staff_blueprint
from conversations import alerts, cutting, marks
from conversations import comments as store
from conversations.audit import Act
from conversations.categories import CATEGORIES
from conversations.db import db
from conversations.keys import MissingKey, PublicKeys
from conversations.models import CommentRow
from conversations.sealing import Sealable, Seals
from conversations.values import Assessment, Level

log = logging.getLogger(__name__)

AT_ONCE = 10
SEALED_FOR = timedelta(days=7)
RISKS = {"concern": Level.CONCERN, "immediate": Level.IMMEDIATE}
BY_A_PERSON = "person"
"""The version of an alert that no screen raised."""
NOT_RAISED = {
    "title": "The alert was not raised",
    "words": "Something is broken here. Tell the duty worker yourself, now. If somebody is in danger, call 999.",
}
QUICKER = (
    "Somebody was quicker: a colleague took words out of this comment while you had it open. "
    "What you chose was not taken out. This is how it stands now: choose again."
)

comments = staff_blueprint("comments", "comments")
comments.add_app_template_filter(cutting.doubts)


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
    """Mark the ticked comments as reviewed, safe to share or not, and show the next ones."""
    looked = request.form.getlist("looked")
    ids, safe = [*request.form.getlist("comment"), *looked], request.form.get("verdict") == "safe"
    if safe:
        done, waits = store.mark_safe(db.session(), ids, looked)
    else:
        done, waits = store.mark_kept(db.session(), ids), []
    act = "marked a comment safe" if safe else "reviewed a comment"
    audit(*[Act(act, f"comment {comment_id}") for comment_id in done])
    db.session.commit()
    _tell(len(done), len(waits), safe)
    return redirect(_back())


def _tell(done: int, waits: int, safe: bool) -> None:
    if done:
        flash(f"{done} safe to share." if safe else f"{done} kept from sharing.", "done")
    if waits:
        flash(f"{waits} not marked safe: what is underlined must be looked at first, by Heard and then by you.", "note")
    if not done and not waits:
        flash("Tick the comments that you have read, then save.", "note")


@comments.get("/<comment_id>/words")
def words(comment_id: str) -> str:
    """One comment, word by word, to take some out."""
    begin_writing()
    return _words(_found(comment_id))


@comments.post("/<comment_id>/words")
def black_out(comment_id: str) -> ResponseReturnValue:
    """Take the chosen words out for good; one button may stand for several."""
    comment = _found(comment_id, lock=True)
    if request.form.get("of") != str(len(comment.text.split())):  # fewer words by now: the places are others
        flash(QUICKER, "error")
        return _words(comment), 409
    chosen = " ".join(request.form.getlist("word")).split()
    places = {int(place) for place in chosen if place.isdecimal()}
    before, left = comment.text, cutting.cut(comment.text, comment.doubtful, places)
    if places and store.black_out(db.session(), comment_id, left):
        marks.black_out(db.session(), before, places)
    audit(Act("took words out", f"comment {comment_id}", f"{len(places)} words"))
    shared = comment.state == "safe"
    db.session.commit()
    flash("The words are gone for good." if places else "No word was chosen: nothing was changed.", "done")
    return redirect(_back("quotes.shared" if shared else "comments.waiting"))


@comments.post("/<comment_id>/back")
def take_back(comment_id: str) -> ResponseReturnValue:
    """Share a comment with nobody any more."""
    if not store.take_back(db.session(), comment_id):
        abort(409)
    audit(Act("took a comment back", f"comment {comment_id}"))
    db.session.commit()
    flash("It is shown to nobody any more.", "done")
    return redirect(_back("quotes.shared"))


@comments.get("/<comment_id>/risk")
def risk(comment_id: str) -> str:
    """One comment, to flag it as a risk or to say that the screen was wrong about it."""
    begin_writing()
    comment = _found(comment_id)
    page = render_template(
        "staff/comment_risk.html",
        comment=comment,
        filters=_filters(),
        categories=CATEGORIES,
        kinds=marks.KINDS,
        may_lead_somewhere=store.may_lead_somewhere(comment, now().date()),
    )
    audit(Act("read a comment", f"comment {comment.id}"))
    db.session.commit()
    return page


@comments.post("/<comment_id>/risk")
def flag(comment_id: str) -> ResponseReturnValue:
    """Raise an alert with the words of a comment, reviewed meanwhile or not; the comment goes."""
    level, _, category = request.form.get("risk", "").partition(" ")
    if level not in RISKS or category not in CATEGORIES:
        abort(400)
    try:
        said = _raised(comment_id, RISKS[level], category)
        db.session.commit()
    except (SQLAlchemyError, MissingKey, OSError) as broken:
        db.session.rollback()
        log.error("a flagged comment could not be raised: %s", type(broken).__name__)
        return render_template("staff/trouble.html", **NOT_RAISED), 503
    flash(said or "A colleague has flagged this comment already: it is an alert now.", "done" if said else "note")
    return redirect(_back())


@comments.post("/<comment_id>/mark")
def mark(comment_id: str) -> ResponseReturnValue:
    """Keep what a reviewer says of the screen about a comment; nobody is told."""
    _found(comment_id)
    kind, category = request.form.get("kind", ""), request.form.get("category", "")
    if kind not in marks.KINDS:
        abort(400)
    if category not in CATEGORIES:
        flash("Choose what it is about.", "error")
        return redirect(_back("comments.risk", comment_id))
    _put_mark(comment_id, marks.of_comment(comment_id, kind, category))
    audit(Act("marked a comment", f"comment {comment_id}", f"{marks.KINDS[kind]}: {CATEGORIES[category]}"))
    db.session.commit()
    flash("Thank you. It is kept to teach Heard. Nobody was told.", "done")
    return redirect(_back())


def _raised(comment_id: str, level: Level, category: str) -> str:
    """Make the comment an alert; gives what to say, or nothing when the comment is gone."""
    taken, moment = store.take(db.session(), comment_id), now()
    if taken is None:
        return ""
    found = Assessment(level, reasons=(f"reviewer:{category}",), version=BY_A_PERSON)
    key = PublicKeys(side().settings.sealing_dir).of_day(moment)
    seals = Seals(key, Sealable(taken.text), None, moment + SEALED_FOR)
    alert_id = alerts.raise_alert(db.session(), found, "comment", seals, moment)
    label, reaches = CATEGORIES[category], taken.reaches(moment.date())
    alerts.record(db.session(), alert_id, moment, "flagged by a reviewer", current_user.name, label)
    if reaches:
        store.ask_to_reach(db.session(), taken, alert_id)
    else:
        alerts.record(db.session(), alert_id, moment, "nobody can be reached any more", "Heard")
    _put_mark(comment_id, marks.of_flagged(comment_id, alert_id, category))
    audit(
        Act("flagged a comment as risk", f"comment {comment_id}", f"{level.word}: {label}"),
        Act("raised an alert", f"alert {alert_id}", "a comment was flagged as risk"),
    )
    return _say(alert_id, reaches)


def _say(alert_id: str, reaches: bool) -> str:
    alert = alerts.find(db.session(), alert_id)
    reference = alert.reference if alert else ""
    end = "Heard is looking for a number to reach them by." if reaches else "Nobody can be reached any more."
    return f"Alert {reference} is raised and the duty worker is being told. {end}"


def _words(comment: CommentRow) -> str:
    page = render_template("staff/comment_words.html", comment=comment, filters=_filters())
    audit(Act("read a comment", f"comment {comment.id}"))
    db.session.commit()
    return page


def _put_mark(comment_id: str, said: marks.Mark) -> None:
    row = marks.mark_id(current_user.id, f"comment {comment_id}", side().settings.record_key)
    marks.put(db.session(), row, said, now().date())


def _found(comment_id: str, lock: bool = False) -> CommentRow:
    comment = store.find(db.session(), comment_id, lock)
    if comment is None:
        abort(404)
    return comment


def _order() -> str:
    """What shuffles the comments for this session: the same from page to page, another for every login."""
    seed: str = session.setdefault("order", secrets.token_hex(8))
    return seed


def _back(endpoint: str = "comments.waiting", comment_id: str | None = None) -> str:
    chosen = _filters()
    return url_for(endpoint, comment_id=comment_id, script=chosen.get("script"), theme=chosen.get("theme"))


def _filters() -> dict[str, str]:
    """The script and theme that were chosen, to come back to them."""
    return {name: value for name in ("script", "theme") if (value := request.values.get(name, ""))}
