"""A sealed box opens for its own purpose, row, time and key, and for nothing else; it tells nothing of its content."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from nacl.public import PrivateKey, SealedBox

from conversations.sealing import (
    BLOCK,
    CannotOpen,
    Sealable,
    SealingKey,
    Seals,
    key_name,
    new_pair,
    open_box,
    private_half,
    public_half,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
PRIVATE = PrivateKey.generate()
KEY = SealingKey("day-2026-11-23", PRIVATE.public_key)
BOX = Sealable("+447700900123").seal(KEY, "alert", "row1", LATER)


def sealed(inside: object) -> bytes:
    """A box around anything at all: whoever has a public key can make one."""
    return b"day-2026-11-23\n" + SealedBox(PRIVATE.public_key).encrypt(json.dumps(inside).encode())


def test_a_box_opens_for_its_own_purpose_row_and_key() -> None:
    assert open_box(BOX, PRIVATE, "alert", "row1", NOW) == "+447700900123"


@pytest.mark.parametrize("content", ["", "he hits me", "Łódź 🙂 مرحبا", "a\nb\0c", "x" * 5000, "{}", '"'])
def test_any_words_come_back_as_they_were(content: str) -> None:
    assert open_box(Sealable(content).seal(KEY, "words", "r", LATER), PRIVATE, "words", "r", NOW) == content


@pytest.mark.parametrize(
    ("purpose", "row", "now"),
    [
        ("words", "row1", NOW),
        ("alert", "row2", NOW),
        ("", "row1", NOW),
        ("alert", "", NOW),
        ("alert", "row1", LATER),
        ("alert", "row1", LATER + timedelta(days=1)),
    ],
)
def test_a_box_stays_shut_for_another_purpose_or_row_and_after_its_time(purpose: str, row: str, now: datetime) -> None:
    with pytest.raises(CannotOpen):
        open_box(BOX, PRIVATE, purpose, row, now)


def test_a_box_opens_until_the_last_moment() -> None:
    assert open_box(BOX, PRIVATE, "alert", "row1", LATER - timedelta(microseconds=1))


def test_a_box_stays_shut_for_another_key() -> None:
    with pytest.raises(CannotOpen):
        open_box(BOX, PrivateKey.generate(), "alert", "row1", NOW)


@pytest.mark.parametrize("cut", [0, 1, 14, 15, 20, 60, len(BOX) - 1])
def test_a_box_cut_short_stays_shut(cut: int) -> None:
    with pytest.raises(CannotOpen):
        open_box(BOX[:cut], PRIVATE, "alert", "row1", NOW)


@pytest.mark.parametrize("place", range(len("day-2026-11-23\n"), len(BOX), 37))
def test_a_box_with_one_changed_bit_stays_shut(place: int) -> None:
    changed = BOX[:place] + bytes([BOX[place] ^ 1]) + BOX[place + 1 :]
    with pytest.raises(CannotOpen):
        open_box(changed, PRIVATE, "alert", "row1", NOW)


JUNK = [
    [],
    "text",
    7,
    None,
    {},
    {"purpose": "alert", "row": "row1"},
    {"purpose": "alert", "row": "row1", "content": "x"},
    {"purpose": "alert", "row": "row1", "content": "x", "expires": "soon"},
    {"purpose": "alert", "row": "row1", "content": "x", "expires": 7},
    {"purpose": "alert", "row": "row1", "content": "x", "expires": "2026-12-01T00:00:00"},
    {"purpose": ["alert"], "row": "row1", "content": "x", "expires": LATER.isoformat()},
]


@pytest.mark.parametrize("inside", JUNK, ids=str)
def test_a_box_that_somebody_filled_with_something_else_is_only_shut(inside: object) -> None:
    with pytest.raises(CannotOpen):
        open_box(sealed(inside), PRIVATE, "alert", "row1", NOW)


def test_words_of_different_lengths_make_boxes_of_the_same_length() -> None:
    lengths = {len(Sealable("x" * count).seal(KEY, "words", "r" * 32, LATER)) for count in range(10)}
    assert len(lengths) <= 2
    assert max(lengths) - min(lengths) in (0, BLOCK)


def test_the_same_words_never_make_the_same_box() -> None:
    assert len({Sealable("same").seal(KEY, "words", "r", LATER) for _ in range(20)}) == 20


def test_a_box_says_the_name_of_its_key_and_no_more() -> None:
    assert key_name(BOX) == KEY.name
    assert b"7700900123" not in BOX


@pytest.mark.parametrize("box", [b"", b"\n", b"\xff\xfe\n", b"no separator"])
def test_the_name_of_a_damaged_box_can_be_asked_for(box: bytes) -> None:
    assert isinstance(key_name(box), str)


def test_what_is_to_be_sealed_shows_itself_to_nobody() -> None:
    secret = Sealable("+447700900123")
    seals = Seals(KEY, Sealable("words"), secret, LATER)
    shown = f"{secret} {secret!r} {[secret]} {seals!r} {seals.words}"
    assert "7700900" not in shown
    assert "'words'" not in shown


def test_without_a_number_there_is_no_box() -> None:
    assert Seals(KEY, Sealable("words"), None, LATER).seal_contact("alert", "row1") is None


def test_a_browser_session_reads_what_was_sealed_for_it_alone() -> None:
    (mine, my_public), (theirs, _) = new_pair(), new_pair()
    box = Sealable("words").seal(public_half(my_public), "opening", "o1", LATER)
    assert open_box(box, private_half(mine), "opening", "o1", NOW) == "words"
    with pytest.raises(CannotOpen):
        open_box(box, private_half(theirs), "opening", "o1", NOW)


@pytest.mark.parametrize("text", ["", "not base64!", "AAAA", "ą", "A" * 44, "=" * 44])
def test_a_cookie_that_is_no_key_opens_nothing(text: str) -> None:
    box = Sealable("words").seal(KEY, "opening", "o1", LATER)
    with pytest.raises(CannotOpen):
        open_box(box, private_half(text), "opening", "o1", NOW)
