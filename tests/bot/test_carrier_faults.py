"""Trouble can be asked of the practice carrier, and it runs as a process on this machine only."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from bot.channels.simulator.serving import main
from tests.bot.carrier_house import LANDLINE, OURS, SAM, SID, TOKEN, House, open_house

ROOT = Path(__file__).parents[2]


@pytest.fixture
def house() -> Iterator[House]:
    with open_house() as house:
        yield house
        assert not house.carrier.breaches


@pytest.mark.parametrize(("play", "accepted"), [("hang", 0), ("timeout-but-accepted", 1), ("drip", 1)])
def test_a_request_can_be_left_without_an_answer_until_the_client_gives_up(
    house: House, play: str, accepted: int
) -> None:
    house.carrier.play(play)
    house.http.timeout = 0.2
    started = time.monotonic()
    with pytest.raises(requests.RequestException):
        house.send()
    assert time.monotonic() - started < 2
    assert len(house.carrier.ledger) == accepted


def test_a_connection_can_be_cut(house: House) -> None:
    house.carrier.play("reset")
    with pytest.raises(requests.ConnectionError):
        house.send()
    assert len(house.carrier.ledger) == 0


def test_dropped_callbacks_leave_the_truth_with_the_carrier(house: House) -> None:
    house.carrier.play("drop callbacks")
    sent = house.send()
    house.carrier.settle()
    assert house.product.statuses == []
    assert house.messages(sent.sid).fetch().status == "delivered"


def test_callbacks_come_in_the_order_asked_for(house: House) -> None:
    house.carrier.play("callback order: read sent delivered")
    sent = house.send()
    house.carrier.settle()
    assert [each["MessageStatus"] for each in house.product.statuses] == ["read", "sent", "delivered"]
    assert house.messages(sent.sid).fetch().status == "read"


def test_an_outage_lasts_until_it_is_lifted(house: House) -> None:
    house.carrier.always("500")
    for _ in range(3):
        with pytest.raises(TwilioRestException) as broken:
            house.send()
        assert broken.value.status == 500
    house.carrier.always("")
    assert house.send().status == "queued"


@pytest.mark.parametrize(
    "name", ["", "nonsense", "queued", "11200", "queued* sent*", "99999", "429/x", "sent;delivered"]
)
def test_a_play_that_makes_no_sense_is_refused_when_it_is_asked_for(house: House, name: str) -> None:
    with pytest.raises(ValueError):
        house.carrier.play(name)


def test_trouble_can_be_asked_for_over_http_with_the_token_only(house: House) -> None:
    play = f"{house.base}/carrier/play"
    assert requests.post(play, {"name": "500"}, timeout=5).status_code == 401
    assert requests.post(play, {"name": "nonsense"}, auth=(SID, TOKEN), timeout=5).status_code == 400
    assert requests.post(play, {"name": "21610"}, auth=(SID, TOKEN), timeout=5).status_code == 204
    mark = {"number": LANDLINE, "code": "21614"}
    assert requests.post(f"{house.base}/carrier/mark", mark, auth=(SID, TOKEN), timeout=5).status_code == 204
    for to, code in ((SAM, 21610), (LANDLINE, 21614)):
        with pytest.raises(TwilioRestException) as refused:
            house.send(to=to)
        assert refused.value.code == code
    state = requests.get(f"{house.base}/carrier/state", auth=(SID, TOKEN), timeout=5).json()
    assert state == {"breaches": [], "notices": [], "messages": 0}


def start(*more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bot.channels.simulator", "--account", SID, "--token", TOKEN, *more]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_starts_as_a_process_of_its_own_and_settles_by_itself() -> None:
    with start("--port", "0", "--pace", "0") as process:
        try:
            assert process.stdout is not None
            base = process.stdout.readline().removeprefix("Practice phone: ").strip().removesuffix("/demo/phone/")
            messages = f"{base}/2010-04-01/Accounts/{SID}/Messages.json"
            assert requests.get(f"{base}/demo/phone/", timeout=10).status_code == 200
            form = {"To": SAM, "From": OURS, "Body": "hello"}
            assert requests.post(messages, form, auth=(SID, TOKEN), timeout=10).status_code == 201
            assert any(delivered(messages) for _ in range(50))
        finally:
            process.terminate()


def delivered(messages: str) -> bool:
    time.sleep(0.1)
    return bool(requests.get(messages, auth=(SID, TOKEN), timeout=10).json()["messages"][0]["status"] == "delivered")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--host", "0.0.0.0"),
        ("--host", "::"),
        ("--host", "192.0.2.1"),
        ("--host", "example.org"),
        ("--webhook", "https://heard.example.org"),
        ("--webhook", "http://192.0.2.1:8000"),
        ("--account", "AC1"),
        ("--token", ""),
    ],
)
def test_it_serves_and_texts_this_machine_only(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = {"--account": SID, "--token": TOKEN, "--port": "0"} | {option: value}
    assert main([word for pair in given.items() for word in pair]) == 2
    assert "cannot start" in capsys.readouterr().err
