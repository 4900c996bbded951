"""The same promises with real processes: web and worker are killed at random moments while texts come in."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import requests
from sqlalchemy import func, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from conversations.keys import keyed_hash
from conversations.models import AlertRow, AlertWordsRow, AttemptRow, ReceivedRow
from tests.faults.invariants import NOTICE
from tests.faults.serving import RECORD_KEY, SAFETY_WORDS, House, fresh_sid, replies, wait_for
from tests.make import make_form

Process = subprocess.Popen[bytes]
SHARE, WHOLE = 1, 24
TEXTS = 12
PLAYS = ("500", "429/20429", "reset", "timeout-but-accepted", "undelivered-30003", "duplicate-delivered", "drip")
WORRIES = ("he is here now and he has a knife", "he hits me every night")


def send(house: House, chance: random.Random) -> list[str]:
    """Text from several people at once; gives the ids of those that we answered as kept."""
    forms = [
        make_form(chance.choice(WORRIES), f"+44770090{chance.randrange(1000, 9999)}", MessageSid=fresh_sid())
        for _ in range(TEXTS)
    ]

    def post(form: dict[str, str]) -> bool:
        try:
            answer = house.post(form)
        except requests.RequestException:
            return False
        return answer.status_code == 200 and replies(answer) != [SAFETY_WORDS]

    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(post, forms))
    return [form["MessageSid"] for form, good in zip(forms, kept, strict=True) if good]


def run_once(house: House, chance: random.Random) -> list[str]:
    """Text, kill one of the processes at some moment, start it again; gives what we said that we have."""
    house.world.carrier.play(chance.choice(PLAYS))
    worker = house.run("flask", "bot", "worker")
    web = house.serve(workers=1)
    with ThreadPoolExecutor(1) as pool:
        answered = pool.submit(send, house, random.Random(chance.random()))
        time.sleep(chance.uniform(0, 0.6))
        victim = chance.choice((web, worker))
        house.kill(victim)
        kept = answered.result()
    if victim is web:
        house.serve(workers=1)
    else:
        time.sleep(chance.uniform(0, 0.5))
        house.run("flask", "bot", "worker")
    return kept


def end(house: House, engine: Engine) -> None:
    """End every process; time passes, in which no lease outlives its holder."""
    for process in house.started:
        house.kill(process)
    house.started.clear()
    with engine.begin() as connection:
        leased = update(AttemptRow).where(AttemptRow.state == "leased")
        connection.execute(leased.values(lease_until=datetime.now(UTC)))


def open_and_untold(engine: Engine) -> int:
    """How many alerts have no notice that was sent."""
    told = select(AttemptRow.alert_id).where(AttemptRow.state == "sent")
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(AlertRow).where(AlertRow.id.not_in(told))) or 0


def check(house: House, engine: Engine, kept: list[str]) -> None:
    """Nothing that we answered is lost, everything is told, what went twice says so, and nothing leaks."""
    names = {keyed_hash("message", sid, RECORD_KEY) for sid in kept}
    with Session(engine) as session:
        received = set(session.scalars(select(ReceivedRow.message)))
        words = session.scalar(select(func.count()).select_from(AlertWordsRow))
        marked = session.scalar(select(func.count()).where(AttemptRow.maybe_twice.is_(True))) or 0
        # What a killed worker held may have gone.
        gone = AttemptRow.way == "sms", AttemptRow.state.in_(("sent", "leased"))
        attempts = session.scalar(select(func.count()).where(*gone)) or 0
    assert names <= received
    assert words == len(received)
    assert all(NOTICE.fullmatch(f"\n{body}") for body in house.world.texts)
    doubled = Counter(house.world.texts)
    assert sum(times - 1 for times in doubled.values()) <= marked + max(0, attempts - len(doubled))


@pytest.mark.prove
def test_b1_b3_and_b4_whichever_process_is_killed_no_alert_is_lost_and_each_is_told_after_the_restart(
    our_house: House, prove: bool
) -> None:
    house, engine = our_house, our_house.engine()
    chance, kept = random.Random(None if prove else 4), []
    for _ in range(WHOLE if prove else SHARE):
        kept += run_once(house, chance)
        end(house, engine)
        house.run("flask", "bot", "worker")
        wait_for(lambda: open_and_untold(engine) == 0)
        end(house, engine)
        check(house, engine, kept)
    assert kept
    engine.dispose()
