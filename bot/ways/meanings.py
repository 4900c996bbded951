"""What a provider's refusal means for us: tables of codes, and the status of the answer for a code that is in none."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.sender import Fault, NotSent

# Names: twilio.com/docs/api/errors. Twilio says that codes change and that nothing should depend on them alone.
TWILIO: Mapping[int, Fault] = MappingProxyType(
    {
        20003: Fault.ACCOUNT,  # not allowed: account or token
        20429: Fault.LATER,  # too many requests
        21210: Fault.ACCOUNT,  # our number may not call
        21211: Fault.ADDRESS,  # not a number
        21212: Fault.ACCOUNT,  # our number is not a number
        21214: Fault.ADDRESS,  # cannot be called
        21215: Fault.ACCOUNT,  # calls to this region are not switched on
        21216: Fault.ADDRESS,  # we are not allowed to call this number
        21217: Fault.ADDRESS,  # not a number that can be called
        21219: Fault.ACCOUNT,  # a trial account and an unverified number, by voice
        21408: Fault.ACCOUNT,  # texts to this region are not switched on
        21606: Fault.ACCOUNT,  # our number cannot text
        21608: Fault.ACCOUNT,  # a trial account and an unverified number
        21610: Fault.OPTED_OUT,  # unsubscribed
        21611: Fault.LATER,  # our queue is full
        21612: Fault.ADDRESS,  # cannot be reached by text
        21614: Fault.ADDRESS,  # not a mobile
        21617: Fault.MESSAGE,  # too long
        21635: Fault.ADDRESS,  # a landline
        21658: Fault.MESSAGE,  # a parameter too long
        23002: Fault.ACCOUNT,  # number redaction and STOP do not go together
        # Heard of afterwards, with the status "failed" or "undelivered":
        30001: Fault.LATER,  # queue overflow
        30002: Fault.ACCOUNT,  # account suspended
        30003: Fault.LATER,  # handset cannot be reached
        30004: Fault.ADDRESS,  # blocked
        30005: Fault.ADDRESS,  # handset unknown
        30006: Fault.ADDRESS,  # a landline, or a carrier that cannot be reached
        30007: Fault.MESSAGE,  # filtered: the same text would be filtered again
        30008: Fault.LATER,  # unknown
        30410: Fault.LATER,  # the carrier timed out
    }
)

# Error names of docs.notifications.service.gov.uk; its 400 is about the number, the template or a trial service.
NOTIFY: Mapping[str, Fault] = MappingProxyType(
    {
        "AuthError": Fault.ACCOUNT,
        "BadRequestError": Fault.ACCOUNT,
        "ValidationError": Fault.ADDRESS,
        "RateLimitError": Fault.LATER,
        "TooManyRequestsError": Fault.LATER,
        "NoResultFound": Fault.ACCOUNT,
    }
)


def of_status(status: int) -> Fault:
    """What the status of an answer says when its code says nothing."""
    if status == 429 or status >= 500:
        return Fault.LATER
    return Fault.ACCOUNT if status in {401, 403, 404, 410} else Fault.MESSAGE


def refusal(code: str, fault: Fault) -> NotSent:
    """The error that a sender raises for a refusal."""
    return NotSent(code, fault is Fault.LATER, fault)
