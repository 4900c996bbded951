"""Calendars written out and read in: what we understand, and the line of what we do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import calendars
from conversations.calendars import Entry, Event, Unreadable

HERE, OUTLOOK = "TZID=Europe/London", 'TZID="GMT Standard Time"'
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calendar(*lines: str, uid: str = "UID:one@example", ending: str = "\r\n") -> str:
    """A calendar of one event with these lines; the first of them is line 5."""
    around = ("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", uid, *lines, "END:VEVENT", "END:VCALENDAR")
    return ending.join(line for line in around if line) + ending


def day(*more: str, start: str = f"DTSTART;{HERE}:20261123T090000", end: str = f"DTEND;{HERE}:20261123T170000") -> str:
    return calendar(start, end, *more)


def times(text: str) -> list[str]:
    return [f"{event.starts_at:%m-%d %H:%M} {event.ends_at:%m-%d %H:%M}" for event in calendars.read(text)]


UNDERSTOOD = {
    "local time in winter": (day(), ["11-23 09:00 11-23 17:00"]),
    "local time in summer": (
        day(start=f"DTSTART;{HERE}:20260706T090000", end=f"DTEND;{HERE}:20260706T170000"),
        ["07-06 08:00 07-06 16:00"],
    ),
    "UTC": (day(start="DTSTART:20260706T090000Z", end="DTEND:20260706T170000Z"), ["07-06 09:00 07-06 17:00"]),
    "Outlook's name for here": (
        day(start=f"DTSTART;{OUTLOOK}:20260706T090000", end=f"DTEND;{OUTLOOK}:20260706T170000"),
        ["07-06 08:00 07-06 16:00"],
    ),
    "a folded line": (day(start="DTSTART;TZID=Europe/\r\n London:20261123T090000"), ["11-23 09:00 11-23 17:00"]),
    "three days": (
        day("RRULE:FREQ=DAILY;COUNT=3"),
        ["11-23 09:00 11-23 17:00", "11-24 09:00 11-24 17:00", "11-25 09:00 11-25 17:00"],
    ),
    "weekly over the change": (
        day(
            "RRULE:FREQ=WEEKLY;COUNT=2",
            start=f"DTSTART;{HERE}:20261019T090000", end=f"DTEND;{HERE}:20261019T170000",
        ),
        ["10-19 08:00 10-19 16:00", "10-26 09:00 10-26 17:00"],
    ),
    "weekly by the day": (
        day("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261130T090000Z"),
        ["11-23 09:00 11-23 17:00", "11-25 09:00 11-25 17:00", "11-30 09:00 11-30 17:00"],
    ),
    "every second week": (
        day("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;COUNT=4;WKST=MO"),
        ["11-23 09:00 11-23 17:00", "11-29 09:00 11-29 17:00", "12-07 09:00 12-07 17:00", "12-13 09:00 12-13 17:00"],
    ),
    "every second week from Sunday": (
        day("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;COUNT=3;WKST=SU"),
        ["11-23 09:00 11-23 17:00", "12-06 09:00 12-06 17:00", "12-07 09:00 12-07 17:00"],
    ),
    "until a day": (
        day("RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20261125"), ["11-23 09:00 11-23 17:00", "11-25 09:00 11-25 17:00"],
    ),
    "until is the last and not after": (day("RRULE:FREQ=DAILY;UNTIL=20261124T085959Z"), ["11-23 09:00 11-23 17:00"]),
    "without one": (
        day("RRULE:FREQ=DAILY;COUNT=3", f"EXDATE;{HERE}:20261124T090000"),
        ["11-23 09:00 11-23 17:00", "11-25 09:00 11-25 17:00"],
    ),
    "without two": (
        day("RRULE:FREQ=DAILY;COUNT=3", f"EXDATE;{HERE}:20261124T090000,20261125T090000"), ["11-23 09:00 11-23 17:00"],
    ),
    "called off": (day("STATUS:CANCELLED"), []),
    "as deep as may be": (
        day(*(f"BEGIN:X-{n}" for n in range(4)), *(f"END:X-{n}" for n in (3, 2, 1, 0))), ["11-23 09:00 11-23 17:00"],
    ),
    "what says nothing about when": (
        day("X-COLOUR:red", "BEGIN:VALARM", "TRIGGER:-PT15M", "DURATION:PT1H", "END:VALARM"),
        ["11-23 09:00 11-23 17:00"],
    ),
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_what_we_understand_is_read_as_it_was_meant(name: str) -> None:
    text, meant = UNDERSTOOD[name]
    assert times(text) == meant
    assert times(text.replace("\r\n", "\n")) == meant
    assert times("\ufeff" + text) == meant


REFUSED = {
    "nothing": ("", 1, "this is no calendar"),
    "a letter": ("Dear all", 1, "no line of a calendar"),
    "another file": ("BEGIN:VCARD\nEND:VCARD\n", 1, "does not begin with BEGIN:VCALENDAR"),
    "cut off": (day().partition("END:VEVENT")[0], 6, "cut off"),
    "a shift in a shift": (day("BEGIN:VEVENT", "UID:other"), 7, "a shift begins inside a shift"),
    "a shift in an alarm": (day("BEGIN:VALARM", "BEGIN:VEVENT"), 8, "a shift begins inside a shift"),
    "too deep": (day(*["BEGIN:VALARM"] * 5, *["END:VALARM"] * 5), 11, "nested more than 6 deep"),
    "far too deep": ("BEGIN:VCALENDAR\n" * 100_000, 7, "nested more than 6 deep"),
    "the wrong end": ("BEGIN:VCALENDAR\nEND:VEVENT\n", 2, "has no BEGIN"),
    "no zone": (day(start="DTSTART:20261123T090000", end="DTEND:20261123T170000"), 5, "without a zone"),
    "another zone": (
        day(start="DTSTART;TZID=Europe/Warsaw:20261123T090000", end="DTEND;TZID=Europe/Warsaw:20261123T170000"),
        5, "not Europe/Warsaw",
    ),
    "two zones": (day(end="DTEND:20261123T170000Z"), 6, "different time zones"),
    "a whole day": (day(start="DTSTART;VALUE=DATE:20261123", end="DTEND;VALUE=DATE:20261124"), 5, "a day and a time"),
    "no such day": (day(start=f"DTSTART;{HERE}:20261131T090000"), 5, "is no time"),
    "no begin": (day(start=""), 3, "needs DTSTART"),
    "no end": (day(end=""), 3, "needs DTEND"),
    "two ends": (day(f"DTEND;{HERE}:20261123T180000"), 7, "needs DTEND, once"),
    "no id": (calendar(f"DTSTART;{HERE}:20261123T090000", f"DTEND;{HERE}:20261123T170000", uid=""), 3, "needs UID"),
    "a long id": (
        calendar(f"DTSTART;{HERE}:20261123T090000", f"DTEND;{HERE}:20261123T170000", uid=f"UID:{'x' * 201}"), 4, "UID",
    ),
    "a length": (day("DURATION:PT8H"), 7, "DURATION is not understood"),
    "more days": (day(f"RDATE;{HERE}:20261125T090000"), 7, "RDATE is not understood"),
    "monthly": (day("RRULE:FREQ=MONTHLY;COUNT=2"), 7, "DAILY or WEEKLY"),
    "by the month": (day("RRULE:FREQ=WEEKLY;COUNT=2;BYMONTH=1"), 7, "BYMONTH"),
    "the second Monday": (day("RRULE:FREQ=WEEKLY;COUNT=2;BYDAY=2MO"), 7, "2MO"),
    "for ever": (day("RRULE:FREQ=WEEKLY"), 7, "COUNT or UNTIL"),
    "twice ended": (day("RRULE:FREQ=WEEKLY;COUNT=2;UNTIL=20261201"), 7, "COUNT or UNTIL"),
    "never": (day("RRULE:FREQ=WEEKLY;COUNT=0"), 7, "COUNT=0"),
    "many": (day("RRULE:FREQ=DAILY;COUNT=501"), 7, "more than 500"),
    "long": (day("RRULE:FREQ=WEEKLY;COUNT=200"), 7, "three years"),
    "beside itself": (day("RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=2"), 7, "the day on which it begins"),
    "until what": (day("RRULE:FREQ=WEEKLY;UNTIL=soon"), 7, "UNTIL=SOON"),
    "until no day": (day("RRULE:FREQ=WEEKLY;UNTIL=20261331"), 7, "UNTIL=20261331"),
    "a gap in it": (day("hello"), 7, "no line of a calendar"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_we_do_not_understand_is_refused_with_its_line(name: str) -> None:
    text, line, why = REFUSED[name]
    with pytest.raises(Unreadable) as refused:
        calendars.read(text)
    assert (refused.value.line, why in refused.value.why) == (line, True), refused.value


def test_who_is_meant_by_mail_and_by_title() -> None:
    text = day('ATTENDEE;CN="Ann: the first";ROLE=CHAIR:mailto:Ann@Heard.example', "SUMMARY:Ann\\, on duty\\nlate")
    assert [(event.mails, event.title, event.line) for event in calendars.read(text)] == [
        (("ann@heard.example",), "Ann, on duty late", 3)
    ]


def test_one_of_many_that_was_moved_or_called_off_takes_the_place_of_the_one_it_was() -> None:
    moved = day(f"RECURRENCE-ID;{HERE}:20261124T090000", start=f"DTSTART;{HERE}:20261124T100000",
                end=f"DTEND;{HERE}:20261124T180000")
    off = day(f"RECURRENCE-ID;{HERE}:20261125T090000", "STATUS:CANCELLED")
    events = [text.partition("BEGIN:VEVENT")[2].partition("END:VEVENT")[0] for text in (moved, off)]
    series = day("RRULE:FREQ=DAILY;COUNT=3")
    head, tail = series.split("BEGIN:VEVENT")
    text = f"{head}{''.join(f'BEGIN:VEVENT{event}END:VEVENT' + chr(10) for event in events)}BEGIN:VEVENT{tail}"
    assert times(text) == ["11-23 09:00 11-23 17:00", "11-24 10:00 11-24 18:00"]
    assert [event.mark for event in calendars.read(text)] == [
        "one@example 20261123T090000Z", "one@example 20261124T090000Z",
    ]


def test_what_goes_out_is_a_calendar_that_comes_in_again() -> None:
    entries = [
        Entry("a@heard", utc("2026-11-23 09:00"), utc("2026-11-23 17:00"), "Duty: Ann, Ben; and \\ others " + "ż" * 60),
        Entry("b@heard", utc("2026-07-06 08:00"), utc("2026-07-06 16:00"), "Duty"),
    ]
    text = calendars.write(entries, "Heard", NOW)
    assert text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    back = calendars.read(text)
    assert [Entry(each.uid, each.starts_at, each.ends_at, each.title) for each in back] == entries[::-1]


@given(st.text(alphabet=st.sampled_from(list("BEGIN:VEVENTDTSTART;=\"\\, \n\r\t0123456789Zżé")), max_size=200))
def test_whatever_is_sent_in_is_read_or_refused_and_never_breaks(text: str) -> None:
    for content in (text, f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{text}\nEND:VEVENT\nEND:VCALENDAR\n"):
        try:
            found = calendars.read(content)
        except Unreadable:
            continue
        assert all(isinstance(event, Event) for event in found)


def test_a_line_of_a_megabyte_is_read_in_a_moment() -> None:
    with pytest.raises(Unreadable):
        calendars.read(f"BEGIN:VCALENDAR\nATTENDEE{';' * 1_000_000}\n")


def test_more_shifts_than_a_file_may_have_are_refused() -> None:
    events = [day("RRULE:FREQ=DAILY;COUNT=300").replace("one@", f"{n}@") for n in range(2)]
    inside = "".join(text.partition("VERSION:2.0\r\n")[2].partition("END:VCALENDAR")[0] for text in events)
    with pytest.raises(Unreadable, match="more than 500 shifts"):
        calendars.read(f"BEGIN:VCALENDAR\n{inside}END:VCALENDAR\n")
    assert calendars.read(events[0])[-1].starts_at - calendars.read(events[0])[0].starts_at > timedelta(days=298)
