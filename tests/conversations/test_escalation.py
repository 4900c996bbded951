"""Who is told next and when: an open alert always has a next moment, and nobody's silence ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import escalation

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NEVER = datetime(9000, 1, 1)  # noqa: DTZ001  # hypothesis adds the zone


@pytest.mark.parametrize(("state", "reopens"), [("open", False), ("acknowledged", True)])
def test_a_due_alert_is_told_again_and_one_without_outcome_opens_again(state: str, reopens: bool) -> None:
    action = escalation.next_action(state, NOW)
    assert action.reopen == reopens
    assert action.next_at > NOW


@given(st.sampled_from(["open", "acknowledged"]), st.datetimes(timezones=st.just(UTC), max_value=NEVER))
def test_whatever_happens_there_is_a_next_moment_within_ten_minutes(state: str, now: datetime) -> None:
    assert timedelta() < escalation.next_action(state, now).next_at - now <= timedelta(minutes=10)


def test_a_new_alert_is_looked_at_within_five_minutes() -> None:
    assert timedelta() < escalation.first_look(NOW) - NOW <= timedelta(minutes=5)


@pytest.mark.parametrize(("tries", "seconds"), [(1, 5), (2, 20), (3, 60), (4, None), (50, None), (0, None), (-1, None)])
def test_a_failed_try_is_made_again_after_growing_waits_and_then_left(tries: int, seconds: int | None) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert escalation.retry_at(tries, NOW) == expected


def test_every_retry_is_over_before_the_alert_is_looked_at_again() -> None:
    assert sum(escalation.RETRY_WAITS, timedelta()) < min(escalation.FIRST_WAIT, escalation.LATER_WAIT)


def test_more_than_one_way_leads_to_the_duty_worker_and_every_outcome_says_what_was_done() -> None:
    assert len(set(escalation.WAYS)) >= 2
    assert all(escalation.OUTCOMES.values())
    assert all(len(code) <= 32 and len(words) <= 200 for code, words in escalation.OUTCOMES.items())
