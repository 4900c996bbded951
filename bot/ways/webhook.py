"""A webhook of the partnership's own: a small JSON object, signed, so that nobody else can raise an alarm there."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.sender import SECONDS, Outgoing
from bot.ways.posting import accepted, posted, written
from conversations.settings import Settings

SIGNATURE = "Heard-Signature"


@dataclass(frozen=True, slots=True)
class WebhookSender:
    """Posts to the address in the settings."""

    settings: Settings
    clock: Callable[[], datetime]
    seconds: float = SECONDS

    def send(self, message: Outgoing) -> str:
        """Post it; raises NotSent when the receiver does not say yes in time. The same attempt may come twice."""
        body = written({"attempt": message.attempt, "title": message.subject, "text": message.body})
        signed = signature(self.settings.webhook_secret, int(self.clock().timestamp()), body)
        accepted(posted(self.settings.webhook_url, body, {SIGNATURE: signed}, self.seconds), "webhook")
        return ""


def signature(secret: str, at: int, body: bytes) -> str:
    """The time, and HMAC-SHA256 over time, full stop and body: a receiver refuses what is old or was changed."""
    code = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={code}"
