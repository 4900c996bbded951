"""The rota: who is on duty when, where nobody is, swapping a shift, and the rota as a calendar elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from admin import accounts, spans
from admin.accounts import Staff
from admin.auth import audit, now, side, staff_blueprint
from admin.roles import PAGES
from conversations import calendars, duty_rota, proofs, shift_book, shifts, swaps
from conversations.audit import Act
from conversations.calendars import Entry
from conversations.db import db
from conversations.rota import HERE, moment
from conversations.shifts import OUT_OF_HOURS, DutyPerson, Rota, Shift
from conversations.swaps import Swap

rota = staff_blueprint("rota", "rota")

DAYS = 14
FAR = timedelta(days=366)
FEED_BEHIND, FEED_AHEAD = timedelta(days=28), timedelta(days=366)
KEEPERS = PAGES["rota_book"]


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be on duty: how they can be reached, with no number whole."""

    name: str
    reached: str


@rota.get("/")
def overview() -> str:
    """Two weeks, day by day, and when nobody is on duty."""
    found, first = duty_rota.load(db.session(), now(), duty_rota.AHEAD), _first_day()
    shown = _shown(first)
    start, end = max(now(), moment(first, time(0))), moment(first + timedelta(days=DAYS), time(0))
    hours = side().settings.cover_hours
    gaps = shifts.gaps(shown, duty_rota.must_be_covered(shown, hours, start, end)) if start < end else ()
    ahead = shifts.gaps(found, duty_rota.must_be_covered(found, hours, now(), now() + duty_rota.AHEAD))
    return render_template(
        "staff/rota.html",
        days=spans.days(first, DAYS, shown.shifts, gaps),
        ahead=[spans.said(gap) for gap in ahead],
        doubled=[spans.said(gap) for gap in shifts.doubled(found, now(), now() + duty_rota.AHEAD)],
        earlier=first - timedelta(days=DAYS),
        later=first + timedelta(days=DAYS),
        names=_names(),
        reachable=found.people,
        colleagues=_colleagues(found),
        asked=swaps.waiting(db.session(), now()),
        keeper=_is_keeper(),
        hours=hours,
    )


@rota.get("/shifts/<shift_id>")
def one(shift_id: str) -> str:
    """One shift, and what may be done about it."""
    return render_template("staff/shift.html", **_about(_found(shift_id)))


@rota.post("/shifts/<shift_id>/swap")
def swap(shift_id: str) -> ResponseReturnValue:
    """Ask for a swap of your own shift, or of any for whoever keeps the rota: it counts once both have said yes."""
    shift, back = _found(shift_id), redirect(url_for("rota.one", shift_id=shift_id))
    if not (_is_keeper() or shift.person == current_user.id):
        flash("You can swap your own shifts. Ask whoever keeps the rota about others.", "error")
        return back
    try:
        asked = swaps.ask(db.session(), shift_id, request.form.get("with", ""), current_user.id, now())
    except (shift_book.CannotKeep, LookupError) as why:
        db.session.rollback()
        flash(f"{why}." if isinstance(why, shift_book.CannotKeep) else "Choose the shift that you swap with.", "error")
        return back
    audit(Act("asked for a swap", *_of(asked)))
    who = " and ".join(_names()[person] for person in asked.waits_for)
    db.session.commit()
    flash(f"The wish is kept. Both shifts stay as they are until {who} says yes.", "done")
    return redirect(url_for("rota.overview"))


@rota.post("/swaps/<swap_id>/yes")
def agree(swap_id: str) -> ResponseReturnValue:
    """Say yes to a swap of your own shift; the last yes makes it."""
    found = _asked(swap_id)
    if current_user.id not in found.waits_for:
        return _not_yours("This swap does not wait for your yes.")
    try:
        done = swaps.agree(db.session(), found, current_user.id, now())
    except shift_book.CannotKeep as why:
        db.session.rollback()
        flash(f"{why}.", "error")
        return redirect(url_for("rota.overview"))
    audit(Act("swapped shifts" if done else "agreed to a swap", *_of(found)))
    db.session.commit()
    flash("The shifts are swapped." if done else "Your yes is kept. The other one has yet to say yes.", "done")
    return redirect(url_for("rota.overview"))


@rota.post("/swaps/<swap_id>/no")
def decline(swap_id: str) -> ResponseReturnValue:
    """Say no to a swap, or take the wish back."""
    found = _asked(swap_id)
    if not (_is_keeper() or found.is_about(current_user.id)):
        return _not_yours("This swap is about shifts of others.")
    swaps.drop(db.session(), found)
    audit(Act("ended a wish to swap", *_of(found)))
    db.session.commit()
    flash("There is no swap: both shifts stay as they are.", "done")
    return redirect(url_for("rota.overview"))


