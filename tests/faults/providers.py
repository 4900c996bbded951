"""Ways out as the matrix has them: ours over the practice carrier or a letter box, which break as they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bot.channels.simulator.carrier import Carrier
from bot.sender import NotSent, Outgoing
from bot.ways.sms import TwilioSender
from conversations.settings import Settings

PATIENT_SECONDS, HURRIED_SECONDS = 5.0, 0.08
SLOW = ("HANG", "DRIP", "TIMEOUT")
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Handed:
    """One message that we handed to a provider: for which attempt, when, and whether the provider took it."""

    way: str
    attempt: str
    to: str
    words: str
    at: float
    taken: bool


@dataclass
class Way:
    """A way out that remembers what went through it."""

    name: str
    elapsed: Callable[[], float]
    fault: str = ""
    handed: list[Handed] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, message: Outgoing) -> str:
        """Send, and note whether the provider took it, whatever it told us."""
        with self.lock:
            before = self.count(message)
            try:
                return self.hand_over(message)
            finally:
                taken = self.count(message) > before
                words = f"{message.subject}\n{message.body}"
                self.handed.append(
                    Handed(self.name, message.attempt, message.to, words, self.elapsed(), taken)
                )

    def count(self, message: Outgoing) -> int:
        """How often the provider has taken these words for this address."""
        raise NotImplementedError

    def hand_over(self, message: Outgoing) -> str:
        """Hand it to the provider."""
        raise NotImplementedError


@dataclass
class Texts(Way):
    """Our sender of texts, over HTTP to the practice carrier; a fault is a play of the carrier, or `refused`."""

    carrier: Carrier | None = None
    settings: Settings | None = None

    def count(self, message: Outgoing) -> int:
        """What is in the carrier's books."""
        assert self.carrier
        with self.carrier.lock:
            same = self.carrier.ledger.newest(lambda one: one.to == message.to and one.body == message.body)
            return len(list(same))

    def hand_over(self, message: Outgoing) -> str:
        """Send as in earnest; where the carrier is to be slow we wait less long than in earnest."""
        assert self.carrier
        if self.fault and self.fault != "refused":
            self.carrier.play(self.fault)
        return self._sender().send(message)

    def status(self, provider_id: str) -> tuple[str, str]:
        """What the carrier says of a text."""
        return self._sender().status(provider_id)

    def _sender(self) -> TwilioSender:
        assert self.settings
        settings = replace(self.settings, twilio_api_url=NOWHERE) if self.fault == "refused" else self.settings
        return TwilioSender(settings, HURRIED_SECONDS if self.fault.startswith(SLOW) else PATIENT_SECONDS)


def _refuse(code: str, again: bool) -> Callable[[], str]:
    def refuse() -> str:
        raise NotSent(code, again)

    return refuse


def _break() -> str:
    raise RuntimeError("a way that breaks in a manner of its own")


LETTER_FAULTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"later": _refuse("smtp 451", True), "never": _refuse("smtp 550", False), "breaks": _break}
)
TAKEN_FAULTS: Mapping[str, Callable[[], str]] = MappingProxyType({"answer lost": _refuse("TimeoutError", True)})


@dataclass
class Letters(Way):
    """A way without ids, into a box."""

    box: list[Outgoing] = field(default_factory=list)

    def count(self, message: Outgoing) -> int:
        """What lies in the box."""
        return len(self.box)

    def hand_over(self, message: Outgoing) -> str:
        """Put it into the box, or do what was told instead."""
        if self.fault in LETTER_FAULTS:
            return LETTER_FAULTS[self.fault]()
        self.box.append(message)
        return TAKEN_FAULTS.get(self.fault, str)()
