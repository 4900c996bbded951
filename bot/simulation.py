"""A script in the terminal: the same screen, redaction and engine, and nothing is kept."""

from __future__ import annotations

from collections.abc import Callable

from bot.safeguards import redaction, triage
from bot.safeguards.triage import lexicon
from conversations import engine, raising
from conversations.asking import spoken
from conversations.script import Script
from conversations.values import Facts


def talk(script: Script, say: Callable[[str], None], hear: Callable[[], str]) -> None:
    """Hold one conversation, from the opening to its end or an empty line."""
    rules, names = lexicon.load(), redaction.load_names()
    state, text = engine.begin(script, "en", "sms"), script.keyword
    while text and not state.ending:
        found = triage.assess(text, rules)
        redacted = redaction.redact(text, state.language, names).text
        facts = Facts(read_by="tomorrow")
        found = raising.in_context(found, state, redacted, facts)
        step = engine.step(script, state, redacted, found, facts)
        if step.alert:
            say(f"   [a duty worker is told: {found.handled_as.word}; {', '.join(found.reasons)}]")
        for message in spoken(script, step):
            say(message)
        state = step.state
        text = "" if state.ending else hear()