@rota.post("/calendar")
def new_feed() -> str:
    """Make a secret address under which a calendar elsewhere finds the rota, and show it once."""
    token = proofs.new_feed(db.session(), current_user.id)
    audit(Act("made a calendar address", f"staff {current_user.id}"))
    address = f"{side().settings.public_url}{url_for('rota.calendar', feed=token)}"
    page = render_template("staff/rota_feed.html", address=address, whole=_is_keeper())
    db.session.commit()
    return page


@rota.get("/calendar/<feed>.ics")
def calendar(feed: str) -> Response:
    """The rota for a calendar elsewhere, which cannot log in: somebody's own shifts, or all for whoever keeps it."""
    owner = db.session.get(Staff, proofs.owner_of_feed(db.session(), feed) or 0)
    roles = {role.name for role in owner.roles} if owner is not None and owner.active else set()
    if owner is None or not roles & PAGES["rota"]:
        abort(404)
    found = duty_rota.load(db.session(), now() - FEED_BEHIND, FEED_BEHIND + FEED_AHEAD)
    names = _names() if roles & KEEPERS else {}
    entries = [
        Entry(f"{shift.id}@heard", shift.starts_at, shift.ends_at, _title(shift, names))
        for shift in found.shifts
        if names or shift.person == owner.id
    ]
    return Response(calendars.write(entries, "Duty rota", now()), mimetype="text/calendar")


def _title(shift: Shift, names: Mapping[int, str]) -> str:
    words = "Out of hours" if shift.rota == OUT_OF_HOURS else "Duty"
    return f"{words}: {names[shift.person]}" if names else words


def _about(shift: Shift) -> dict[str, object]:
    """What the page of one shift shows."""
    found = duty_rota.load(db.session(), now(), FAR)
    others = [
        other
        for other in found.shifts
        if other.starts_at > now() and other.person in found.people and other.person != shift.person
    ]
    return {
        "shift": shift,
        "when": spans.said(shifts.Gap(shift.starts_at, shift.ends_at)),
        "others": [(other, spans.said(shifts.Gap(other.starts_at, other.ends_at))) for other in others],
        "names": _names(),
        "asked": [swap for swap in swaps.waiting(db.session(), now()) if shift.id in (swap.one.id, swap.other.id)],
        "keeper": _is_keeper(),
        "begun": shift.starts_at <= now(),
    }


def _found(shift_id: str) -> Shift:
    try:
        return shift_book.find(db.session(), shift_id)
    except LookupError:
        abort(404)


def _not_yours(why: str) -> ResponseReturnValue:
    flash(why, "error")
    return redirect(url_for("rota.overview"))


def _asked(swap_id: str) -> Swap:
    try:
        return swaps.find(db.session(), swap_id)
    except LookupError:
        abort(404)


def _of(swap: Swap) -> tuple[str, str]:
    """What the audit says of a swap."""
    return f"shift {swap.one.id}", f"with shift {swap.other.id}"


@rota.app_template_filter()
def turn(shift: Shift) -> str:
    """When a shift is, as staff say it."""
    return spans.said(shifts.Gap(shift.starts_at, shift.ends_at))


def _first_day() -> date:
    today = now().astimezone(HERE).date()
    try:
        asked = date.fromisoformat(request.args.get("from", ""))
    except ValueError:
        return today
    return asked if abs(asked - today) < FAR else today


def _shown(first: date) -> Rota:
    return duty_rota.load(db.session(), moment(first, time(0)), timedelta(days=DAYS + 1))


def _names() -> dict[int, str]:
    return {person.id: person.name for person in accounts.everybody(db.session())}


def _is_keeper() -> bool:
    return bool({role.name for role in current_user.roles} & KEEPERS)


def _colleagues(found: Rota) -> list[Colleague]:
    """Everybody who may be on duty by their role, those who cannot be reached among them."""
    told = set(duty_rota.MAY_BE_TOLD)
    people = [person for person in accounts.everybody(db.session()) if person.active]
    return [
        Colleague(person.name, _reached(found.people.get(person.id)))
        for person in people
        if told & {role.name for role in person.roles}
    ]


def _reached(person: DutyPerson | None) -> str:
    if person is None:
        return ""
    words = {"sms": "text to a number ending {}", "voice": "call to a number ending {}", "email": "e-mail"}
    return ", then ".join(words[way.kind].format(way.address[-3:]) for way in person.ways)
