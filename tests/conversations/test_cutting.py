"""Words of a comment that may have to go: which they are, who decides, and what is left of a doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.cutting import REMOVED, Cut, Doubt, cut, doubts, is_redaction, may_be_shared, places

TEXT = "hope and big Al came"


@pytest.mark.parametrize(
    ("text", "details", "found"),
    [
        (TEXT, [(0, 4, "name")], [(0, "name")]),
        (TEXT, [(9, 15, "name")], [(2, "name"), (3, "name")]),
        (TEXT, [(10, 11, "name")], [(2, "name")]),  # half a word is the whole word
        (TEXT, [(4, 5, "name")], []),  # between words
        (TEXT, [], []),
        ("  hope \n came", [(7, 12, "name")], [(1, "name")]),
        (f"{REMOVED} came", [(1, 8, "name")], []),
        ("", [], []),
    ],
)
def test_a_detail_makes_the_words_that_it_touches_doubtful(
    text: str, details: list[tuple[int, int, str]], found: list[tuple[int, str]]
) -> None:
    assert places(text, details) == found


@pytest.mark.parametrize(
    ("doubtful", "found"),
    [
        (None, ()),
        ([], ()),
        ([(0, "name")], (Doubt((0,), "hope"),)),
        ([(2, "name"), (3, "name")], (Doubt((2, 3), "big Al"),)),
        ([[2, "name"], [3, "name"]], (Doubt((2, 3), "big Al"),)),  # as JSON gives it back
        ([(2, "school"), (3, "name")], (Doubt((2,), "big"), Doubt((3,), "Al"))),
        ([(0, "name"), (2, "name")], (Doubt((0,), "hope"), Doubt((2,), "big"))),
    ],
)
def test_neighbours_of_one_kind_are_one_doubt(doubtful: list[tuple[int, str]] | None, found: tuple[Doubt, ...]) -> None:
    assert doubts(TEXT, doubtful) == found


@pytest.mark.parametrize(
    ("doubtful", "looked", "may"),
    [
        ([], False, True),
        ([], True, True),
        ([(0, "name")], True, True),
        ([(0, "name")], False, False),
        (None, False, False),
        (None, True, False),  # nobody can have looked at what is not underlined yet
    ],
)
def test_only_what_worker_and_person_have_looked_at_may_be_shared(
    doubtful: list[tuple[int, str]] | None, looked: bool, may: bool
) -> None:
    assert may_be_shared(doubtful, looked) is may


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        ([], Cut(TEXT, [(0, "name"), (2, "name"), (3, "name")])),
        ([0], Cut("[removed] and big Al came", [(2, "name"), (3, "name")])),
        ([0, 1], Cut("[removed] big Al came", [(1, "name"), (2, "name")])),
        ([0, 1, 2], Cut("[removed] Al came", [(1, "name")])),
        ([0, 2, 3], Cut("[removed] and [removed] came", [])),
        ([4], Cut("hope and big Al [removed]", [(0, "name"), (2, "name"), (3, "name")])),
        ([9], Cut(TEXT, [(0, "name"), (2, "name"), (3, "name")])),
    ],
)
def test_a_doubt_goes_with_its_word_and_stays_with_the_others(gone: list[int], left: Cut) -> None:
    assert cut(TEXT, [(0, "name"), (2, "name"), (3, "name")], gone) == left


def test_what_nobody_has_looked_at_is_not_settled_by_taking_words_out() -> None:
    assert cut(TEXT, None, [0]).doubtful is None


WORDS = st.lists(st.sampled_from(["a", "b", "hope", "al", REMOVED]), max_size=12)
PLACES = st.sets(st.integers(0, 11))


@given(words=WORDS, doubtful=PLACES, gone=PLACES)
def test_doubts_name_the_same_words_whatever_else_goes(words: list[str], doubtful: set[int], gone: set[int]) -> None:
    sure = [place for place in sorted(doubtful) if place < len(words) and words[place] != REMOVED]
    text = " ".join(words)
    left = cut(text, [(place, "name") for place in sure], gone)
    assert is_redaction(text, left.text)
    named = [left.text.split()[place] for place, _ in left.doubtful or ()]
    assert named == [words[place] for place in sure if place not in gone]
