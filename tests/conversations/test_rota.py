"""When somebody is on duty, by the clock on the wall here, also on the days on which that clock jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from conversations.rota import cover_from, read_by, read_by_end

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
    "2026-11-27 16:59": "",
    "2026-11-27 17:00": "9am on Monday",
    "2026-11-28 12:00": "9am on Monday",
    "2026-11-29 08:00": "9am tomorrow",
    "2026-11-29 12:00": "9am tomorrow",
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


@pytest.mark.parametrize("now", ["2026-11-23 12:00", "2026-11-28 03:00", "2026-03-29 01:30", "2026-12-25 00:00"])
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
    "2026-11-27 23:00": "",
    "2026-11-28 05:59": "",
    "2026-11-28 06:00": "10pm on Monday",
    "2026-11-28 23:00": "10pm on Monday",
    "2026-11-29 23:00": "10pm tomorrow",
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
    "2026-11-27 08:00": "2026-11-27 17:00",
    "2026-11-27 10:00": "2026-11-30 17:00",
    "2026-11-28 12:00": "2026-11-30 17:00",
    "2026-11-29 23:59": "2026-11-30 17:00",
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
    "2026-11-27 16:30": "2026-11-30 11:00",
    "2026-11-28 10:00": "2026-11-30 11:00",
    "2026-11-29 23:59": "2026-11-30 11:00",
    "2026-11-30 00:00": "2026-11-30 17:00",
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
    "2026-11-28 23:00": "2026-11-29 11:00",
    "2026-11-29 12:00": "2026-11-29 21:00",
    "2026-03-29 00:30": "2026-03-29 20:00",
    "2026-03-28 23:30": "2026-03-29 10:00",
    "2026-10-25 00:30": "2026-10-25 21:00",
}
OTHER_HOURS = {
    ("wellbeing", "always", "2026-11-23 08:00"): "2026-11-23 17:00",
    ("wellbeing", "always", "2026-11-28 12:00"): "2026-11-30 17:00",
    ("wellbeing", "08:30-20:00", "2026-11-23 12:00"): "2026-11-24 20:00",
    ("wellbeing", NIGHT, "2026-11-23 12:00"): "2026-11-24 06:00",
    ("wellbeing", NIGHT, "2026-11-24 03:00"): "2026-11-25 06:00",
    ("wellbeing", NIGHT, "2026-11-27 23:00"): "2026-12-01 06:00",
    ("same_day", NIGHT, "2026-11-23 12:00"): "2026-11-24 06:00",
    ("same_day", NIGHT, "2026-11-24 03:00"): "2026-11-24 06:00",
    ("same_day", NIGHT, "2026-11-24 05:00"): "2026-11-25 00:00",
    ("same_day", NIGHT, "2026-11-28 12:00"): "2026-12-01 00:00",
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
def test_over_a_whole_year_a_later_text_is_never_due_earlier_and_none_waits_past_a_weekend(
    kind: str, hours: str
) -> None:
    moment, before = utc("2026-01-01 00:00"), utc("2026-01-01 00:00")
    while moment < utc("2027-01-01 00:00"):
        due = read_by_end(kind, hours, moment)
        assert moment < due < moment + timedelta(days=4)
        assert due >= before
        moment, before = moment + timedelta(minutes=37), due


READ_BY = {
    (DAY, "2026-11-23 02:00"): ("today", "23/11"),
    (DAY, "2026-11-23 12:00"): ("tomorrow", "24/11"),
    (DAY, "2026-11-27 12:00"): ("on Monday", "30/11"),
    (DAY, "2026-11-29 12:00"): ("tomorrow", "30/11"),
    (DAY, "2026-07-05 23:30"): ("today", "06/07"),
    ("always", "2026-11-28 12:00"): ("on Monday", "30/11"),
    (NIGHT, "2026-11-24 03:00"): ("tomorrow", "25/11"),
    (NIGHT, "2026-11-27 23:00"): ("on Tuesday", "01/12"),
}


@pytest.mark.parametrize(("asked", "said"), READ_BY.items())
def test_the_day_is_said_from_the_same_time(asked: tuple[str, str], said: tuple[str, str]) -> None:
    hours, now = asked
    assert (read_by(hours, utc(now)), read_by(hours, utc(now), "uk")) == said
