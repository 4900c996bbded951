"""Scripts: what they are, and loading them from their folders; a script with any fault is never loaded."""

from conversations.script.files import Fault, SharedWords
from conversations.script.loading import ScriptError, check_all, load, load_all, load_words, script_folders, with_words
from conversations.script.values import (
    AGE_BANDS,
    END,
    THEMES,
    Question,
    Script,
    Words,
    dump,
    hint_key,
    parse_dump,
    render_sms,
)

__all__ = [
    "AGE_BANDS",
    "END",
    "THEMES",
    "Fault",
    "Question",
    "Script",
    "ScriptError",
    "SharedWords",
    "Words",
    "check_all",
    "dump",
    "hint_key",
    "load",
    "load_all",
    "load_words",
    "parse_dump",
    "render_sms",
    "script_folders",
    "with_words",
]
