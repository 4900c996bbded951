"""Workers that take the second look are killed and doubled: no text is lost, and none is raised twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot import second_look
from conversations.keys import PublicKeys
from conversations.models import AlertRow, AlertWordsRow
from conversations.sealing import Sealable, Seals
from conversations.triage_models import SecondLookRow
from tests.faults.looking import GO, LOOKING
from tests.faults.serving import House, wait_for

SAID = "he waits for me at zanzibarpear"


def ask(house: House, engine: Engine, number: int) -> None:
    """Texts that wait for their second look, as messages leave them."""
    now = datetime.now(UTC)
    key = PublicKeys(house.sealing).of_day(now)
    with Session(engine) as session, session.begin():
        for place in range(number):
            words = Sealable(f"{SAID} {place}")
            seals = Seals(key, words, Sealable(f"+447700900{place:03}"), now + timedelta(days=7))
            second_look.ask(session, seals, "sms", None, now)


def counts(engine: Engine) -> tuple[int, ...]:
    """How many texts wait, how many alerts there are, and how many words those have."""
    tables = (SecondLookRow, AlertRow, AlertWordsRow)
    with Session(engine) as session:
        found = (session.scalar(select(func.count()).select_from(row)) for row in tables)
        return tuple(each or 0 for each in found)


def test_a_worker_killed_while_it_looks_leaves_the_text_to_the_next_which_raises_it_once(our_house: House) -> None:
    house, engine, folder = our_house, our_house.engine(), our_house.folder / "tmp"
    ask(house, engine, 1)
    first = house.run("tests.faults.looking")
    wait_for((folder / LOOKING).exists)
    assert counts(engine) == (1, 0, 0)
    house.kill(first)
    assert counts(engine) == (1, 0, 0)
    (folder / GO).touch()
    house.run("tests.faults.looking")
    wait_for(lambda: counts(engine)[0] == 0)
    assert counts(engine) == (0, 1, 1)
    assert "zanzibarpear" not in house.log.read_text()
    engine.dispose()


def test_two_workers_look_at_the_same_texts_and_raise_each_once(our_house: House) -> None:
    house, engine, folder = our_house, our_house.engine(), our_house.folder / "tmp"
    ask(house, engine, 12)
    workers = [house.run("tests.faults.looking") for _ in range(2)]
    wait_for((folder / LOOKING).exists)
    (folder / GO).touch()
    wait_for(lambda: counts(engine)[0] == 0)
    assert counts(engine) == (0, 12, 12)
    assert [worker.poll() for worker in workers] == [None, None]
    assert "job failed" not in house.log.read_text()
    engine.dispose()


def test_while_a_worker_looks_messages_are_taken_and_answered(our_house: House) -> None:
    house, engine, folder = our_house, our_house.engine(), our_house.folder / "tmp"
    ask(house, engine, 1)
    house.run("tests.faults.looking")
    wait_for((folder / LOOKING).exists)
    house.serve(workers=1)
    assert house.says("he hits me every night")[0].startswith("Thank you for telling us")
    assert counts(engine) == (1, 1, 1)
    (folder / GO).touch()
    wait_for(lambda: counts(engine)[0] == 0)
    assert counts(engine) == (0, 2, 2)
    engine.dispose()
