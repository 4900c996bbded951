"""Twilio's specification is held against what is sent and what is answered, and both are broken here on purpose."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.channels.simulator.contract import FORM, Call, ContractBreach, load

ACCOUNT = "AC" + "0" * 32
ALL = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
ONE = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/SM{'a' * 32}.json"
GOOD = (("To", "+447700900123"), ("From", "+447700900999"), ("Body", "hello"))
MESSAGE: dict[str, Any] = {
    "sid": "SM" + "a" * 32,
    "account_sid": ACCOUNT,
    "api_version": "2010-04-01",
    "messaging_service_sid": None,
    "direction": "outbound-api",
    "from": "+447700900999",
    "to": "+447700900123",
    "body": "hello",
    "num_segments": "1",
    "num_media": "0",
    "status": "queued",
    "error_code": None,
    "error_message": None,
    "date_created": "Mon, 23 Nov 2026 07:30:00 +0000",
    "date_sent": None,
    "date_updated": "Mon, 23 Nov 2026 07:30:00 +0000",
    "price": None,
    "price_unit": "GBP",
    "uri": ONE,
    "subresource_uris": {"media": "/media.json"},
}
CALLS = ALL.replace("Messages", "Calls")
RING = (("To", "+447700900123"), ("From", "+447700900999"), ("Url", "https://heard.example.org/voice/alert?attempt=1"))
CREATE = Call("POST", ALL, form=GOOD, content_type=FORM)


def create_with(*more: tuple[str, str], without: str = "") -> Call:
    kept = tuple(pair for pair in GOOD if pair[0] != without)
    return Call("POST", ALL, form=kept + more, content_type=FORM)


@pytest.mark.parametrize(
    "call",
    [
        CREATE,
        create_with(("StatusCallback", "https://heard.example.org/sms/status?attempt=1")),
        create_with(("ValidityPeriod", "300"), ("SmartEncoded", "true"), ("ContentRetention", "retain")),
        create_with(("ValidityPeriod", "1")),
        create_with(("ValidityPeriod", "36000")),
        create_with(("MessagingServiceSid", "MG" + "2" * 32), without="From"),
        create_with(("MediaUrl", "https://example.org/a.png"), ("MediaUrl", "anything"), without="Body"),
        create_with(("SendAt", "2026-11-23T08:00:00Z"), ("ScheduleType", "fixed"), ("MaxPrice", "0.5")),
        Call("GET", ALL, query=(("To", "+447700900123"), ("DateSent>", "2026-11-22"), ("PageSize", "1000"))),
        Call("GET", ALL, query=(("DateSent<", "2026-11-23T08:00:00Z"), ("PageSize", "1"), ("Page", "0"))),
        Call("POST", CALLS, form=(*RING, ("Timeout", "30"), ("TimeLimit", "240")), content_type=FORM),
        Call("POST", CALLS, form=(*RING[:2], ("Twiml", "<Response/>")), content_type=FORM),
        Call("GET", CALLS.replace(".json", f"/CA{'a' * 32}.json")),
        Call("GET", ONE),
        Call("DELETE", ONE),
        Call("POST", ONE, form=(("Body", ""),), content_type=FORM),
        Call("POST", ONE, form=(("Status", "canceled"),), content_type=f"{FORM}; charset=utf-8"),
    ],
)
def test_a_request_that_keeps_the_specification_passes(call: Call) -> None:
    assert load().check_request(call).method == call.method


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (Call("POST", CALLS, form=RING[:2], content_type=FORM), "needs one of Url, Twiml"),
        (Call("POST", CALLS, form=RING[1:], content_type=FORM), "'To' is a required property"),
        (Call("POST", CALLS, form=(*RING, ("Body", "x")), content_type=FORM), "'Body' was unexpected"),
        (Call("POST", CALLS, form=(*RING, ("Timeout", "soon")), content_type=FORM), "Timeout: breaks type integer"),
        (Call("GET", CALLS.replace(".json", f"/SM{'a' * 32}.json")), "Sid: breaks pattern"),
        (create_with(("Sender", "x")), "'Sender' was unexpected"),
        (create_with(("statusCallback", "https://example.org")), "'statusCallback' was unexpected"),
        (create_with(without="To"), "'To' is a required property"),
        (create_with(without="From"), "needs one of From, MessagingServiceSid"),
        (create_with(without="Body"), "needs one of Body, MediaUrl, ContentSid"),
        (create_with(("To", "+447700900124")), "To: given more than once"),
        (create_with(("ValidityPeriod", "0")), "ValidityPeriod: breaks minimum 1"),
        (create_with(("ValidityPeriod", "36001")), "ValidityPeriod: breaks maximum 36000"),
        (create_with(("ValidityPeriod", "5 minutes")), "ValidityPeriod: breaks type integer"),
        (create_with(("ValidityPeriod", "")), "ValidityPeriod: breaks type integer"),
        (create_with(("SmartEncoded", "yes")), "SmartEncoded: breaks type boolean"),
        (create_with(("MaxPrice", "cheap")), "MaxPrice: breaks type number"),
        (create_with(("ContentRetention", "keep")), "ContentRetention: breaks enum"),
        (create_with(("MessagingServiceSid", "MG22")), "MessagingServiceSid: breaks minLength 34"),
        (create_with(("MessagingServiceSid", "XX" + "2" * 32)), "MessagingServiceSid: breaks pattern"),
        (create_with(("StatusCallback", "sms/status")), "StatusCallback: breaks format uri"),
        (create_with(("SendAt", "tomorrow")), "SendAt: breaks format date-time"),
        (Call("POST", ALL, form=GOOD, content_type="application/json"), "content type"),
        (Call("GET", ALL, query=(("PageSize", "1001"),)), "PageSize: breaks maximum 1000"),
        (Call("GET", ALL, query=(("PageSize", "0"),)), "PageSize: breaks minimum 1"),
        (Call("GET", ALL, query=(("Page", "-1"),)), "Page: breaks minimum 0"),
        (Call("GET", ALL, query=(("DateSent", "yesterday"),)), "DateSent: breaks format date-time"),
        (Call("GET", ALL, query=(("Status", "sent"),)), "'Status' was unexpected"),
        (Call("GET", ALL, form=GOOD, content_type=FORM), "form: none is allowed"),
        (Call("GET", ONE.replace("SM", "SX")), "Sid: breaks pattern"),
        (Call("GET", ONE.replace("aa.json", ".json")), "Sid: breaks"),
        (Call("GET", ALL.replace("AC0", "AC")), "AccountSid: breaks"),
        (Call("PUT", ONE), "method: PUT"),
        (Call("DELETE", ALL), "method: DELETE"),
        (Call("GET", ALL.replace("Messages", "Texts")), "path: not in the specification"),
        (Call("GET", ALL.replace(".json", "xjson")), "path: not in the specification"),
        (Call("POST", ONE, form=(("Status", "sent"),), content_type=FORM), "Status: breaks enum"),
    ],
)
def test_a_request_that_breaks_the_specification_is_named(call: Call, named: str) -> None:
    with pytest.raises(ContractBreach) as breach:
        load().check_request(call)
    assert any(named in problem for problem in breach.value.problems), breach.value.problems


def test_every_fault_of_a_request_is_named_at_once() -> None:
    with pytest.raises(ContractBreach) as breach:
        load().check_request(create_with(("ValidityPeriod", "0"), ("Colour", "red"), without="To"))
    assert len(breach.value.problems) == 3


def test_a_breach_quotes_no_value() -> None:
    with pytest.raises(ContractBreach) as breach:
        load().check_request(create_with(("MessagingServiceSid", "my secret words")))
    assert "secret" not in str(breach.value)


def answer(http: int = 201, content_type: str = "application/json", **changes: Any) -> tuple[int, str, bytes]:
    body = {name: value for name, value in (MESSAGE | changes).items() if value is not ...}
    return http, content_type, json.dumps(body).encode()


@pytest.mark.parametrize(
    "said",
    [
        answer(),
        answer(content_type="application/json; charset=utf-8"),
        answer(error_code=30003, status="undelivered"),
        (
            400,
            "application/json",
            json.dumps({"code": 21610, "message": "no", "more_info": "https://x.org/1", "status": 400}).encode(),
        ),
    ],
)
def test_an_answer_in_form_passes(said: tuple[int, str, bytes]) -> None:
    load().check_answer(load().check_request(CREATE), *said)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (answer(http=200), "status 200 is not in the specification"),
        (answer(http=302), "status 302 is not in the specification"),
        (answer(error_code="30003"), "error_code: breaks type"),
        (answer(num_segments=1), "num_segments: breaks type"),
        (answer(body=...), "'body' is a required property"),
        (answer(colour="red"), "'colour' was unexpected"),
        (answer(sid="SM1"), "sid: breaks"),
        (answer(direction="outbound"), "direction: breaks enum"),
        (answer(date_created="2026-11-23"), "date_created: breaks format"),
        (answer(price_unit="pounds"), "price_unit: breaks format"),
        (answer(content_type="text/html"), "content type must be application/json"),
        ((201, "application/json", b"<html>"), "not JSON"),
        ((400, "application/json", b"{}"), "'code' is a required property"),
        ((429, "application/json", b'{"code": "20429", "message": "m", "more_info": "/", "status": 429}'), "code:"),
        ((500, "application/json", b'{"code": 1, "message": "m", "more_info": "/", "status": 400}'), "not the status"),
        ((500, "text/html", b"Internal Server Error"), "content type"),
    ],
)
def test_an_answer_out_of_form_is_named(said: tuple[int, str, bytes], named: str) -> None:
    with pytest.raises(ContractBreach) as breach:
        load().check_answer(load().check_request(CREATE), *said)
    assert any(named in problem for problem in breach.value.problems), breach.value.problems


def test_an_unknown_status_of_a_message_is_a_breach_of_the_answer() -> None:
    body = json.dumps(MESSAGE | {"status": "brand_new_status"}).encode()
    with pytest.raises(ContractBreach, match="status: breaks enum"):
        load().check_answer(load().check_request(Call("GET", ONE)), 200, "application/json", body)


def test_a_deletion_is_answered_with_nothing() -> None:
    deletion = load().check_request(Call("DELETE", ONE))
    load().check_answer(deletion, 204, "", b"")
    with pytest.raises(ContractBreach, match="must be empty"):
        load().check_answer(deletion, 204, "", b"gone")
