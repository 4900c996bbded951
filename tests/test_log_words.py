"""The list of words that may be logged holds every word that our lines say, and none that they do not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import alarm, past_the_store, proving, troubles
from bot.jobs import JOBS, URGENT
from bot.logs import FIELD, WORD, WORDS, sayable
from bot.ways.meanings import NOTIFY
from conversations import escalation

ROOT = Path(__file__).resolve().parent.parent
# An Unreadable of these is shown to staff and never logged.
UNLOGGED = {"calendars.py", "evaluation.py", "files.py", "leaks.py"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
# What is handed to these ends up in a line of the log: the reasons of errors, and names of what was being done.
SINKS = {"NotSent", "CannotOpen", "Unreadable", "EncoderAbsent", "refusal", "_needs_operator", "_try", "_went_down"}
NAMED = (
    *JOBS, *URGENT, *(each.name for each in troubles.TROUBLES), *NOTIFY,
    *escalation.WAYS, *escalation.OWN_WAYS, *escalation.WHY.values(),
    alarm.FAILED, past_the_store.FAILED, proving.NOT_SET_UP, "store down", "unhandled", "None",
)  # fmt: skip


def modules() -> list[Path]:
    found = [path for package in ("bot", "conversations", "admin") for path in (ROOT / package).rglob("*.py")]
    apart = ("migrations", "simulator", "demo")
    return [ROOT / "wsgi.py", *(path for path in found if not {*apart} & {*path.relative_to(ROOT).parts})]


def logged(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call of a logger."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            speaker = ast.unparse(node.func.value)
            if speaker in {"log", "logger"} or "getLogger" in speaker:
                yield node


def templates(tree: ast.AST) -> Iterator[str]:
    for call in logged(tree):
        assert isinstance(call.args[0], ast.Constant), f"line {call.lineno}: what is logged must stand there in full"
        yield str(call.args[0].value)


def reasons(tree: ast.AST) -> Iterator[str]:
    """The literal words that are handed to what logs them, pieces of f-strings among them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in SINKS:
            yield from (text for each in node.args for text in literals(each))
        if isinstance(node, ast.keyword) and node.arg == "why":
            yield from literals(node.value)


def literals(tree: ast.AST) -> Iterator[str]:
    return (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))


def words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(FIELD.sub("", text))}


def needed() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in modules() if path.name not in UNLOGGED]
    said = [text for tree in trees for text in (*templates(tree), *reasons(tree))]
    return {word for text in (*said, *NAMED) for word in words(text)}


def test_every_word_that_our_lines_say_is_on_the_list_and_no_other() -> None:
    assert WORDS - needed() == set(), "nothing says these any more: take them off the list in bot/logs.py"
    assert needed() - WORDS == set(), "put these on the list in bot/logs.py, unless they could come from a person"


@pytest.mark.parametrize("name", sorted({each for each in NAMED if each}))
def test_what_is_named_in_a_line_can_be_said(name: str) -> None:
    assert sayable(name)


@pytest.mark.parametrize(
    "code", ['log.error(f"sent to {number}")', "log.error(text)", 'log.error("to " + number)', "log.info(str(error))"]
)
def test_a_line_that_is_put_together_is_noticed(code: str) -> None:
    with pytest.raises(AssertionError):
        list(templates(ast.parse(code)))


def test_nothing_but_an_alerts_reference_and_the_place_of_an_error_is_vouched_for() -> None:
    vouched = [
        (path.name, ast.unparse(node.args[0]))
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Vouched"
    ]
    outside = [(name, what) for name, what in vouched if name != "logs.py"]
    assert outside == [("duty.py", "alert.reference")]


# Ways round the logger: what they print goes to the same stream, words and all.
ROUND = re.compile(r"\bprint\(|traceback\.print_|set_debuglevel|faulthandler|logging\.basicConfig|echo=True|\bpdb\b")


def test_nothing_that_runs_in_earnest_prints_past_the_logger() -> None:
    found = [
        f"{path.name}: {line.strip()}"
        for path in modules()
        for line in path.read_text(encoding="utf-8").splitlines()
        if ROUND.search(line.split("#")[0])
    ]
    assert found == []
