"""Whole dialogues as files: says, hears, stored, alerted; anybody who knows safeguarding can read and extend them."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.parts import Parts
from bot.safeguards import redaction, triage
from conversations import engine, raising
from conversations.asking import spoken
from conversations.script import Script
from conversations.segments import count, is_gsm7
from conversations.values import Facts, State, Step

DIALOGUES = sorted((Path(__file__).parents[1] / "dialogues").glob("*.toml"))


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_dialogue_is_held_as_written(path: Path, safeguards: Parts) -> None:
    dialogue = tomllib.loads(path.read_text(encoding="utf-8"))
    script = safeguards.scripts[dialogue["script"]]
    state, alert_open = engine.begin(script, "en", dialogue.get("channel", "sms")), False
    for number, turn in enumerate(dialogue["turns"], 1):
        alert_open = alert_open and not turn.get("closed", False)
        step = _hold(script, state, turn, safeguards, (alert_open, f"turn {number}: {turn['says']}"))
        state, alert_open = step.state, alert_open or step.alert
    assert state.ending == dialogue["ends"]["ending"]
    assert {step: list(codes) for step, codes in state.answers.items()} == dialogue["ends"]["answers"]
    assert [comment.text for comment in state.comments] == dialogue["ends"]["comments"]


def _hold(script: Script, state: State, turn: dict[str, Any], parts: Parts, before: tuple[bool, str]) -> Step:
    alert_open, where = before
    text = redaction.redact(turn["says"], state.language, parts.names).text
    facts = Facts(silent=turn.get("silent", False), alert_open=alert_open, read_by="tomorrow")
    screened = triage.assess_media() if turn.get("media") else triage.assess(turn["says"], parts.lexicon)
    found = raising.in_context(screened, state, turn["says"], replace(facts, media=turn.get("media", False)))
    step = engine.step(script, state, text, found, replace(facts, media=turn.get("media", False)))
    said = spoken(script, step) if state.channel == "sms" else step.say
    whole = "\n".join(said)
    assert [part for part in turn["hears"] if part not in whole] == [], f"{where}: heard {said}"
    assert [part for part in turn.get("hears_not", ()) if part in whole] == [], f"{where}: heard {said}"
    assert bool(said) == bool(turn["hears"]), f"{where}: heard {said}"
    assert found.level.word == turn.get("level", found.level.word), f"{where}: {found}"
    assert ([reason for reason in found.reasons if "context:" in reason] or [""])[0] == turn.get("raised", ""), where
    assert step.alert == turn.get("alerts", False), where
    assert step.follows_alert == turn.get("follows", False), where
    assert step.reach == turn.get("reach", ""), where
    assert step.times == turn.get("times", ""), where
    assert step.state.language == turn.get("language", step.state.language), where
    _within_budget(said, step.state.language, where)
    return step


def _within_budget(said: tuple[str, ...], language: str, where: str) -> None:
    for number, text in enumerate(said):
        size = count(text)
        budget = 4 if size.encoding == "UCS-2" else 3 if number == 0 and "999" in text else 2
        assert size.segments <= budget, f"{where}: {size} for {text!r}"
        assert language != "en" or is_gsm7(text), where
