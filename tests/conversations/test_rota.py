"""When somebody is on duty, by the clock on the wall here, also on the days on which that clock jumps."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from conversations import holidays
from conversations.rota import (
    cover,
    cover_from,
    is_covered,
    is_working,
    moment,
    next_cover,
    read_by,
    read_by_end,
    weekly,
)

DAY, NIGHT = "09:00-17:00", "22:00-06:00"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WINTER = {  # the clock on the wall is UTC
    "2026-11-23 08:59": "9am today",
    "2026-11-23 09:00": "",
    "2026-11-23 12:00": "",
    "2026-11-23 16:59": "",
    "2026-11-23 17:00": "9am tomorrow",
    "2026-11-23 23:59": "9am tomorrow",
    "2026-11-24 00:00": "9am today",
    "2026-11-20 16:59": "",
    "2026-11-20 17:00": "9am on Monday",
    "2026-11-21 12:00": "9am on Monday",
    "2026-11-22 08:00": "9am tomorrow",
    "2026-11-22 12:00": "9am tomorrow",
}
SUMMER = {  # the clock on the wall is an hour ahead of UTC
    "2026-07-06 07:59": "9am today",
    "2026-07-06 08:00": "",
    "2026-07-06 15:59": "",
    "2026-07-06 16:00": "9am tomorrow",
    "2026-07-06 23:30": "9am today",
    "2026-07-05 23:30": "9am today",
}
CLOCKS_GO_FORWARD = {  # at 01:00 UTC on Sunday 29 March 2026
    "2026-03-27 16:59": "",
    "2026-03-27 17:00": "9am on Monday",
    "2026-03-29 00:59": "9am tomorrow",
    "2026-03-29 01:00": "9am tomorrow",
    "2026-03-29 22:59": "9am tomorrow",
    "2026-03-29 23:00": "9am today",
    "2026-03-30 07:59": "9am today",
    "2026-03-30 08:00": "",
    "2026-03-30 16:00": "9am tomorrow",
}
CLOCKS_GO_BACK = {  # at 01:00 UTC on Sunday 25 October 2026
    "2026-10-23 15:59": "",
    "2026-10-23 16:00": "9am on Monday",
    "2026-10-24 23:30": "9am tomorrow",
    "2026-10-25 00:30": "9am tomorrow",
    "2026-10-25 01:30": "9am tomorrow",
    "2026-10-25 23:59": "9am tomorrow",
    "2026-10-26 00:00": "9am today",
    "2026-10-26 08:59": "9am today",
    "2026-10-26 09:00": "",
    "2026-10-26 16:59": "",
    "2026-10-26 17:00": "9am tomorrow",
}


@pytest.mark.parametrize(("now", "said"), (WINTER | SUMMER | CLOCKS_GO_FORWARD | CLOCKS_GO_BACK).items())
def test_the_next_duty_worker_is_promised_for_when_somebody_is_there(now: str, said: str) -> None:
    assert cover_from(DAY, utc(now)) == said


@pytest.mark.parametrize("now", ["2026-11-23 12:00", "2026-11-21 03:00", "2026-03-29 01:30", "2026-12-25 00:00"])
def test_always_is_always(now: str) -> None:
    assert cover_from("always", utc(now)) == ""


HOURS = {"00:00-17:00": "12am", "12:00-17:00": "12pm", "08:30-17:00": "8:30am", "13:05-17:00": "1:05pm"}


@pytest.mark.parametrize(("hours", "said"), HOURS.items())
def test_the_hour_is_said_as_people_say_it(hours: str, said: str) -> None:
    assert cover_from(hours, utc("2026-11-23 18:00")) == f"{said} tomorrow"


OVERNIGHT = {
    "2026-11-23 21:59": "10pm today",
    "2026-11-23 22:00": "",
    "2026-11-24 05:59": "",
    "2026-11-24 06:00": "10pm today",
    "2026-11-20 23:00": "",
    "2026-11-21 05:59": "",
    "2026-11-21 06:00": "10pm on Monday",
    "2026-11-21 23:00": "10pm on Monday",
    "2026-11-22 23:00": "10pm tomorrow",
    "2026-11-23 05:00": "10pm today",
}


@pytest.mark.parametrize(("now", "said"), OVERNIGHT.items())
def test_hours_that_end_on_the_next_morning_are_kept_too(now: str, said: str) -> None:
    assert cover_from(NIGHT, utc(now)) == said


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "Asia/Kolkata", "America/New_York", "Pacific/Auckland"])
def test_the_zone_of_the_machine_changes_nothing(zone: str) -> None:
    for now, said in (SUMMER | CLOCKS_GO_BACK).items():
        assert cover_from(DAY, utc(now).astimezone(ZoneInfo(zone))) == said


def test_over_a_whole_year_the_promise_is_always_a_moment_of_cover() -> None:
    """Half an hour by half an hour: whoever is told 'tomorrow' finds somebody there, on that day, at that hour."""
    days = {"today": 0, "tomorrow": 1}
    moment = utc("2026-01-01 00:00")
    while moment < utc("2027-01-01 00:00"):
        said = cover_from(DAY, moment)
        if said:
            here = moment.astimezone(ZoneInfo("Europe/London"))
            word = said.removeprefix("9am ")
            ahead = days.get(word, next((n for n in range(2, 7) if f"on {here + timedelta(days=n):%A}" == word), None))
            assert ahead is not None
            there = (here + timedelta(days=ahead)).replace(hour=9, minute=0)
            assert there > here
            assert cover_from(DAY, there) == ""
        moment += timedelta(minutes=30)


NEXT_WORKING_DAY = {  # when it was said, in UTC: when it must have been read, in UTC
    "2026-11-23 00:30": "2026-11-23 17:00",
    "2026-11-23 08:59": "2026-11-23 17:00",
    "2026-11-23 09:00": "2026-11-24 17:00",
    "2026-11-23 12:00": "2026-11-24 17:00",
    "2026-11-23 23:59": "2026-11-24 17:00",
    "2026-11-26 18:00": "2026-11-27 17:00",
    "2026-11-20 08:00": "2026-11-20 17:00",
    "2026-11-20 10:00": "2026-11-23 17:00",
    "2026-11-21 12:00": "2026-11-23 17:00",
    "2026-11-22 23:59": "2026-11-23 17:00",
    "2026-07-06 07:59": "2026-07-06 16:00",
    "2026-07-06 08:00": "2026-07-07 16:00",
    "2026-03-27 12:00": "2026-03-30 16:00",
    "2026-03-29 00:30": "2026-03-30 16:00",
    "2026-10-23 12:00": "2026-10-26 17:00",
    "2026-10-25 00:30": "2026-10-26 17:00",
    "2026-10-25 23:30": "2026-10-26 17:00",
}
SAME_DAY = {
    "2026-11-23 02:00": "2026-11-23 17:00",
    "2026-11-23 09:00": "2026-11-23 17:00",
    "2026-11-23 15:00": "2026-11-23 17:00",
    "2026-11-23 15:01": "2026-11-24 11:00",
    "2026-11-23 23:00": "2026-11-24 11:00",
    "2026-11-20 16:30": "2026-11-23 11:00",
    "2026-11-21 10:00": "2026-11-23 11:00",
    "2026-11-22 23:59": "2026-11-23 11:00",
    "2026-11-23 00:00": "2026-11-23 17:00",
    "2026-07-06 14:00": "2026-07-06 16:00",
    "2026-07-06 14:01": "2026-07-07 10:00",
    "2026-03-27 23:00": "2026-03-30 10:00",
    "2026-03-29 22:59": "2026-03-30 10:00",
    "2026-03-29 23:00": "2026-03-30 16:00",
    "2026-10-25 23:59": "2026-10-26 11:00",
    "2026-10-26 00:00": "2026-10-26 17:00",
}
SAME_DAY_ALWAYS = {
    "2026-11-23 02:00": "2026-11-23 21:00",
    "2026-11-23 19:00": "2026-11-23 21:00",
    "2026-11-23 19:01": "2026-11-24 11:00",
    "2026-11-21 23:00": "2026-11-22 11:00",
    "2026-11-22 12:00": "2026-11-22 21:00",
    "2026-03-29 00:30": "2026-03-29 20:00",
    "2026-03-28 23:30": "2026-03-29 10:00",
    "2026-10-25 00:30": "2026-10-25 21:00",
}
OTHER_HOURS = {
    ("wellbeing", "always", "2026-11-23 08:00"): "2026-11-23 17:00",
    ("wellbeing", "always", "2026-11-21 12:00"): "2026-11-23 17:00",
    ("wellbeing", "08:30-20:00", "2026-11-23 12:00"): "2026-11-24 20:00",
    ("wellbeing", NIGHT, "2026-11-23 12:00"): "2026-11-24 06:00",
    ("wellbeing", NIGHT, "2026-11-24 03:00"): "2026-11-25 06:00",
    ("wellbeing", NIGHT, "2026-11-20 23:00"): "2026-11-24 06:00",
    ("same_day", NIGHT, "2026-11-23 12:00"): "2026-11-24 06:00",
    ("same_day", NIGHT, "2026-11-24 03:00"): "2026-11-24 06:00",
    ("same_day", NIGHT, "2026-11-24 05:00"): "2026-11-25 00:00",
    ("same_day", NIGHT, "2026-11-21 12:00"): "2026-11-24 00:00",
    ("same_day", "06:00-22:00", "2026-11-23 05:00"): "2026-11-23 18:00",
    ("same_day", "06:00-22:00", "2026-11-23 12:00"): "2026-11-23 22:00",
    ("same_day", "09:00-10:00", "2026-11-23 08:30"): "2026-11-23 10:00",
    ("same_day", "09:00-10:00", "2026-11-23 09:30"): "2026-11-24 10:00",
    ("same_day", "09:00-09:00", "2026-11-23 10:00"): "2026-11-23 22:00",
}
DUE = (
    {("wellbeing", DAY, now): due for now, due in NEXT_WORKING_DAY.items()}
    | {("same_day", DAY, now): due for now, due in SAME_DAY.items()}
    | {("same_day", "always", now): due for now, due in SAME_DAY_ALWAYS.items()}
    | OTHER_HOURS
)


@pytest.mark.parametrize(("said", "due"), DUE.items(), ids=lambda each: " ".join(each) if len(each) == 3 else "")
def test_what_nobody_is_woken_for_has_a_time_by_which_it_is_read(said: tuple[str, str, str], due: str) -> None:
    kind, hours, now = said
    assert read_by_end(kind, hours, utc(now)) == utc(due)


@pytest.mark.parametrize("hours", [DAY, NIGHT, "always", "06:00-22:00"])
@pytest.mark.parametrize("kind", ["wellbeing", "same_day"])
def test_over_a_whole_year_a_later_text_is_never_due_earlier_and_none_waits_past_the_longest_holiday(
    kind: str, hours: str
) -> None:
    moment, before = utc("2026-01-01 00:00"), utc("2026-01-01 00:00")
    while moment < utc("2027-01-01 00:00"):
        due = read_by_end(kind, hours, moment)
        assert moment < due < moment + timedelta(days=6)  # Hogmanay: from Thursday to Wednesday morning
        assert due >= before
        moment, before = moment + timedelta(minutes=37), due


READ_BY = {
    (DAY, "2026-11-23 02:00"): ("today", "23/11"),
    (DAY, "2026-11-23 12:00"): ("tomorrow", "24/11"),
    (DAY, "2026-11-20 12:00"): ("on Monday", "23/11"),
    (DAY, "2026-11-22 12:00"): ("tomorrow", "23/11"),
    (DAY, "2026-07-05 23:30"): ("today", "06/07"),
    ("always", "2026-11-21 12:00"): ("on Monday", "23/11"),
    (NIGHT, "2026-11-24 03:00"): ("tomorrow", "25/11"),
    (NIGHT, "2026-11-20 23:00"): ("on Tuesday", "24/11"),
}


@pytest.mark.parametrize(("asked", "said"), READ_BY.items())
def test_the_day_is_said_from_the_same_time(asked: tuple[str, str], said: tuple[str, str]) -> None:
    hours, now = asked
    assert (read_by(hours, utc(now)), read_by(hours, utc(now), "uk")) == said


HOLIDAYS = {  # said, in UTC: next cover, and by when a worry has been read, in UTC
    "2026-12-24 16:59": ("", "2026-12-29 17:00"),
    "2026-12-24 17:00": ("9am on Tuesday", "2026-12-29 17:00"),
    "2026-12-25 12:00": ("9am on Tuesday", "2026-12-29 17:00"),
    "2026-12-28 12:00": ("9am tomorrow", "2026-12-29 17:00"),
    "2026-12-29 12:00": ("", "2026-12-30 17:00"),
    "2026-12-31 12:00": ("", "2027-01-05 17:00"),
    "2026-12-31 18:00": ("9am on Tuesday", "2027-01-05 17:00"),
    "2027-01-01 12:00": ("9am on Tuesday", "2027-01-05 17:00"),
    "2027-01-04 08:00": ("9am tomorrow", "2027-01-05 17:00"),
    "2026-11-30 12:00": ("9am tomorrow", "2026-12-01 17:00"),
    "2027-03-26 12:00": ("9am on Monday", "2027-03-29 16:00"),
    "2026-01-01 12:00": ("9am on Monday", "2026-01-05 17:00"),
    "2029-01-02 12:00": ("", "2029-01-03 17:00"),  # past the end of the list, which the doctor has announced
}


@pytest.mark.parametrize(("now", "said"), HOLIDAYS.items())
def test_on_a_bank_holiday_nobody_is_promised_and_nothing_is_due(now: str, said: tuple[str, str]) -> None:
    assert (cover_from(DAY, utc(now)), read_by_end("wellbeing", DAY, utc(now))) == (said[0], utc(said[1]))


def test_a_night_that_begins_before_a_holiday_is_covered_to_its_end_and_the_next_is_not() -> None:
    assert is_covered(NIGHT, utc("2026-12-25 05:59"))
    assert not is_covered(NIGHT, utc("2026-12-25 23:00"))
    assert is_covered("always", utc("2026-12-25 23:00"))


@pytest.mark.parametrize("year", [2026, 2027, 2028])
def test_each_year_of_the_list_has_its_nine_holidays_on_working_days_and_easter_where_it_is(year: int) -> None:
    found = {day: name for day, name in holidays.load().days.items() if day.year == year and name != "World Cup"}
    assert len(found) == 9
    assert {day.weekday() for day in found} <= set(range(5))
    easter = {2026: date(2026, 4, 5), 2027: date(2027, 3, 28), 2028: date(2028, 4, 16)}[year]
    assert found[easter - timedelta(days=2)] == "Good Friday"
    mondays = {"Early May": (5, range(1, 8)), "Spring": (5, range(25, 32)), "Summer": (8, range(1, 8))}
    for day, name in found.items():
        month, span = mondays.get(name, (day.month, range(1, 32)))
        assert (day.month, day.day in span, name not in mondays or day.weekday() == 0) == (month, True, True)


def test_saturdays_sundays_and_holidays_are_not_worked() -> None:
    assert [is_working(date(2026, 12, day)) for day in range(24, 32)] == [
        True, False, False, False, False, True, True, True,
    ]


SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


@pytest.mark.parametrize(("day", "clock", "meant"), [
    (SPRING, "00:59", "2026-03-29 00:59"), (SPRING, "01:00", "2026-03-29 01:00"), (SPRING, "01:30", "2026-03-29 01:00"),
    (SPRING, "02:00", "2026-03-29 01:00"), (SPRING, "02:30", "2026-03-29 01:30"), (SPRING, "00:00", "2026-03-29 00:00"),
    (AUTUMN, "00:59", "2026-10-24 23:59"), (AUTUMN, "01:00", "2026-10-25 00:00"), (AUTUMN, "01:30", "2026-10-25 00:30"),
    (AUTUMN, "02:00", "2026-10-25 02:00"), (date(2026, 7, 1), "09:00", "2026-07-01 08:00"),
])
def test_the_clock_on_the_wall_means_one_moment_also_where_it_jumps(day: date, clock: str, meant: str) -> None:
    assert moment(day, time.fromisoformat(clock)) == utc(meant)


def test_b18_weeks_of_shifts_meet_without_gap_or_overlap_over_both_jumps() -> None:
    """Handed over every week at 01:30 on Sunday: each week ends at the moment at which the next begins."""
    at = time(1, 30)
    for first in (date(2026, 3, 15), date(2026, 10, 11)):
        weeks = weekly((first, at), (first + timedelta(days=7), at), 5)
        assert [end for _, end in weeks[:-1]] == [start for start, _ in weeks[1:]]
        assert {end - start for start, end in weeks} >= {timedelta(days=7)}
        assert len({end - start for start, end in weeks}) > 1  # one of them has an hour more or less


def test_b18_a_shift_of_the_hour_that_is_left_out_or_doubled() -> None:
    nights = weekly((date(2026, 3, 22), time(1)), (date(2026, 3, 22), time(2)), 3)
    assert nights == (
        (utc("2026-03-22 01:00"), utc("2026-03-22 02:00")),
        (utc("2026-04-05 00:00"), utc("2026-04-05 01:00")),
    )
    doubled = weekly((AUTUMN, time(1)), (AUTUMN, time(2)), 1)
    assert doubled == ((utc("2026-10-25 00:00"), utc("2026-10-25 02:00")),)
    skipped = weekly((SPRING, time(1)), (SPRING, time(2)), 1)
    assert skipped == ((utc("2026-03-29 01:00"), utc("2026-03-29 01:00")),)  # by itself it is refused


def test_cover_is_every_part_of_a_stretch_that_lies_in_the_hours() -> None:
    start, end = utc("2026-12-23 12:00"), utc("2026-12-29 12:00")
    assert cover(DAY, start, end) == (
        (utc("2026-12-23 12:00"), utc("2026-12-23 17:00")),
        (utc("2026-12-24 09:00"), utc("2026-12-24 17:00")),
        (utc("2026-12-29 09:00"), utc("2026-12-29 12:00")),
    )
    assert cover("always", start, end) == ((start, end),)
    assert cover(DAY, utc("2026-12-25 00:00"), utc("2026-12-28 00:00")) == ()
    assert cover(NIGHT, utc("2026-12-25 01:00"), utc("2026-12-25 02:00")) == (
        (utc("2026-12-25 01:00"), utc("2026-12-25 02:00")),
    )


@pytest.mark.parametrize(("now", "next_at"), {
    "2026-11-23 12:00": "2026-11-23 12:00", "2026-11-23 18:00": "2026-11-24 09:00",
    "2026-12-31 18:00": "2027-01-05 09:00", "2026-07-03 18:00": "2026-07-06 08:00",
}.items())
def test_the_next_cover_has_a_moment(now: str, next_at: str) -> None:
    assert next_cover(DAY, utc(now)) == utc(next_at)
