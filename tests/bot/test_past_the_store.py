"""Past the store: every way that the settings name at once, each in its time, and in a flood once a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest

from bot import past_the_store
from bot.pace import Pace
from bot.parts import Parts
from bot.past_the_store import notify_past_the_store
from bot.sender import NotSent, Outgoing, Sender
from conversations.values import Level
from tests.fakes import NOON, Clock, RecordingSender
from tests.seeds import DANGER, WORRY


@pytest.fixture
def organisation() -> dict[str, RecordingSender]:
    """The organisation's own ways out."""
    return {"teams": RecordingSender(), "webhook": RecordingSender()}


@pytest.fixture
def parts(make_parts: Callable[..., Parts], sqlite_database_url: str, organisation: dict[str, Sender]) -> Parts:
    made = make_parts(sqlite_database_url)
    return replace(made, ways=MappingProxyType({**made.ways, **organisation, "voice": RecordingSender()}))


def test_text_mail_and_the_organisations_own_ways_are_told_and_nothing_of_the_message(
    parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender, organisation: dict[str, RecordingSender]
) -> None:
    notify_past_the_store(WORRY, parts)
    told = [*texts_out.sent, *mails_out.sent, *(each.sent[0] for each in organisation.values())]
    assert [notice.to for notice in told] == [parts.settings.duty_phone, parts.settings.duty_email, "", ""]
    for notice in told:
        assert "level concern" in notice.body
        assert "could not store the message" in notice.body
        assert len(notice.body) <= 160
    assert parts.ways["voice"].sent == []  # type: ignore[attr-defined]  # a call needs an alert to ask about


def test_b21_a_flood_is_told_of_once_a_minute_and_the_first_at_once(
    parts: Parts, texts_out: RecordingSender, clock: Clock
) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: notify_past_the_store(WORRY, parts), range(50)))
    assert len(texts_out.sent) == 1
    clock.forward(seconds=59)
    notify_past_the_store(WORRY, parts)
    assert len(texts_out.sent) == 1
    clock.forward(seconds=1)
    notify_past_the_store(WORRY, parts)
    assert len(texts_out.sent) == 2


def test_what_is_worse_is_told_at_once_also_within_the_minute(parts: Parts, texts_out: RecordingSender) -> None:
    for found in (WORRY, DANGER, WORRY, DANGER):
        notify_past_the_store(found, parts)
    assert ["immediate" in notice.body for notice in texts_out.sent] == [False, True]


def test_when_no_way_took_it_the_next_is_the_first_again(
    parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender, organisation: dict[str, RecordingSender]
) -> None:
    for sender in (texts_out, mails_out, *organisation.values()):
        sender.failures.append(NotSent("500", again=True))
    notify_past_the_store(WORRY, parts)
    assert texts_out.sent == []
    notify_past_the_store(WORRY, parts)
    assert len(texts_out.sent) == 1


def test_one_way_that_took_it_is_enough_to_pause(
    parts: Parts, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    texts_out.failures += [NotSent("500", again=True)]
    for _ in range(2):
        notify_past_the_store(WORRY, parts)
    assert (len(texts_out.sent), len(mails_out.sent)) == (0, 1)


@dataclass
class Hangs:
    """A way that never answers until it is let go, or breaks in a way of its own."""

    go: threading.Event

    def send(self, message: Outgoing) -> str:
        """Wait."""
        self.go.wait(30)
        raise LookupError(message.to)


def test_a_way_that_hangs_holds_up_neither_the_others_nor_the_answer_to_twilio(
    parts: Parts, mails_out: RecordingSender, caplog: Any
) -> None:
    go = threading.Event()
    started = time.monotonic()
    notify_past_the_store(WORRY, replace(parts, ways=MappingProxyType({**parts.ways, "sms": Hangs(go)})), 0.3)
    assert time.monotonic() - started < 3
    go.set()
    assert len(mails_out.sent) == 1
    assert "no answer in time from 1" in caplog.text
    assert parts.settings.duty_phone not in caplog.text


@pytest.mark.parametrize(
    ("level", "seconds", "taken"),
    [
        (Level.CONCERN, 0, False),
        (Level.CONCERN, 59, False),
        (Level.CONCERN, 60, True),
        (Level.IMMEDIATE, 0, True),
        (Level.CONCERN, -1, True),  # a clock that was put back must not silence anybody
    ],
)
def test_what_the_pace_takes_after_a_concern(level: Level, seconds: int, taken: bool) -> None:
    pace = Pace()
    assert pace.takes(Level.CONCERN, NOON)
    assert pace.takes(level, NOON + timedelta(seconds=seconds)) is taken


def test_twilio_waits_longer_than_the_slowest_way() -> None:
    assert past_the_store.SECONDS < 15
