"""Who is told next, and when: decisions about an alert, and about what raises none and must be read; over values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from conversations.values import Assessment, Level

WAYS = ("sms", "email")
FIRST_WAIT = timedelta(minutes=5)
LATER_WAIT = timedelta(minutes=10)
OUTCOME_WAIT = timedelta(minutes=60)
RETRY_WAITS = (timedelta(seconds=5), timedelta(seconds=20), timedelta(seconds=60))

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "police": "Police or ambulance called",
        "social_work": "Passed to social work",
        "partner": "Passed to a named partner agency",
        "spoken": "Spoke with the young person, plan agreed",
        "known": "Already known and being acted on",
        "no_harm": "Looked into, nobody at risk of harm",
        "false_alarm": "False alarm",
    }
)

LISTS: Mapping[str, str] = MappingProxyType({"same_day": "duty", "wellbeing": "duty"})
"""What nobody is woken for and somebody must read: the lists, and the role that owns each."""

WORRY_OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "read": "Read, no action needed",
        "passed": "Passed to their worker",
        "spoken": "Spoken with them",
        "known": "Known and being acted on",
        "false_alarm": "False alarm",
    }
)
RAISED = "raised"
"""The outcome of a worry that became an alert; what was done is said there."""


@dataclass(frozen=True, slots=True)
class Action:
    """What happens to an alert that is due: tell again, or first open it again; and when to look next."""

    reopen: bool
    next_at: datetime


def first_look(now: datetime) -> datetime:
    """When a new alert is looked at again if nobody has acknowledged it."""
    return now + FIRST_WAIT


def next_action(state: str, now: datetime) -> Action:
    """What a due alert needs: an acknowledged one without outcome opens again; it never falls silent."""
    return Action(reopen=state == "acknowledged", next_at=now + LATER_WAIT)


def retry_at(tries: int, now: datetime) -> datetime | None:
    """When a failed try is made again; None when this attempt is over and the next action takes its place."""
    return now + RETRY_WAITS[tries - 1] if 0 < tries <= len(RETRY_WAITS) else None


def list_of(assessment: Assessment) -> str:
    """The list on which a text is read that raises no alert; empty when nobody need read it."""
    if assessment.alerts:
        return ""
    if not assessment.covered:
        return "same_day"
    return "wellbeing" if assessment.level == Level.WELLBEING else ""
