"""The rota on its pages: who sees and changes what, gaps said before and after, calendars in and out."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from admin import spans
from conversations import calendars
from conversations.db import db
from conversations.duty_models import ShiftRow, SwapRow, WayRow
from conversations.shifts import DUTY, Gap, Shift
from conversations.staff_models import AuditRow
from tests.admin.app import Hands, Visitor, find_person, logged_in, make_person, text_of
from tests.rota_seeds import seed_shift, seed_way

DAY = timedelta(days=1)


@pytest.fixture
def hands() -> Hands:
    """A clock that begins on Monday 23 November 2026 at noon, whatever today is."""
    return Hands(datetime(2026, 11, 23, 12, tzinfo=UTC) - datetime.now(UTC))


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def person(app: Flask, name: str, *roles: str, reachable: bool = True) -> tuple[int, str]:
    """Somebody by a name who can be reached by text; gives their id and address."""
    email = make_person(app, *roles, email=f"{name.lower()}@heard.example", name=name)
    with app.app_context():
        staff_id = find_person(email).id
        if reachable:
            seed_way(db.session(), staff_id)
        db.session.commit()
    return staff_id, email


def on_rota(app: Flask, staff_id: int, start: datetime, hours: float = 8) -> str:
    with app.app_context():
        shift_id = seed_shift(db.session(), staff_id, start, hours)
        db.session.commit()
    return shift_id


def rows(app: Flask) -> list[tuple[int, str, str, bool]]:
    with app.app_context():
        found = db.session.scalars(select(ShiftRow).order_by(ShiftRow.starts_at))
        return [
            (row.staff_id, f"{row.starts_at:%m-%d %H:%M}", f"{row.ends_at:%m-%d %H:%M}", row.override) for row in found
        ]


def acts(app: Flask) -> list[str]:
    with app.app_context():
        found = db.session.scalars(select(AuditRow.what).order_by(AuditRow.id))
        return [what for what in found if "logged" not in what]


def form(person: int, **changes: str) -> dict[str, str]:
    times = {"from_day": "2026-11-27", "from_time": "09:00", "to_day": "2026-11-27", "to_time": "17:00"}
    return {"person": str(person), "rota": "duty", "weeks": "1"} | times | changes


def test_a_lead_puts_somebody_on_the_rota_and_everybody_sees_it(app: Flask) -> None:
    ann, lead = person(app, "Ann", "duty")[0], logged_in(app, "lead")
    assert "Ann" in text_of(lead.get("/staff/rota/new"))
    assert lead.post("/staff/rota/new", form(ann)).location == "/staff/rota/"
    assert rows(app) == [(ann, "11-27 09:00", "11-27 17:00", False)]
    for visitor in (lead, logged_in(app, "duty"), logged_in(app, "admin")):
        assert "09:00 to 17:00 Ann" in text_of(visitor.get("/staff/rota/"))
    assert acts(app)[-1] == "added a shift"


def test_a_shift_is_repeated_by_the_clock_on_the_wall(app: Flask, hands: Hands) -> None:
    hands.ahead -= timedelta(days=37)  # Saturday 17 October, before the clocks go back
    ann, lead = person(app, "Ann", "duty")[0], logged_in(app, "lead")
    lead.get("/staff/rota/new")
    days = {"from_day": "2026-10-19", "to_day": "", "weeks": "2", "override": "yes"}
    lead.post("/staff/rota/new", form(ann, **days))
    assert rows(app) == [(ann, "10-19 08:00", "10-19 16:00", True), (ann, "10-26 09:00", "10-26 17:00", True)]
    assert acts(app)[-1] == "added an override"


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "backwards": ({"to_time": "08:00"}, "It ends before it begins."),
    "no length": ({"to_time": "09:00"}, "It has no length"),
    "too long": ({"to_day": "2026-12-05"}, "It is longer than seven days."),
    "the past": ({"from_day": "2026-11-20", "to_day": "2026-11-20"}, "It lies in the past."),
    "no day": ({"from_day": "soon"}, "Give each day and time"),
    "no time": ({"to_time": ""}, "Give each day and time"),
    "a zone": ({"to_time": "17:00+02:00"}, "Give each day and time"),
    "another age": ({"from_day": "9999-12-31", "to_day": ""}, "Give each day and time"),
    "no rota": ({"rota": "holidays"}, "Choose the rota."),
    "nobody": ({"person": ""}, "Choose who is on duty."),
    "a stranger": ({"person": "987654"}, "They have no proven way"),
    "for ever": ({"weeks": "53"}, "Repeat it for 1 to 52 weeks."),
    "no weeks": ({"weeks": "0"}, "Repeat it for 1 to 52 weeks."),
    "words": ({"weeks": "²"}, "Give the number of weeks."),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_saved_says_why_and_keeps_what_was_typed(sqlite_app: Flask, name: str) -> None:
    changes, why = WRONG[name]
    ann, lead = person(sqlite_app, "Ann", "duty")[0], logged_in(sqlite_app, "lead")
    lead.get("/staff/rota/new")
    answer = lead.post("/staff/rota/new", form(ann) | changes)
    assert answer.status_code == 422
    assert why in text_of(answer)
    assert 'value="09:00"' in answer.get_data(as_text=True)
    assert rows(sqlite_app) == []


def test_b17_somebody_without_a_proven_way_cannot_be_chosen_nor_saved(app: Flask) -> None:
    ann, lead = person(app, "Ann", "duty", reachable=False)[0], logged_in(app, "lead")
    page = lead.get("/staff/rota/new").get_data(as_text=True)
    assert re.search(rf'<option value="{ann}" disabled>Ann \(no proven way\)', page)
    assert "They have no proven way" in text_of(lead.post("/staff/rota/new", form(ann)))
    assert rows(app) == []
    assert "Ann No proven way: cannot be put on the rota" in text_of(lead.get("/staff/rota/"))


def test_b17_the_page_says_plainly_when_nobody_is_on_duty(app: Flask) -> None:
    ann = person(app, "Ann", "duty")[0]
    on_rota(app, ann, NOON, 4 * 24)
    page = text_of(logged_in(app, "duty").get("/staff/rota/"))
    gap = "Friday 27 November from 12:00 to 12:00 on Monday 7 December"
    assert f"Nobody is on duty in the next 14 days on {gap}" in page
    assert "Friday 27 November 00:00 to 12:00 Ann 12:00 to midnight Nobody on duty" in page
    assert "Monday 30 November Bank holiday: St Andrew's Day" in page
    on_rota(app, ann, NOON + 4 * DAY, 11 * 24)
    assert "Somebody is on duty whenever somebody must be" in text_of(logged_in(app, "duty").get("/staff/rota/"))


def test_b17_a_gap_is_confirmed_before_it_is_made(app: Flask) -> None:
    ann = person(app, "Ann", "duty")[0]
    shift, lead = on_rota(app, ann, NOON + DAY), logged_in(app, "lead")
    lead.get(f"/staff/rota/shifts/{shift}")
    asked = lead.post(f"/staff/rota/shifts/{shift}/remove")
    assert asked.status_code == 422
    assert "Save although nobody is on duty on Tuesday 24 November from 12:00 to 20:00" in text_of(asked)
    assert len(rows(app)) == 1
    assert lead.post(f"/staff/rota/shifts/{shift}/remove", {"confirmed": "yes"}).location == "/staff/rota/"
    assert rows(app) == []
    assert acts(app)[-1] == "removed a shift"
    assert lead.post(f"/staff/rota/shifts/{shift}/remove").status_code == 404


def test_a_shift_that_leaves_no_gap_is_taken_out_at_once_and_one_that_has_begun_stays(app: Flask) -> None:
    ann, ben = (person(app, name, "duty")[0] for name in ("Ann", "Ben"))
    on_rota(app, ann, NOON + DAY)
    second, begun, lead = on_rota(app, ben, NOON + DAY), on_rota(app, ben, NOON - DAY / 24), logged_in(app, "lead")
    lead.get(f"/staff/rota/shifts/{second}")
    assert lead.post(f"/staff/rota/shifts/{second}/remove").status_code == 302
    lead.post(f"/staff/rota/shifts/{begun}/remove", {"confirmed": "yes"})
    assert "It has begun: put an override on what is left of it." in text_of(lead.get("/staff/rota/"))
    assert [row[0] for row in rows(app)] == [ben, ann]


def log_in(app: Flask, email: str) -> Visitor:
    visitor = Visitor(app)
    visitor.log_in(email)
    return visitor


def test_a_duty_worker_swaps_their_own_shift_and_no_other(app: Flask) -> None:
    (ann, mail), (ben, _), (cat, _) = (person(app, name, "duty") for name in ("Ann", "Ben", "Cat"))
    first, second, third = (on_rota(app, who, NOON + n * DAY) for n, who in enumerate((ann, ben, cat), start=1))
    visitor = log_in(app, mail)
    assert "To take this shift, open one of your own" in text_of(visitor.get(f"/staff/rota/shifts/{second}"))
    visitor.post(f"/staff/rota/shifts/{second}/swap", {"with": third})
    assert "You can swap your own shifts." in text_of(visitor.get(f"/staff/rota/shifts/{first}"))
    assert "Ben: Wednesday 25 November from 12:00 to 20:00" in text_of(visitor.get(f"/staff/rota/shifts/{first}"))
    visitor.post(f"/staff/rota/shifts/{first}/swap", {"with": "nothing"})
    assert "Choose the shift that you swap with." in text_of(visitor.get(f"/staff/rota/shifts/{first}"))
    visitor.post(f"/staff/rota/shifts/{first}/swap", {"with": second})
    assert [row[0] for row in rows(app)] == [ann, ben, cat]
    assert acts(app)[-1] == "asked for a swap"


def waiting_swap(app: Flask) -> str:
    with app.app_context():
        return db.session.scalars(select(SwapRow.id)).one()


def test_a_swap_waits_for_the_yes_of_the_other_and_until_then_the_old_shifts_hold(app: Flask) -> None:
    (ann, mail), (ben, other), (_, third) = (person(app, name, "duty") for name in ("Ann", "Ben", "Cat"))
    first, second = (on_rota(app, who, NOON + n * DAY) for n, who in enumerate((ann, ben), start=1))
    asker, asked, stranger = (log_in(app, each) for each in (mail, other, third))
    asker.get(f"/staff/rota/shifts/{first}")
    for _ in range(2):  # the button pressed twice is one wish
        asker.post(f"/staff/rota/shifts/{first}/swap", {"with": second})
    swap = waiting_swap(app)
    assert "Ben has yet to say yes. Until then both shifts stay as they are." in text_of(stranger.get("/staff/rota/"))
    assert "your yes" not in text_of(asker.get("/staff/"))
    for visitor in (asker, stranger):
        visitor.post(f"/staff/rota/swaps/{swap}/yes")
        assert "This swap does not wait for your yes." in text_of(visitor.get("/staff/rota/"))
    stranger.post(f"/staff/rota/swaps/{swap}/no")
    assert "This swap is about shifts of others." in text_of(stranger.get("/staff/rota/"))
    assert waiting_swap(app) == swap
    assert [row[0] for row in rows(app)] == [ann, ben]
    assert "1 colleague waits for your yes" in text_of(asked.get("/staff/"))
    assert "You have yet to say yes" in text_of(asked.get(f"/staff/rota/shifts/{second}"))
    asked.post(f"/staff/rota/swaps/{swap}/yes")
    assert [row[0] for row in rows(app)] == [ben, ann]
    assert acts(app)[-2:] == ["asked for a swap", "swapped shifts"]
    assert asked.post(f"/staff/rota/swaps/{swap}/yes").status_code == 404
    assert "yet to say yes" not in text_of(asked.get("/staff/rota/"))


@pytest.mark.parametrize("who", ["asker", "asked", "keeper"])
def test_a_no_ends_a_swap_and_nothing_changes(app: Flask, who: str) -> None:
    (ann, mail), (ben, other) = (person(app, name, "duty") for name in ("Ann", "Ben"))
    first, second = (on_rota(app, each, NOON + n * DAY) for n, each in enumerate((ann, ben), start=1))
    asker = log_in(app, mail)
    asker.get("/staff/rota/")
    asker.post(f"/staff/rota/shifts/{first}/swap", {"with": second})
    swap = waiting_swap(app)
    visitor = {"asker": asker, "asked": log_in(app, other), "keeper": logged_in(app, "admin")}[who]
    visitor.get("/staff/rota/")
    visitor.post(f"/staff/rota/swaps/{swap}/no")
    assert "both shifts stay as they are" in text_of(visitor.get("/staff/rota/"))
    assert visitor.post(f"/staff/rota/swaps/{swap}/yes").status_code == 404
    assert [row[0] for row in rows(app)] == [ann, ben]


def test_whoever_keeps_the_rota_asks_both(app: Flask) -> None:
    (ann, mail), (ben, other) = (person(app, name, "duty") for name in ("Ann", "Ben"))
    first, second = (on_rota(app, each, NOON + n * DAY) for n, each in enumerate((ann, ben), start=1))
    keeper = logged_in(app, "lead")
    keeper.get("/staff/rota/")
    keeper.post(f"/staff/rota/shifts/{first}/swap", {"with": second})
    assert "Ann and Ben have yet to say yes." in text_of(keeper.get("/staff/rota/"))
    swap = waiting_swap(app)
    keeper.post(f"/staff/rota/swaps/{swap}/yes")
    assert "Ann and Ben have yet to say yes." in text_of(keeper.get("/staff/rota/"))
    for each, after in ((other, [ann, ben]), (mail, [ben, ann])):
        visitor = log_in(app, each)
        visitor.get("/staff/rota/")
        visitor.post(f"/staff/rota/swaps/{swap}/yes")
        assert [row[0] for row in rows(app)] == after


def test_a_yes_that_comes_when_a_shift_has_begun_changes_nothing(app: Flask, hands: Hands) -> None:
    (ann, mail), (ben, other) = (person(app, name, "duty") for name in ("Ann", "Ben"))
    first, second = (on_rota(app, each, NOON + n * timedelta(minutes=9)) for n, each in enumerate((ann, ben), start=1))
    asker, asked = log_in(app, mail), log_in(app, other)
    asker.get("/staff/rota/")
    asked.get("/staff/rota/")
    asker.post(f"/staff/rota/shifts/{first}/swap", {"with": second})
    swap = waiting_swap(app)
    hands.ahead += timedelta(minutes=12)
    assert "yet to say yes" not in text_of(asked.get("/staff/rota/"))
    asked.post(f"/staff/rota/swaps/{swap}/yes")
    assert "It has begun" in text_of(asked.get("/staff/rota/"))
    assert [row[0] for row in rows(app)] == [ann, ben]


def test_no_page_shows_a_colleagues_number_whole(app: Flask) -> None:
    ann = person(app, "Ann", "duty")[0]
    with app.app_context():
        number = db.session.scalars(select(WayRow.address)).one()
    on_rota(app, ann, NOON + DAY)
    for role in ("duty", "lead", "admin"):
        page = logged_in(app, role).get("/staff/rota/")
        assert f"Ann text to a number ending {number[-3:]}" in text_of(page)
        assert number[-6:] not in page.get_data(as_text=True)


@pytest.mark.parametrize("change", ["disable", "roles"])
def test_b17_whoever_lets_somebody_go_is_told_when_nobody_is_on_duty_then(app: Flask, change: str) -> None:
    ann, ben = (person(app, name, "duty")[0] for name in ("Ann", "Ben"))
    on_rota(app, ann, NOON + DAY)
    admin = logged_in(app, "admin")
    admin.get("/staff/people/")
    admin.post(f"/staff/people/{ann}/{change}", {"role": "viewer"})
    told = "Ann has shifts ahead, which no longer count. Nobody is on duty now on Tuesday 24 November from 12:00 to"
    assert told in text_of(admin.get("/staff/people/"))
    page = text_of(admin.get("/staff/rota/"))
    assert "Tuesday 24 November all day Nobody on duty 12:00 to 20:00 Ann Cannot be told" in page
    admin.post(f"/staff/people/{ben}/{change}", {"role": "viewer"})
    assert "shifts ahead" not in text_of(admin.get("/staff/people/"))


def feed_of(visitor: Visitor) -> str:
    visitor.get("/staff/rota/")
    page = visitor.post("/staff/rota/calendar").get_data(as_text=True)
    found = re.search(r"<kbd>http://127.0.0.1:8000(/staff/rota/calendar/[\w-]+\.ics)</kbd>", page)
    assert found is not None
    return found[1]


def test_a_calendar_elsewhere_sees_own_shifts_or_all_and_nobody_without_the_address(app: Flask) -> None:
    (ann, mail), (ben, _) = (person(app, name, "duty") for name in ("Ann", "Ben"))
    on_rota(app, ann, NOON + DAY)
    on_rota(app, ben, NOON + 2 * DAY)
    own, whole = feed_of(log_in(app, mail)), feed_of(logged_in(app, "lead"))
    titles = {}
    for address in (own, whole):
        answer = Visitor(app).get(address)
        assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
        titles[address] = [event.title for event in calendars.read(answer.get_data(as_text=True))]
    assert titles == {own: ["Duty"], whole: ["Duty: Ann", "Duty: Ben"]}
    assert Visitor(app).get("/staff/rota/calendar/made-up.ics").status_code == 404


def test_a_new_address_ends_the_one_before_and_so_does_the_end_of_an_account(app: Flask) -> None:
    _, mail = person(app, "Ann", "duty")
    visitor = log_in(app, mail)
    first, second = feed_of(visitor), feed_of(visitor)
    assert [Visitor(app).get(address).status_code for address in (first, second)] == [404, 200]
    with app.app_context():
        find_person(mail).active = False
        db.session.commit()
    assert Visitor(app).get(second).status_code == 404


def ics(*events: str) -> bytes:
    around = ["BEGIN:VCALENDAR", *events, "END:VCALENDAR"]
    return "\r\n".join(around).encode()


def event(uid: str, day: str, *more: str) -> str:
    zone = "TZID=Europe/London"
    times = (f"DTSTART;{zone}:{day}T090000", f"DTEND;{zone}:{day}T170000")
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", *times, *more, "END:VEVENT"])


def bring(visitor: Visitor, content: bytes, rota: str = "duty") -> tuple[int, str, dict[str, str]]:
    """Upload a file; gives the status, the words, and what the form to save it holds."""
    visitor.get("/staff/rota/import/")
    fields = {"csrf_token": visitor.token, "rota": rota}
    parts = [f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields]
    head = '--edge\r\nContent-Disposition: form-data; name="file"; filename="rota.ics"\r\n\r\n'
    body = "".join([*parts, head]).encode() + content + b"\r\n--edge--\r\n"
    sent = {"data": body, "content_type": "multipart/form-data; boundary=edge"}
    answer = visitor.client.post("/staff/rota/import/", **sent)
    found = re.search(r'name="plan" value="([^"]*)"', answer.get_data(as_text=True))
    return answer.status_code, text_of(answer), {"plan": found[1].replace("&#34;", '"')} if found else {}


def test_a_file_is_shown_first_and_saved_once_however_often_it_comes(app: Flask) -> None:
    ann, ben = (person(app, name, "duty")[0] for name in ("Ann", "Ben"))
    lead = logged_in(app, "lead")
    content = ics(
        event("a", "20261124", "ATTENDEE:mailto:ANN@heard.example", "RRULE:FREQ=DAILY;COUNT=2"),
        event("b", "20261127", "SUMMARY:On duty: Ben"),
        event("c", "20261120", "SUMMARY:Ben"),
    )
    status, words, plan = bring(lead, content)
    assert (status, rows(app)) == (200, [])
    assert "3 new shifts, 1 over and left out." in words
    assert "Ben Friday 27 November from 09:00 to 17:00" in words
    for _ in range(2):
        assert lead.post("/staff/rota/import/save", plan).location == "/staff/rota/"
    assert [row[:2] for row in rows(app)] == [(ann, "11-24 09:00"), (ann, "11-25 09:00"), (ben, "11-27 09:00")]
    status, words, plan = bring(lead, content)
    assert "0 new shifts, 3 on the rota already, 1 over and left out." in words
    assert plan == {}
    assert "imported shifts" in acts(app)


NOT_BROUGHT_IN = {
    "no calendar": (b"Dear all", "Line 1: this is no line of a calendar."),
    "nothing": (b"", "Choose a calendar file"),
    "another alphabet": ("BEGIN:VCALENDAR".encode("utf-16"), "not written in UTF-8"),
    "a stranger": (ics(event("a", "20261124", "SUMMARY:Zoe")), "Line 2: Zoe is nobody of our staff"),
    "a strange mail": (ics(event("a", "20261124", "SUMMARY:Ann", "ATTENDEE:mailto:z@z.uk")), "z@z.uk is nobody"),
    "two of us": (ics(event("a", "20261124", "SUMMARY:Ann and Ben")), "Ann and Ben is nobody of our staff, or more"),
    "no name": (ics(event("a", "20261124")), "a shift without a name"),
    "out of reach": (ics(event("a", "20261124", "SUMMARY:Cat")), "They have no proven way"),
    "monthly": (ics(event("a", "20261124", "SUMMARY:Ann", "RRULE:FREQ=MONTHLY;COUNT=2")), "Line 7: RRULE must repeat"),
}


@pytest.mark.parametrize("name", NOT_BROUGHT_IN)
def test_a_file_with_anything_wrong_in_it_brings_nothing_in(sqlite_app: Flask, name: str) -> None:
    for who in ("Ann", "Ben", "Cat"):
        person(sqlite_app, who, "duty", reachable=who != "Cat")
    content, why = NOT_BROUGHT_IN[name]
    status, words, plan = bring(logged_in(sqlite_app, "lead"), content)
    assert (status, why in words, plan) == (422, True, {}), words


def test_a_file_may_be_a_megabyte_where_other_pages_take_little(sqlite_app: Flask) -> None:
    sqlite_app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    person(sqlite_app, "Ann", "duty")
    lead = logged_in(sqlite_app, "lead")
    one = ics(event("a", "20261124", "SUMMARY:Ann"))
    fill = b"X-FILL:" + b"x" * 990 + b"\r\n"
    content = one.replace(b"END:VCALENDAR", fill * 1000 + b"END:VCALENDAR")
    assert "1 new shift." in bring(lead, content)[1]
    assert bring(lead, content + fill * 60)[0] == 422
    assert bring(lead, content + fill * 300)[0] == 413
    assert lead.post("/staff/rota/new", form(1, weeks="1" * 70_000)).status_code == 413


@pytest.mark.parametrize("plan", [
    "", "{}", "[1]", "[[1,2,3,4,5]]", '[["m","duty",1,"2026-11-24T09:00:00","2026-11-24T17:00:00"]]', "null",
    '[["m","duty",999,"2026-11-24T09:00:00+00:00","2026-11-24T17:00:00+00:00"]]',
    '[["m","night",1,"2026-11-24T09:00:00+00:00","2026-11-24T17:00:00+00:00"]]', "[" * 5000,
])
def test_a_plan_that_we_did_not_make_saves_nothing(sqlite_app: Flask, plan: str) -> None:
    lead = logged_in(sqlite_app, "lead")
    lead.get("/staff/rota/import/")
    assert lead.post("/staff/rota/import/save", {"plan": plan}).location == "/staff/rota/import/"
    assert "Nothing was saved." in text_of(lead.get("/staff/rota/"))
    assert rows(sqlite_app) == []


@pytest.mark.parametrize("asked", ["", "2026-12-07", "soon", "9999-01-01", "0001-01-01"])
def test_other_weeks_are_shown_and_nonsense_is_today(sqlite_app: Flask, asked: str) -> None:
    page = text_of(logged_in(sqlite_app, "duty").get(f"/staff/rota/?from={asked}"))
    assert ("Sunday 20 December" in page) is (asked == "2026-12-07")
    assert ("Sunday 6 December" in page) is (asked != "2026-12-07")


def test_days_are_those_of_the_clock_on_the_wall() -> None:
    """On the night on which the clocks go back a shift from 22:00 to 08:00 has eleven hours on two days."""
    turn = Shift(DUTY, 1, datetime(2026, 10, 24, 21, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC))
    found = spans.days(date(2026, 10, 24), 3, [turn], [Gap(turn.ends_at, turn.ends_at + 2 * DAY)])
    assert [[part.when for part in each.parts] for each in found] == [
        ["22:00 to midnight"], ["00:00 to 08:00", "08:00 to midnight"], ["all day"],
    ]
