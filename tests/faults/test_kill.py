"""The web process is killed in the middle of its work: what was answered is kept once, and nothing is there twice."""

from __future__ import annotations

import random
import subprocess
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest
import requests
from sqlalchemy import delete, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from conversations.keys import keyed_hash
from conversations.models import AlertEventRow, AlertRow, AlertWordsRow, AttemptRow, ConversationRow, ReceivedRow
from tests.databases import unguarded
from tests.faults.serving import RECORD_KEY, SAFETY_WORDS, House, fresh_sid, replies
from tests.make import make_form

Web = subprocess.Popen[bytes]
Form = dict[str, str]

MESSAGES = 200
WRITERS = 6
RISK = "he hits me every night"
THINGS = ("table", "window", "garden", "paper", "river", "kitchen", "football", "music", "weather", "colour")
SAID = tuple("we talked about the {} and then the {} and the {}".format(*three) for three in product(THINGS, repeat=3))


def make_messages(seed: int) -> list[Form]:
    """Messages of many people: each worry from somebody of their own, each comment said by nobody else."""
    chance = random.Random(seed)
    risky = set(chance.sample(range(MESSAGES), MESSAGES // 4))
    comments = iter(chance.sample(SAID, MESSAGES))
    return [
        make_form(
            RISK if index in risky else next(comments),
            f"+447700900{index if index in risky else 300 + index % 60:03}",
            MessageSid=fresh_sid(),
        )
        for index in range(MESSAGES)
    ]


def post_until_killed(house: House, messages: list[Form], kill_after: int, web: Web) -> dict[str, list[str]]:
    """Post all from several threads and kill after so many answers; gives the replies of those that were answered."""
    answered: dict[str, list[str]] = {}
    enough = threading.Event()

    def post(form: Form) -> None:
        try:
            answer = house.post(form)
        except requests.RequestException:
            return
        if answer.status_code == 200 and replies(answer) != [SAFETY_WORDS]:
            answered[form["MessageSid"]] = replies(answer)
        if len(answered) >= kill_after:
            enough.set()

    with ThreadPoolExecutor(WRITERS) as pool:
        posted = [pool.submit(post, form) for form in messages]
        enough.wait(60)
        house.kill(web)
    for each in posted:
        each.result()
    return answered


def empty(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        unguarded(session)
        for row in (AttemptRow, AlertEventRow, AlertWordsRow, ReceivedRow, ConversationRow, AlertRow):
            session.execute(delete(row))


def ids_of(messages: list[Form]) -> list[str]:
    return [form["MessageSid"] for form in messages]


def is_risk(form: Form) -> bool:
    return form["Body"] == RISK


def name(form: Form) -> str:
    return keyed_hash("message", form["MessageSid"], RECORD_KEY)


def pairs(session: Session, wanted: Any) -> dict[str, str | None]:
    return {row[0]: row[1] for row in session.execute(wanted)}


def check_kept_once(session: Session, messages: list[Form], answered: Collection[str]) -> None:
    """Every answered message is there with what it caused; none of the others is there in part or twice."""
    received = pairs(session, select(ReceivedRow.message, ReceivedRow.conversation_id))
    alert_of = pairs(session, select(ConversationRow.id, ConversationRow.alert_id))
    states = session.scalars(select(ConversationRow.state)).all()
    comments = [comment["text"] for state in states for comment in state["comments"]]
    assert {name(form) for form in messages if form["MessageSid"] in answered} <= set(received)
    assert len(comments) == len(set(comments))
    for form in messages:
        kept = name(form) in received
        caused = alert_of.get(received.get(name(form)) or "") is not None if is_risk(form) else form["Body"] in comments
        assert kept == caused, form
    # An alert is due from the commit that it is in; whom to tell is for the worker, which does not run here.
    raised = sum(is_risk(form) and name(form) in received for form in messages)
    expected = {AlertRow: raised, AlertWordsRow: raised, AlertEventRow: raised, AttemptRow: 0}
    assert {row: session.scalar(select(func.count()).select_from(row)) for row in expected} == expected


@pytest.mark.prove
def test_what_was_answered_before_the_web_process_was_killed_is_kept_once(our_house: House, prove: bool) -> None:
    engine = our_house.engine()
    chance = random.Random(None if prove else engine.dialect.name)
    web = our_house.serve()
    for _ in range(20 if prove else 1):
        empty(engine)
        kill_after = chance.randrange(1, MESSAGES - 20)
        messages = make_messages(chance.randrange(2**32))
        answered = post_until_killed(our_house, messages, kill_after, web)
        assert kill_after <= len(answered) < MESSAGES
        web = our_house.serve()
        with Session(engine) as session:
            check_kept_once(session, messages, answered)
        with ThreadPoolExecutor(WRITERS) as pool:
            again = dict(zip(ids_of(messages), pool.map(our_house.post, messages), strict=True))
        assert {answer.status_code for answer in again.values()} == {200}
        assert {sid: replies(again[sid]) for sid in answered} == answered
        with Session(engine) as session:
            check_kept_once(session, messages, ids_of(messages))
    engine.dispose()
