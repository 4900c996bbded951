"""Keeping the rota: adding shifts and overrides, taking shifts out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import accounts, spans
from admin.accounts import Staff
from admin.auth import audit, now, side, staff_blueprint
from conversations import duty_rota, shift_book
from conversations.audit import Act
from conversations.db import db
from conversations.rota import HERE, weekly
from conversations.shift_book import CannotKeep, Change
from conversations.shifts import DUTY, OUT_OF_HOURS, Gap, Shift

book = staff_blueprint("rota_book", "rota")

ROTAS = {DUTY: "Duty", OUT_OF_HOURS: "Out of hours"}
MOST_WEEKS = 52


@book.get("/new")
def new() -> str:
    """The form for a shift or an override."""
    return _form({"from_day": f"{now().astimezone(HERE):%Y-%m-%d}", "from_time": "09:00", "to_time": "17:00"})


@book.post("/new")
def add() -> ResponseReturnValue:
    """Put a shift on the rota, once or for some weeks."""
    try:
        wanted = _wanted(request.form)
        shift_book.add(db.session(), wanted, now())
    except CannotKeep as why:
        db.session.rollback()
        return _form(request.form, f"{why}."), 422
    first = wanted[0]
    span = f"{first.starts_at:%Y-%m-%d %H:%M} to {first.ends_at:%Y-%m-%d %H:%M}, {len(wanted)} times"
    what = "added an override" if first.override else "added a shift"
    audit(Act(what, f"staff {first.person}", f"{first.rota} {span}"))
    db.session.commit()
    flash(f"Saved: {len(wanted)} shift{'s' if len(wanted) != 1 else ''}.", "done")
    return redirect(url_for("rota.overview"))


@book.post("/shifts/<shift_id>/remove")
def remove(shift_id: str) -> ResponseReturnValue:
    """Take a shift out; when nobody is on duty then, only after that has been read and confirmed."""
    try:
        made = shift_book.gaps_made(db.session(), side().settings, Change(gone=(shift_id,)), now())
        shift = shift_book.find(db.session(), shift_id)
        if made and request.form.get("confirmed") != "yes":
            return _confirm(shift, made), 422
        shift_book.remove(db.session(), shift_id, now())
    except LookupError:
        abort(404)
    except CannotKeep as why:
        db.session.rollback()
        flash(f"{why}.", "error")
        return redirect(url_for("rota.one", shift_id=shift_id))
    audit(Act("removed a shift", f"staff {shift.person}", f"{shift.rota} {shift.starts_at:%Y-%m-%d %H:%M}"))
    db.session.commit()
    flash("The shift is taken out.", "done")
    return redirect(url_for("rota.overview"))


def _confirm(shift: Shift, made: tuple[Gap, ...]) -> str:
    when = spans.said(Gap(shift.starts_at, shift.ends_at))
    person = db.session.get_one(Staff, shift.person)
    gaps = [spans.said(gap) for gap in made]
    return render_template("staff/shift_confirm.html", shift=shift, when=when, person=person, gaps=gaps)


def _form(typed: Mapping[str, str], wrong: str = "") -> str:
    reachable = duty_rota.load(db.session(), now()).people
    told = set(duty_rota.MAY_BE_TOLD)
    people = [
        (person, person.id in reachable)
        for person in accounts.everybody(db.session())
        if person.active and told & {role.name for role in person.roles}
    ]
    return render_template("staff/rota_new.html", typed=typed, wrong=wrong, people=people, rotas=ROTAS)


def _wanted(typed: Mapping[str, str]) -> tuple[Shift, ...]:
    """The shifts that a form asks for; raises CannotKeep for what is no time, person or number."""
    begins, ends = (_day_and_time(typed, which) for which in ("from", "to"))
    weeks, person = _number(typed, "weeks", "1"), _number(typed, "person", "")
    if not 1 <= weeks <= MOST_WEEKS:
        raise CannotKeep(f"Repeat it for 1 to {MOST_WEEKS} weeks")
    if typed.get("rota") not in ROTAS:
        raise CannotKeep("Choose the rota")
    override = typed.get("override") == "yes"
    return tuple(Shift(typed["rota"], person, *each, override) for each in weekly(begins, ends, weeks))


def _day_and_time(typed: Mapping[str, str], which: str) -> tuple[date, time]:
    clock = typed.get(f"{which}_time", "")
    try:
        day = date.fromisoformat(typed.get(f"{which}_day", "") or typed.get("from_day", ""))
        found = time.fromisoformat(clock)
    except ValueError:
        raise CannotKeep("Give each day and time, like 2026-11-27 and 17:00") from None
    if found.tzinfo is not None or not date(2020, 1, 1) <= day <= date(2100, 1, 1):
        raise CannotKeep("Give each day and time, like 2026-11-27 and 17:00")
    return day, found.replace(second=0, microsecond=0)


def _number(typed: Mapping[str, str], name: str, otherwise: str) -> int:
    text = typed.get(name, "") or otherwise
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise CannotKeep("Choose who is on duty" if name == "person" else "Give the number of weeks")
    return int(text)
