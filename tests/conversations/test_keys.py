"""Keys are made ahead, never overwritten, found by name, and destroyed on their day with whatever a crash left."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from conversations.keys import (
    KEY_BYTES,
    MissingKey,
    PrivateKeys,
    PublicKeys,
    destroy_expired,
    kept_too_long,
    keyed_hash,
    life_ends,
    make_ahead,
    readable_by_others,
)
from conversations.sealing import CannotOpen, Sealable, open_box

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Folders:
    private: Path
    public: Path

    def make(self, now: datetime) -> None:
        make_ahead(self.private, self.public, now)

    def destroy(self, now: datetime) -> tuple[str, ...]:
        return destroy_expired(self.private, self.public, now)

    def contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for folder in (self.private, self.public) for path in folder.iterdir()}


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "private", tmp_path / "public")


def test_what_is_sealed_with_the_key_of_a_day_opens_with_its_private_half(folders: Folders) -> None:
    folders.make(NOW)
    key = PublicKeys(folders.public).of_day(NOW)
    box = Sealable("x").seal(key, "words", "r", NOW + DAY)
    assert open_box(box, PrivateKeys(folders.private).open_with(key.name), "words", "r", NOW) == "x"


def test_a_worker_that_rests_for_a_week_leaves_keys_for_every_day_of_it(folders: Folders) -> None:
    folders.make(NOW)
    public = PublicKeys(folders.public)
    assert len({public.of_day(NOW + ahead * DAY).name for ahead in range(8)}) == 8
    assert public.weekly(NOW + 7 * DAY)
    with pytest.raises(MissingKey, match="worker"):
        public.of_day(NOW + 8 * DAY)


def test_making_again_changes_no_key(folders: Folders) -> None:
    folders.make(NOW)
    before = folders.contents()
    folders.make(NOW)
    assert folders.contents() == before
    folders.make(NOW + DAY)
    assert before.items() <= folders.contents().items()


def test_eight_makers_at_once_leave_one_set_of_keys_whose_halves_fit(folders: Folders) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(folders.make, [NOW] * 8))
    private, public = PrivateKeys(folders.private), PublicKeys(folders.public)
    for ahead in range(8):
        key = public.of_day(NOW + ahead * DAY)
        assert bytes(private.open_with(key.name).public_key) == bytes(key.public)
    assert not [name for name in folders.contents() if name.startswith(".")]


def test_no_two_keys_are_the_same(folders: Folders) -> None:
    folders.make(NOW)
    contents = folders.contents()
    assert len(set(contents.values())) == len(contents)
    assert {len(content) for content in contents.values()} == {KEY_BYTES}


@pytest.mark.parametrize(("days", "there"), [(0, True), (7, True), (8, False), (30, False)])
def test_a_day_key_lives_seven_days(folders: Folders, days: int, there: bool) -> None:
    folders.make(NOW)
    name = PublicKeys(folders.public).of_day(NOW).name
    folders.destroy(NOW + days * DAY)
    assert (folders.private / f"{name}.private").exists() == there
    assert (folders.public / f"{name}.public").exists() == there
    if not there:
        with pytest.raises(CannotOpen):
            PrivateKeys(folders.private).open_with(name)


def test_a_box_of_the_last_minute_of_a_day_can_be_opened_for_seven_days(folders: Folders) -> None:
    night = NOW.replace(hour=23, minute=59)
    folders.make(night)
    key = PublicKeys(folders.public).of_day(night)
    box = Sealable("x").seal(key, "words", "r", night + 7 * DAY)
    almost = night + 7 * DAY - timedelta(seconds=1)
    folders.destroy(almost)
    assert open_box(box, PrivateKeys(folders.private).open_with(key.name), "words", "r", almost) == "x"


@pytest.mark.parametrize(("days", "there"), [(0, True), (13, True), (14, False)])
def test_a_weekly_key_lives_through_its_own_week_and_the_next(folders: Folders, days: int, there: bool) -> None:
    folders.make(NOW)
    folders.destroy(NOW + days * DAY)
    assert (folders.public / "week-2026-48.key").exists() == there


def test_the_week_is_the_iso_week_also_around_new_year(folders: Folders) -> None:
    silvester = datetime(2026, 12, 31, 12, tzinfo=UTC)  # week 53 of 2026, until Sunday 3 January
    folders.make(silvester)
    public = PublicKeys(folders.public)
    assert public.weekly(silvester)[0] == public.weekly(datetime(2027, 1, 3, 23, 59, tzinfo=UTC))[0]
    current, previous = public.weekly(datetime(2027, 1, 4, 0, 0, tzinfo=UTC))
    assert previous == public.weekly(silvester)[0] != current
    assert folders.destroy(datetime(2027, 1, 10, 12, tzinfo=UTC)) == tuple(
        sorted(
            f"day-{day}.{half}" for day in ("2026-12-31", "2027-01-01", "2027-01-02") for half in ("private", "public")
        )
    )
    assert "week-2026-53.key" in folders.destroy(datetime(2027, 1, 11, 12, tzinfo=UTC))


def test_before_a_first_full_week_both_weekly_keys_are_the_current_one(folders: Folders) -> None:
    folders.make(NOW)
    current, previous = PublicKeys(folders.public).weekly(NOW)
    assert current == previous


@pytest.mark.parametrize("left", [".day-2026-11-15.private.0a1b2c3d", ".week-2026-46.key.0a1b2c3d"])
def test_what_a_crash_left_of_an_old_key_is_destroyed_with_it(folders: Folders, left: str) -> None:
    folders.make(NOW)
    folder = folders.private if "private" in left else folders.public
    (folder / left).write_bytes(b"k" * KEY_BYTES)
    assert left in folders.destroy(NOW)
    assert not (folder / left).exists()


@pytest.mark.parametrize("change", [datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC), NOW])
def test_a_key_that_nobody_destroyed_is_seen_from_the_public_side_alone(folders: Folders, change: datetime) -> None:
    start = change - 4 * DAY
    folders.make(start)
    last = start.replace(hour=23, minute=59) + 7 * DAY
    assert not kept_too_long(folders.public, last)
    assert kept_too_long(folders.public, last + timedelta(minutes=1))
    folders.destroy(last + timedelta(minutes=1))
    assert not kept_too_long(folders.public, last + timedelta(minutes=1))


def test_destroying_leaves_the_long_lived_key(folders: Folders) -> None:
    folders.make(NOW)
    kept = PrivateKeys(folders.private).opt_out()
    folders.destroy(NOW + 400 * DAY)
    assert PrivateKeys(folders.private).opt_out() == kept


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../opt-out",
        "opt-out",
        "/etc/passwd",
        "day-2026-11-23/..",
        "x" * 5000,
        "a\0b",
        "session",
        "day-2026-11-23\n",
    ],
)
def test_a_box_that_names_something_else_is_only_shut(folders: Folders, name: str) -> None:
    folders.make(NOW)
    with pytest.raises(CannotOpen):
        PrivateKeys(folders.private).open_with(name)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_not_used(folders: Folders, content: bytes) -> None:
    folders.make(NOW)
    (folders.public / "day-2026-11-23.public").write_bytes(content)
    with pytest.raises(MissingKey, match=r"day-2026-11-23\.public"):
        PublicKeys(folders.public).of_day(NOW)


def test_nobody_else_may_read_a_private_key_and_nothing_private_lies_in_the_public_folder(folders: Folders) -> None:
    folders.make(NOW)
    assert list(readable_by_others(folders.private)) == []
    assert not [name for name in os.listdir(folders.public) if "private" in name or "opt-out" in name]
    private = {path.read_bytes() for path in folders.private.iterdir()}
    assert private.isdisjoint(path.read_bytes() for path in folders.public.iterdir())


def test_a_private_key_that_others_may_read_is_named(folders: Folders) -> None:
    folders.make(NOW)
    (folders.private / "opt-out.key").chmod(0o640)
    assert list(readable_by_others(folders.private)) == ["opt-out.key"]
    folders.private.chmod(0o755)
    assert list(readable_by_others(folders.private)) == ["private", "opt-out.key"]


def test_a_hash_depends_on_purpose_value_and_key_and_shows_none() -> None:
    hashes = {keyed_hash(purpose, value, key) for purpose in "ab" for value in ("1", "2") for key in ("k", "l")}
    assert len(hashes) == 8
    assert keyed_hash("a", "1", "k") == keyed_hash("a", "1", "k")
    assert keyed_hash("ab", "c", "k") != keyed_hash("a", "bc", "k")
    assert {len(each) for each in hashes} == {32}


def test_a_box_names_the_day_on_which_its_life_ends(folders: Folders) -> None:
    make_ahead(folders.private, folders.public, NOW)
    box = Sealable("+447700900123").seal(PublicKeys(folders.public).of_day(NOW), "comment", "row", NOW + 7 * DAY)
    assert life_ends(box) == date(2026, 11, 30)


@pytest.mark.parametrize("box", [b"", b"x", b"day-", b"day-2026-13-01\nx", b"alert-" + b"a" * 32 + b"\nx", b"\xff\nx"])
def test_a_box_that_names_no_day_has_no_such_day(box: bytes) -> None:
    assert life_ends(box) is None
