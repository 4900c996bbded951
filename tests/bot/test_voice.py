"""A call says an alert, and only the right key and the right code take it; every webhook is signed by Twilio."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from bot.parts import Parts
from bot.ways.voice import AS_A_TEXT
from conversations import alerts
from conversations.db import db
from conversations.duty_models import DutyKeyRow
from conversations.models import AlertRow, AttemptRow, DeliveryRow
from conversations.staff_models import StaffRow
from tests.bot.workers import ADA, BEN, CODE, make_attempt, seed_told, seed_worker
from tests.fakes import Clock
from tests.make import ACCOUNT, PUBLIC_URL, TOKEN, signature
from tests.seeds import NUMBER, WORDS, acknowledge
from wsgi import create_app

CALL = "CA" + "5" * 32
WRONG_CODE = "402718"


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """One database is enough: who is first is tested on both in test_acknowledging and test_alerts."""
    return sqlite_database_url


def make_form(**changes: str) -> dict[str, str]:
    form = {
        "CallSid": CALL,
        "AccountSid": ACCOUNT,
        "From": "+447700900999",
        "To": ADA,
        "CallStatus": "in-progress",
        "Direction": "outbound-api",
        "ApiVersion": "2010-04-01",
    }
    return form | changes


def post(app: Flask, page: str, form: dict[str, str], sign: str | None = None, **more: Any) -> TestResponse:
    headers = {"X-Twilio-Signature": signature(page, form) if sign is None else sign}
    return app.test_client().post(page, data=form, headers=headers, **more)


class Call:
    """A telephone that was rung about one attempt: hears what is said, and presses keys when it is asked to."""

    def __init__(self, app: Flask, attempt: str) -> None:
        self.app = app
        self.page = f"/voice/alert?attempt={attempt}"
        self.heard = ""
        self.asked_for = 0
        self.over = False

    def answered(self) -> Call:
        return self._go_on(self.page, make_form())

    def presses(self, digits: str) -> Call:
        assert self.asked_for, "nothing was asked for"
        return self._go_on(self.page, make_form(Digits=digits))

    def _go_on(self, page: str, form: dict[str, str]) -> Call:
        response = post(self.app, page, form)
        assert (response.status_code, response.content_type) == (200, "text/xml")
        root = ElementTree.fromstring(response.data)
        self.heard = " ".join(say.text or "" for say in root.iter("Say"))
        gathers = list(root.iter("Gather"))
        self.asked_for = int(gathers[0].get("numDigits") or 0) if gathers else 0
        if gathers:
            place = urlsplit(gathers[0].get("action") or "")
            assert f"{place.scheme}://{place.netloc}" == PUBLIC_URL
            self.page = f"{place.path}?{place.query}"
        assert root[-1].tag == "Hangup"
        assert {say.get("language") for say in root.iter("Say")} == {"en-GB"}
        return self


@pytest.fixture
def ada(session: Session, app_parts: Parts) -> int:
    return seed_worker(session, app_parts)


@pytest.fixture
def alert(session: Session, app_parts: Parts, ada: int) -> AlertRow:
    return seed_told(session, app_parts, ada, way="voice")


@pytest.fixture
def call(app: Flask, session: Session, alert: AlertRow) -> Call:
    attempt = session.scalars(select(AttemptRow.id).where(AttemptRow.way == "voice")).one()
    session.commit()
    return Call(app, attempt)


def owner(session: Session) -> str | None:
    session.rollback()
    return session.scalar(select(AlertRow.acknowledged_by))


def test_a_call_says_a_code_and_a_level_and_asks_for_a_key(call: Call, alert: AlertRow) -> None:
    call.answered()
    spelled = ", ".join(alert.reference)
    assert call.heard.startswith(f"This is Heard. Alert {spelled}. Level concern. Press 1 to take it.")
    assert call.asked_for == 1


def test_a_drill_says_that_it_is_one(call: Call, session: Session) -> None:
    session.execute(update(AlertRow).values(drill=True))
    session.commit()
    assert call.answered().heard.startswith("This is a drill of Heard. Alert ")


def test_one_and_the_right_code_take_the_alert(call: Call, session: Session, alert: AlertRow, ada: int) -> None:
    call.answered().presses("1")
    assert (call.asked_for, owner(session)) == (6, None)
    call.presses(CODE)
    assert call.heard == f"You have alert {', '.join(alert.reference)}. Goodbye."
    assert call.asked_for == 0
    assert owner(session) == "Ada"
    assert session.scalar(select(AlertRow.owner_id)) == ada
    assert ("acknowledged", "Ada", "voice") in [
        (each.what, each.who, each.detail) for each in alerts.timeline(session, alert.id)
    ]


def test_b10_an_answered_call_in_which_nobody_presses_takes_nothing(call: Call, session: Session) -> None:
    call.answered()
    assert call.heard.count("Press 1 to take it") == 3
    assert call.heard.endswith("Nobody has taken this alert by this call. Goodbye.")
    assert owner(session) is None


@pytest.mark.parametrize("key", ["2", "9", "*", "#", ""])
def test_another_key_says_the_alert_again(call: Call, session: Session, key: str) -> None:
    assert "Press 1 to take it" in call.answered().presses(key).heard
    assert owner(session) is None


def test_a_wrong_code_may_be_put_right(call: Call, session: Session) -> None:
    call.answered().presses("1").presses(WRONG_CODE)
    assert call.heard.startswith("That was not your code. Please type")
    assert owner(session) is None
    call.presses(CODE)
    assert owner(session) == "Ada"


def test_the_third_wrong_code_ends_the_call_and_each_is_in_the_history(
    call: Call, session: Session, alert: AlertRow
) -> None:
    call.answered().presses("1")
    for wrong in (WRONG_CODE, "", "4027199"):
        call.presses(wrong)
    assert (call.asked_for, owner(session)) == (0, None)
    assert call.heard.endswith("Please open the alerts page now. Goodbye.")
    lines = [each for each in alerts.timeline(session, alert.id) if each.what == "wrong voice code"]
    assert [(each.who, each.detail) for each in lines] == [("Ada", "")] * 3


def test_the_code_of_another_is_wrong(
    call: Call, session: Session, app_parts: Parts, alert: AlertRow
) -> None:
    seed_worker(session, app_parts, "Ben", BEN)
    other = session.scalars(select(StaffRow.id).where(StaffRow.name == "Ben")).one()
    session.execute(delete(DutyKeyRow).where(DutyKeyRow.staff_id != other))
    session.commit()
    assert "It cannot be taken by telephone here" in call.answered().heard


def test_b13_the_second_is_told_who_has_it_once_they_have_proven_who_they_are(
    call: Call, session: Session, alert: AlertRow, clock: Clock
) -> None:
    call.answered().presses("1")
    acknowledge(session, alert.id, "Ben", clock())
    session.commit()
    clock.forward(minutes=2)
    call.presses(CODE)
    assert call.heard == f"Ben took alert {', '.join(alert.reference)} at 12:00. Goodbye."
    assert owner(session) == "Ben"


def test_who_has_it_is_not_said_to_whoever_picks_up(
    call: Call, session: Session, alert: AlertRow, clock: Clock
) -> None:
    acknowledge(session, alert.id, "Ben", clock())
    session.commit()
    call.answered()
    assert call.heard == "Somebody has taken this alert. You need do nothing. Goodbye."


def test_b40_somebody_who_has_left_cannot_take_it(call: Call, session: Session) -> None:
    call.answered().presses("1")
    session.execute(update(StaffRow).values(active=False))
    session.commit()
    call.presses(CODE)
    assert (call.asked_for, owner(session)) == (0, None)


@pytest.mark.parametrize("gone", ["code", "person"])
def test_a_call_to_somebody_who_cannot_say_who_they_are_leads_to_the_page(
    app: Flask, session: Session, app_parts: Parts, ada: int, gone: str
) -> None:
    alert = seed_told(session, app_parts)
    attempt = make_attempt(alert.id, ada if gone == "code" else None, app_parts, "voice")
    session.add(attempt)
    session.execute(delete(DutyKeyRow))
    session.commit()
    call = Call(app, attempt.id).answered()
    assert call.heard.startswith("This is Heard. Alert ")
    assert "Please open the alerts page" in call.heard
    assert call.asked_for == 0


def test_a_call_about_nothing_we_know_ends(app: Flask) -> None:
    assert Call(app, "f" * 32).answered().heard == "This alert needs nobody any more. Goodbye."


def test_when_the_store_is_down_the_call_says_that_there_is_an_alert(app: Flask, call: Call, session: Session) -> None:
    session.execute(text("DROP TABLE attempt"))
    session.commit()
    call.answered()
    assert call.heard.startswith("This is Heard. There is an alert, and it cannot be read at the moment.")


def test_b32_a_call_holds_no_name_number_or_word(call: Call) -> None:
    said = call.answered().heard + call.presses("1").heard + call.presses(WRONG_CODE).heard
    secrets = (NUMBER, ADA, "Ada", WORDS, *WORDS.split())
    assert not [each for each in secrets if re.search(rf"\b{re.escape(each)}\b", said)]


# --- B38, B39: forged, unsigned, another account's, over-size: refused, and nothing is written ------------------------

PAGES = ["/voice/alert?attempt={}", "/voice/press?attempt={}", "/voice/code?attempt={}&tries=0", "/voice/status"]


def nothing_changed(session: Session) -> bool:
    session.rollback()
    lines = session.scalars(select(alerts.AlertEventRow.what)).all()
    return lines == ["raised"] and owner(session) is None and not session.scalars(select(DeliveryRow)).all()


def whole(page: str, call: Call) -> str:
    return page.format(call.page.partition("=")[2])


@pytest.mark.parametrize(
    "sign", ["", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "\x00\xff", signature("/voice/alert", make_form(), TOKEN[:-1])]
)
def test_b38_what_twilio_did_not_sign_is_refused(app: Flask, session: Session, call: Call, sign: str) -> None:
    form = make_form(Digits=CODE)
    for page in PAGES:
        assert post(app, whole(page, call), form, sign).status_code == 403
        assert app.test_client().post(whole(page, call), data=form).status_code == 403
    assert nothing_changed(session)


def test_b38_a_signature_for_one_attempt_or_try_is_none_for_another(app: Flask, session: Session, call: Call) -> None:
    page = whole(PAGES[2], call)
    form = make_form(Digits=CODE)
    assert post(app, page, form, signature(page.replace("tries=0", "tries=2"), form)).status_code == 403
    assert nothing_changed(session)


@pytest.mark.parametrize(
    "changes",
    [
        {"AccountSid": "AC" + "f" * 32},
        {"CallSid": "CA123"},
        {"CallSid": "SM" + "5" * 32},
        {"CallSid": ""},
        {"Padding": "x" * 1_000_000},
    ],
    ids=["account", "short", "a text's", "none", "a megabyte"],
)
def test_b38_another_account_a_strange_call_or_a_megabyte_is_refused(
    app: Flask, session: Session, call: Call, changes: dict[str, str]
) -> None:
    form = make_form(Digits="1") | changes
    for page in PAGES:
        assert post(app, whole(page, call), form).status_code == 403
    assert nothing_changed(session)


@pytest.mark.parametrize(
    "page",
    [
        "/voice/alert",
        "/voice/alert?attempt=",
        "/voice/alert?attempt=1%27%20or%20%271",
        "/voice/alert?attempt=" + "F" * 32,
        "/voice/code?attempt={}",
        "/voice/code?attempt={}&tries=-1",
        "/voice/code?attempt={}&tries=10",
    ],
)
def test_b38_an_address_that_we_never_gave_is_refused(app: Flask, session: Session, call: Call, page: str) -> None:
    assert post(app, whole(page, call), make_form(Digits=WRONG_CODE)).status_code == 403
    assert nothing_changed(session)


@pytest.mark.parametrize("digits", ["one", "1" * 17, "1\n"])
def test_b38_digits_that_no_telephone_has_are_refused(app: Flask, session: Session, call: Call, digits: str) -> None:
    assert post(app, whole(PAGES[2], call), make_form(Digits=digits)).status_code == 403
    assert nothing_changed(session)


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_b38_nothing_but_a_post_is_answered(app: Flask, call: Call, method: str) -> None:
    assert getattr(app.test_client(), method)(call.page).status_code in {403, 405}


def test_b39_both_tokens_are_taken_while_they_change(make_parts: Any, sqlite_database_url: str) -> None:
    changing = make_parts(sqlite_database_url, twilio_auth_token="n" * 32, twilio_auth_token_previous="o" * 32)
    app = create_app(parts=changing)
    page, form = f"/voice/alert?attempt={'f' * 32}", make_form()
    for token, status in (("n" * 32, 200), ("o" * 32, 200), ("x" * 32, 403)):
        assert post(app, page, form, signature(page, form, token)).status_code == status
    with app.app_context():
        db.engine.dispose()


# --- what became of a call --------------------------------------------------------------------------------------------


def reported(app: Flask, status: str, call: str = CALL) -> int:
    return post(app, "/voice/status", make_form(CallStatus=status, CallSid=call)).status_code


def test_b7_what_became_of_a_call_is_noted_as_of_a_text(app: Flask, session: Session, call: Call) -> None:
    for number, (status, told) in enumerate(AS_A_TEXT.items()):
        sid = f"CA{number:032x}"
        fresh = {"provider_id": sid, "provider_status": None, "error": None}
        session.execute(update(AttemptRow).where(AttemptRow.way == "voice").values(fresh))
        session.commit()
        assert reported(app, status, sid) == 204
        session.rollback()
        attempt = session.scalars(select(AttemptRow).where(AttemptRow.way == "voice")).one()
        assert (attempt.provider_status, attempt.error or "") == told
    assert owner(session) is None


@pytest.mark.parametrize(("status", "lost"), [("busy", 1), ("no-answer", 1), ("failed", 1), ("completed", 0)])
def test_b7_a_call_that_nobody_takes_counts_as_not_delivered(
    app: Flask, session: Session, call: Call, clock: Clock, status: str, lost: int
) -> None:
    from conversations import attempts

    session.execute(update(AttemptRow).where(AttemptRow.way == "voice").values(provider_id=CALL))
    session.commit()
    reported(app, status)
    session.rollback()
    assert len(attempts.not_delivered(session, clock())) == lost


def test_b9_a_report_of_a_call_that_nobody_knows_is_kept_and_an_unknown_word_is_not(
    app: Flask, session: Session
) -> None:
    assert reported(app, "busy") == 204
    assert reported(app, "brand-new") == 204
    session.rollback()
    assert [(row.provider_id, row.status) for row in session.scalars(select(DeliveryRow))] == [(CALL, "undelivered")]


# --- B14: opening the link --------------------------------------------------------------------------------------------

LOOKERS = [
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.23.20.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (compatible; Google-Safety; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
]


@pytest.mark.parametrize("agent", LOOKERS)
def test_b14_whoever_only_opens_the_link_takes_nothing(
    app: Flask, session: Session, alert: AlertRow, agent: str
) -> None:
    alert_id, before = alert.id, alert.next_action_at
    session.rollback()
    client = app.test_client()
    for page in ("/staff/alerts/", f"/staff/alerts/{alert_id}"):
        for look in (client.get, client.head):
            look(page, headers={"User-Agent": agent}, follow_redirects=True)
    session.rollback()
    found = session.get_one(AlertRow, alert_id)
    assert (found.state, found.acknowledged_by, found.next_action_at) == ("open", None, before)
