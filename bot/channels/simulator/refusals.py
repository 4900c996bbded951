"""Twilio's error codes that the practice carrier can produce, by the place where each of them shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

DOCUMENTATION = "https://www.twilio.com/docs/errors/"

# Answered to a request: code -> HTTP status and our own words for it. Twilio asks clients not to build on codes alone.
REFUSED: Mapping[int, tuple[int, str]] = MappingProxyType(
    {
        20001: (400, "The request breaks the specification"),
        20003: (401, "Not allowed: check account and token"),
        20009: (409, "This message is still on its way and cannot be removed"),
        20404: (404, "There is nothing here"),
        20429: (429, "Too many requests"),
        20500: (500, "Something broke at the carrier"),
        20503: (503, "The carrier is not available"),
        21210: (400, "From is not a number of this account that can call"),
        21211: (400, "To is not a phone number"),
        21215: (400, "Calls to this region are not switched on"),
        21219: (400, "A trial account may only call numbers that were verified"),
        21408: (400, "Texts to this region are not switched on"),
        21602: (400, "A message needs a body"),
        21606: (400, "From is not a number of this account that can send texts there"),
        21608: (400, "A trial account may only text numbers that were verified"),
        21610: (400, "This person has unsubscribed from From"),
        21611: (429, "From has too many messages queued"),
        21612: (400, "To cannot be reached by text from From"),
        21614: (400, "To is not a mobile number"),
        21617: (400, "The body is longer than 1600 characters"),
        21635: (400, "To is a landline"),
        21658: (400, "A parameter has too many characters"),
        21701: (404, "There is no such messaging service"),
    }
)

# Shown later, in a status callback and on the message: code -> status and words.
UNSENT: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        30001: ("failed", "Queue overflow"),
        30002: ("failed", "Account suspended"),
        30003: ("undelivered", "Handset cannot be reached"),
        30004: ("undelivered", "Message blocked"),
        30005: ("undelivered", "Handset unknown"),
        30006: ("undelivered", "Landline, or a carrier that cannot be reached"),
        30007: ("undelivered", "Message filtered"),
        30008: ("undelivered", "Unknown error"),
        30410: ("failed", "Provider timed out"),
    }
)

# Written into Twilio's debugger only: nobody is told unless they look.
NOTICED: Mapping[int, str] = MappingProxyType(
    {
        11200: "The webhook failed, or did not answer in 15 seconds",
        11205: "The webhook could not be connected to",
        11750: "The answer is larger than 64 kB",
        12100: "The answer is not well-formed XML",
        12200: "The answer holds something that is not TwiML for messages",
        12300: "The answer is not text/xml",
        13803: "Replies in the answer do not work in this region; send them through the API",
        14103: "A reply is empty or longer than 1600 characters",
        21610: "A reply was not sent: this person has unsubscribed",
        23002: "Numbers are redacted, so STOP cannot be handled by the carrier",
    }
)

# The code that goes with a bare HTTP status.
BARE: Mapping[int, int] = MappingProxyType({401: 20003, 404: 20404, 429: 20429, 503: 20503})


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of the carrier's debugger; `number` is the phone that it is about."""

    code: int
    number: str = ""

    @property
    def words(self) -> str:
        """What the code means."""
        return NOTICED[self.code]


class Refusal(Exception):
    """The carrier says no. Without a code, the usual one for the HTTP status is given."""

    def __init__(self, code: int = 0, status: int = 0) -> None:
        self.code = code or BARE.get(status, 20500)
        known, words = REFUSED.get(self.code, (400, "The request was refused"))
        self.status = status or known
        self.words = words
        super().__init__(f"{self.code}: {words}")

    def as_json(self) -> dict[str, object]:
        """The error form that Twilio documents."""
        more = f"{DOCUMENTATION}{self.code}"
        return {"code": self.code, "message": self.words, "more_info": more, "status": self.status}
