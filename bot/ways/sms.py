"""Texts by Twilio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.sender import SECONDS, Outgoing
from bot.ways.carrier import asked, client, identity
from conversations.settings import Settings


@dataclass(frozen=True, slots=True)
class TwilioSender:
    """Texts by Twilio."""

    settings: Settings
    seconds: float = SECONDS

    def send(self, message: Outgoing) -> str:
        """Hand a text to Twilio; raises NotSent also when Twilio does not answer in time."""
        settings = self.settings
        more: dict[str, Any] = {"validity_period": message.life} if message.life else {}
        if settings.twilio_messaging_service:
            more["messaging_service_sid"] = settings.twilio_messaging_service
        else:
            more["from_"] = message.sender
        callback = f"{settings.public_url}/sms/status"
        messages = client(settings, self.seconds).messages
        sent = asked(lambda: messages.create(to=message.to, body=message.body, status_callback=callback, **more))
        return identity(sent.sid)

    def status(self, provider_id: str) -> tuple[str, str]:
        """What Twilio knows of a text by now; raises NotSent when it does not say."""
        one = client(self.settings, self.seconds).messages(provider_id)
        found = asked(one.fetch)
        return str(found.status or ""), str(found.error_code or "")
