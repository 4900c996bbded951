"""When somebody is on duty, by the clock on the wall here, also on the days on which that clock jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from conversations.rota import cover_from

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
