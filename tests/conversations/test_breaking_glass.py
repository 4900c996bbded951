"""Who may see a number, and when: every rule with what it must let through and what it must not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from conversations import breaking_glass
from conversations.breaking_glass import LIMIT, REASONS, STANDS, Reveal, Standing

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
GOOD = Standing(has_number=True, closed=False, mine=True, can_be_written=True, written=True)
ADA, BEN = 1, 2
SECOND = timedelta(seconds=1)
EMERGENCIES = [code for code, reason in REASONS.items() if reason.emergency]
OTHERS = [code for code, reason in REASONS.items() if not reason.emergency]


def test_every_reason_has_its_ground_in_law_and_some_are_emergencies() -> None:
    assert all(reason.words and ("GDPR" in reason.ground) for reason in REASONS.values())
    assert EMERGENCIES
    assert OTHERS


@pytest.mark.parametrize("reason", REASONS)
def test_with_a_second_person_any_reason_of_the_list_may_be_asked_for(reason: str) -> None:
    assert breaking_glass.why_not(GOOD, reason, alone=False) == ""


@pytest.mark.parametrize("reason", ["", "curious", "DANGER"])
@pytest.mark.parametrize("alone", [True, False])
def test_a_reason_that_is_not_on_the_list_is_none(reason: str, alone: bool) -> None:
    assert breaking_glass.why_not(GOOD, reason, alone) == "Say why you need it."


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"closed": True}, "closed"),
        ({"mine": False}, "Take the alert first"),
        ({"written": False}, "Write to them first"),
        ({"seen_today": LIMIT}, "within a day"),
        ({"has_number": False}, "no number"),
    ],
)
def test_with_a_second_person_each_rule_holds(change: dict[str, object], fault: str) -> None:
    assert fault in breaking_glass.why_not(replace(GOOD, **change), "harm", alone=False)


@pytest.mark.parametrize("change", [{"written": False, "can_be_written": False}, {"seen_today": LIMIT - 1}])
def test_writing_comes_first_only_where_it_can_and_the_last_of_the_day_still_goes(change: dict[str, object]) -> None:
    assert breaking_glass.why_not(replace(GOOD, **change), "harm", alone=False) == ""


@pytest.mark.parametrize("reason", EMERGENCIES)
def test_in_an_emergency_nothing_stands_in_the_way(reason: str) -> None:
    worst = Standing(has_number=True, closed=True, mine=False, can_be_written=True, written=False, seen_today=99)
    assert breaking_glass.why_not(worst, reason, alone=True) == ""
    without = replace(worst, has_number=False)
    assert breaking_glass.why_not(without, reason, alone=True) == "We have no number of theirs."


@pytest.mark.parametrize("reason", OTHERS)
def test_what_is_no_emergency_needs_a_second_person(reason: str) -> None:
    assert breaking_glass.why_not(GOOD, reason, alone=True) == "That reason needs a second person."


SHARED, ALONE = Reveal(ADA, False, NOW), Reveal(ADA, True, NOW)
YES = replace(SHARED, approved=True, decided_at=NOW)


@pytest.mark.parametrize(
    ("reveal", "staff", "after", "may"),
    [
        (SHARED, BEN, STANDS - SECOND, True),
        (SHARED, BEN, STANDS, False),
        (SHARED, ADA, SECOND, False),
        (YES, BEN, SECOND, False),
        (replace(SHARED, approved=False, decided_at=NOW), BEN, SECOND, False),
        (ALONE, BEN, SECOND, False),
    ],
)
def test_only_another_person_says_yes_once_and_within_the_hour(
    reveal: Reveal, staff: int, after: timedelta, may: bool
) -> None:
    assert breaking_glass.may_decide(reveal, staff, NOW + after) is may


@pytest.mark.parametrize(
    ("reveal", "staff", "after", "may"),
    [
        (YES, ADA, STANDS - SECOND, True),
        (YES, ADA, STANDS, False),
        (YES, BEN, SECOND, False),
        (SHARED, ADA, SECOND, False),
        (replace(SHARED, approved=False, decided_at=NOW), ADA, SECOND, False),
        (replace(YES, shown_at=NOW), ADA, SECOND, False),
        (ALONE, ADA, timedelta(), True),
        (ALONE, ADA, STANDS, False),
        (ALONE, BEN, SECOND, False),
        (replace(ALONE, shown_at=NOW), ADA, SECOND, False),
    ],
)
def test_a_number_is_shown_to_the_one_who_asked_once_while_somebody_stands_for_it(
    reveal: Reveal, staff: int, after: timedelta, may: bool
) -> None:
    assert breaking_glass.may_open(reveal, staff, NOW + after, before=0) is may


@pytest.mark.parametrize(
    ("reveal", "before", "may"),
    [(YES, LIMIT - 1, True), (YES, LIMIT, False), (ALONE, LIMIT, True), (ALONE, 99, True)],
)
def test_no_more_numbers_are_shown_in_a_day_than_the_limit_except_in_an_emergency(
    reveal: Reveal, before: int, may: bool
) -> None:
    assert breaking_glass.may_open(reveal, ADA, NOW + SECOND, before) is may


@pytest.mark.parametrize(
    ("yes", "staff", "seen_today", "fault"),
    [
        (True, BEN, LIMIT - 1, ""),
        (True, BEN, LIMIT, breaking_glass.TOO_MANY),
        (False, BEN, LIMIT, ""),
        (True, ADA, 0, breaking_glass.TOO_LATE),
        (False, ADA, LIMIT, breaking_glass.TOO_LATE),
    ],
)
def test_a_yes_to_one_too_many_is_refused_and_a_no_never(yes: bool, staff: int, seen_today: int, fault: str) -> None:
    assert breaking_glass.why_no_answer(SHARED, yes, staff, NOW + SECOND, seen_today) == fault


@pytest.mark.parametrize(
    ("reveal", "staff", "may"),
    [(ALONE, BEN, True), (ALONE, ADA, False), (YES, BEN, False), (replace(ALONE, reviewed_at=NOW), BEN, False)],
)
def test_what_was_done_alone_is_reviewed_once_by_another(reveal: Reveal, staff: int, may: bool) -> None:
    assert breaking_glass.may_review(reveal, staff) is may


@pytest.mark.parametrize(
    ("ago", "fresh"),
    [(timedelta(), True), (timedelta(minutes=5), True), (timedelta(minutes=5, seconds=1), False), (-SECOND, False)],
)
def test_a_second_factor_is_fresh_for_five_minutes(ago: timedelta, fresh: bool) -> None:
    assert breaking_glass.is_fresh(NOW - ago, NOW) is fresh


def test_without_a_second_factor_there_is_no_fresh_one() -> None:
    assert not breaking_glass.is_fresh(None, NOW)
