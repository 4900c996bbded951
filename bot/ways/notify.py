"""GOV.UK Notify as a second carrier, for texts and mail; docs.notifications.service.gov.uk/rest-api.html."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from requests import Request

from bot.sender import SECONDS, Fault, NotSent, Outgoing
from bot.ways.exchange import Answer, ask
from bot.ways.meanings import NOTIFY, of_status, refusal
from bot.ways.posting import posted, read, written
from conversations.settings import Settings

# A key is a name, the id of the service and its secret, joined by hyphens.
KEY = re.compile(
    r".+-(?P<service>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})-(?P<secret>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)
ERROR = re.compile(r"[A-Za-z]{1,40}")
ADDRESS = MappingProxyType({"sms": "phone_number", "email": "email_address"})

# "sending" means that Notify has passed it to a carrier, which is what Twilio calls "sent".
AS_TWILIO_SAYS: Mapping[str, str] = MappingProxyType(
    {
        "created": "queued",
        "sending": "sent",
        "pending": "sent",
        "sent": "sent",
        "delivered": "delivered",
        "permanent-failure": "undelivered",
        "temporary-failure": "undelivered",
        "technical-failure": "failed",
    }
)


@dataclass(frozen=True, slots=True)
class NotifySender:
    """Texts (`kind` sms) or mail (email) by GOV.UK Notify, in a template that is ((body)) and nothing else."""

    settings: Settings
    kind: str
    clock: Callable[[], datetime]
    seconds: float = SECONDS

    def send(self, message: Outgoing) -> str:
        """Hand it to Notify; raises NotSent also when Notify does not answer in time."""
        settings = self.settings
        template = settings.notify_sms_template if self.kind == "sms" else settings.notify_email_template
        wish = {
            ADDRESS[self.kind]: message.to,
            "template_id": template,
            "personalisation": {"body": message.body},
            "reference": message.attempt,
        }
        answer = posted(f"{self._root}/{self.kind}", written(wish), self._headers, self.seconds)
        _check(answer)
        return _identity(read(answer).get("id"))

    def status(self, provider_id: str) -> tuple[str, str]:
        """What Notify knows of it by now, in Twilio's words; raises NotSent when it does not say."""
        url = f"{self._root}/{uuid.UUID(provider_id)}"
        answer = ask(Request("GET", url, headers=dict(self._headers)), self.seconds)
        _check(answer)
        return AS_TWILIO_SAYS.get(str(read(answer).get("status")), ""), ""

    @property
    def _root(self) -> str:
        return f"{self.settings.notify_url}/v2/notifications"

    @property
    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {token(self.settings.notify_key, int(self.clock().timestamp()))}"}


def token(key: str, at: int) -> str:
    """The proof that we hold the key, good for half a minute: a JWT of two claims, signed with HS256 (RFC 7519)."""
    parts = KEY.fullmatch(key)
    if parts is None:
        raise NotSent("not a key of Notify", again=False, fault=Fault.ACCOUNT)
    head, claims = written({"typ": "JWT", "alg": "HS256"}), written({"iss": parts["service"], "iat": at})
    said = f"{_url_safe(head)}.{_url_safe(claims)}"
    return f"{said}.{_url_safe(hmac.new(parts['secret'].encode(), said.encode(), hashlib.sha256).digest())}"


def _url_safe(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _identity(found: object) -> str:
    """Notify's id without hyphens: 32 letters, like every id of ours."""
    try:
        return uuid.UUID(str(found)).hex
    except ValueError:
        raise NotSent("an answer without an id", again=True) from None


def _check(answer: Answer) -> None:
    if answer.status < 300:
        return
    name = _error_name(answer)
    fault = NOTIFY.get(name) or of_status(answer.status)
    raise refusal(f"notify {answer.status} {name}".strip(), fault)


def _error_name(answer: Answer) -> str:
    """The kind of the error; never its words, which may quote the number."""
    try:
        said: Any = read(answer)
        name = str(said["errors"][0]["error"])
    except (NotSent, LookupError, TypeError):
        return ""
    return name if ERROR.fullmatch(name) else ""
