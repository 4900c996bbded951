"""Who may see the number of an alert, and when: two people for a reason, or one alone in an emergency; over values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from conversations.shifts import OUT_OF_HOURS, Rota, leads, on_duty

FRESH = timedelta(minutes=5)
"""How old a second factor may be for a number to be shown, or for somebody to stand for it."""
STANDS = timedelta(hours=1)
"""How long a wish waits for a second person, and how long their yes counts."""
REVIEW_WITHIN = timedelta(hours=24)
A_DAY = timedelta(hours=24)
LIMIT = 3
"""How many numbers one person may see in a day by two people; in an emergency nothing is counted against them."""
TOO_LATE = "That is not yours to decide, or somebody was quicker, or its hour is over."
TOO_MANY = (
    f"They may see {LIMIT} numbers within a day, and have had your yes or a colleague's to as many. Somebody else can "
    "take the alert over and ask. If somebody is in danger now, they can open the number alone."
)
MANY_ALONE = 3
"""How many numbers seen alone in a day bring the organisation's alarm."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a number is needed, on what ground in law, and whether it is an emergency that one person may act on."""

    words: str
    ground: str
    emergency: bool = False


# UK GDPR articles 6 and 9; Data Protection Act 2018, schedule 1, paragraph 18 (safeguarding of children and of
# individuals at risk); National Guidance for Child Protection in Scotland 2021, paragraphs 1.129 to 1.148. A first
# version: nobody with a legal qualification has reviewed it.
REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        "danger": Reason(
            "Somebody's life or body is in danger now",
            "Vital interests: UK GDPR 6(1)(d) and 9(2)(c)",
            emergency=True,
        ),
        "find": Reason(
            "Police or ambulance need it to find them now",
            "Vital interests: UK GDPR 6(1)(d) and 9(2)(c)",
            emergency=True,
        ),
        "harm": Reason(
            "They may come to significant harm, and messages do not reach them",
            "Public task and safeguarding: UK GDPR 6(1)(e) and 9(2)(g), DPA 2018 schedule 1 paragraph 18",
        ),
        "asked": Reason("They asked us to ring them", "Public task: UK GDPR 6(1)(e) and 9(2)(g)"),
        "law": Reason("A court or the Reporter requires it", "Legal obligation: UK GDPR 6(1)(c) and 9(2)(f)"),
    }
)

FINDINGS: Mapping[str, str] = MappingProxyType(
    {
        "right": "It was right to do it alone",
        "two": "There was time to ask a second person",
        "wrong": "The number was not needed",
    }
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an alert and of whoever wants its number."""

    has_number: bool
    closed: bool
    mine: bool
    can_be_written: bool
    written: bool
    seen_today: int = 0


@dataclass(frozen=True, slots=True)
class Reveal:
    """A wish to see a number, as far as decisions about it need."""

    staff: int
    alone: bool
    asked_at: datetime
    approved: bool | None = None
    decided_at: datetime | None = None
    shown_at: datetime | None = None
    reviewed_at: datetime | None = None


def why_not(standing: Standing, reason: str, alone: bool) -> str:
    """Why this number may not be asked for so, in words for whoever wants it; empty when it may.

    In an emergency nothing stands in the way but that there is no number.
    """
    if reason not in REASONS:
        return "Say why you need it."
    if not standing.has_number:
        return "We have no number of theirs."
    if alone:
        return "" if REASONS[reason].emergency else "That reason needs a second person."
    return next((fault for fault, found in _faults(standing).items() if found), "")


def _faults(standing: Standing) -> dict[str, bool]:
    return {
        "This alert is closed. Open it again first.": standing.closed,
        "Take the alert first: whoever acts on it asks for the number.": not standing.mine,
        "Write to them first: they can be written to without the number.": (
            standing.can_be_written and not standing.written
        ),
        f"You have seen {LIMIT} numbers within a day. Ask a colleague to take the alert over.": (
            is_used_up(standing.seen_today)
        ),
    }


def is_used_up(numbers: int) -> bool:
    """Whether so many numbers by two people are all that one person may see in a day."""
    return numbers >= LIMIT


def approvers(rota: Rota, asker: int, now: datetime) -> tuple[int, ...]:
    """Who is asked to say yes or no: whoever is on duty now by either rota, and the leads; never whoever asks."""
    people = (*on_duty(rota, now), *on_duty(rota, now, OUT_OF_HOURS), *leads(rota))
    return tuple(person for person in dict.fromkeys(people) if person != asker)


def may_decide(reveal: Reveal, staff: int, now: datetime) -> bool:
    """Whether this person may say yes or no to a wish: somebody else's, that waits, and not for long."""
    waits = not reveal.alone and reveal.approved is None and now < reveal.asked_at + STANDS
    return waits and staff != reveal.staff


def why_no_answer(reveal: Reveal, yes: bool, staff: int, now: datetime, seen_today: int) -> str:
    """Why this person may not give this answer to a wish, in words for them; empty when they may.

    `seen_today` is how many numbers whoever asked has seen or may see. A no is never too many.
    """
    if not may_decide(reveal, staff, now):
        return TOO_LATE
    return TOO_MANY if yes and is_used_up(seen_today) else ""


def may_open(reveal: Reveal, staff: int, now: datetime, before: int) -> bool:
    """Whether this person may see the number now: they asked, somebody stands for it, and it was not shown yet.

    `before` is how many other numbers of the day come before this one; in an emergency they do not count.
    """
    if staff != reveal.staff or reveal.shown_at is not None:
        return False
    if not reveal.alone and is_used_up(before):
        return False
    since = reveal.asked_at if reveal.alone else reveal.decided_at if reveal.approved else None
    return since is not None and now < since + STANDS


def may_review(reveal: Reveal, staff: int) -> bool:
    """Whether this person may review what somebody did alone: somebody else's, that nobody has reviewed."""
    return reveal.alone and reveal.reviewed_at is None and staff != reveal.staff


def review_due(reveal: Reveal) -> datetime:
    """By when what somebody did alone must have been looked at."""
    return reveal.asked_at + REVIEW_WITHIN


def is_fresh(second_factor_at: datetime | None, now: datetime) -> bool:
    """Whether a second factor is young enough; one from later than now was before the clock was put back."""
    return second_factor_at is not None and timedelta() <= now - second_factor_at <= FRESH
