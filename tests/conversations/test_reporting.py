"""The report at the end of an alert: every missing answer at once, and answers that do not fit together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from conversations.escalation import OUTCOMES
from conversations.reporting import NOTES_AT_MOST, QUESTIONS, Report, faults, last_time, report_from

WHOLE = Report("social_work", "home", "for_now", ("police", "social_work"), "yes", "social_work", "They are at home.")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_whole_report_has_no_fault() -> None:
    assert faults(WHOLE, received=False) == {}


def test_an_empty_report_is_told_everything_that_is_missing_at_once() -> None:
    assert set(faults(Report(), received=False)) == {*QUESTIONS, "notes"}


@pytest.mark.parametrize("name", [*QUESTIONS, "notes"])
def test_one_missing_answer_is_one_fault(name: str) -> None:
    assert set(faults(replace(WHOLE, **{name: () if name == "told" else ""}), received=False)) == {name}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("made_up", ["HOME", "yes ", "merged", "' OR 1=1"])
def test_an_answer_that_is_not_offered_is_no_answer(name: str, made_up: str) -> None:
    assert set(faults(replace(WHOLE, **{name: (made_up,) if name == "told" else made_up}), received=False)) == {name}


DO_NOT_FIT = {
    "told": {"told": ("nobody", "police")},
    "where_now": {"where_now": "not_needed"},
    "safe_now": {"safe_now": "not_needed"},
    "young_person_told": {"young_person_told": "not_needed"},
    "next_step": {"safe_now": "no", "next_step": "nothing"},
    "outcome": {"outcome": "partner"},
    "notes": {"notes": "x" * (NOTES_AT_MOST + 1)},
}


@pytest.mark.parametrize("name", DO_NOT_FIT)
def test_answers_that_do_not_fit_are_pointed_out_where_they_stand(name: str) -> None:
    assert set(faults(replace(WHOLE, **DO_NOT_FIT[name]), received=False)) == {name}


FITS = {
    "nobody yet": ({"told": ("nobody",)}, False),
    "nobody was at risk": (
        dict.fromkeys(("where_now", "safe_now", "young_person_told"), "not_needed") | {"outcome": "no_harm"}, False
    ),
    "not safe, and something happens": ({"safe_now": "no", "next_step": "emergency"}, False),
    "a partner who has said so": ({"outcome": "partner"}, True),
    "as long as may be": ({"notes": "x" * NOTES_AT_MOST}, False),
}


@pytest.mark.parametrize("name", FITS)
def test_answers_that_fit_are_taken(name: str) -> None:
    changes, received = FITS[name]
    assert faults(replace(WHOLE, **changes), received) == {}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_can_be_reported(outcome: str) -> None:
    assert faults(replace(WHOLE, outcome=outcome), received=True) == {}


def test_nothing_that_was_typed_is_lost_however_wrong() -> None:
    form = {"where_now": "home", "safe_now": "perhaps", "notes": "  two\nlines  ", "csrf_token": "x"}
    report = report_from(form, ["nobody", "police", "police"])
    assert report == Report(where_now="home", safe_now="perhaps", told=("nobody", "police"), notes="two\nlines")


def test_every_code_fits_its_column() -> None:
    assert all(len(code) <= 32 for question in QUESTIONS.values() for code in question.answers)


@pytest.mark.parametrize(
    ("text", "now", "moment"),
    [
        ("11:59", NOON, datetime(2026, 11, 23, 11, 59, tzinfo=UTC)),
        ("12:00", NOON, NOON),
        ("12:01", NOON, datetime(2026, 11, 22, 12, 1, tzinfo=UTC)),
        ("23:50", datetime(2026, 7, 1, 23, 10, tzinfo=UTC), datetime(2026, 7, 1, 22, 50, tzinfo=UTC)),
        ("00:05", datetime(2026, 7, 1, 23, 10, tzinfo=UTC), datetime(2026, 7, 1, 23, 5, tzinfo=UTC)),
        ("", NOON, None),
        ("25:00", NOON, None),
        ("noon", NOON, None),
        ("12:00+05:00", NOON, None),
    ],
)
def test_a_time_is_the_last_time_the_clock_here_showed_it(text: str, now: datetime, moment: datetime | None) -> None:
    assert last_time(text, now) == moment
