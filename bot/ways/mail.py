"""Mail by SMTP, encrypted where the server offers it."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial

from bot.sender import SECONDS, Fault, NotSent, Outgoing
from bot.ways.deadline import cut, within
from conversations.settings import Settings

# Without a code for each: 53x is about our password, any other 5xx of a recipient about the address (RFC 4954, 5321).
OUR_PASSWORD = frozenset({530, 534, 535, 538})


@dataclass(frozen=True, slots=True)
class MailSender:
    """Mail by the server in the settings."""

    settings: Settings
    seconds: float = SECONDS

    def send(self, message: Outgoing) -> str:
        """Hand a mail to the server; raises NotSent when it will not take it in time."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = message.sender, message.to, message.subject
        mail.set_content(message.body)
        line = _Line()
        try:
            within(self.seconds, partial(_deliver, mail, self.settings, line, self.seconds), line.hang_up)
        except smtplib.SMTPRecipientsRefused as refused:
            code = max(code for code, _ in refused.recipients.values())
            raise _refused(code, Fault.ADDRESS) from None
        except smtplib.SMTPResponseException as refused:
            raise _refused(refused.smtp_code, Fault.MESSAGE) from None
        except (smtplib.SMTPException, OSError) as unreachable:
            raise NotSent(type(unreachable).__name__, again=True) from None
        return ""


@dataclass(slots=True)
class _Line:
    """The conversation with a mail server, to be cut from outside; there is one as soon as it is dialled."""

    server: smtplib.SMTP | None = None

    def hang_up(self) -> None:
        """Cut it, if it stands."""
        cut(self.server.sock if self.server else None)


class _Server(smtplib.SMTP):
    """A mail server that is known to its line before it has been greeted."""

    def __init__(self, settings: Settings, line: _Line, seconds: float) -> None:
        line.server = self
        super().__init__(settings.smtp_host, settings.smtp_port, timeout=seconds)


def _deliver(mail: EmailMessage, settings: Settings, line: _Line, seconds: float) -> None:
    with _Server(settings, line, seconds) as server:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        server.send_message(mail)


def _refused(code: int, fault: Fault) -> NotSent:
    if code < 500:
        return NotSent(f"smtp {code}", again=True)
    return NotSent(f"smtp {code}", again=False, fault=Fault.ACCOUNT if code in OUR_PASSWORD else fault)
