"""Bringing shifts in from a calendar file: read strictly, shown first, saved once however often the file comes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import accounts, spans
from admin.accounts import Staff
from admin.auth import audit, now, staff_blueprint
from conversations import calendars, shift_book
from conversations.audit import Act
from conversations.calendars import Event, Unreadable
from conversations.db import db
from conversations.shift_book import CannotKeep
from conversations.shifts import DUTY, OUT_OF_HOURS, Gap, Shift

imports = staff_blueprint("rota_import", "rota/import")

ROTAS = {DUTY: "Duty", OUT_OF_HOURS: "Out of hours"}
LARGEST = 1024 * 1024
AROUND = 64 * 1024
"""What a form needs beside the file."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One shift that a file would add, under the mark that it is known by from then on."""

    mark: str
    shift: Shift


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file would do: what it adds, how much is on the rota or over already, what is wrong with it."""

    new: tuple[Planned, ...] = ()
    known: int = 0
    past: int = 0
    faults: tuple[str, ...] = ()


@imports.url_value_preprocessor
def _take_a_file(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Take more than other pages do; before anything reads the form."""
    request.max_content_length = LARGEST + AROUND
    request.max_form_memory_size = LARGEST


@imports.get("/")
def choose() -> str:
    """The form for a file."""
    return render_template("staff/rota_import.html", plan=None, rotas=ROTAS)


@imports.post("/")
def preview() -> ResponseReturnValue:
    """What a file would add; nothing is saved yet."""
    rota, content = request.form.get("rota", ""), _content()
    plan = _read(content, rota) if rota in ROTAS else Plan(faults=("Choose the rota.",))
    names = {person.id: person.name for person in accounts.everybody(db.session())}
    lines = [
        (names[each.shift.person], spans.said(Gap(each.shift.starts_at, each.shift.ends_at))) for each in plan.new
    ]
    packed = json.dumps([_packed(each) for each in plan.new])
    page = render_template("staff/rota_import.html", plan=plan, lines=lines, packed=packed, rotas=ROTAS)
    return page, 422 if plan.faults else 200


@imports.post("/save")
def save() -> ResponseReturnValue:
    """Save what was shown; what has come onto the rota meanwhile stays as it is there."""
    try:
        planned = _plan(request.form.get("plan", ""))
        marks = {each.shift: each.mark for each in planned}
        known = shift_book.imported(db.session(), marks.values())
        wanted = [shift for shift, mark in marks.items() if mark not in known]
        shift_book.add(db.session(), wanted, now(), marks)
    except CannotKeep as why:
        db.session.rollback()
        flash(f"Nothing was saved. {why}.", "error")
        return redirect(url_for("rota_import.choose"))
    except (ValueError, TypeError, RecursionError):
        flash("Nothing was saved. Choose the file again.", "error")
        return redirect(url_for("rota_import.choose"))
    audit(Act("imported shifts", "rota", f"{len(wanted)} shifts"))
    db.session.commit()
    flash(f"Saved: {len(wanted)} shift{'s' if len(wanted) != 1 else ''}.", "done")
    return redirect(url_for("rota.overview"))


def _content() -> bytes:
    file = request.files.get("file")
    if file is None:
        return b""
    with file.stream:  # a large one lies on the disk
        return file.stream.read(LARGEST + 1)


def _read(content: bytes, rota: str) -> Plan:
    if not content or len(content) > LARGEST:
        return Plan(faults=("Choose a calendar file of at most 1 MB.",))
    try:
        events = calendars.read(content.decode("utf-8"))
    except UnicodeDecodeError:
        return Plan(faults=("This is no calendar: it is not written in UTF-8.",))
    except Unreadable as why:
        return Plan(faults=(f"{why}.",))
    return _planned(events, rota, accounts.everybody(db.session()))


def _planned(events: Sequence[Event], rota: str, people: Sequence[Staff]) -> Plan:
    known = shift_book.imported(db.session(), [event.mark for event in events])
    ahead = [event for event in events if event.ends_at > now()]
    fresh = [event for event in ahead if event.mark not in known]
    new: list[Planned] = []
    faults: dict[int, str] = {}
    for event in fresh:
        person = _person_of(event, people)
        if person is None:
            nobody = f"Line {event.line}: {_whom(event)} is nobody of our staff, or more than one."
            faults.setdefault(event.line, nobody)
        else:
            new.append(Planned(event.mark, Shift(rota, person.id, event.starts_at, event.ends_at)))
    try:
        shift_book.check(db.session(), [each.shift for each in new], now())
    except CannotKeep as why:
        faults.setdefault(0, f"{why}.")
    return Plan(tuple(new), len(ahead) - len(fresh), len(events) - len(ahead), tuple(faults.values()))


def _person_of(event: Event, people: Iterable[Staff]) -> Staff | None:
    """Whose shift it is: by mail where one is given, else by the name in its title; None for nobody and for two."""
    title = event.title.casefold()
    found = [
        person
        for person in people
        if person.active
        if (person.email.lower() in event.mails if event.mails else person.name.casefold() in title)
    ]
    return found[0] if len(found) == 1 else None


def _whom(event: Event) -> str:
    return ", ".join(event.mails) or event.title or "a shift without a name"


def _packed(each: Planned) -> list[object]:
    shift = each.shift
    return [each.mark, shift.rota, shift.person, shift.starts_at.isoformat(), shift.ends_at.isoformat()]


def _plan(text: str) -> list[Planned]:
    packed = json.loads(text)
    if not packed or not isinstance(packed, list):
        raise ValueError("no plan")
    return [_unpacked(each) for each in packed]


def _unpacked(packed: Any) -> Planned:
    mark, rota, person, starts, ends = packed
    if not isinstance(mark, str) or not 0 < len(mark) <= 255 or rota not in ROTAS:
        raise ValueError(mark)
    starts_at, ends_at = datetime.fromisoformat(starts), datetime.fromisoformat(ends)
    if starts_at.tzinfo is None or ends_at.tzinfo is None:
        raise ValueError(starts)
    return Planned(mark, Shift(rota, int(person), starts_at, ends_at))
