"""The words that the phone network keeps for itself: a young person who texts one as an answer may be cut off."""

from __future__ import annotations

# Twilio's defaults on ordinary numbers, whole message, any case: twilio.com/docs/messaging/tutorials/advanced-opt-out
# and support article 223134027. STOP words block every later reply to that number (error 21610).
STOP_KEYWORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
START_KEYWORDS = frozenset({"start", "yes", "unstop"})
HELP_KEYWORDS = frozenset({"help", "info"})
CARRIER_KEYWORDS = STOP_KEYWORDS | START_KEYWORDS | HELP_KEYWORDS

SHARED_WITH_US = frozenset({"stop", "help"})
"""The only two that we tell people to text: both mean to us what they mean to the network."""
