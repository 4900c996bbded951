"""The words that a carrier acts on by itself, whatever else is done with the message."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# The whole message and nothing else, in any case: "please stop" and "Stop." are ordinary messages. That white space
# around the word is overlooked is our reading; Twilio does not say.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), "STOP"),
        **dict.fromkeys(("START", "YES", "UNSTOP"), "START"),
        **dict.fromkeys(("HELP", "INFO"), "HELP"),
    }
)


def meaning(body: str) -> str:
    """STOP, START, HELP, or nothing."""
    return WORDS.get(body.strip().upper(), "")
