"""Whole dialogues as files: says, hears, stored, alerted; anybody who knows safeguarding can read and extend them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.parts import Parts
from bot.safeguards import redaction, triage
from conversations import engine
from conversations.asking import spoken
from conversations.script import Script
from conversations.segments import count, is_gsm7
from conversations.values import Facts, State

DIALOGUES = sorted((Path(__file__).parents[1] / "dialogues").glob("*.toml"))


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_dialogue_is_held_as_written(path: Path, safeguards: Parts) -> None:
    dialogue = tomllib.loads(path.read_text(encoding="utf-8"))
    script = safeguards.scripts[dialogue["script"]]
    state = engine.begin(script, "en", "sms")
    for number, turn in enumerate(dialogue["turns"], 1):
        state = _hold(script, state, turn, safeguards, f"turn {number}: {turn['says']}")
    assert state.ending == dialogue["ends"]["ending"]
    assert {step: list(codes) for step, codes in state.answers.items()} == dialogue["ends"]["answers"]
    assert [comment.text for comment in state.comments] == dialogue["ends"]["comments"]


def _hold(script: Script, state: State, turn: dict[str, Any], parts: Parts, where: str) -> State:
    found = triage.assess(turn["says"], parts.lexicon)
    text = redaction.redact(turn["says"], state.language, parts.names).text
    step = engine.step(script, state, text, found, Facts(silent=turn.get("silent", False), alert_open=state.alert))
    said = spoken(script, step)
    whole = "\n".join(said)
    for part in turn["hears"]:
        assert part in whole, f"{where}: heard {said}"
    assert bool(said) == bool(turn["hears"]), f"{where}: heard {said}"
    assert step.alert == turn.get("alerts", False), where
    assert step.follows_alert == turn.get("follows", False), where
    assert step.state.language == turn.get("language", step.state.language), where
    _within_budget(said, step.state.language, where)
    return step.state


def _within_budget(said: tuple[str, ...], language: str, where: str) -> None:
    for number, text in enumerate(said):
        size = count(text)
        budget = 4 if size.encoding == "UCS-2" else 3 if number == 0 and "999" in text else 2
        assert size.segments <= budget, f"{where}: {size} for {text!r}"
        assert language != "en" or is_gsm7(text), where
