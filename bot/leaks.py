"""How well redaction does on texts whose details are known: what is left of them, and what else is lost."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bot.evaluation import Line, Unreadable, objects
from bot.safeguards.figures import Figures, percentile, share

_WORD = re.compile(r"\w+|[^\w\s]")
_GENERIC = frozenset(
    """
    a and ave avenue brae co college community court crescent cres com ct dr drive flat gardens gdns gmail
    grammar grove high hotmail http https icloud in lane ln loan miss mr mrs ms net no number of of org outlook
    pl place primary quadrant rd road s school secondary st street terrace terr the uk university view way www
    wynd yahoo
    """.split()  # noqa: SIM905  # to be read, not to be scrolled
)
"""Words of an address or a school that point to nobody alone: they may stay when the rest is gone."""

KINDS: Mapping[str, str] = MappingProxyType({
    "NAME": "name", "PLACE": "place", "SCHOOL": "school", "PHONE": "phone", "EMAIL": "email", "HANDLE": "handle",
    "URL": "link", "DOB": "date of birth", "CHI": "number", "NINO": "number", "PLATE": "plate", "POSTCODE": "postcode",
    "ADDRESS": "address",
})  # fmt: skip
"""What files of other projects call the kinds."""


@dataclass(frozen=True, slots=True)
class Known:
    """A text with the places of its details, and stretches about which people may differ."""

    text: str
    language: str
    hand: str
    details: tuple[tuple[int, int, str], ...]
    unsure: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one text."""

    known: Known
    left: tuple[str, ...]
    lost: int
    others: int
    milliseconds: float


def read(lines: Iterable[str]) -> list[Known]:
    """The texts in JSON lines: `text`, and `details` as [start, end, kind] or `spans` with start, end and label.

    Raises Unreadable with the number of the line.
    """
    return [_known(line, number) for number, line in objects(lines)]


def judge(known: Iterable[Known], redact: Callable[[str, str], str], seconds: Callable[[], float]) -> Iterator[Outcome]:
    """What redaction leaves and loses of each text, and how long it took."""
    for each in known:
        started = seconds()
        redacted = redact(each.text, each.language)
        yield outcome(each, redacted, 1000 * (seconds() - started))


def outcome(known: Known, redacted: str, milliseconds: float = 0.0) -> Outcome:
    """A detail is left when any word of it that could point to somebody survives."""
    words = [(match.start(), match.end(), match.group()) for match in _WORD.finditer(known.text)]
    stays = _survivors([word for _, _, word in words], [match.group() for match in _WORD.finditer(redacted)])
    left, inside = list[str](), set[int]()
    for start, end, kind in known.details:
        own = [
            place
            for place, (first, last, word) in enumerate(words)
            if start < last and first < end and word[0].isalnum()
        ]
        inside.update(own)
        telling = [place for place in own if words[place][2].lower() not in _GENERIC] or own
        if stays.intersection(telling):
            left.append(kind)
    others = [
        place
        for place, (first, last, word) in enumerate(words)
        if word[0].isalnum() and place not in inside and not any(a < last and first < b for a, b in known.unsure)
    ]
    return Outcome(known, tuple(left), len(set(others) - stays), len(others), milliseconds)


def report(outcomes: Sequence[Outcome]) -> Figures:
    """Leaks and losses together, since deleting everything leaks nothing."""
    telling = [each for each in outcomes if each.known.details]
    plain = [each for each in outcomes if not each.known.details]
    times = [each.milliseconds for each in outcomes]
    return {
        "n": len(outcomes),
        "texts_with_something_left": _leaks(telling),
        "the_same_by_hand": {hand: _leaks(rows) for hand, rows in _by(telling, lambda each: [each.known.hand])},
        "details_left_by_kind": {
            kind: share(sum(each.left.count(kind) for each in rows), sum(_count(each, kind) for each in rows))
            for kind, rows in _by(telling, lambda each: [kind for _, _, kind in each.known.details])
        },
        "other_words_lost": share(sum(each.lost for each in outcomes), sum(each.others for each in outcomes)),
        "texts_without_details_touched": share(sum(each.lost > 0 for each in plain), len(plain)),
        "milliseconds": {"p50": round(percentile(times, 0.5), 3), "p99": round(percentile(times, 0.99), 3)},
    }


def _leaks(rows: Sequence[Outcome]) -> Figures:
    return share(sum(bool(each.left) for each in rows), len(rows))


def _count(each: Outcome, kind: str) -> int:
    return sum(own == kind for _, _, own in each.known.details)


def _by(rows: Sequence[Outcome], names: Callable[[Outcome], Iterable[str]]) -> list[tuple[str, list[Outcome]]]:
    found: dict[str, list[Outcome]] = {}
    for each in rows:
        for name in sorted(set(filter(None, names(each)))):
            found.setdefault(name, []).append(each)
    return sorted(found.items())


def _survivors(before: Sequence[str], after: Sequence[str]) -> set[int]:
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {place for block in blocks for place in range(block.a, block.a + block.size)}


def _known(line: Line, number: int) -> Known:
    text = line.get("text")
    if not isinstance(text, str):
        raise Unreadable(f"line {number} has no text")
    try:
        details = tuple(_detail(each) for each in _listed(line.get("details", line.get("spans", []))))
        unsure = tuple(_detail(each)[:2] for each in _listed(line.get("ignore", [])))
    except (KeyError, TypeError, ValueError):
        raise Unreadable(f"line {number} has details that are not [start, end, kind]") from None
    return Known(text, str(line.get("lang") or ""), str(line.get("hand") or ""), details, unsure)


def _listed(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _detail(each: object) -> tuple[int, int, str]:
    if isinstance(each, Mapping):
        label = str(each.get("label", ""))
        return int(each["start"]), int(each["end"]), KINDS.get(label, label)
    start, end, kind = _listed(each)
    return _place(start), _place(end), str(kind)


def _place(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value
