"""The store is full, gone, cut off or stuck: safety words go back, nothing is kept by halves, and it mends again."""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from conversations.db import Base
from conversations.models import AlertRow, AlertWordsRow, ConversationRow, ReceivedRow
from tests.databases import Ward
from tests.faults.serving import DUTY_PHONE, SAFETY_WORDS, House, Visitor, fresh_sid, replies
from tests.make import ACCOUNT, make_form

RISK = "he hits me every night"
ORDINARY = "they listened to me in the meeting"
TWILIO_WAITS = 15.0
SMALL = 8192
MOST_NOTICES = 6  # two processes, and no test takes three minutes


def counts(engine: Engine) -> dict[str, int]:
    """How many rows each table has, leaving out empty ones and the migration."""
    with Session(engine) as session:
        tables = Base.metadata.tables.items()
        found = {name: session.scalar(select(func.count()).select_from(table)) for name, table in tables}
    return {name: count for name, count in found.items() if count}


def check_no_half_row(engine: Engine) -> None:
    """Each alert has its words and is due, each message its conversation; no worker runs that would tell anybody."""
    with Session(engine) as session:
        alerts = set(session.scalars(select(AlertRow.id)))
        assert set(session.scalars(select(AlertWordsRow.alert_id))) == alerts
        assert set(session.scalars(select(AlertRow.id).where(AlertRow.next_action_at == AlertRow.raised_at))) == alerts
        conversations = set(session.scalars(select(ConversationRow.id)))
        assert set(session.scalars(select(ReceivedRow.conversation_id))) == conversations
        assert {one for one in session.scalars(select(ConversationRow.alert_id)) if one} == alerts


def check_told_past_the_store(house: House) -> None:
    """The duty contact was told at once, each way and without content; of a flood once a minute by each process."""
    assert 1 <= len(house.world.texts) <= MOST_NOTICES
    assert 1 <= len(house.world.mails) <= MOST_NOTICES
    for notice in house.world.texts:
        assert "could not store the message" in notice
        assert "hits" not in notice
        assert "7700900123" not in notice


def check_worry_not_kept(house: House) -> None:
    """A worry gets the safety words in time for Twilio, and goes to the duty contact by another way."""
    started = time.monotonic()
    assert house.says(RISK) == [SAFETY_WORDS]
    assert time.monotonic() - started < TWILIO_WAITS
    check_told_past_the_store(house)


def check_down(house: House) -> None:
    """Every way in answers calmly while nothing can be kept."""
    check_worry_not_kept(house)
    told = len(house.world.texts)
    assert house.says(ORDINARY) == [SAFETY_WORDS]
    assert len(house.world.texts) == told
    report = {"MessageSid": fresh_sid(), "AccountSid": ACCOUNT, "MessageStatus": "delivered"}
    assert house.post(report, "/sms/status").status_code == 503


def check_visitor_keeps_their_words(visitor: Visitor) -> None:
    """The web says that nothing was kept, gives the numbers to call, and the words back."""
    answer = visitor.posts(text=ORDINARY, typed="1")
    assert answer.status_code == 503
    assert all(words in answer.text for words in (ORDINARY, "0800 1111", "could not keep this"))
    assert answer.headers["Cache-Control"] == "no-store"


def check_calm(house: House) -> None:
    """The log says that the store is down, and nothing of it came as a surprise."""
    said = house.log.read_text()
    assert "store down" in said
    assert "unhandled" not in said
    assert "Traceback" not in said


# --- SQLite ---------------------------------------------------------------------------------------------------------


def test_a_full_disk_keeps_nothing_by_halves_and_mends_by_itself(sqlite_house: House) -> None:
    house, visitor, engine = sqlite_house, Visitor(sqlite_house), sqlite_house.engine()
    web = house.serve()
    visitor.starts()
    house.says("hi")
    before = counts(engine)
    house.limit_files(web, SMALL)
    check_down(house)
    check_visitor_keeps_their_words(visitor)
    assert house.get("/healthz").status_code == 200
    assert counts(engine) == before
    house.limit_files(web, -1)
    check_no_half_row(engine)
    assert house.says(RISK)[0].startswith("Thank you for telling us")
    assert visitor.posts(text=ORDINARY, typed="1").status_code == 303
    check_no_half_row(engine)
    check_calm(house)
    visitor.close()
    engine.dispose()


def test_a_file_that_is_no_database_any_more_is_a_store_that_is_down(sqlite_house: House) -> None:
    path = Path(sqlite_house.database_url.removeprefix("sqlite:///"))
    sqlite_house.serve(workers=1)
    for harm in (lambda: path.write_bytes(b"no database" * 10_000), path.touch, path.mkdir):
        harm()
        assert sqlite_house.get("/readyz").status_code == 503
        check_down(sqlite_house)
        path.unlink() if path.is_file() else None
        for beside in ("-wal", "-shm"):
            Path(f"{path}{beside}").unlink(missing_ok=True)
    check_calm(sqlite_house)


