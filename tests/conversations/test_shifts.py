"""Who is on duty when, over values: overrides, gaps, double cover, what cannot be kept; also where the clock jumps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import shifts
from conversations.rota import weekly
from conversations.shifts import DUTY, OUT_OF_HOURS, DutyPerson, Gap, Rota, Shift, Way, on_call, on_duty

ANN, BEN, CAT = 1, 2, 3
PEOPLE = {who: DutyPerson(who, f"Person {who}", (Way("sms", f"+44770090012{who}"),)) for who in (ANN, BEN, CAT)}
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def turn(who: int, start: float, end: float, rota: str = DUTY, override: bool = False, shift_id: str = "") -> Shift:
    return Shift(rota, who, at(start), at(end), override, shift_id)


def rota(*turns: Shift) -> Rota:
    return Rota(PEOPLE, turns)


def gap(start: float, end: float) -> Gap:
    return Gap(at(start), at(end))


def test_an_override_goes_before_the_shifts_that_it_lies_on_and_only_there() -> None:
    found = rota(turn(ANN, 9, 17), turn(BEN, 12, 14, override=True))
    told = [on_duty(found, at(hour)) for hour in (8.99, 9, 12, 13.99, 14, 17)]
    assert told == [(), (ANN,), (BEN,), (BEN,), (ANN,), ()]


def test_an_override_by_somebody_who_cannot_be_told_leaves_the_shift_as_it_was() -> None:
    found = shifts.without_person(rota(turn(ANN, 9, 17), turn(BEN, 12, 14, override=True)), BEN)
    assert on_duty(found, at(13)) == (ANN,)


def test_the_out_of_hours_rota_answers_where_the_duty_rota_is_empty() -> None:
    found = rota(turn(ANN, 9, 17), turn(BEN, 0, 24, OUT_OF_HOURS))
    assert [on_call(found, at(hour)) for hour in (8, 9, 17)] == [(BEN,), (ANN,), (BEN,)]


@pytest.mark.parametrize(
    ("turns", "missing"),
    [
        ((), (gap(9, 17),)),
        ((turn(ANN, 9, 17),), ()),
        ((turn(ANN, 8, 18),), ()),
        ((turn(ANN, 9, 12), turn(BEN, 12, 17)), ()),
        ((turn(ANN, 9, 12), turn(BEN, 13, 17)), (gap(12, 13),)),
        ((turn(ANN, 10, 12), turn(BEN, 11, 16)), (gap(9, 10), gap(16, 17))),
        ((turn(ANN, 9, 12), turn(9, 12, 14), turn(BEN, 14, 17)), (gap(12, 14),)),  # 9 is nobody who can be told
        ((turn(ANN, 9, 12), turn(BEN, 12, 17, OUT_OF_HOURS)), ()),
    ],
)
def test_b17_a_gap_is_when_nobody_answers_and_somebody_must(turns: tuple[Shift, ...], missing: tuple[Gap, ...]) -> None:
    assert shifts.gaps(rota(*turns), [(at(9), at(17))]) == missing


def test_a_gap_goes_on_from_one_stretch_into_the_next_where_they_meet() -> None:
    assert shifts.gaps(rota(), [(at(9), at(17)), (at(17), at(20)), (at(33), at(41))]) == (gap(9, 20), gap(33, 41))


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ((), (gap(9, 17),), (gap(9, 17),)),
        ((gap(9, 17),), (gap(9, 17),), ()),
        ((gap(9, 12),), (gap(9, 17),), (gap(12, 17),)),
        ((gap(11, 12),), (gap(9, 17),), (gap(9, 11), gap(12, 17))),
        ((gap(9, 17),), (), ()),
        ((gap(1, 2), gap(16, 18)), (gap(9, 17),), (gap(9, 16),)),
    ],
)
def test_a_change_makes_only_what_was_no_gap_before(
    before: tuple[Gap, ...], after: tuple[Gap, ...], new: tuple[Gap, ...]
) -> None:
    assert shifts.made(before, after) == new


def test_double_cover_is_two_people_on_one_rota_without_an_override() -> None:
    assert shifts.doubled(rota(turn(ANN, 9, 13), turn(BEN, 12, 17)), at(0), at(24)) == (gap(12, 13),)
    assert shifts.doubled(rota(turn(ANN, 9, 13), turn(BEN, 13, 17)), at(0), at(24)) == ()
    assert shifts.doubled(rota(turn(ANN, 9, 17), turn(BEN, 12, 13, override=True)), at(0), at(24)) == ()
    assert shifts.doubled(rota(turn(ANN, 9, 17), turn(BEN, 9, 17, OUT_OF_HOURS)), at(0), at(24)) == ()


REFUSED = {
    "ends before": (turn(ANN, 12, 11), "ends before it begins"),
    "no length": (turn(ANN, 12, 12), "no length"),
    "too long": (turn(ANN, 12, 12 + 7 * 24 + 1.01), "longer than seven days"),
    "past": (turn(ANN, 1, 8), "in the past"),
    "nobody": (turn(9, 12, 17), "no proven way"),
    "twice": (turn(BEN, 12, 17), "already"),
}
KEPT = {
    "plain": turn(ANN, 12, 17),
    "has begun": turn(ANN, 1, 9),
    "a week with an hour more": turn(ANN, 12, 12 + 7 * 24 + 1),
    "after their own": turn(BEN, 13, 17),
    "an override on their own": turn(BEN, 12, 13, override=True),
    "the other rota": turn(BEN, 12, 13, OUT_OF_HOURS),
    "beside a colleague": turn(ANN, 12, 13),
}
TAKEN = rota(turn(BEN, 11, 13))


@pytest.mark.parametrize("name", REFUSED)
def test_b17_what_cannot_be_kept_says_why(name: str) -> None:
    shift, why = REFUSED[name]
    assert why in shifts.refusal(shift, TAKEN, at(8.5))


@pytest.mark.parametrize("name", KEPT)
def test_what_can_be_kept_is_kept(name: str) -> None:
    assert shifts.refusal(KEPT[name], TAKEN, at(8.5)) == ""


def test_a_change_takes_out_by_name_and_leaves_what_it_does_not_name() -> None:
    before = rota(turn(ANN, 9, 12, shift_id="a"), turn(BEN, 12, 17, shift_id="b"))
    after = shifts.changed(before, ["a"], [turn(CAT, 9, 10)])
    assert [shift.person for shift in after.shifts] == [BEN, CAT]
    assert len(before.shifts) == 2


@pytest.mark.parametrize("first", [date(2026, 3, 28), date(2026, 10, 24)])
@pytest.mark.parametrize("hand_over", ["00:59", "01:00", "01:30", "02:00", "02:30"])
def test_b18_a_night_handed_over_while_the_clock_jumps_has_no_gap_and_no_overlap(first: date, hand_over: str) -> None:
    clock, night = time.fromisoformat(hand_over), time(20)
    evening = weekly((first, night), (first + timedelta(days=1), clock), 1)[0]
    morning = weekly((first + timedelta(days=1), clock), (first + timedelta(days=1), night), 1)[0]
    found = rota(Shift(DUTY, ANN, *evening), Shift(DUTY, BEN, *morning))
    assert evening[1] == morning[0]
    assert shifts.gaps(found, [(evening[0], morning[1])]) == ()
    assert shifts.doubled(found, evening[0], morning[1]) == ()


@pytest.mark.parametrize("first", [date(2026, 3, 1), date(2026, 10, 4)])
def test_b18_a_year_of_weeks_in_turn_has_one_person_on_duty_at_every_moment(first: date) -> None:
    """Three people, a week each, handed over on Monday at nine by the clock on the wall."""
    nine, week = time(9), timedelta(days=7)
    turns = [
        Shift(DUTY, who, *weekly((first + n * week, nine), (first + (n + 1) * week, nine), 1)[0])
        for n, who in enumerate([ANN, BEN, CAT] * 18)
    ]
    start, end = turns[0].starts_at, turns[-1].ends_at
    assert shifts.gaps(rota(*turns), [(start, end)]) == ()
    assert shifts.doubled(rota(*turns), start, end) == ()
    assert {each.ends_at - each.starts_at for each in turns} == {timedelta(hours=7 * 24 + n) for n in (-1, 0, 1)}
    assert all(shifts.refusal(each, rota(), start) == "" for each in turns)


hours = st.integers(min_value=0, max_value=48)
some_turns = st.lists(
    st.builds(
        lambda who, start, length, override: turn(who, start, start + length, override=override),
        st.sampled_from([ANN, BEN, 9]), hours, st.integers(min_value=1, max_value=12), st.booleans(),
    ),
    max_size=8,
)


@given(turns=some_turns, probe=st.integers(min_value=0, max_value=48 * 4))
def test_whatever_the_rota_a_moment_is_in_a_gap_exactly_when_nobody_answers(turns: list[Shift], probe: int) -> None:
    moment, found = at(probe / 4), rota(*turns)
    inside = any(each.starts_at <= moment < each.ends_at for each in shifts.gaps(found, [(at(0), at(49))]))
    assert inside is not bool(on_call(found, moment))


@given(turns=some_turns, gone=st.integers(min_value=0, max_value=7))
def test_whatever_is_taken_out_the_gaps_that_it_makes_and_those_before_are_all_there_are(
    turns: list[Shift], gone: int
) -> None:
    named = [replace(each, id=str(number)) for number, each in enumerate(turns)]
    must = [(at(0), at(49))]
    before, after = (shifts.gaps(each, must) for each in (rota(*named), shifts.changed(rota(*named), [str(gone)])))
    for quarter in range(49 * 4):
        moment = at(quarter / 4)
        was, is_new, is_now = (
            any(each.starts_at <= moment < each.ends_at for each in some)
            for some in (before, shifts.made(before, after), after)
        )
        assert is_new is (is_now and not was)
