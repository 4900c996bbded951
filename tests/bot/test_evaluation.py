"""Measuring the screen: intervals against known values, files of every kind, and what a change of rules loses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot import evaluation
from bot.evaluation import Unreadable, changes, judge, read, read_levels, table
from bot.safeguards.figures import Judged, percentile, report, share, wilson
from conversations.categories import CATEGORIES
from conversations.values import Level

FLASK = Path(sys.executable).parent / "flask"
LEVELS = {"fire": "immediate", "smoke": "concern", "ash": "wellbeing"}


def screen(line: Mapping[str, object]) -> dict[str, object]:
    """A screen that knows three words, and cannot read a fourth."""
    text = str(line["text"])
    return {"level": LEVELS.get(text.split()[0], "none"), "assessed": "noise" not in text}


def judged(*lines: dict[str, Any]) -> list[Judged]:
    ticks = iter(range(1000))
    return list(judge(read(map(json.dumps, lines)), screen, lambda: float(next(ticks))))


def row(text: str, level: str = "concern", **more: Any) -> dict[str, Any]:
    return {"text": text, "level": level, **more}


@pytest.mark.parametrize(
    ("found", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (1, 29, 0.0061, 0.1718),
        (0, 0, 0.0, 1.0),
    ],
)
def test_an_interval_is_the_one_in_the_books(found: int, of: int, low: float, high: float) -> None:
    assert wilson(found, of) == pytest.approx((low, high), abs=0.00006)


def test_a_share_of_nothing_has_no_percentage() -> None:
    assert share(0, 0) == {"k": 0, "n": 0, "percent": None, "low": 0.0, "high": 100.0}
    assert share(3, 4)["percent"] == 75.0


@pytest.mark.parametrize(("part", "value"), [(0.5, 2.0), (0.99, 4.0), (0.01, 1.0), (1.0, 4.0)])
def test_a_percentile_is_one_of_the_values(part: float, value: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], part) == value
    assert percentile([], part) == 0.0


def test_recall_counts_what_somebody_is_told_of_by_level_category_language_and_hand() -> None:
    found = report(judged(
        row("fire", "immediate", category="suicide", lang="en", hand="a"),
        row("smoke", "immediate", categories=["suicide", "self_harm"], lang="sco", hand="b"),
        row("ash", "concern", category="neglect", lang="en", hand="b"),
        row("noise", "concern"),  # could not be screened: somebody looks
    ))  # fmt: skip
    assert _counts(found["recall"]) == (3, 4)
    assert {name: _counts(cell) for name, cell in found["recall_by_level"].items()} == \
        {"immediate": (2, 2), "concern": (1, 2)}
    assert {name: _counts(cell) for name, cell in found["recall_by_category"].items()} == \
        {"suicide": (2, 2), "self_harm": (1, 1), "neglect": (0, 1)}
    assert {name: _counts(cell) for name, cell in found["recall_by_language"].items()} == {"en": (1, 2), "sco": (1, 1)}
    assert {name: _counts(cell) for name, cell in found["recall_by_hand"].items()} == {"a": (1, 1), "b": (1, 2)}
    assert _counts(found["graded_immediate"]["immediate"]) == (1, 2)
    assert found["not_assessed"] == 1


def test_false_alarms_are_those_on_rows_of_none_and_wellbeing_is_told_apart() -> None:
    found = report(judged(
        row("smoke", "none", category="idiom", stream="games"),
        row("fire", "none", stream="games"),
        row("good", "none", category="idiom"),
        row("ash", "none"),
        row("smoke", "wellbeing"),
    ))  # fmt: skip
    assert _counts(found["false_alarms"]) == (2, 4)
    assert {name: _counts(cell) for name, cell in found["false_alarms_by_category"].items()} == {"idiom": (1, 2)}
    assert {name: _counts(cell) for name, cell in found["false_alarms_by_stream"].items()} == {"games": (2, 2)}
    assert _counts(found["wellbeing_alerts"]) == (1, 1)
    assert _counts(found["graded_immediate"]["none"]) == (1, 4)
    assert _counts(found["recall"]) == (0, 0)


def test_latency_is_in_milliseconds() -> None:
    assert report(judged(row("fire"), row("ash")))["milliseconds"] == {"p50": 1000.0, "p99": 1000.0}


def test_a_mark_tells_the_truth_by_its_kind_and_not_by_what_the_screen_had_said() -> None:
    marks = [
        {"text": "smoke", "kind": "false_alarm", "category": "other", "level": "concern", "reasons": [], "version": ""},
        {"text": "ash", "kind": "should_have_alerted", "category": "neglect", "level": "none", "reasons": []},
    ]
    truths = read(map(json.dumps, marks))
    assert [(truth.level, truth.stream, truth.categories) for truth in truths] == \
        [(Level.NONE, "marks", ("other",)), (Level.CONCERN, "marks", ("neglect",))]


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", '{"text": 4, "level": "none"}', '{"text": "a"}', '{"text": "a", "level": "bad"}', "1"]
)
def test_a_line_that_cannot_be_read_stops_the_measurement_and_is_named(line: str) -> None:
    with pytest.raises(Unreadable, match="line 3"):
        read(['{"text": "a", "label": "none"}', "", line])


def lost(lines: list[dict[str, Any]], old: dict[str, str]) -> list[tuple[str, str, str, bool]]:
    truths = read(map(json.dumps, lines))
    earlier = read_levels(json.dumps({"text": text, "level": level}) for text, level in old.items())
    found = changes(truths, list(judge(truths, screen, lambda: 0.0)), earlier)
    return [(change.text, change.old.word, change.new.word, change.lost) for change in found]


def test_only_rows_that_changed_are_told_and_only_a_fallen_must_is_lost() -> None:
    lines = [
        row("fire one", "immediate", must=True),
        row("smoke one", "immediate", must=True),
        row("ash one", must=True),
        row("ash two"),
        row("good", "none"),
    ]
    old = {"fire one": "concern", "smoke one": "concern", "ash one": "concern", "ash two": "concern", "good": "none"}
    assert lost(lines, old) == [
        ("fire one", "concern", "immediate", False),
        ("ash one", "concern", "wellbeing", True),
        ("ash two", "concern", "wellbeing", False),
    ]


def test_a_must_that_the_earlier_run_did_not_have_is_held_against_its_own_level() -> None:
    lines = [row("ash", "concern", must=True), row("fire", "concern", must=True), row("ash new", "concern")]
    assert lost(lines, {}) == [("ash", "concern", "wellbeing", True)]


def test_what_could_not_be_screened_before_or_now_counts_as_concern() -> None:
    truths = read([json.dumps(row("noise", must=True))])
    earlier = read_levels([json.dumps({"text": "noise", "level": "none", "assessed": False})])
    assert changes(truths, list(judge(truths, screen, lambda: 0.0)), earlier) == []


def test_every_figure_is_in_the_table() -> None:
    lines = list(table(report(judged(row("fire", "immediate", category="suicide")))))
    assert any(line.startswith("recall ") and "1/1" in line and "100.00 %" in line for line in lines)
    assert any(line.strip().startswith("suicide") for line in lines)
    assert any(line.startswith("false alarms") and line.endswith("none") for line in lines)


def run(*arguments: str, says: str = "") -> subprocess.CompletedProcess[str]:
    """A command as on a machine where nothing is set."""
    return subprocess.run(
        [str(FLASK), "bot", *arguments], input=says, capture_output=True, text=True, check=False, env={}, timeout=60
    )


DANGER, ORDINARY = "i want to die tonight", "i liked my social worker"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    lines = [row(DANGER, "immediate", category="suicide", must=True), row(ORDINARY, "none", stream="answers")]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_command_needs_no_setting_and_no_database(file: Path) -> None:
    told = json.loads(run("evaluate", "triage", str(file), "--json").stdout)
    assert (told["n"], told["recall"]["k"], told["false_alarms"]["k"]) == (2, 1, 0)
    assert told["milliseconds"]["p99"] > 0
    assert "recall by category" in run("evaluate", "triage", str(file)).stdout


def test_a_change_that_loses_nothing_passes_and_one_that_does_ends_with_one(file: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.jsonl"
    old.write_text(run("triage", says=file.read_text()).stdout)
    same = run("evaluate", "triage", str(file), "--against", str(old))
    assert same.returncode == 0
    assert same.stdout.endswith("0 changed, 0 lost\n")
    harmless = {"text": "the bus was late", "level": "immediate", "must": True}
    file.write_text(file.read_text() + json.dumps(harmless))
    fallen = run("evaluate", "triage", str(file), "--against", str(old))
    assert fallen.returncode == 1
    assert "LOST immediate → none: the bus was late" in fallen.stdout
    told = json.loads(run("evaluate", "triage", str(file), "--against", str(old), "--json").stdout)
    assert told["changed"] == [{"text": "the bus was late", "old": "immediate", "new": "none", "lost": True}]


def test_a_file_that_cannot_be_read_gives_no_figure(file: Path) -> None:
    file.write_text("nonsense\n")
    ran = run("evaluate", "triage", str(file), "--json")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "line 1" in ran.stderr


def test_the_filter_goes_on_without_a_setting_and_the_marks_ask_for_them() -> None:
    assert json.loads(run("triage", says=json.dumps({"text": DANGER})).stdout)["level"] == "immediate"
    asked = run("triage", "--export-marks")
    assert asked.returncode != 0
    assert asked.stdout == ""


def test_the_categories_fit_their_columns_and_have_words() -> None:
    assert all(len(code) <= 32 and len(f"reviewer:{code}") <= 64 and label for code, label in CATEGORIES.items())
    assert set(evaluation.TRUTHS) == {"should_have_alerted", "false_alarm"}


def _counts(figure: Any) -> tuple[int, int]:
    return figure["k"], figure["n"]
