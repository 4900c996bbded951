"""The house rules that no tool of its own keeps: sizes, cycles, who commits, who reads the environment."""

from __future__ import annotations

import ast
import graphlib
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES, FILE_LINES, NESTING, PARAMETERS = 40, 300, 3, 6
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.TryStar, ast.Match, ast.AsyncFor, ast.AsyncWith)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "data", "process", "tools"}

# Shells: they read, call the core, write, and commit once. Everybody else leaves the commit to them.
COMMITTERS = {
    "admin.alerts", "admin.auth", "admin.cli", "admin.marks", "admin.number", "admin.numbers", "admin.outcomes",
    "admin.own_ways", "admin.reading", "admin.relay", "admin.review", "admin.rota", "admin.rota_book",
    "admin.rota_import", "admin.sessions", "admin.staff", "admin.worries", "bot.channels.sms", "bot.channels.voice",
    "bot.cli", "bot.clocks", "bot.data_commands", "bot.doubts", "bot.drill", "bot.duty", "bot.inbound", "bot.jobs",
    "bot.numbers", "bot.outbound", "bot.proving", "bot.reconcile", "bot.relay", "bot.revealing", "bot.second_look",
    "bot.watch",
}
# The environment is read in one place; the launcher of the demonstration hands its own on to the processes it starts.
ENVIRONMENT_READERS = {"wsgi", "bot.demo.launch"}
# Modules of the pure packages that do meet the outside; every other one must be in the pure-core contract.
EDGES = {
    "conversations.alarms", "conversations.alerts", "conversations.attempts", "conversations.audit",
    "conversations.boxes", "conversations.cli", "conversations.commands", "conversations.comments",
    "conversations.counting", "conversations.db",
    "conversations.drills", "conversations.duty_models", "conversations.duty_rota", "conversations.endings",
    "conversations.figures", "conversations.joining",
    "conversations.heartbeats", "conversations.key_marks", "conversations.keys", "conversations.lines",
    "conversations.lives", "conversations.marks", "conversations.models", "conversations.openings",
    "conversations.outbox", "conversations.outcomes", "conversations.proofs", "conversations.queues",
    "conversations.receipts", "conversations.relays", "conversations.retention", "conversations.reveals",
    "conversations.schema", "conversations.sealing", "conversations.shift_book", "conversations.staff_models",
    "conversations.store", "conversations.swaps",
    "conversations.triage_models", "conversations.versions", "conversations.worries",
}


def _paths() -> list[Path]:
    found = [path for package in ("bot", "conversations", "admin") for path in (ROOT / package).rglob("*.py")]
    # Alembic writes and calls the migrations; they are history, not code to live in.
    kept = [path for path in found if "migrations" not in path.relative_to(ROOT).parts]
    return sorted(kept) + [path for path in [ROOT / "wsgi.py"] if path.exists()]


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _trees() -> dict[str, ast.Module]:
    return {_name(path): ast.parse(path.read_text(encoding="utf-8"), str(path)) for path in _paths()}


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))


def nesting(node: ast.AST, level: int = 0) -> int:
    """How deep the blocks below `node` go; functions inside it are measured on their own, and `elif` goes no deeper."""
    deepest = level
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            continue
        elif_branch = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting(child, level + (isinstance(child, BLOCKS) and not elif_branch)))
    return deepest


def function_faults(tree: ast.AST) -> list[str]:
    """Functions that are too long, too deep, or ask for too much."""
    faults = []
    for function in _functions(tree):
        arguments = function.args
        sizes = {
            "lines": ((function.end_lineno or 0) - function.lineno + 1, FUNCTION_LINES),
            "blocks deep": (nesting(function), NESTING),
            "parameters": (len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs), PARAMETERS),
        }
        faults += [f"{function.name}: {size} {what}" for what, (size, limit) in sizes.items() if size > limit]
    return faults


def commits(tree: ast.AST) -> list[int]:
    """The lines that call something's commit()."""
    return [node.lineno for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"]


def environment_reads(tree: ast.AST) -> list[int]:
    """The lines that reach for the environment, under whatever name."""
    names = {"environ", "environb", "getenv"}
    imported = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "os"
                and names & {alias.name for alias in node.names}]
    used = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in names
            and isinstance(node.value, ast.Name) and node.value.id == "os"]
    return sorted(imported + used)


def clock_reads(tree: ast.AST) -> list[int]:
    """The lines that ask what time it is."""
    asked = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today",
             "time.time", "time.time_ns", "time.monotonic", "time.perf_counter", "time.localtime", "time.gmtime"}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if ".".join(ast.unparse(call.func).split(".")[-2:]) in asked]


def imported(tree: ast.AST) -> set[str]:
    """Every name that may be a module, imports inside functions and for types included."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """One circle of modules that import one another, or nothing."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def _modules() -> list[object]:
    return [pytest.param(name, tree, id=name) for name, tree in _trees().items()]


@pytest.mark.parametrize(("name", "tree"), _modules())
def test_functions_stay_short_flat_and_modest(name: str, tree: ast.Module) -> None:
    assert function_faults(tree) == []


