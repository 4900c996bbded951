"""Says how worried we should be about a text: every language's rules at once, and a person's look when unsure."""

from bot.safeguards.triage.screen import assess, assess_media, looking, triage_filter

__all__ = ["assess", "assess_media", "looking", "triage_filter"]
