"""The proof at start: every example that a rule must find is found, by its rule and by the whole screen."""

from __future__ import annotations

from bot.safeguards.triage.lexicon import Lexicon, verify
from bot.safeguards.triage.screen import assess
from conversations.values import Level


def failures(lexicon: Lexicon) -> tuple[str, ...]:
    """One line for each example that rule or screen gets wrong; none when all is well."""
    return (*verify(lexicon), *_lost(lexicon))


def _lost(lexicon: Lexicon) -> tuple[str, ...]:
    """Examples of rules that alert and that the screen as a whole would not: the model may doubt, but never these."""
    alerting = [rule for rule in lexicon.rules if rule.level >= Level.CONCERN]
    return tuple(
        f"{rule.id}: the whole screen must alert on {text!r}"
        for rule in alerting
        for text in rule.matches
        if not assess(text, lexicon).alerts
    )
