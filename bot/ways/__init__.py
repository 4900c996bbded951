"""The ways out of the house, each over a line that is cut in time, with typed refusals that hold no word of anybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from bot.sender import Sender
from bot.ways.mail import MailSender
from bot.ways.notify import NotifySender
from bot.ways.sms import TwilioSender
from bot.ways.teams import TeamsSender
from bot.ways.voice import VoiceSender
from bot.ways.webhook import WebhookSender
from conversations.settings import Settings


def ways_out(settings: Settings, clock: Callable[[], datetime]) -> Mapping[str, Sender]:
    """Every way that these settings open: texts, calls and mail always, the others where they are set."""
    ways: dict[str, Sender] = {
        "sms": TwilioSender(settings),
        "voice": VoiceSender(settings),
        "email": MailSender(settings),
    }
    optional: dict[str, tuple[Sender, tuple[str, ...]]] = {
        "notify_sms": (NotifySender(settings, "sms", clock), (settings.notify_key, settings.notify_sms_template)),
        "notify_email": (NotifySender(settings, "email", clock), (settings.notify_key, settings.notify_email_template)),
        "teams": (TeamsSender(settings), (settings.teams_url,)),
        "webhook": (WebhookSender(settings, clock), (settings.webhook_url, settings.webhook_secret)),
    }
    return MappingProxyType(ways | {name: way for name, (way, needed) in optional.items() if all(needed)})
