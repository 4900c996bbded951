"""The account that the practice carrier serves, as one would set it up at Twilio."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

SID = re.compile(r"AC[0-9a-f]{32}")
REPLIES: Mapping[str, str] = MappingProxyType(
    {
        "STOP": "You will get no more texts from this number. Text START if you change your mind.",
        "START": "You will get texts from this number again. Text STOP to end them.",
        "HELP": "Text STOP to get no more texts from this number.",
    }
)


@dataclass(frozen=True, slots=True)
class Account:
    """Ids, numbers and switches. The token signs our webhooks and opens the API, as Twilio's does."""

    sid: str
    token: str = field(repr=False)
    numbers: tuple[str, ...] = ("+447700900999",)
    webhook: str = "http://127.0.0.1:8000"
    service: str = ""
    fallback: str = ""
    advanced_opt_out: bool = False
    replies: Mapping[str, str] = field(default_factory=lambda: REPLIES)
    realm: str = "us1"
    regions: tuple[str, ...] = ("+44",)
    verified: tuple[str, ...] | None = None
    redacts_numbers: bool = False

    def __post_init__(self) -> None:
        if not SID.fullmatch(self.sid):
            raise ValueError("an account id is AC and 32 hex digits")
        if not self.token or not self.numbers:
            raise ValueError("an account needs a token and a number")
        if self.advanced_opt_out and not self.service:
            raise ValueError("advanced opt-out belongs to a messaging service")

    @property
    def inbound(self) -> str:
        """Where texts are posted to."""
        return f"{self.webhook.rstrip('/')}/sms/inbound"

    @property
    def status(self) -> str:
        """Where a status goes that belongs to no message."""
        return f"{self.webhook.rstrip('/')}/sms/status"
