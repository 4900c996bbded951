"""The policy of the duty clock says what the product promises, and a file that cannot be one is refused in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conversations import policy
from conversations.policy import FILE, PolicyError

GOOD = FILE.read_text(encoding="utf-8")

BROKEN = {
    "not TOML": ("every = 10", "every ="),
    "levels.immediate: every: give a whole number above 0": ("every = 10", "every = 0"),
    "levels.concern: waits_for_cover: give true or false": ("waits_for_cover = true", "waits_for_cover = 1"),
    "remind_after: a reminder must come before outcome_within": ("remind_after = 45", "remind_after = 60"),
    "ways_at_once: give a whole number above 0": ("ways_at_once = 2", 'ways_at_once = "two"'),
    "longest_wait: give a whole number above 0": ("longest_wait = 720", "longest_wait = -1"),
    "patience: nobody knows this word": ("ways_at_once = 2", "ways_at_once = 2\npatience = 3"),
    "new_words_every: give a whole number above 0": ("new_words_every = 5", "new_words_every = 0"),
    "levels: give exactly immediate and concern": ("[levels.concern]", "[levels.worry]"),
    "levels.immediate: steps: begin at 0, and let each come later": ("at = 5", "at = 10"),
    "levels.concern: steps: begin at 0": (
        '{ at = 0, tell = "first" },\n    { at = 15',
        '{ at = 1, tell = "first" },\n    { at = 15',
    ),
    "levels.immediate: step 1: tell: choose one of first, next, everyone": (
        'at = 5, tell = "next"',
        'at = 5, tell = "nxt"',
    ),
    "levels.immediate: step 1: at: give minutes": ("at = 5", "at = 0.5"),
    "levels.immediate: step 2: alarm: give true or false": (
        'at = 10, tell = "everyone", alarm = true',
        'at = 10, tell = "everyone", alarm = "yes"',
    ),
    "levels.immediate: steps: the last must tell everyone": ('at = 10, tell = "everyone"', 'at = 10, tell = "next"'),
    "levels.immediate: step 0: give at and tell": (
        'at = 0, tell = "first" },\n    { at = 5',
        "at = 0 },\n    { at = 5",
    ),
    "levels.immediate: give every, waits_for_cover and steps": ("every = 10\n", ""),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_file_that_is_no_policy_is_refused_and_the_fault_named(fault: str) -> None:
    before, after = BROKEN[fault]
    assert before in GOOD
    with pytest.raises(PolicyError) as refused:
        policy.read(GOOD.replace(before, after))
    assert fault in str(refused.value)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(PolicyError) as refused:
        policy.read(GOOD.replace("every = 10", "every = 0").replace("at = 15", "at = 0"))
    assert len(refused.value.faults) == 2


def test_steps_that_are_missing_or_no_list_are_refused() -> None:
    start = GOOD.index("steps = [")
    for steps in ("steps = []", "steps = 3"):
        with pytest.raises(PolicyError, match="steps: give at least one"):
            policy.read(GOOD[:start] + steps + GOOD[GOOD.index("]", start) + 1 :])


def minutes(*numbers: int) -> list[timedelta]:
    return [timedelta(minutes=number) for number in numbers]


def test_the_policy_that_ships_is_the_one_that_is_promised() -> None:
    found = policy.load()
    assert [step.after for step in found.levels["immediate"].steps] == minutes(0, 5, 10)
    assert [step.after for step in found.levels["concern"].steps] == minutes(0, 15, 45, 90)
    assert [table.every for table in found.levels.values()] == minutes(10, 45)
    assert [table.waits_for_cover for table in found.levels.values()] == [False, True]
    assert [found.remind_after, found.outcome_within, found.longest_wait] == minutes(45, 60, 12 * 60)
    assert found.new_words_every == timedelta(minutes=5)
    assert all([step.alarm for step in table.steps][-1] for table in found.levels.values())


def test_a_level_without_a_timetable_of_its_own_is_a_concern() -> None:
    found = policy.load()
    assert found.timetable("wellbeing") == found.levels["concern"]
    assert found.timetable("immediate") == found.levels["immediate"]
