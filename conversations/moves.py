"""How a conversation moves from step to step, and what it keeps on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conversations.script.values import END, Script
from conversations.values import Comment, RedactedText, State, Step

FEWEST_WORDS = 3
"""Of a text that was not understood as an answer, for its words to be kept as a comment."""


def onward(script: Script, state: State, codes: tuple[str, ...]) -> tuple[State, tuple[str, ...]]:
    """The state after this answer, or after a skipped question where there are no codes."""
    return arrived(script, state, script.following(state.step, codes))


def arrived(script: Script, state: State, step_id: str) -> tuple[State, tuple[str, ...]]:
    """The state at the first question from this step on, and the texts of the steps between that only say something."""
    texts: tuple[str, ...] = ()
    while step_id != END and script.question(step_id).type == "say":
        texts = (*texts, script.words[state.language].ask[step_id])
        step_id = script.following(step_id)
    return (replace(state, ending="finished") if step_id == END else at(state, step_id)), texts


def at(state: State, step_id: str) -> State:
    """The state in which this question is open."""
    return replace(state, step=step_id, awaiting="answer", tries=0, trail=(*state.trail, step_id))


def without(state: State, step_id: str) -> State:
    """The state without an answer to this question."""
    return replace(state, answers={key: codes for key, codes in state.answers.items() if key != step_id})


def kept(state: State, text: RedactedText, fewest: int = FEWEST_WORDS) -> State:
    """The words kept as a comment when there are enough of them to say something."""
    if len(text.split()) < fewest:
        return state
    return replace(state, comments=(*state.comments, Comment(state.step, text)))


def said(state: State, *texts: str, asks: bool = False, **told: Any) -> Step:
    """A turn that says these texts, and asks what its state waits for where `asks` is set."""
    return Step(replace(state, said=texts), texts, asks, **told)
