"""How something leaves the house: one small promise, kept by Twilio for texts and by a mail server for mail."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from types import MappingProxyType
from typing import Any, Protocol

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from conversations.settings import Settings

SECONDS = 10
ALERT_LIFE = 300  # seconds; Twilio's default of ten hours would deliver an alert long after somebody has acted

# What Twilio's error codes mean for us: try again, or never with this number. Twilio says that codes change, so an
# unknown one falls back to the status of the answer. Names: twilio.com/docs/api/errors.
NEVER_AGAIN: Mapping[int, str] = MappingProxyType(
    {
        21211: "not a number",
        21408: "region not allowed",
        21606: "our number cannot text",
        21610: "opted out",
        21612: "cannot be reached",
        21614: "not a mobile",
        21617: "too long",
    }
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message: to whom, from which of our numbers or addresses, its words; how long it is of use, in seconds.

    `attempt` is the id of the attempt that it belongs to, for ways that call back; empty where there is none.
    """

    to: str
    sender: str
    body: str
    subject: str = ""
    life: int | None = None
    attempt: str = ""


class NotSent(Exception):
    """The provider did not take it; `again` says whether a later try may help."""

    def __init__(self, code: str, again: bool) -> None:
        self.code, self.again = code, again
        super().__init__(code)


class Sender(Protocol):
    """Sends one message, or raises NotSent."""

    def send(self, message: Outgoing) -> str:
        """Hand the message over; gives the provider's id for it, empty where it has none."""


@dataclass(frozen=True, slots=True)
class TwilioSender:
    """Texts by Twilio."""

    settings: Settings

    def send(self, message: Outgoing) -> str:
        """Hand a text to Twilio; raises NotSent also when Twilio cannot be reached in time."""
        settings = self.settings
        # Twilio's own HTTP client has no time-out unless it is given one.
        http = TwilioHttpClient(timeout=SECONDS)
        client = Client(settings.twilio_account_sid, settings.twilio_auth_token, http_client=http)
        client.api.base_url = settings.twilio_api_url or client.api.base_url
        more: dict[str, Any] = {"validity_period": message.life} if message.life else {}
        if settings.twilio_messaging_service:
            more["messaging_service_sid"] = settings.twilio_messaging_service
        else:
            more["from_"] = message.sender
        try:
            sent = client.messages.create(
                to=message.to, body=message.body, status_callback=f"{settings.public_url}/sms/status", **more
            )
        except TwilioRestException as refused:
            raise _not_sent(refused) from None  # the provider's own text may hold the number
        except (TwilioException, RequestException, OSError, ValueError) as unreachable:  # ValueError: not JSON
            raise NotSent(type(unreachable).__name__, again=True) from None
        if not sent.sid:
            raise NotSent("an answer without an id", again=True)
        return str(sent.sid)


@dataclass(frozen=True, slots=True)
class MailSender:
    """Mail by SMTP, encrypted where the server offers it."""

    settings: Settings

    def send(self, message: Outgoing) -> str:
        """Hand a mail to the server; raises NotSent when it will not take it in time."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = message.sender, message.to, message.subject
        mail.set_content(message.body)
        settings = self.settings
        try:
            with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SECONDS) as server:
                server.ehlo()
                if server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                if settings.smtp_user:
                    server.login(settings.smtp_user, settings.smtp_password)
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as refused:
            code = max(code for code, _ in refused.recipients.values())
            raise NotSent(f"smtp {code}", again=code < 500) from None
        except smtplib.SMTPResponseException as refused:
            raise NotSent(f"smtp {refused.smtp_code}", again=refused.smtp_code < 500) from None
        except (smtplib.SMTPException, OSError) as unreachable:
            raise NotSent(type(unreachable).__name__, again=True) from None
        return ""


def _not_sent(refused: TwilioRestException) -> NotSent:
    again = refused.code not in NEVER_AGAIN and (refused.status == 429 or refused.status >= 500)
    return NotSent(str(refused.code or refused.status), again)
