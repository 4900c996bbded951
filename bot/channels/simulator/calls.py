"""The calls that the practice carrier remembers, as its API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from bot.channels.simulator.messages import API_VERSION
from bot.channels.simulator.voice_twiml import Step

NUMBER_SID = "PN" + "0" * 32
PARTS = ("notifications", "recordings", "payments", "events", "siprec", "streams", "transcriptions")
USUAL_RINGS = timedelta(seconds=60)
ENDED = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


@dataclass(slots=True)
class PhoneCall:
    """One call: where it stands, what has been said in it so far, and what is still to be said."""

    sid: str
    sender: str
    to: str
    created: datetime
    url: str = ""
    twiml: str = ""
    callback: str = ""
    rings: timedelta = USUAL_RINGS
    status: str = "queued"
    started: datetime | None = None
    ended: datetime | None = None
    heard: list[str] = field(default_factory=list)
    ahead: tuple[Step, ...] = ()
    asked: Step | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.status in ENDED

    def form(self, account: str) -> dict[str, str]:
        """What a page is told about it."""
        return {
            "CallSid": self.sid,
            "AccountSid": account,
            "From": self.sender,
            "To": self.to,
            "CallStatus": self.status,
            "Direction": "outbound-api",
            "ApiVersion": API_VERSION,
            "Called": self.to,
            "Caller": self.sender,
        }

    def resource(self, account: str) -> dict[str, object]:
        """The call as the API shows it."""
        root = f"/{API_VERSION}/Accounts/{account}/Calls/{self.sid}"
        length = (self.ended - self.started).seconds if self.started and self.ended else None
        return {
            "sid": self.sid,
            "account_sid": account,
            "api_version": API_VERSION,
            "date_created": _stamp(self.created),
            "date_updated": _stamp(self.ended or self.started or self.created),
            "start_time": _stamp(self.started),
            "end_time": _stamp(self.ended),
            "duration": None if length is None else str(length),
            "from": self.sender,
            "from_formatted": self.sender,
            "to": self.to,
            "to_formatted": self.to,
            "phone_number_sid": NUMBER_SID,
            "status": self.status,
            "direction": "outbound-api",
            "price_unit": "GBP",
            "queue_time": "0",
            "uri": f"{root}.json",
            "subresource_uris": _parts(root),
            **dict.fromkeys(EMPTY),
        }


EMPTY = ("parent_call_sid", "price", "answered_by", "forwarded_from", "group_sid", "caller_name", "trunk_sid")


def _parts(root: str) -> Mapping[str, str]:
    named = {part: f"{root}/{part.capitalize()}.json" for part in PARTS}
    return named | {
        "user_defined_messages": f"{root}/UserDefinedMessages.json",
        "user_defined_message_subscriptions": f"{root}/UserDefinedMessageSubscriptions.json",
    }


def _stamp(moment: datetime | None) -> str | None:
    return format_datetime(moment.astimezone(UTC)) if moment else None
