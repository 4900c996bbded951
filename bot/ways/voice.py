"""Telephone calls by Twilio: what is said in a call about an alert is bot.channels.voice's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from twilio.twiml.voice_response import VoiceResponse

from bot.sender import SECONDS, Outgoing
from bot.ways.carrier import asked, client, identity
from conversations.settings import Settings

LANGUAGE = "en-GB"
RINGS = 30  # seconds; most voicemail in Britain answers sooner
LONGEST_CALL = 240  # seconds

# A call that was answered is delivered and no more than that: voicemail answers too, and nobody has pressed anything.
AS_A_TEXT: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "queued": ("queued", ""),
        "initiated": ("sending", ""),
        "ringing": ("sent", ""),
        "in-progress": ("delivered", ""),
        "completed": ("delivered", ""),
        "busy": ("undelivered", "busy"),
        "no-answer": ("undelivered", "no reply"),
        "failed": ("failed", "no line"),
        "canceled": ("canceled", ""),
    }
)


@dataclass(frozen=True, slots=True)
class VoiceSender:
    """Calls by Twilio, from the number for calls."""

    settings: Settings
    seconds: float = SECONDS

    def send(self, message: Outgoing) -> str:
        """Have Twilio ring; raises NotSent also when Twilio does not answer in time.

        A call that belongs to an attempt asks our page what to say. Any other says its words, three times, and ends.
        """
        settings = self.settings
        about: dict[str, Any] = {"twiml": spoken(message.body)}
        if message.attempt:
            page = f"{settings.public_url}/voice/alert?{urlencode({'attempt': message.attempt})}"
            about = {"url": page, "method": "POST"}
        ours = settings.voice_number or settings.twilio_numbers[0]
        calls = client(settings, self.seconds).calls
        made = asked(
            lambda: calls.create(
                to=message.to,
                from_=ours.removeprefix("whatsapp:"),
                status_callback=f"{settings.public_url}/voice/status",
                timeout=RINGS,
                time_limit=LONGEST_CALL,
                **about,
            )
        )
        return identity(made.sid)

    def status(self, provider_id: str) -> tuple[str, str]:
        """What became of a call, in the words for texts; raises NotSent when Twilio does not say."""
        one = client(self.settings, self.seconds).calls(provider_id)
        return AS_A_TEXT.get(str(asked(one.fetch).status), ("", ""))


def spoken(words: str) -> str:
    """A call that says this and ends."""
    call = VoiceResponse()
    for _ in range(3):
        call.say(words, language=LANGUAGE)
        call.pause(1)
    call.hangup()
    return str(call)
