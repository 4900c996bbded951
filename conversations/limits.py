"""What is still said past thirty replies an hour."""

from __future__ import annotations

from dataclasses import replace

from conversations import moves
from conversations.moves import said
from conversations.safety import safety_words
from conversations.script.values import Script
from conversations.values import Assessment, Facts, Level, RedactedText, State, Step

REPLIES_AN_HOUR = 30
ONCE_PAST_IT = ("limit:danger", "limit:help")
"""What is said once more past that limit, as the state remembers it until there is room again: within the hour."""


def too_many(script: Script, state: State, text: RedactedText, act: str, assessment: Assessment, facts: Facts) -> Step:
    """Hardly anything is said any more, but neither a new danger nor a call for help meets silence."""
    words, follows = script.words[state.language], facts.alert_open
    if assessment.alerts:
        danger = "limit:danger" if assessment.handled_as == Level.IMMEDIATE else ""
        again = danger and danger not in state.offered
        worry = (safety_words(words, assessment, facts),) if again or not follows else ()
        offered = (*state.offered, danger) if again else state.offered
        return said(replace(state, alert=True, offered=offered), *worry, alert=True)
    if act == "help" and "limit:help" not in state.offered and not facts.carrier_answers:
        helped = replace(state, offered=(*state.offered, "limit:help"))
        return said(helped, words.line("help"), follows_alert=follows)
    note = (words.line("rate_note"),) if facts.replies == REPLIES_AN_HOUR else ()
    return said(moves.kept(state, text, fewest=1), *note, follows_alert=follows)
