"""Takes out of a text what could point to a person: the only maker of RedactedText."""

from bot.safeguards.redaction.redactor import doubtful, redact, redaction_filter
from bot.safeguards.redaction.tagger import Names, load_names

__all__ = ["Names", "doubtful", "load_names", "redact", "redaction_filter"]
