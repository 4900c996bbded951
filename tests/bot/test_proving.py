"""The worker sends the codes that prove a way: once each, to the way itself, and says when one could not leave."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from bot import jobs, proving
from bot.parts import Parts
from bot.sender import NotSent, Sender
from conversations import proofs
from conversations.duty_models import WayRow
from conversations.segments import count
from tests.fakes import NOON, Clock, RecordingSender
from tests.rota_seeds import seed_person

ADDRESSES = {"sms": "07700900321", "voice": "0131 496 0000", "email": "ann@council.example"}


def ask(session: Session, kind: str = "sms") -> tuple[int, str]:
    ann = seed_person(session, "Ann", "duty", proven=())
    way_id = proofs.add(session, ann, kind, ADDRESSES[kind], NOON)
    session.commit()
    return ann, way_id


@pytest.mark.parametrize("kind", ADDRESSES)
def test_a_code_goes_to_its_own_way_and_proves_it(session: Session, app_parts: Parts, kind: str) -> None:
    sender = RecordingSender()
    ways: Mapping[str, Sender] = {**app_parts.ways, kind: sender}
    parts = replace(app_parts, ways=ways, settings=replace(app_parts.settings, voice_number="+441314960111"))
    ann, way_id = ask(session, kind)
    jobs.work_once(session, parts)
    jobs.work_once(session, parts)
    (message,) = sender.sent
    assert message.to == session.get_one(WayRow, way_id).address
    assert message.sender == {"sms": "+447700900999", "voice": "+441314960111", "email": "heard@example.org"}[kind]
    digits = "".join(re.findall(r"\d", message.body.partition(".")[0]))
    proofs.prove(session, ann, way_id, digits, parts.settings.record_key, NOON)
    assert session.get_one(WayRow, way_id).verified_at == NOON


def test_the_text_fits_into_one_segment(session: Session, app_parts: Parts, texts_out: RecordingSender) -> None:
    ask(session)
    proving.send_codes(session, app_parts)
    assert count(texts_out.sent[0].body).segments == 1


@pytest.mark.parametrize("again", [True, False])
def test_a_code_that_could_not_leave_is_said_and_asked_for_again(
    session: Session, app_parts: Parts, texts_out: RecordingSender, clock: Clock, again: bool
) -> None:
    ann, way_id = ask(session)
    texts_out.failures.append(NotSent("21614", again))
    assert proving.send_codes(session, app_parts) == 1
    row = session.get_one(WayRow, way_id, populate_existing=True)
    assert (row.code_failure, row.code_hash, row.code_due_at) == ("21614", None, None)
    proofs.ask_again(session, ann, way_id, clock())
    session.commit()
    proving.send_codes(session, app_parts)
    assert len(texts_out.sent) == 1
    assert session.get_one(WayRow, way_id, populate_existing=True).code_failure is None


def test_a_way_that_is_not_set_up_says_so_and_stops_no_other(
    session: Session, app_parts: Parts, texts_out: RecordingSender
) -> None:
    ann, way_id = ask(session, "voice")
    proofs.add(session, ann, "sms", ADDRESSES["sms"], NOON)
    session.commit()
    assert proving.send_codes(session, app_parts) == 2
    assert session.get_one(WayRow, way_id, populate_existing=True).code_failure == proving.NOT_SET_UP
    assert len(texts_out.sent) == 1
