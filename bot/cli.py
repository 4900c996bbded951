"""The commands of the bot: filters that need nothing, processes, and a check of what an operator can get wrong."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TextIO

import click
from flask import current_app
from flask.cli import with_appcontext

from bot import calls, evaluation, jobs, keyhold, leaks, metrics, simulation
from bot import doctor as checks
from bot import drill as drills
from bot import watch as second_eyes
from bot.channels import sms
from bot.clocks import StoreClock, keep_right
from bot.demo import launch
from bot.parts import named, parts
from bot.safeguards import figures, redaction, triage
from bot.safeguards import language as languages
from bot.safeguards.triage import encoder as third_mind
from bot.safeguards.triage import lexicon
from bot.stopping import on_signals
from conversations import key_marks, marks
from conversations.answers import load_vocabulary
from conversations.answers.filtering import answer_filter
from conversations.commands import StoreGroup, trouble
from conversations.db import db
from conversations.script import load_all

Filter = Callable[[Mapping[str, object]], dict[str, object]]

encoder_option = click.option(
    "--encoder",
    type=click.Choice(("request", "worker", "off")),
    default="off",
    envvar="HEARD_TRIAGE_ENCODER",
    help="With `request`, the encoder takes its second look at once, as it does with that setting.",
)


@click.group(cls=StoreGroup)
def bot() -> None:
    """Try the safeguards, talk to a script, and run the processes."""


@bot.command("triage")
@click.option("--export-marks", is_flag=True, help="Print what staff marked, from the database.")
@encoder_option
def triage_lines(export_marks: bool, encoder: str) -> None:
    """Screen texts: one JSON object with `text` a line in; the same with `level` and `reasons` out."""
    if export_marks:
        with_appcontext(_export_marks)()
        return
    _filter(_screen(encoder))


strict_option = click.option("--strict", is_flag=True, help="As before anything is quoted or exported.")


@bot.command("redact")
@strict_option
def redact_lines(strict: bool) -> None:
    """Take out identifying details: `text` in; the same with `redacted` and `found` out."""
    names = redaction.load_names()
    _filter(lambda line: redaction.redaction_filter(line, names, strict))


@bot.command("language")
def language_lines() -> None:
    """Guess the language: `text` in; the same with `lang` out, null when not sure."""
    detector = languages.build({language for script in load_all().values() for language in script.languages})
    _filter(lambda line: languages.language_filter(line, detector))


@bot.command("answer")
def answer_lines() -> None:
    """Understand answers: `type`, `options`, `lang` and `text` in; the same with `value` out, null for ask again."""
    vocabulary = load_vocabulary()
    _filter(lambda line: answer_filter(line, vocabulary))


@bot.command()
@click.argument("name")
@click.option("--partnership", default="your council", envvar="HEARD_PARTNERSHIP", help="Who asks, in the first words.")
def simulate(name: str, partnership: str) -> None:
    """Talk to the script NAME here in the terminal; nothing is kept. An empty line ends it."""
    scripts = load_all()
    if name not in scripts:
        raise click.BadParameter(f"choose one of {', '.join(sorted(scripts))}", param_hint="NAME")
    script = named(scripts[name], partnership)
    simulation.talk(script, click.echo, lambda: click.prompt("you", default="", show_default=False))


@bot.command()
@with_appcontext
def worker() -> None:
    """Send alerts and texts, keep the house: until SIGTERM or Ctrl-C."""
    port = parts().settings.metrics_port
    say_what_is_missing()
    with metrics.served(port and port + 1, metrics.of_process()):
        clock = StoreClock(parts().clock)
        jobs.work(db.session(), replace(parts(), clock=clock), on_signals(), keep_right(clock, "worker"))


@bot.command()
@with_appcontext
def watch() -> None:
    """Look for trouble from a process of its own and raise the organisation's alarm: until SIGTERM or Ctrl-C."""
    registry = metrics.of_process()
    shown = metrics.Figures(registry)
    with metrics.served(parts().settings.metrics_port, registry):
        clock, get = StoreClock(parts().clock), shown.measured(calls.get)
        same_time = replace(parts(), clock=clock)
        second_eyes.watch(db.session(), same_time, on_signals(), get, shown.show, keep_right(clock, "watch"))


@bot.command("drill")
@with_appcontext
def make_drill() -> None:
    """Raise a drill now: whoever is on duty is told of a marked alert. The watch closes it when it is answered."""
    try:
        click.echo(f"drill {drills.begin_now(db.session(), parts())} is raised")
    except drills.NotNow:
        raise click.ClickException("A drill wakes nobody: make it in cover hours.") from None


