"""Staff accounts: who there is, who may do what, and who may come in no more."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin import absence, accounts
from admin.accounts import Staff
from admin.auth import audit, now, side, staff_blueprint
from admin.roles import ROLES
from conversations.audit import Act
from conversations.db import db

people = staff_blueprint("people", "people")


@people.get("/")
def everybody() -> str:
    """All accounts."""
    return render_template("staff/people.html", found=accounts.everybody(db.session()))


@people.post("/")
def add() -> ResponseReturnValue:
    """Make an account and show its one-time password, once."""
    roles = request.form.getlist("role")
    try:
        password = accounts.add(db.session(), request.form.get("email", ""), request.form.get("name", ""), roles)
    except accounts.CannotAdd as reason:
        db.session.rollback()
        flash(f"{reason}.", "error")
        return redirect(url_for("people.everybody"))
    made = accounts.by_email(db.session(), request.form["email"])
    return _password_page(made, password, "added an account", ", ".join(roles))


@people.post("/<int:staff_id>/roles")
def roles(staff_id: int) -> ResponseReturnValue:
    """Give somebody other roles; their sessions end."""
    wanted = [role for role in request.form.getlist("role") if role in ROLES]
    person = _other(staff_id)
    if not absence.keeps_duty(wanted):
        _warn_of_gaps(person)
    accounts.set_roles(db.session(), person, wanted)
    audit(Act("changed roles", f"staff {staff_id}", ", ".join(wanted) or "none"))
    db.session.commit()
    flash(f"{person.name} has new roles and must log in again.", "done")
    return redirect(url_for("people.everybody"))


@people.post("/<int:staff_id>/disable")
def disable(staff_id: int) -> ResponseReturnValue:
    """Let somebody in no more."""
    person = _other(staff_id)
    _warn_of_gaps(person)
    accounts.disable(db.session(), person)
    audit(Act("disabled an account", f"staff {staff_id}"))
    db.session.commit()
    flash(f"{person.name} can no longer log in.", "done")
    return redirect(url_for("people.everybody"))


@people.post("/<int:staff_id>/enable")
def enable(staff_id: int) -> ResponseReturnValue:
    """Let somebody in again, with a new one-time password."""
    person = _other(staff_id)
    password = accounts.enable(db.session(), person)
    return _password_page(person, password, "enabled an account", "")


@people.post("/<int:staff_id>/second-factor")
def second_factor(staff_id: int) -> ResponseReturnValue:
    """Let somebody set up another authenticator, with a new one-time password so that nobody else can."""
    person = _other(staff_id)
    accounts.reset_second_factor(db.session(), person)
    password = accounts.new_password(db.session(), person)
    return _password_page(person, password, "reset a second factor", "")


def _other(staff_id: int) -> Staff:
    """Somebody else's account: nobody changes their own access."""
    person = db.session.get(Staff, staff_id)
    if person is None:
        abort(404)
    if person.id == current_user.id:
        abort(403)
    return person


def _warn_of_gaps(person: Staff) -> None:
    """Say when nobody will be on duty because this person no longer can be; their access ends all the same."""
    if left := absence.of(db.session(), side().settings, person, now()):
        flash(left.words, "error" if left.leaves_gaps else "note")


def _password_page(person: Staff | None, password: str, what: str, why: str) -> ResponseReturnValue:
    assert person is not None  # noqa: S101  # it was made or found in this transaction
    audit(Act(what, f"staff {person.id}", why))
    page = render_template("staff/password.html", person=person, password=password)
    db.session.commit()
    return page
