"""The measurements still run after a move: each can be imported, and the cheapest gives its line."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import triage

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(path.stem for path in (ROOT / "bench").glob("*.py") if not path.stem.startswith("__"))


@pytest.mark.parametrize("name", MODULES)
def test_a_measurement_can_be_imported(name: str) -> None:
    assert importlib.import_module(f"bench.{name}").__doc__


def test_the_count_of_statements_is_measured() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bench", "statements"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert lines
    assert all("bench" in line for line in lines)


def test_the_screen_is_measured_on_whatever_messages_are_given(tmp_path: Path) -> None:
    rows = [
        {"text": "he hits me every night", "label": "concern", "lang": "en", "source": "authored", "categories": ["x"]},
        {"text": "they listened to me", "label": "none", "lang": "sco", "source": "authored", "negtype": "ordinary"},
    ]
    (tmp_path / "dev.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "benign_dev.jsonl").write_text(json.dumps({"text": "4", "lang": "en"}), encoding="utf-8")
    found = {str(figure["measure"]): figure for figure in triage.figures(tmp_path)}
    assert {"alerts category:x", "alerts language:en", "milliseconds of processor time", "lexicon"} <= set(found)
    assert sum("benign stream" in name for name in found) == 2
    assert found["alerts category:x"]["n"] == 1
