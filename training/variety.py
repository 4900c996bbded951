"""How varied the corpus is: texts that nearly repeat another, openings that recur, and words known to few hands."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence

from bot.safeguards.triage.wording import normalised, tokens
from training.corpus import Row

SHINGLE = 3
NEARLY = 0.7
"""The share of all three-word runs of two texts that both have, from which they count as near twins."""
MANY = 60
"""A run of words in more texts than this is a common phrase and tells nothing about twins."""


def words(row: Row) -> tuple[str, ...]:
    """The words of a text without marks."""
    return tuple(word for word in tokens(normalised(row.text)) if word.isalnum())


def runs(said: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """Every run of three words, or the whole text where it is shorter."""
    return frozenset(said[start : start + SHINGLE] for start in range(max(len(said) - SHINGLE + 1, 1)))


def twins(rows: Sequence[Row]) -> list[tuple[int, int]]:
    """Pairs of places whose texts of at least four words are nearly the same."""
    every = [runs(words(row)) if len(words(row)) > SHINGLE else frozenset[tuple[str, ...]]() for row in rows]
    places: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, found in enumerate(every):
        for run in found:
            places[run].append(place)
    pairs = {(one, two) for here in places.values() if len(here) <= MANY for one in here for two in here if one < two}
    return sorted(
        (one, two) for one, two in pairs if len(every[one] & every[two]) >= NEARLY * len(every[one] | every[two])
    )


def report(rows: Sequence[Row], part_of: dict[str, str]) -> None:
    """Print the figures, a JSON object a line."""
    found = twins(rows)
    across = [(one, two) for one, two in found if part_of[rows[one].hand] != part_of[rows[two].hand]]
    openings = Counter(words(row)[:3] for row in rows if len(words(row)) > SHINGLE)
    hands: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        for word in words(row):
            hands[word].add(row.hand)
    in_twin = {place for pair in found for place in pair}
    for figure in (
        {"measure": "rows", "n": len(rows), "hands": len({row.hand for row in rows})},
        {"measure": "rows with a near twin", "k": len(in_twin), "percent": round(100 * len(in_twin) / len(rows), 2)},
        {"measure": "near twins across parts (train, calibrate, held out)", "pairs": len(across)},
        {"measure": "most frequent openings", "of": [f"{' '.join(o)} {n}" for o, n in openings.most_common(5)]},
        {"measure": "different words", "n": len(hands), "by one hand only": sum(len(h) == 1 for h in hands.values())},
    ):
        print(json.dumps(figure, ensure_ascii=False))
