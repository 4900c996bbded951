"""The watch's short questions: a good answer and its time, or none, and never for longer than they may take."""

from __future__ import annotations

import threading
import time

import pytest

from bot.calls import SECONDS, get
from bot.ways.deadline import THREAD
from tests.peers import free_port, http_peer

SHORT = 0.4


@pytest.mark.parametrize("status", [200, 204])
def test_a_good_answer_says_how_long_it_took(status: int) -> None:
    with http_peer(status=status) as peer:
        took = get(f"{peer.base}/healthz")
    assert took is not None
    assert 0 < took < SECONDS
    assert [each.method for each in peer.got] == ["GET"]


@pytest.mark.parametrize("status", [301, 404, 503])
def test_a_redirect_and_an_error_are_no_good_answer(status: int) -> None:
    with http_peer(status=status) as peer:
        assert get(peer.base) is None
    assert len(peer.got) == 1


@pytest.mark.parametrize("does", ["hang", "reset", "drip", "drip body"])
def test_whatever_the_far_end_does_the_question_is_over_in_its_time_and_leaves_no_thread(does: str) -> None:
    with http_peer(does=does, says="x" * 200) as peer:
        began = time.monotonic()
        assert get(peer.base, SHORT) is None
        assert time.monotonic() - began < SHORT + 0.5
        ends = time.monotonic() + 5
        while any(each.name == THREAD for each in threading.enumerate()) and time.monotonic() < ends:
            time.sleep(0.02)
        assert not [each for each in threading.enumerate() if each.name == THREAD]


@pytest.mark.parametrize("url", ["nonsense", "http://", "ftp://example.org/x"])
def test_what_is_no_address_has_no_good_answer(url: str) -> None:
    assert get(url, SHORT) is None


def test_where_nobody_listens_there_is_no_answer() -> None:
    assert get(f"http://127.0.0.1:{free_port()}/", SHORT) is None