@bot.command()
@with_appcontext
def doctor() -> None:
    """Check everything that an operator can get wrong; exit 1 when something is."""
    faults = checks.faults(db.session(), parts())
    for fault in faults:
        click.echo(f"wrong: {fault}")
    click.echo(f"ways:  {checks.ways(parts())}")
    for advice in checks.reminders(parts().settings):
        click.echo(f"look:  {advice}")
    if faults:
        raise SystemExit(1)
    click.echo("no faults found")


@bot.command("keys")
@click.option("--accept", help="Say that a change was looked into: opt-out.key, or HEARD_KEYS_DIR.")
@with_appcontext
def list_keys(accept: str | None) -> None:
    """List every key by name: what it is for, when it dies, how many boxes need it. Run it as the worker's user."""
    if accept:
        key_marks.accept(db.session(), accept)
        db.session.commit()
    for key in keyhold.inventory(db.session(), parts()):
        click.echo(f"{key.name:45} {key.kind:23} dies {key.dies:27} boxes {key.boxes:5}  {key.wrong}".rstrip())
    click.echo(f"boxes whose key is gone: {keyhold.dead_boxes(db.session(), parts())}")
    for name in key_marks.changed(db.session()):
        click.echo(f"wrong: {checks.CHANGED[name]}")


@bot.command("fallback-page")
def fallback_page() -> None:
    """Print the page for another host to answer Twilio with when we are down: docs/twilio.md says how."""
    click.echo(sms.fallback_page())


@bot.group()
def evaluate() -> None:
    """Measure a safeguard on a file of texts; needs no setting and no database."""


@evaluate.command("triage")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--against", type=click.File(encoding="utf-8"), help="What `flask bot triage` printed before the change.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@encoder_option
def evaluate_triage(file: TextIO, against: TextIO | None, as_json: bool, encoder: str) -> None:
    """Recall, false alarms and speed on FILE: JSON lines with `text`, true `level`, perhaps `category`, `lang`, `hand`.

    With --against also what changes; exit 1 when a line with `must` true has lost its level.
    """
    screen = _screen(encoder)
    try:
        truths = evaluation.read(file)
        old = evaluation.read_levels(against) if against else {}
    except evaluation.Unreadable as wrong:
        raise click.UsageError(str(wrong)) from None
    judged = list(evaluation.judge(truths, screen, time.perf_counter))
    report = figures.report(judged)
    changed = evaluation.changes(truths, judged, old) if against else []
    _show(report, changed if against else None, as_json)
    if any(change.lost for change in changed):
        raise SystemExit(1)


@evaluate.command("redaction")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@strict_option
def evaluate_redaction(file: TextIO, as_json: bool, strict: bool) -> None:
    """What redaction leaves and loses on FILE: JSON lines with `text` and `details` as [start, end, kind]."""
    names = redaction.load_names()
    try:
        known = leaks.read(file)
    except evaluation.Unreadable as wrong:
        raise click.UsageError(str(wrong)) from None

    def redact(text: str, language: str) -> str:
        return redaction.redact(text, language, names, strict).text

    _show(leaks.report(list(leaks.judge(known, redact, time.perf_counter))), None, as_json)


bot.add_command(launch.command)


def say_what_is_missing() -> None:
    """Say what the worker lacks, and no more: alerts leave without a key, and the database may come."""
    for setting in keyhold.unwritable(parts().settings):
        click.echo(f"{setting} cannot be written by this user: no key can be made. {keyhold.OWNER}", err=True)
    if said := trouble(current_app):
        click.echo(f"{said}. The worker goes on trying.", err=True)


def _screen(encoder: str) -> Filter:
    """The screen as a filter, with the encoder's second look where that is asked for."""
    rules = lexicon.load()
    look = None
    if encoder == "request":
        third_mind.load()  # a missing encoder is told before the first line
        look = triage.looking(rules)
    return lambda line: triage.triage_filter(line, rules, look)


def _show(report: figures.Figures, changed: list[evaluation.Change] | None, as_json: bool) -> None:
    if as_json:
        told = {} if changed is None else {"changed": [change.told() for change in changed]}
        click.echo(json.dumps(report | told, ensure_ascii=False))
        return
    for line in evaluation.table(report):
        click.echo(line)
    for change in changed or ():
        click.echo(change)
    if changed is not None:
        click.echo(f"{len(changed)} changed, {sum(change.lost for change in changed)} lost")


def _export_marks() -> None:
    """Print each mark that has its redacted text, in no order; say how many have none."""
    rows, without = marks.export(db.session())
    random.SystemRandom().shuffle(rows)
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False))
    if without:
        click.echo(f"marks without text, left out: {without}", err=True)


def _filter(one: Filter) -> None:
    for raw in sys.stdin:
        if raw.strip():
            click.echo(json.dumps(_filtered(raw, one), ensure_ascii=False))


def _filtered(raw: str, one: Filter) -> dict[str, Any]:
    try:
        line = json.loads(raw)
    except ValueError:
        line = None
    return one(line if isinstance(line, dict) else {"error": "not a JSON object"})