@pytest.mark.parametrize("path", _paths(), ids=_name)
def test_files_fit_on_a_few_screens(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= FILE_LINES


@pytest.mark.parametrize(("name", "tree"), _modules())
def test_every_module_says_in_one_sentence_what_it_is_for(name: str, tree: ast.Module) -> None:
    first = (ast.get_docstring(tree) or "").partition("\n")[0]
    assert first, f"{name} has no docstring"
    assert first.endswith("."), f"{name}: the first line is not a sentence: {first!r}"


@pytest.mark.parametrize("name", _trees())
def test_no_module_has_a_name_that_could_hold_anything(name: str) -> None:
    assert not VAGUE & set(name.split("."))


def test_no_modules_import_one_another_in_a_circle() -> None:
    trees = _trees()
    assert cycle({name: (imported(tree) & trees.keys()) - {name} for name, tree in trees.items()}) == []


def test_only_the_shells_commit() -> None:
    found = {name: lines for name, tree in _trees().items() if (lines := commits(tree)) and name not in COMMITTERS}
    assert found == {}


def test_the_environment_is_read_in_one_place() -> None:
    found = {name: lines for name, tree in _trees().items()
             if (lines := environment_reads(tree)) and name not in ENVIRONMENT_READERS}
    assert found == {}


def test_what_we_say_and_keep_is_told_the_time_and_never_looks() -> None:
    below = ("conversations.", "bot.safeguards.", "bot.identity")
    found = {name: lines for name, tree in _trees().items()
             if name.startswith(below) and name != "conversations.cli" and (lines := clock_reads(tree))}
    assert found == {}


def test_a_module_of_a_pure_package_is_pure_or_a_named_edge() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    core = next(contract for contract in linter["contracts"] if contract["id"] == "pure-core")
    pure = set(core["source_modules"])
    rooms = {".".join(name.split(".")[:2]) for name in _trees() if name.startswith("conversations.")}
    assert rooms - pure == EDGES


DEEP = """
def deep(rows):
    for row in rows:
        if row:
            with row:
                while row: pass
"""
FLAT = """
def flat(row):
    if row == 1: pass
    elif row == 2: pass
    elif row == 3: pass
    elif row == 4: pass
    elif row == 5: pass
"""


@pytest.mark.parametrize(("source", "faults"), [
    ("def long():\n" + "    pass\n" * 40, ["long: 41 lines"]),
    ("def short():\n" + "    pass\n" * 39, []),
    (DEEP, ["deep: 4 blocks deep"]),
    (FLAT, []),
    ("class A:\n    async def wide(self, a, b, /, c, d, *, e, f): pass", ["wide: 7 parameters"]),
    ("def narrow(a, b, c, *rest, d, e, f, **more): pass", []),
    ("def outer():\n    def inner(a, b, c, d, e, f, g): pass", ["inner: 7 parameters"]),
])
def test_the_measures_find_what_is_wrong_and_only_that(source: str, faults: list[str]) -> None:
    assert function_faults(ast.parse(source)) == faults


@pytest.mark.parametrize(("source", "lines"), [
    ("session.commit()", [1]),
    ("db.session.commit()", [1]),
    ("def f(s):\n    s().commit()", [2]),
    ("session.flush()", []),
    ("commit = 1", []),
])
def test_a_commit_is_found_whatever_its_session_is_called(source: str, lines: list[int]) -> None:
    assert commits(ast.parse(source)) == lines


@pytest.mark.parametrize(("source", "lines"), [
    ("import os\nos.environ['A']", [2]),
    ("import os\nos.getenv('A')", [2]),
    ("from os import environ as e", [1]),
    ("import os\nos.path.join('a')", []),
    ("from os import fspath", []),
    ("request.environ", []),
])
def test_reading_the_environment_is_found_under_every_name(source: str, lines: list[int]) -> None:
    assert environment_reads(ast.parse(source)) == lines


@pytest.mark.parametrize(("source", "lines"), [
    ("now = datetime.now(UTC)", [1]),
    ("import datetime\ndatetime.datetime.now()", [2]),
    ("def f(day=date.today()): pass", [1]),
    ("time.monotonic()", [1]),
    ("parts.clock.now()", []),
    ("datetime.fromisoformat(text)", []),
    ("default=now", []),
])
def test_a_look_at_the_clock_is_found_and_a_time_that_was_handed_over_is_not(source: str, lines: list[int]) -> None:
    assert clock_reads(ast.parse(source)) == lines


def test_a_circle_through_an_import_inside_a_function_is_found() -> None:
    late = imported(ast.parse("def f():\n    from bot import b"))
    round_trip = cycle({"bot.a": late & {"bot.b"}, "bot.b": {"bot.c"}, "bot.c": {"bot.a"}})
    assert set(round_trip) == {"bot.a", "bot.b", "bot.c"}
    assert cycle({"bot.a": {"bot.b"}, "bot.b": {"bot.c"}, "bot.c": set()}) == []
