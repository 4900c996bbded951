"""How a turn is asked: as one prompt for a page, or as text messages within their segment budget."""

from __future__ import annotations

from collections.abc import Mapping

from conversations.script import load_words
from conversations.script.values import Script, render_sms
from conversations.segments import count
from conversations.values import Option, Prompt, State, Step

SEGMENTS = {"GSM-7": 2, "UCS-2": 4}

ASIDES: Mapping[str, str] = {
    "carry_on": "carry_on",
    "delete": "delete_confirm",
    "safe": "support.ask",
    "reach": "reach.ask",
}
"""What may be asked between questions, and the words that ask it."""

RESTS = frozenset({"rest", "reach", "times"})
"""What a conversation waits for while a duty worker has a worry of theirs: nothing of the questions is asked."""

SUPPORT = ("safe", "not_safe", "talk")
"""What may be answered to "are you safe right now?", in the order of the numbers."""


def prompt(script: Script, state: State, silent: bool = False, alert_open: bool = False) -> Prompt:
    """What a page or text asks now; after half an hour's silence only whether to carry on."""
    words, asks = script.words[state.language], _asks(state, silent, alert_open)
    if asks in ("none", "rest"):
        return Prompt(asks if asks == "rest" else "", asks)
    if asks in ASIDES:
        labels = {"yes": words.line("yes_no.yes"), "no": words.line("yes_no.no")}
        options = support_options(state.language) if asks == "safe" else options_of(labels)
        return Prompt(asks, asks, words.line(_aside(asks, bool(state.said))), options)
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


def _asks(state: State, silent: bool, alert_open: bool) -> str:
    if state.ending:
        return "safe" if state.awaiting == "safe" and not silent else "none"
    if state.awaiting in RESTS or (alert_open and state.awaiting != "delete"):
        return "rest" if alert_open and not silent else "carry_on"
    if silent and state.step:
        return "carry_on"
    return state.awaiting if state.step or state.awaiting in ASIDES else "none"


def spoken(script: Script, turn: Step) -> tuple[str, ...]:
    """The text messages of a turn: what we say, then what we ask, together where they fit."""
    texts = list(turn.say)
    state = turn.state
    if turn.asks and state.awaiting in ASIDES:
        texts.append(script.words[state.language].line(_aside(state.awaiting, bool(texts))))
    elif turn.asks and state.awaiting == "answer" and not state.ending:
        texts.append(render_sms(script, state.language, state.step))
    return _packed(texts)


def _aside(asks: str, said_before: bool) -> str:
    return "carry_on.now" if asks == "carry_on" and said_before else ASIDES[asks]


def support_options(language: str) -> tuple[Option, ...]:
    """The answers to "are you safe right now?", in the words of today: an older script knew nothing of them."""
    words = load_words()[language]
    return options_of({code: words.line(f"support.{code}") for code in SUPPORT})


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
