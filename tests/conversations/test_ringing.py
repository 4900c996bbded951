"""Each trouble is told at its beginning, hourly while it lasts and at its end; by each way, and what fails again."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.ringing import (
    AGAIN,
    GIVEN_UP,
    QUIET,
    Alarms,
    Kind,
    after_look,
    after_telling,
    somebody_knows,
    tellings,
)
from tests.fakes import NOON

WAYS = ("sms", "email")
NOTHING: Alarms = MappingProxyType({})
NIGHT = NOON.replace(hour=2)
SECOND = timedelta(seconds=1)


def round_at(
    known: Alarms, found: dict[str, bool], now: datetime, broken: tuple[str, ...] = ()
) -> tuple[Alarms, list[tuple[str, str, str]]]:
    """One round of the watch in which some ways are broken; what rings after it, and what was said."""
    known = after_look(known, found, now)
    done = [each for each in tellings(known, WAYS, now) if each.way not in broken]
    said = [(each.way, each.alarm.trouble, str(each.kind)) for each in done]
    return after_telling(known, done, now), said


def test_a_trouble_is_told_once_by_each_way_and_not_again_within_the_hour() -> None:
    known, said = round_at(NOTHING, {"fire": False}, NOON)
    assert said == [("sms", "fire", "began"), ("email", "fire", "began")]
    for minutes in range(1, 60):
        known, said = round_at(known, {"fire": False}, NOON + timedelta(minutes=minutes))
        assert said == []
    _, said = round_at(known, {"fire": False}, NOON + AGAIN)
    assert said == [("sms", "fire", "still"), ("email", "fire", "still")]


def test_a_way_that_fails_is_tried_again_each_round_and_the_other_is_left_in_peace() -> None:
    known, said = round_at(NOTHING, {"fire": False}, NOON, broken=("sms",))
    assert said == [("email", "fire", "began")]
    for seconds in (10, 20, 30):
        known, said = round_at(known, {"fire": False}, NOON + timedelta(seconds=seconds), broken=("sms",))
        assert said == []
    _, said = round_at(known, {"fire": False}, NOON + timedelta(seconds=40))
    assert said == [("sms", "fire", "began")]


def test_its_end_is_told_to_those_who_heard_of_it_once_it_has_stayed_away() -> None:
    known, _ = round_at(NOTHING, {"fire": False}, NOON, broken=("sms",))
    known, said = round_at(known, {}, NOON + SECOND, broken=("sms",))
    assert said == []
    known, said = round_at(known, {}, NOON + SECOND + QUIET)
    assert said == [("email", "fire", "over")]
    assert known == {}


def test_an_end_that_cannot_be_told_is_retried_and_given_up_after_an_hour() -> None:
    known, _ = round_at(NOTHING, {"fire": False}, NOON)
    known, _ = round_at(known, {}, NOON)
    known, said = round_at(known, {}, NOON + QUIET, broken=WAYS)
    assert (said, list(known)) == ([], ["fire"])
    known, said = round_at(known, {}, NOON + QUIET + SECOND, broken=("sms",))
    assert (said, list(known)) == ([("email", "fire", "over")], ["fire"])
    known, _ = round_at(known, {}, NOON + GIVEN_UP, broken=("sms",))
    assert known == {}


def test_a_trouble_that_comes_and_goes_rings_once() -> None:
    known, said = NOTHING, []
    for seconds in range(0, 600, 10):
        found = {"fire": False} if seconds % 60 == 0 else {}
        known, now_said = round_at(known, found, NOON + timedelta(seconds=seconds))
        said += now_said
    assert said == [("sms", "fire", "began"), ("email", "fire", "began")]


def test_what_was_gone_before_anybody_heard_of_it_is_forgotten_in_silence() -> None:
    known, _ = round_at(NOTHING, {"fire": False}, NOON, broken=WAYS)
    known, _ = round_at(known, {}, NOON + SECOND)
    known, said = round_at(known, {}, NOON + SECOND + QUIET)
    assert (known, said) == ({}, [])


def test_a_slow_trouble_waits_for_the_day_and_is_told_once_a_day() -> None:
    known, said = round_at(NOTHING, {"dust": True, "fire": False}, NIGHT)
    assert {trouble for _, trouble, _ in said} == {"fire"}
    known, said = round_at(known, {"dust": True}, NOON)
    assert ("sms", "dust", "began") in said
    _, said = round_at(known, {"dust": True}, NOON + timedelta(hours=5))
    assert "dust" not in {trouble for _, trouble, _ in said}
    _, said = round_at(known, {"dust": True}, NOON + timedelta(days=1))
    assert ("sms", "dust", "still") in said


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=-1)])
def test_a_clock_that_is_put_back_rings_once_more_and_then_as_before(jump: timedelta) -> None:
    known, _ = round_at(NOTHING, {"fire": False}, NOON)
    known, said = round_at(known, {"fire": False}, NOON + jump)
    assert [kind for _, _, kind in said] == ["still", "still"]
    _, said = round_at(known, {"fire": False}, NOON + jump + timedelta(seconds=10))
    assert said == []


def test_somebody_knows_when_each_trouble_has_left_by_one_way_at_least() -> None:
    assert somebody_knows(NOTHING, NOON)
    known, _ = round_at(NOTHING, {"fire": False, "flood": False}, NOON, broken=WAYS)
    assert not somebody_knows(known, NOON)
    known, _ = round_at(known, {"fire": False, "flood": False}, NOON, broken=("sms",))
    assert somebody_knows(known, NOON)
    assert somebody_knows(after_look(NOTHING, {"dust": True}, NIGHT), NIGHT)
    assert not somebody_knows(after_look(NOTHING, {"dust": True}, NOON), NOON)


ROUNDS = st.lists(
    st.tuples(st.booleans(), st.sets(st.sampled_from(WAYS)), st.integers(1, 4000)), min_size=1, max_size=40
)


@given(ROUNDS)
def test_a_trouble_that_is_there_and_a_way_that_works_never_leave_it_untold(
    rounds: list[tuple[bool, set[str], int]],
) -> None:
    known, now, heard = NOTHING, NOON, dict.fromkeys(WAYS, NOON - timedelta(days=9))
    for there, broken, seconds in rounds:
        now += timedelta(seconds=seconds)
        known, said = round_at(known, {"fire": False} if there else {}, now, tuple(broken))
        heard |= {way: now for way, _, kind in said if kind != Kind.OVER}
        if there:
            assert all(now - heard[way] < AGAIN for way in WAYS if way not in broken)
