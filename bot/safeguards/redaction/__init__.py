"""Takes out of a text what could point to a person: the only maker of RedactedText."""

from bot.safeguards.redaction.names import Names, load_names
from bot.safeguards.redaction.redactor import redact, redaction_filter

__all__ = ["Names", "load_names", "redact", "redaction_filter"]
