"""An alert in words: what happens to it next and when, and its chronology of who did what, when and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from conversations import alerts, attempts
from conversations.models import AlertEventRow, AlertRow, AttemptRow
from conversations.policy import Policy
from conversations.rota import HERE
from conversations.staff_models import StaffRow

LEVELS: Mapping[str, str] = MappingProxyType(
    {"immediate": "Immediate", "concern": "Concern", "wellbeing": "Wellbeing", "note": "Note"}
)
"""How staff read a level; a note is what a duty worker wrote."""
HEARD = "Heard"
DUTY_CONTACT = "the duty contact"
WAYS: Mapping[str, str] = MappingProxyType(
    {
        "sms": "text",
        "voice": "phone call",
        "email": "mail",
        "teams": "Teams card",
        "webhook": "webhook",
        "notify_sms": "text through GOV.UK Notify",
        "notify_email": "mail through GOV.UK Notify",
    }
)
FATES: Mapping[str, str] = MappingProxyType(
    {
        "due": "about to be sent",
        "leased": "being sent",
        "sent": "sent, not known to have arrived",
        "failed": "could not be sent",
        "cancelled": "no longer needed, not sent",
    }
)
ARRIVED: Mapping[str, str] = MappingProxyType(
    {
        "delivered": "delivered",
        "read": "delivered and opened",
        "completed": "the call was answered",
        "undelivered": "did not arrive",
        "failed": "did not arrive",
        "busy": "the line was busy",
        "no-answer": "nobody picked up",
        "canceled": "taken back before it was sent",
    }
)
"""What providers report of an attempt that was sent."""
SAID_BY_ATTEMPTS = frozenset({"sent"})
"""Events that only repeat what the attempt itself shows with more."""
TOLD: Mapping[str, str] = MappingProxyType(
    {
        "first": "whoever is on duty first is told",
        "next": "the next person is told",
        "everyone": "everyone on duty and the safeguarding lead are told",
    }
)


OF_A_DRILL = "Whoever is on duty first is told, once. Heard closes a drill by itself, at the latest after an hour."


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chronology."""

    at: datetime
    what: str
    who: str
    why: str = ""


def who_has(alert: AlertRow, mine: bool) -> str:
    """Who acts on an alert that is not closed."""
    if alert.state == "open":
        return "Nobody has taken it."
    since = f"since {clock_of(alert.acknowledged_at)}" if alert.acknowledged_at else ""
    return f"You have it, {since}." if mine else f"{alert.acknowledged_by} has it, {since}."


def whom(policy: Policy, level: str, step: int) -> str:
    """Whom the step that comes next tells: first, next or everyone; what has no steps of its own is a concern."""
    steps = policy.timetable(level).steps
    return steps[min(step, len(steps) - 1)].tell


def what_next(state: str, next_action_at: datetime | None, whom: str, now: datetime) -> str:
    """What Heard does next about an alert by itself, and when; empty for a closed one."""
    if state == "closed" or next_action_at is None:
        return ""
    at = clock_of(next_action_at, now)
    if state == "acknowledged":
        return f"Without an outcome Heard follows up at {at}: it reminds, then it opens the alert again."
    if next_action_at <= now:
        return "Duty workers are being told now."
    return f"At {at} {TOLD[whom]}, unless somebody takes it."


def clock_of(moment: datetime | None, now: datetime | None = None) -> str:
    """The time on the wall here, with the day where it is another than that of `now`."""
    if moment is None:
        return ""
    local = moment.astimezone(HERE)
    same_day = now is None or now.astimezone(HERE).date() == local.date()
    return f"{local:%H:%M}" if same_day else f"{local:%H:%M on %A}"


def of_alert(session: Session, alert_id: str) -> list[Line]:
    """The whole chronology of one alert, oldest first."""
    tries = attempts.of_alert(session, alert_id)
    wanted = select(StaffRow.id, StaffRow.name).where(StaffRow.id.in_({each.person_id for each in tries}))
    names = {row.id: row.name for row in session.execute(wanted)}
    return lines(alerts.timeline(session, alert_id), tries, names)


def lines(
    events: Sequence[AlertEventRow], tries: Iterable[AttemptRow], names: Mapping[int, str]
) -> list[Line]:
    """Events and attempts in one line of time; an attempt stands where it was sent, or where it was due."""
    told = [Line(each.at, _sentence(each.what), each.who, each.detail) for each in _unsaid(events)]
    told += [_attempt(each, names) for each in tries]
    return sorted(told, key=lambda line: line.at)


def _unsaid(events: Sequence[AlertEventRow]) -> list[AlertEventRow]:
    return [each for each in events if each.what not in SAID_BY_ATTEMPTS]


def _attempt(attempt: AttemptRow, names: Mapping[int, str]) -> Line:
    whom = names.get(attempt.person_id, "somebody who has left") if attempt.person_id else DUTY_CONTACT
    what = f"{_sentence(WAYS.get(attempt.way, attempt.way))} to {whom}"
    return Line(attempt.sent_at or attempt.due_at, what, HEARD, _fate(attempt))


def _fate(attempt: AttemptRow) -> str:
    fate = FATES[attempt.state]
    if attempt.state == "sent":
        fate = ARRIVED.get(attempt.provider_status or "", fate)
    twice = ", perhaps twice" if attempt.maybe_twice else ""
    code = f" (code {attempt.error})" if attempt.error else ""
    return f"{fate}{twice}{code}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
