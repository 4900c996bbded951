"""How something leaves the house: one small promise, which every way out in bot.ways keeps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

SECONDS = 10
ALERT_LIFE = 300  # seconds; Twilio's default of ten hours would deliver an alert long after somebody has acted


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


class Fault(StrEnum):
    """Whose fault it is that a message was not taken, and so who can do something about it."""

    LATER = "later"
    """The provider is busy, broken or cannot be reached: a later try may help."""
    ADDRESS = "address"
    """Nothing sent this way reaches this address."""
    OPTED_OUT = "opted out"
    """They have told the provider that they want nothing from us."""
    ACCOUNT = "account"
    """Our account or our settings: every message will fail until the operator has acted."""
    MESSAGE = "message"
    """What we sent breaks a rule of the provider."""


class NotSent(Exception):
    """The provider did not take it; `again` says whether a later try may help, `fault` whose fault it is."""

    def __init__(self, code: str, again: bool, fault: Fault | None = None) -> None:
        self.code, self.again = code, again
        self.fault = fault or (Fault.LATER if again else Fault.MESSAGE)
        super().__init__(code)


class Sender(Protocol):
    """Sends one message, or raises NotSent."""

    def send(self, message: Outgoing) -> str:
        """Hand the message over; gives the provider's id for it, empty where it has none."""


@runtime_checkable
class Tracker(Protocol):
    """A way out that can be asked afterwards what became of a message."""

    def status(self, provider_id: str) -> tuple[str, str]:
        """What became of it, in Twilio's words for texts, and an error code or nothing; raises NotSent."""
