"""What a text answers: to a question of the script, or yes and no to one of ours between them."""

from __future__ import annotations

from dataclasses import replace

from conversations import answers, moves
from conversations.asking import options_of
from conversations.script.values import Script
from conversations.values import Option, Parsed, RedactedText, State

WHEN = (
    Option("any", "any time"),
    Option("after_school", "after school"),
    Option("evenings", "evenings"),
    Option("not_weekends", "not at weekends"),
)
"""What "when is it safe to text you?" may be answered, in the order of its numbers."""


def parsed(script: Script, state: State, text: RedactedText) -> Parsed:
    """What a text means as an answer to the question that stands."""
    question = script.question(state.step)
    labels = script.words[state.language].labels.get(state.step, {})
    options = options_of({code: labels[code] for code in question.options})
    return answers.parse(question.type, text, options, state.language, answers.load_vocabulary())


def agreed(state: State, text: RedactedText) -> Parsed:
    """What a text means as a yes, a no or an unsure, and the words around it; only where it begins with that.

    "it was last tuesday" tells of something, and gives no leave to text.
    """
    found = answers.parse("yes_no", text, (), state.language, answers.load_vocabulary())
    if not found.extra:
        return found
    first = answers.parse("yes_no", text.split()[0].strip(",.!"), (), state.language, answers.load_vocabulary())
    return found if first.codes == found.codes else Parsed()


def wish(state: State, text: RedactedText) -> str:
    """yes, no or unsure when the text is that and nothing more."""
    found = agreed(state, text)
    return found.codes[0] if found.understood and not found.extra else ""


def times(state: State, text: RedactedText) -> str:
    """The times at which they may be texted, comma between, when the text chooses some and says nothing more."""
    found = answers.parse("multi", text, WHEN, state.language, answers.load_vocabulary())
    return ",".join(found.codes) if found.understood and not found.extra else ""


def past_an_answer(script: Script, state: State, text: RedactedText) -> State:
    """The answer within a worrying text is kept without its words: those stay in the alert alone."""
    if script.question(state.step).type == "free_text":
        return moves.onward(script, state, ())[0]
    found = parsed(script, state, text)
    if not found.understood:
        return state
    return moves.onward(script, replace(state, answers={**state.answers, state.step: found.codes}), found.codes)[0]
