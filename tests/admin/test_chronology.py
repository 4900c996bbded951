"""An alert in words: the sentence of what happens next, and one line of time out of events and attempts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from admin.chronology import clock_of, lines, what_next, whom
from conversations import policy
from conversations.models import AlertEventRow, AttemptRow

NOW = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = NOW + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("state", "at", "whom", "said"),
    [
        ("open", LATER, "first", "At 03:25 whoever is on duty first is told, unless somebody takes it."),
        ("open", LATER, "next", "At 03:25 the next person is told, unless somebody takes it."),
        ("open", NOW, "next", "Duty workers are being told now."),
        ("open", NOW - timedelta(minutes=1), "everyone", "Duty workers are being told now."),
        ("open", LATER + DAY, "next", "At 03:25 on Tuesday the next person is told, unless somebody takes it."),
        ("closed", None, "first", ""),
    ],
)
def test_what_happens_next_is_one_sentence(state: str, at: datetime | None, whom: str, said: str) -> None:
    assert what_next(state, at, whom, NOW) == said


def test_an_alert_that_somebody_has_says_when_heard_follows_up() -> None:
    assert "follows up at 03:25" in what_next("acknowledged", LATER, "first", NOW)


@pytest.mark.parametrize(
    ("level", "step", "told"),
    [
        ("immediate", 0, "first"), ("immediate", 1, "next"), ("immediate", 2, "everyone"), ("immediate", 9, "everyone"),
        ("concern", 2, "next"), ("concern", 3, "everyone"), ("wellbeing", 3, "everyone"),
    ],
)
def test_the_step_that_comes_next_says_who_is_told(level: str, step: int, told: str) -> None:
    assert whom(policy.load(), level, step) == told


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "01:30"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "01:30"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "02:00"),
        (None, ""),
    ],
)
def test_times_are_those_of_the_wall_here(moment: datetime | None, said: str) -> None:
    assert clock_of(moment) == said


def attempt(**changes: object) -> AttemptRow:
    values = {"way": "sms", "state": "sent", "due_at": NOW, "sent_at": NOW, "person_id": None, "maybe_twice": False}
    return AttemptRow(**(values | changes))


FATES = {
    "not yet": ({"state": "due", "sent_at": None}, "about to be sent"),
    "just now": ({"state": "leased", "sent_at": None}, "being sent"),
    "no news": ({}, "sent, not known to have arrived"),
    "on its way": ({"provider_status": "queued"}, "sent, not known to have arrived"),
    "arrived": ({"provider_status": "delivered"}, "delivered"),
    "lost": ({"provider_status": "undelivered", "error": "30003"}, "did not arrive (code 30003)"),
    "nobody there": ({"provider_status": "no-answer"}, "nobody picked up"),
    "refused": ({"state": "failed", "sent_at": None, "error": "21610"}, "could not be sent (code 21610)"),
    "too late": ({"state": "cancelled", "sent_at": None}, "no longer needed, not sent"),
    "twice": ({"provider_status": "delivered", "maybe_twice": True}, "delivered, perhaps twice"),
}


@pytest.mark.parametrize("fate", FATES)
def test_an_attempt_says_what_became_of_it(fate: str) -> None:
    changes, said = FATES[fate]
    [line] = lines([], [attempt(**changes)], {})
    assert (line.what, line.who, line.why) == ("Text to the duty contact", "Heard", said)


def test_b42_events_and_attempts_stand_in_one_line_of_time() -> None:
    events = [
        AlertEventRow(at=NOW + timedelta(minutes=minute), what=what, who="Ada", detail="")
        for minute, what in enumerate(["raised", "sent", "acknowledged"])
    ]
    attempts = [
        attempt(sent_at=NOW + timedelta(seconds=90), person_id=5, way="voice"),
        attempt(sent_at=None, state="due", due_at=NOW + timedelta(hours=1), person_id=6),
        attempt(sent_at=NOW + timedelta(seconds=1), way="email"),
    ]
    said = [line.what for line in lines(events, attempts, {5: "Bea"})]
    assert said == [
        "Raised", "Mail to the duty contact", "Phone call to Bea", "Acknowledged", "Text to somebody who has left"
    ]
