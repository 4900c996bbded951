"""What a duty worker reports at the end of an alert: the questions, their answers, and what is still missing.

The questions follow Appendix H of the National Guidance for Child Protection in Scotland 2021.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType

from conversations.escalation import OUTCOMES
from conversations.rota import HERE

MERGED = "merged"
PARTNER = "partner"
NO_RISK = frozenset({"no_harm", "false_alarm"})
"""Outcomes after which there may be nobody to find and nothing to tell."""
NOTES_AT_MOST = 4000
NAME_AT_MOST = 64
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
DAY = timedelta(days=1)

SAID_OF_OUTCOME: Mapping[str, str] = MappingProxyType({**OUTCOMES, MERGED: "Joined to another alert"})
"""Every outcome that a closed alert can have, with its words."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the form: its words, and the answers of which one, or several, must be given."""

    words: str
    answers: Mapping[str, str]
    missing: str
    several: bool = False


NOT_NEEDED = "not_needed"
_NOT_NEEDED = {NOT_NEEDED: "Does not apply: nobody is at risk"}

QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        "where_now": Question(
            "Where is the young person now?",
            MappingProxyType(
                {
                    "home": "Where they live",
                    "school": "At school, college or work",
                    "worker": "With a worker, or at a place of safety",
                    "hospital": "At hospital, or with an ambulance",
                    "elsewhere": "Somewhere else that we know of",
                    "unknown": "We do not know",
                    **_NOT_NEEDED,
                }
            ),
            "Say where the young person is now.",
        ),
        "safe_now": Question(
            "Are they safe now?",
            MappingProxyType(
                {"yes": "Yes", "for_now": "For now", "no": "No", "unknown": "We do not know", **_NOT_NEEDED}
            ),
            "Say whether they are safe now.",
        ),
        "told": Question(
            "Who else has been told?",
            MappingProxyType(
                {
                    "police": "Police",
                    "social_work": "Social work",
                    "health": "Health or ambulance",
                    "worker": "Their own worker",
                    "family": "Family or carer",
                    "partner": "A partner agency",
                    "nobody": "Nobody yet",
                }
            ),
            "Say who else has been told, or nobody yet.",
            several=True,
        ),
        "young_person_told": Question(
            "Does the young person know what happens next?",
            MappingProxyType(
                {
                    "yes": "Yes, they were told",
                    "not_reached": "No, they could not be reached",
                    "not_safe": "No, telling them now could put them at risk",
                    "later": "Not yet, they will be told",
                    **_NOT_NEEDED,
                }
            ),
            "Say whether the young person knows what happens next.",
        ),
        "next_step": Question(
            "What happens next?",
            MappingProxyType(
                {
                    "emergency": "Police or ambulance are dealing with it",
                    "social_work": "Social work takes it on",
                    "partner": "A partner agency takes it on",
                    "worker": "Their own worker takes it on",
                    "meeting": "Inter-agency discussion or meeting",
                    "nothing": "Nothing more is needed",
                }
            ),
            "Say what happens next.",
        ),
        "outcome": Question("What was the outcome?", OUTCOMES, "Choose the outcome."),
    }
)
NOTES = "What happened?"

REOPEN_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "news": "There is something new",
        "not_done": "What was agreed has not happened",
        "mistake": "It was closed by mistake",
        "apart": "It was joined to the wrong alert",
    }
)
TAKE_OVER_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "shift": "Their shift has ended",
        "agreed": "We have agreed it",
        "silent": "They do not answer and it cannot wait",
    }
)


@dataclass(frozen=True, slots=True)
class Report:
    """The answers of one report, as they were sent: perhaps incomplete."""

    outcome: str = ""
    where_now: str = ""
    safe_now: str = ""
    told: tuple[str, ...] = ()
    young_person_told: str = ""
    next_step: str = ""
    notes: str = ""


def report_from(one: Mapping[str, str], told: Sequence[str]) -> Report:
    """The report in what a form sent, with nothing lost of what was typed."""
    single = {name: one.get(name, "") for name in QUESTIONS if not QUESTIONS[name].several}
    return Report(**single, told=tuple(dict.fromkeys(told)), notes=one.get("notes", "").strip())


def faults(report: Report, received: bool) -> dict[str, str]:
    """Everything that is missing or does not fit, by question; `received`: whether a partner has said they have it."""
    found = {name: QUESTIONS[name].missing for name in QUESTIONS if not _answered(report, name)}
    if not report.notes:
        found["notes"] = "Say in a few words what happened."
    elif len(report.notes) > NOTES_AT_MOST:
        found["notes"] = f"That is too long by {len(report.notes) - NOTES_AT_MOST} letters. Please shorten it."
    for name, (wrong, words) in _contradictions(report, received).items():
        if wrong:
            found.setdefault(name, words)
    return {name: found[name] for name in (*QUESTIONS, "notes") if name in found}


def _answered(report: Report, name: str) -> bool:
    given, answers = getattr(report, name), QUESTIONS[name].answers
    return bool(given) and set(given) <= answers.keys() if QUESTIONS[name].several else given in answers


def _contradictions(report: Report, received: bool) -> dict[str, tuple[bool, str]]:
    at_risk = report.outcome in OUTCOMES and report.outcome not in NO_RISK
    out_of_place = "This answer only fits where nobody was at risk. Choose another."
    return {
        "told": ("nobody" in report.told and len(report.told) > 1, "Choose who was told, or nobody yet, not both."),
        "where_now": (at_risk and report.where_now == NOT_NEEDED, out_of_place),
        "safe_now": (at_risk and report.safe_now == NOT_NEEDED, out_of_place),
        "young_person_told": (at_risk and report.young_person_told == NOT_NEEDED, out_of_place),
        "next_step": (
            report.safe_now == "no" and report.next_step == "nothing",
            "They are not safe, so something must happen next.",
        ),
        "outcome": (
            report.outcome == PARTNER and not received,
            "Record first who at the partner agency has it, and when they said so.",
        ),
    }


def last_time(text: str, now: datetime) -> datetime | None:
    """The last moment at which the clock on the wall here showed this time, like 03:25; None when it is no time."""
    if not CLOCK.fullmatch(text):
        return None
    wanted = time.fromisoformat(text)
    today = now.astimezone(HERE).date()
    moment = datetime.combine(today, wanted, HERE)
    return moment if moment <= now else datetime.combine(today - DAY, wanted, HERE)
