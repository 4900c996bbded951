"""A mail server to practise with: takes every mail on a loopback port and keeps the last ones in memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.channels.simulator.delivery import LOOPBACK
from bot.channels.simulator.exchange import whole_second

MAILS = 200
LARGEST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as its reader sees it."""

    at: datetime
    sender: str
    to: str
    subject: str
    body: str


class Mailbox:
    """The last mails, whoever they were for. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], datetime] = whole_second, kept: int = MAILS) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._mails: deque[Mail] = deque(maxlen=kept)

    def put(self, sender: str, to: str, content: bytes) -> None:
        """Keep a mail as it came over the wire."""
        subject, body = _read(content)
        with self._lock:
            self._mails.append(Mail(self._clock(), sender, to, subject, body))

    def newest(self) -> tuple[Mail, ...]:
        """What is there, newest first."""
        with self._lock:
            return tuple(reversed(self._mails))

    def __len__(self) -> int:
        return len(self._mails)


class Handler:
    """What the mail server does with a mail."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail."""
        content = envelope.original_content or b""
        self._mailbox.put(envelope.mail_from or "", ", ".join(envelope.rcpt_tos), content)
        return "250 Kept"


def make_mail_server(mailbox: Mailbox, port: int, host: str = "127.0.0.1") -> Controller:
    """A mail server that has not started yet. Raises ValueError for any address but a loopback one."""
    if host not in LOOPBACK:
        raise ValueError("the practice mail server listens on this machine only")
    return Controller(Handler(mailbox), hostname=host, port=port, data_size_limit=LARGEST)


def _read(content: bytes) -> tuple[str, str]:
    mail = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
    try:
        part = mail.get_body(("plain",))
        return str(mail["Subject"] or ""), str(part.get_content()) if part else ""
    except (LookupError, ValueError, AttributeError):  # an unknown character set, or headers that make no sense
        return "", "This mail cannot be shown."
