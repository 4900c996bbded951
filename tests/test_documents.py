"""The papers keep up with the code: settings, commands, names in the architecture page, the lock."""

from __future__ import annotations

import dataclasses
import importlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from conversations import lives
from conversations.settings import REQUIRED, Settings, variable

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements-build.lock", "requirements.lock", "requirements-dev.lock")
# These steer the tests, never the service.
FOR_TESTS = {"HEARD_PROVE", "HEARD_CHROMIUM", "HEARD_SCREENSHOTS", "HEARD_SHARED_DATA"}
SETTING = re.compile(r"^(?P<optional>#?)(?P<name>HEARD_[A-Z_]+)=", re.MULTILINE)
MENTION = re.compile(r"\bHEARD_[A-Z_]*[A-Z]\b")
NAME = re.compile(r"`((?:bot|conversations|admin|wsgi)(?:\.\w+)+)(?:\([^`]*\))?`")
PLACE = re.compile(r"`((?:bot|conversations|admin|tests|bench|docs)/[\w./-]+|[\w-]+\.py|Makefile|Dockerfile)`")
WRITTEN = ("*.md", "docs/**/*.md", "Makefile", "compose.yaml", "Dockerfile", ".ci/*", "wsgi.py", "bot/**/*.py",
           "conversations/**/*.py", "admin/**/*.py", "tests/**/*.py", "bench/**/*.py")


def _read(name: str) -> str:
    path = ROOT / name
    if not path.exists():
        pytest.fail(f"{name} is missing and is meant to be there", pytrace=False)
    return path.read_text(encoding="utf-8")


