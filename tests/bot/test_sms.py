"""The SMS channel: what Twilio signed is answered and kept once; everything else is refused and leaves nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from bot.identity import can_be_texted
from bot.parts import Parts
from conversations.db import Base, db
from conversations.keys import keyed_hash
from conversations.models import AlertRow, ConversationRow, ReceivedRow
from conversations.script import load_words
from conversations.staff_models import StaffNumberRow
from tests.fakes import Clock
from tests.make import ACCOUNT, OUR_NUMBER, Phone, make_form, signature, texts_of

VECTORS = Path(__file__).parents[1] / "vectors" / "twilio"
FIXTURES = {
    each["id"]: each["form"] for each in json.loads((VECTORS / "inbound_fixtures.json").read_text())["fixtures"]
}
REFUSED = {"missing-From", "missing-MessageSid", "wrong-account"}
UNANSWERED = {
    "keyword-stop",
    "keyword-help",
    "short-code-sender",
    "alphanumeric-sender",
    "landline-sender",
    "own-number-loop",
}


def rows(app: Flask) -> dict[str, int]:
    """How many rows each table has, leaving out empty ones."""
    with app.app_context():
        counts = {
            name: db.session.scalar(select(func.count()).select_from(table))
            for name, table in Base.metadata.tables.items()
        }
        db.session.rollback()
    return {name: count for name, count in counts.items() if count}


def post(app: Flask, form: Any, path: str = "/sms/inbound", sign: str | None = None, **more: Any) -> Any:
    headers = {"X-Twilio-Signature": signature(path, form) if sign is None else sign}
    return app.test_client().post(path, data=form, headers=headers, **more)


@pytest.mark.parametrize("fixture", sorted(FIXTURES))
def test_fixture_is_answered_or_refused_as_it_should_be(app: Flask, fixture: str) -> None:
    form = FIXTURES[fixture]
    response = post(app, form)
    if fixture in REFUSED:
        assert (response.status_code, rows(app)) == (403, {})
        return
    assert response.status_code == 200
    assert response.content_type == "text/xml"
    assert bool(texts_of(response)) == (fixture not in UNANSWERED)


FORGERIES: dict[str, dict[str, Any]] = {
    "no signature": {"sign": ""},
    "another signature": {"sign": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    "a signature that is no base64": {"sign": "\x00\xff"},
    "JSON": {"content_type": "application/json"},
    "another host's signature": {"sign": signature("/sms/inbound", make_form(), public_url="http://evil.example")},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_request_is_refused_and_leaves_no_row(app: Flask, forgery: str) -> None:
    assert post(app, make_form(), **FORGERIES[forgery]).status_code == 403
    assert rows(app) == {}


@pytest.mark.parametrize("name", ["MessageSid", "AccountSid", "From", "To", "Body", "NumMedia"])
def test_a_parameter_missing_or_doubled_is_refused(app: Flask, name: str) -> None:
    form = make_form()
    missing = {key: value for key, value in form.items() if key != name}
    assert post(app, missing).status_code == 403
    doubled = MultiDict([*form.items(), (name, "+447700900555")])
    assert post(app, doubled).status_code == 403
    assert rows(app) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"MessageSid": "SM123"},
        {"MessageSid": "XX" + "0" * 32},
        {"MessageSid": "SM" + "G" * 32},
        {"AccountSid": "AC" + "f" * 32},
        {"To": "+447700900888"},
        {"NumMedia": "many"},
        {"NumMedia": "-1"},
    ],
)
def test_what_is_not_ours_or_not_well_formed_is_refused(app: Flask, changes: dict[str, str]) -> None:
    assert post(app, make_form(**changes)).status_code == 403
    assert rows(app) == {}


def test_a_body_over_64_kilobytes_is_refused(app: Flask) -> None:
    assert post(app, make_form("a" * 70_000)).status_code == 403
    assert rows(app) == {}


def test_the_previous_auth_token_is_taken_while_tokens_change(make_parts: Any, sqlite_database_url: str) -> None:
    from wsgi import create_app

    app = create_app(
        parts=make_parts(sqlite_database_url, twilio_auth_token="n" * 32, twilio_auth_token_previous="o" * 32)
    )
    form = make_form()
    for token, status in (("n" * 32, 200), ("o" * 32, 200), ("x" * 32, 403)):
        assert post(app, form, sign=signature("/sms/inbound", form, token)).status_code == status


def test_the_signature_covers_the_query_string_as_twilio_sent_it(app: Flask) -> None:
    form = make_form()
    path = "/sms/inbound?x=a%20b&y=1"
    assert post(app, form, path, signature(path, form)).status_code == 200
    assert post(app, form, "/sms/inbound?x=a+b&y=1", signature(path, form)).status_code == 403


def test_a_repeat_gets_the_same_reply_and_makes_one_row(phone: Phone, app: Flask) -> None:
    form = make_form("hi")
    first, second = (texts_of(phone.post(form)) for _ in range(2))
    assert first == second
    assert first
    assert rows(app)["received"] == 1


def test_twenty_copies_at_once_get_the_same_reply_and_make_one_row(phone: Phone, app: Flask) -> None:
    form = make_form("hi")
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: tuple(texts_of(phone.post(form))), range(20)))
    assert len(set(replies)) == 1
    assert replies[0]
    assert rows(app)["received"] == 1
    assert rows(app)["conversation"] == 1


def test_two_texts_of_one_person_at_once_are_both_kept(phone: Phone, app: Flask, session: Session) -> None:
    phone.says("hi")
    forms = [make_form("they asked me what i think"), make_form("and then they wrote it down")]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(phone.post, forms))
    assert [answer.status_code for answer in answers] == [200, 200]
    state = session.scalars(select(ConversationRow.state)).one()
    assert sorted(comment["text"] for comment in state["comments"]) == sorted(form["Body"] for form in forms)


def test_ten_people_at_once_each_get_their_own_conversation(app: Flask) -> None:
    phones = [Phone(app, f"+44770090{number:04}") for number in range(100, 110)]
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda each: each.says("hi"), phones))
    assert all(len(reply) == 2 for reply in replies)
    assert rows(app)["conversation"] == 10


def test_a_repeat_after_the_conversation_closed_gets_an_empty_answer(phone: Phone, app: Flask, clock: Clock) -> None:
    form = make_form("hi")
    phone.post(form)
    clock.forward(hours=73)
    with app.app_context():
        from conversations import retention

        retention.close_expired(db.session(), clock())
        db.session.commit()
    assert texts_of(phone.post(form)) == []
    assert "conversation" not in rows(app)


def test_staff_are_screened_and_never_surveyed(phone: Phone, app: Flask, app_parts: Parts) -> None:
    with app.app_context():
        number = keyed_hash("staff-number", phone.number, app_parts.settings.record_key)
        db.session.add(StaffNumberRow(number=number))
        db.session.commit()
    assert phone.says("hi") == []
    assert "conversation" not in rows(app)
    assert "alert" not in rows(app)
    assert phone.says("he hits me every night") == []
    assert rows(app)["alert"] == 1
    assert "conversation" not in rows(app)


@pytest.mark.parametrize("sender", ["85258", "RoyalMail", "+441312000000"])
def test_a_sender_that_cannot_be_texted_is_screened_and_not_answered(app: Flask, session: Session, sender: str) -> None:
    assert texts_of(post(app, make_form("he hits me every night", sender))) == []
    assert "conversation" not in rows(app)
    assert session.scalars(select(AlertRow)).one().cannot_be_texted


@pytest.mark.parametrize("address", ["+447700900123", "whatsapp:+447700900123", "+33612345678"])
def test_a_mobile_can_be_texted(address: str) -> None:
    assert can_be_texted(address)


@pytest.mark.parametrize("address", ["+441312000000", "85258", "RoyalMail", "", "+", "anonymous", "+44", "client:anna"])
def test_what_is_no_mobile_cannot_be_texted(address: str) -> None:
    assert not can_be_texted(address)


STOPS = ["STOP", "stop", " Stop. ", "STOPALL", "unsubscribe", "CANCEL", "end", "Quit", "REVOKE", "optout", "ＳＴＯＰ"]


@pytest.mark.parametrize("word", STOPS)
def test_a_stop_word_alone_gets_no_reply_and_ends_the_conversation(phone: Phone, session: Session, word: str) -> None:
    phone.says("hi")
    assert phone.says(word) == []
    assert session.scalars(select(ConversationRow.state)).one()["ending"] == "stopped"


@pytest.mark.parametrize(
    "text", ["stop him hurting me", "please stop", "Stop. Thank you", "it should not end", "i quit football"]
)
def test_a_stop_word_among_others_is_content(phone: Phone, session: Session, text: str) -> None:
    phone.says("hi")
    assert phone.says(text)
    assert session.scalars(select(ConversationRow.state)).one()["ending"] == ""


@pytest.mark.parametrize("word", ["HELP", "info", "Help!"])
def test_help_is_answered_by_us_unless_the_carrier_has_answered(phone: Phone, word: str) -> None:
    phone.says("hi")
    assert "0800 1111" in " ".join(phone.says(word))
    assert phone.says(word, OptOutType="HELP") == []


def test_a_stop_that_is_a_risk_alerts_and_says_that_they_cannot_be_texted(phone: Phone, session: Session) -> None:
    phone.says("hi")
    assert phone.says("STOP", NumMedia="1") == []
    assert session.scalars(select(AlertRow)).one().cannot_be_texted


def test_start_after_a_stop_is_answered_and_begins_nothing(phone: Phone) -> None:
    phone.says("hi")
    phone.says("STOP")
    assert "Nothing starts" in " ".join(phone.says("START"))
    assert "How old" in " ".join(phone.says("CHECKIN"))


def test_a_picture_is_not_opened_and_a_person_is_told(phone: Phone, session: Session) -> None:
    phone.says("hi")
    reply = " ".join(phone.says("", NumMedia="1", MediaUrl0="https://api.twilio.com/x", MediaContentType0="image/jpeg"))
    assert "duty worker" in reply
    alert = session.scalars(select(AlertRow)).one()
    assert (alert.assessed, alert.level) == (False, "concern")


def test_when_the_store_is_down_safety_words_go_back_and_duty_is_told_directly(
    app: Flask, app_parts: Parts, phone: Phone, texts_out: Any, mails_out: Any
) -> None:
    with app.app_context():
        Base.metadata.drop_all(db.engine)
    said = phone.says("he hits me every night")
    assert said == [load_words()["en"].line("store_down")]
    assert [message.to for message in texts_out.sent] == [app_parts.settings.duty_phone]
    assert [message.to for message in mails_out.sent] == [app_parts.settings.duty_email]
    assert "hits" not in texts_out.sent[0].body
    assert phone.number not in texts_out.sent[0].body
    assert phone.says("4") == said
    assert len(texts_out.sent) == 1


def test_at_most_thirty_replies_an_hour_then_one_note_and_screening_goes_on(phone: Phone, session: Session) -> None:
    phone.says("hi")
    replies = [phone.says("what do you mean by that question") for _ in range(40)]
    answered = [reply for reply in replies if reply]
    assert len(answered) == 30  # 29 more replies and the one note
    assert "slow down" in answered[-1][0]
    phone.says("he hits me every night")
    assert session.scalars(select(AlertRow)).one().level == "concern"


def test_replies_go_by_the_outbox_where_twilio_has_no_twiml(
    make_parts: Any, sqlite_database_url: str, texts_out: Any
) -> None:
    from bot import jobs
    from wsgi import create_app

    parts = make_parts(sqlite_database_url, twilio_reply="rest")
    app = create_app(parts=parts)
    assert Phone(app).says("hi") == []
    with app.app_context():
        jobs.work_once(db.session(), parts)
    assert [message.to for message in texts_out.sent] == ["+447700900123"] * 2
    assert "Staff at Demo Council" in texts_out.sent[0].body
    assert texts_out.sent[0].sender == OUR_NUMBER


def test_the_number_is_nowhere_in_the_database(phone: Phone, app: Flask) -> None:
    phone.says("hi")
    phone.says("my number is 07700 900456 ring me")
    with app.app_context():
        for table in Base.metadata.tables.values():
            for row in db.session.execute(select(table)):
                assert "7700900" not in repr(row).replace(" ", "").replace(OUR_NUMBER, ""), table.name
        db.session.rollback()


def test_unknown_delivery_reports_are_noted_and_answered(app: Flask) -> None:
    form = {"MessageSid": "SM" + "9" * 32, "AccountSid": ACCOUNT, "MessageStatus": "brand_new_status"}
    for _ in range(2):
        assert post(app, form, "/sms/status").status_code == 204
    assert rows(app)["delivery"] == 1


def test_received_ids_are_kept_by_hash_alone(phone: Phone, session: Session) -> None:
    form = make_form("hi")
    phone.post(form)
    kept = session.scalars(select(ReceivedRow.message)).one()
    assert form["MessageSid"] not in kept
    assert len(kept) == 32


def test_a_keyword_starts_its_script_also_in_the_middle_of_another_and_with_an_area(
    phone: Phone, session: Session
) -> None:
    phone.says("hi")
    phone.says("2")
    assert "Staff at" in " ".join(phone.says("MEETING north"))
    state = session.scalars(select(ConversationRow.state)).one()
    assert (state["script"], state["area"], state["answers"]) == ("after-meeting", "north", {})


@pytest.mark.parametrize("text", ["meeting nowhere", "my meeting", "meeting was rubbish"])
def test_a_keyword_among_other_words_starts_nothing(phone: Phone, session: Session, text: str) -> None:
    phone.says("hi")
    phone.says(text)
    assert session.scalars(select(ConversationRow.state)).one()["script"] == "check-in"


def test_start_in_the_middle_asks_the_question_again(phone: Phone) -> None:
    asked = phone.says("hi")[-1]
    assert phone.says("START") == [asked]


def test_a_first_text_in_polish_gets_an_offer_and_the_language_only_when_it_is_asked_for(phone: Phone) -> None:
    said = phone.says("dzień dobry, chcę powiedzieć co myślę o moim spotkaniu")
    assert said[0].startswith("Hi. Staff at")
    assert "Polski" in " ".join(said)
    assert "Ile masz lat" in " ".join(phone.says("polski"))
