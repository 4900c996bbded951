"""The figures of closed months, as they were fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import abort, render_template
from flask.typing import ResponseReturnValue

from admin.auth import staff_blueprint
from conversations import figures as store
from conversations.db import db
from conversations.disclosure import total
from conversations.script import Script, load_all
from conversations.script.values import IMPLIED_CODES

LANGUAGE = "en"
BAR = 100

figures = staff_blueprint("figures", "figures")


@dataclass(frozen=True, slots=True)
class Line:
    """One answer of a view: its words, what is shown, and how long its bar is out of 100."""

    label: str
    shown: int
    bar: int


@dataclass(frozen=True, slots=True)
class View:
    """One question of one script; no lines means that it is withheld."""

    script: str
    question: str
    lines: tuple[Line, ...]
    total: int


@figures.get("/")
def newest() -> ResponseReturnValue:
    """The figures of the newest closed month."""
    months = store.periods(db.session())
    return _page(months[0] if months else "", months)


@figures.get("/<period>")
def month(period: str) -> ResponseReturnValue:
    """The figures of one closed month."""
    months = store.periods(db.session())
    if period not in months:
        abort(404)
    return _page(period, months)


def _page(period: str, months: list[str]) -> ResponseReturnValue:
    scripts = load_all()
    found = sorted(store.shown(db.session(), period), key=lambda figure: _place(figure, scripts))
    views = [view(figure, scripts) for figure in found]
    return render_template("staff/figures.html", period=period, months=months, views=views)


def view(figure: store.Figure, scripts: Mapping[str, Script]) -> View:
    """A figure in words, its bars drawn from what is shown and nothing else."""
    script = scripts.get(figure.script)
    words = script.words[LANGUAGE] if script else None
    asked = words.ask.get(figure.question, figure.question) if words else figure.question
    labels = words.labels.get(figure.question, {}) if words else {}
    highest = max(figure.cells.values(), default=0) or 1
    order = [code for code in _order(script, figure.question) if code in figure.cells]
    codes = order + sorted(figure.cells.keys() - set(order))
    lines = tuple(
        Line(_label(labels, code), figure.cells[code], round(BAR * figure.cells[code] / highest)) for code in codes
    )
    return View(plain(figure.script), asked, lines, total(figure.cells))


def plain(name: str) -> str:
    """A name from a script, as a reader sees it."""
    return name.replace("_", " ").replace("-", " ").capitalize()


def _place(figure: store.Figure, scripts: Mapping[str, Script]) -> tuple[str, int]:
    script = scripts.get(figure.script)
    asked = [step.id for step in script.steps] if script else []
    return figure.script, asked.index(figure.question) if figure.question in asked else len(asked)


def _label(labels: Mapping[str, str], code: str) -> str:
    label = labels.get(code, "")
    return f"{code}: {label}" if label and code.isdecimal() else label or plain(code)


def _order(script: Script | None, question: str) -> tuple[str, ...]:
    steps = script.steps if script else ()
    return next((step.options or IMPLIED_CODES.get(step.type, ()) for step in steps if step.id == question), ())