def named_in_code(dotted: str) -> bool:
    """Whether the dotted name leads to a module, or to something in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(thing, part) and part not in getattr(thing, "__annotations__", {}):
                return False
            thing = getattr(thing, part, None)
        return True
    return False


def targets(makefile: str) -> dict[str, str]:
    """Every .PHONY target and the sentence behind it, empty where there is none."""
    phony = re.findall(r"^\.PHONY:(.+)$", makefile, re.MULTILINE)
    sentences = dict(re.findall(r"^([a-z-]+):[^#\n]*## (.+)$", makefile, re.MULTILINE))
    return {name: sentences.get(name, "") for line in phony for name in line.split()}


def locked(lock: str) -> dict[str, int]:
    """Each locked package and how many hashes it carries."""
    blocks = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]
    return {re.split(r"[=\[ ]", block)[0]: block.count("--hash=sha256:") for block in blocks}


def test_the_example_names_every_setting_and_nothing_else() -> None:
    example = SETTING.findall(_read(".env.example"))
    assert sorted(name for _, name in example) == sorted(variable(field.name) for field in dataclasses.fields(Settings))


def test_what_the_example_leaves_open_is_what_the_start_insists_on() -> None:
    assert {name for optional, name in SETTING.findall(_read(".env.example")) if not optional} == \
        {variable(name) for name in REQUIRED}


def test_the_example_shows_the_default_of_every_optional_setting() -> None:
    shown = dict(re.findall(r"^#(HEARD_[A-Z_]+)=(.*)$", _read(".env.example"), re.MULTILINE))
    defaults = {variable(field.name): field.default for field in dataclasses.fields(Settings)
                if field.name not in REQUIRED and isinstance(field.default, str | int)}
    expected = {name: _as_written(value) for name, value in defaults.items()}
    assert {name: shown.get(name) for name in defaults} == expected


def test_no_page_and_no_module_speaks_of_a_setting_that_is_not_there() -> None:
    known = FOR_TESTS | {variable(field.name) for field in dataclasses.fields(Settings)}
    found = {f"{path.relative_to(ROOT)}: {name}" for pattern in WRITTEN for path in ROOT.glob(pattern) if path.is_file()
             for name in MENTION.findall(path.read_text(encoding="utf-8")) if name not in known}
    assert found == set()


def test_the_readme_opens_with_what_heard_is_and_the_two_commands() -> None:
    opening = _read("README.md").splitlines()[:30]
    assert opening[0] == "# Heard"
    sentence = next(line for line in opening[1:] if line.strip())
    assert sentence[0].isalpha(), f"a sentence, not a badge or a heading: {sentence!r}"
    for command in ("make run", "make test"):
        assert any(command in line for line in opening), f"{command} is not in the first 30 lines"


def test_the_architecture_page_names_only_what_is_there() -> None:
    page = _read("docs/architecture.md")
    names, places = set(NAME.findall(page)), set(PLACE.findall(page))
    assert names, "the page names no code"
    assert {name for name in names if not named_in_code(name) and not (ROOT / name).exists()} == set()
    assert {place for place in places if not (ROOT / place).exists() and not list(ROOT.glob(f"*/**/{place}"))} == set()


@pytest.mark.parametrize(("dotted", "there"), [
    ("conversations.values", True),
    ("conversations.values.Level", True),
    ("conversations.values.Level.CONCERN", True),
    ("conversations.settings.Settings.from_env", True),
    ("conversations.settings.Settings.database_url", True),
    ("conversations.values.Levels", False),
    ("conversations.value", False),
    ("conversations.settings.Settings.from_file", False),
    ("nowhere.at.all", False),
])
def test_a_name_that_has_gone_is_noticed(dotted: str, there: bool) -> None:
    assert named_in_code(dotted) is there


def test_make_help_tells_every_target_in_a_sentence() -> None:
    makefile = _read("Makefile")
    assert all(targets(makefile).values()), targets(makefile)
    asked = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {line.split()[1] for line in asked.stdout.splitlines()} == targets(makefile).keys()
    assert {"help", "setup", "run", "test", "prove", "check", "bench", "clean"} <= targets(makefile).keys()


def test_make_run_says_at_once_that_it_starts() -> None:
    asked = subprocess.run(["make", "-n", "run"], cwd=ROOT, capture_output=True, text=True, check=True)
    said, started = (asked.stdout.index(words) for words in ("Starting Heard", "-m bot.demo"))
    assert said < started


def test_a_target_without_its_sentence_is_noticed() -> None:
    assert targets(".PHONY: a b\na: ## says so\nb: a\n\tdo\n") == {"a": "says so", "b": ""}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_carries_its_hashes_and_no_address(name: str) -> None:
    lock = _read(name)
    assert locked(lock)
    assert {package for package, hashes in locked(lock).items() if not hashes} == set()
    assert not re.search(r"^-|https?://|file:|@ ", lock, re.MULTILINE)


def test_a_locked_package_without_hashes_is_noticed() -> None:
    assert locked("a==1 \\\n    --hash=sha256:00\n    # via b\nb-c[d]==2\n") == {"a": 1, "b-c": 0}


def test_everything_that_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads(_read("pyproject.toml"))["project"]
    runtime, all_of_it = locked(_read("requirements.lock")), locked(_read("requirements-dev.lock"))
    assert _asked_for(project["dependencies"]) <= runtime.keys()
    assert _asked_for(project["optional-dependencies"]["dev"]) <= all_of_it.keys()
    assert runtime.keys() <= all_of_it.keys()


def test_both_locks_name_the_same_versions() -> None:
    runtime, all_of_it = (set(re.findall(r"^\S+==[^ ;]+", _read(name), re.MULTILINE)) for name in LOCKS[1:])
    assert runtime - all_of_it == set()


def _as_written(value: str | int) -> str:
    return str(int(value) if isinstance(value, bool) else value)


def _asked_for(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=\[ ]", requirement)[0].lower() for requirement in requirements}


# --- what alerting promises -----------------------------------------------------------------------------------------

TEST = re.compile(r"`(test_\w+)`")
BEHAVIOUR = re.compile(r"^\| B(\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def test_the_page_on_alerting_names_only_tests_that_are_there() -> None:
    there = {name for path in (ROOT / "tests").rglob("*.py")
             for name in re.findall(r"^\s*def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)}
    named = set(TEST.findall(_read("docs/alerting.md")))
    assert named
    assert named - there == set()


def test_every_behaviour_has_one_row_with_a_test_or_a_reason() -> None:
    rows = BEHAVIOUR.findall(_read("docs/alerting.md"))
    assert [int(number) for number, _, _ in rows] == list(range(1, 45))
    unshown = {number for number, _, shown in rows if not TEST.search(shown) and not shown.startswith("not shown: ")}
    assert unshown == set()


def test_a_test_that_is_named_after_a_behaviour_is_named_after_one_that_there_is() -> None:
    named = {int(number) for path in (ROOT / "tests").rglob("test_*.py")
             for whole in re.findall(r"def test_((?:b\d+_(?:and_)?)+)", path.read_text(encoding="utf-8"))
             for number in re.findall(r"\d+", whole)}
    assert named <= set(range(1, 45))


def test_the_page_on_alerting_has_the_policy_that_ships() -> None:
    shipped = tomllib.loads(_read("conversations/escalation.toml"))
    page = _read("docs/alerting.md")
    for level in shipped["levels"].values():
        assert f"every {level['every']} min, without end" in page
        assert f"at {level['steps'][-1]['at']} min; the operator hears of it" in page
    for name in ("remind_after", "outcome_within"):
        assert re.search(rf"\b{shipped[name]}\b", page)


def test_the_page_on_alerting_names_only_what_is_there() -> None:
    page = _read("docs/alerting.md")
    assert {name for name in NAME.findall(page) if not named_in_code(name)} == set()
    assert {place for place in PLACE.findall(page) if not (ROOT / place).exists()} == set()


# --- what is kept ---------------------------------------------------------------------------------------------------

PLACES = {"memory", "sealing folder", "keys folder", "Twilio"}


def life_row(kept: lives.Kept) -> str:
    """The row of the page for one thing that we keep."""
    places = [place if place in PLACES else f"`{place}`" for place in kept.where.split(", ")]
    job = kept.job if kept.job == lives.NOTHING else f"`{kept.job}`"
    return f"| {kept.what} | {', '.join(places)} | {kept.life} | {job} | {kept.alarm} |"


def test_the_page_on_retention_has_the_table_that_the_worker_deletes_by() -> None:
    table = [line for line in _read("docs/retention.md").partition("## ")[0].splitlines() if line.startswith("|")]
    assert table[2:] == [life_row(kept) for kept in lives.TABLE]


@pytest.mark.parametrize("page", ["retention", "reviewing"])
def test_a_page_on_what_is_kept_names_only_what_is_there(page: str) -> None:
    found = _read(f"docs/{page}.md")
    assert {name for name in NAME.findall(found) if not named_in_code(name)} == set()
    assert {place for place in PLACE.findall(found) if not (ROOT / place).exists()} == set()