def test_whoever_holds_the_file_for_too_long_gets_others_the_safety_words(sqlite_house: House) -> None:
    house, engine = sqlite_house, sqlite_house.engine()
    house.serve()
    house.says("hi")
    with closing(sqlite3.connect(house.database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        check_worry_not_kept(house)
        assert house.get("/readyz").status_code == 200
        other.execute("ROLLBACK")
    assert house.says(ORDINARY)[0] != SAFETY_WORDS
    check_no_half_row(engine)
    check_calm(house)
    engine.dispose()


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def test_connections_cut_in_the_middle_leave_nothing_by_halves(postgres_house: House) -> None:
    house, ward = postgres_house, Ward(postgres_house.database_url)
    house.serve()
    bodies = [RISK if number % 3 else ORDINARY for number in range(90)]
    forms = [make_form(body, f"+447700900{place:03}", MessageSid=fresh_sid()) for place, body in enumerate(bodies)]
    done = threading.Event()

    def cut() -> None:
        for pause in itertools.cycle((0.05, 0.05, 0.05, 1)):  # and time to breathe, also on a slow machine
            if done.wait(pause):
                return
            ward.throw_out()

    cutter = threading.Thread(target=cut)
    cutter.start()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(house.post, forms))
    done.set()
    cutter.join()
    said = [replies(answer) for answer in answers]
    assert {answer.status_code for answer in answers} == {200}
    assert all(said)
    lost = [form for form, words in zip(forms, said, strict=True) if words == [SAFETY_WORDS]]
    assert 0 < len(lost) < len(forms)
    check_told_past_the_store(house)
    engine = house.engine()
    check_no_half_row(engine)
    again = [replies(house.post(form)) for form in forms]
    assert [SAFETY_WORDS] not in again
    assert counts(engine)["received"] == len(forms)
    assert counts(engine)["alert"] == sum(form["Body"] == RISK for form in forms)
    check_no_half_row(engine)
    check_calm(house)
    engine.dispose()


def test_a_server_that_takes_nobody_in_gets_the_safety_words_until_it_does(postgres_house: House) -> None:
    house, visitor, ward = postgres_house, Visitor(postgres_house), Ward(postgres_house.database_url)
    house.serve()
    visitor.starts()
    house.says("hi")
    with ward.shut():
        check_down(house)
        check_visitor_keeps_their_words(visitor)
        assert (house.get("/healthz").status_code, house.get("/readyz").status_code) == (200, 503)
        assert visitor.opens().status_code == 503
    assert house.says(RISK)[0].startswith("Thank you for telling us")
    assert (house.get("/readyz").status_code, visitor.starts().status_code) == (200, 200)
    engine = house.engine()
    check_no_half_row(engine)
    check_calm(house)
    visitor.close()
    # Somebody else's transaction holds a table, as a long backup or a forgotten console does.
    with psycopg.connect(house.database_url.replace("+psycopg", "", 1)) as other:
        other.execute("LOCK TABLE received IN ACCESS EXCLUSIVE MODE")
        check_worry_not_kept(house)
        other.rollback()
    assert house.says(ORDINARY)[0] != SAFETY_WORDS
    check_no_half_row(engine)
    engine.dispose()


# --- everything that is not the database ----------------------------------------------------------------------------


def test_without_keys_nothing_is_kept_and_a_worry_still_reaches_the_duty_contact(sqlite_house: House) -> None:
    house, engine = sqlite_house, sqlite_house.engine()
    house.serve(workers=1)
    away = house.sealing.with_name("away")
    os.rename(house.sealing, away)
    check_worry_not_kept(house)
    assert house.says(ORDINARY) == [SAFETY_WORDS]
    assert house.get("/readyz").status_code == 503
    assert counts(engine) == {}
    os.rename(away, house.sealing)
    assert house.says(RISK)[0] != SAFETY_WORDS
    engine.dispose()


@pytest.mark.parametrize("play", ["create-500-500-201", "hang"])
def test_a_carrier_that_fails_as_well_delays_the_safety_words_by_less_than_twilio_waits(
    sqlite_house: House, play: str, prove: bool
) -> None:
    if play == "hang" and not prove:
        pytest.skip("takes Twilio's whole time-out; `make prove` waits for it")
    house = sqlite_house
    house.serve(workers=1)
    os.rename(house.sealing, house.sealing.with_name("away"))
    house.world.carrier.play(play)
    started = time.monotonic()
    assert house.says(RISK) == [SAFETY_WORDS]
    assert time.monotonic() - started < TWILIO_WAITS
    assert len(house.world.mails) == 1
    assert house.world.texts == []
    assert DUTY_PHONE not in house.log.read_text()
