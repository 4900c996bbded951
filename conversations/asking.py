"""How a turn is asked: as one prompt for a page, or as text messages within their segment budget."""

from __future__ import annotations

from collections.abc import Mapping

from conversations.script.values import Script, render_sms
from conversations.segments import count
from conversations.values import Option, Prompt, State, Step

SEGMENTS = {"GSM-7": 2, "UCS-2": 4}

ASIDES: Mapping[str, str] = {"carry_on": "carry_on", "delete": "delete_confirm"}
"""What may be asked between questions, and the words that ask it."""


def prompt(script: Script, state: State, silent: bool = False) -> Prompt:
    """What a page or text asks now; after half an hour's silence only whether to carry on."""
    words = script.words[state.language]
    asks = "carry_on" if silent and state.step else state.awaiting
    if state.ending or (asks not in ASIDES and not state.step):
        return Prompt("", "none")
    if asks in ASIDES:
        labels = {"yes": words.line("yes_no.yes"), "no": words.line("yes_no.no")}
        return Prompt(asks, asks, words.line(_aside(asks, bool(state.said))), options_of(labels))
    question = script.question(state.step)
    asked = [each.id for each in script.steps if each.type != "say"]
    return Prompt(
        asks=question.id,
        kind=question.type,
        text=words.web_ask.get(question.id, words.ask[question.id]),
        options=options_of({code: words.labels[question.id][code] for code in question.options}),
        number=asked.index(question.id) + 1,
        total=len(asked),
    )


def spoken(script: Script, turn: Step) -> tuple[str, ...]:
    """The text messages of a turn: what we say, then what we ask, together where they fit."""
    texts = list(turn.say)
    state = turn.state
    if turn.asks and state.awaiting in ASIDES:
        texts.append(script.words[state.language].line(_aside(state.awaiting, bool(texts))))
    elif turn.asks and not state.ending:
        texts.append(render_sms(script, state.language, state.step))
    return _packed(texts)


def _aside(asks: str, said_before: bool) -> str:
    return "carry_on.now" if asks == "carry_on" and said_before else ASIDES[asks]


def options_of(labels: Mapping[str, str]) -> tuple[Option, ...]:
    """The options of a question, in their order."""
    return tuple(Option(code, label) for code, label in labels.items())


def _packed(texts: list[str]) -> tuple[str, ...]:
    packed: list[str] = []
    for text in texts:
        joined = f"{packed[-1]}\n{text}" if packed else text
        size = count(joined)
        if packed and size.segments <= SEGMENTS[size.encoding]:
            packed[-1] = joined
        else:
            packed.append(text)
    return tuple(packed)
