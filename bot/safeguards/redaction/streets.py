"""How an address is written: a number, a name and a word for a street."""

from __future__ import annotations

import re
from collections.abc import Callable

_SURE = (
    r"street|road|rd|avenue|ave|crescent|cres|terrace|terr|gardens|gdns|wynd|brae|loan|quadrant|quad|drive|lane|ln|mews|"
    r"court|crt|ct|grove|gr|steading|vennel|causeway"
)
_PERHAPS = (
    r"st|av|dr|way|place|pl|view|vw|row|close|square|sq|park|hill|walk|rise|path|green|rigg|gate|bank|knowe|circle|crofts?"
)
_SMALL = (
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen"
)
_TENS = r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_SPELT = rf"(?:(?:{_SMALL}) hundred(?: (?:and|n))? ?)?(?:(?:{_TENS})(?:[ -](?:{_SMALL}))?|(?:{_SMALL}))"
_NUMBER = rf"(?:\d{{1,4}}[a-d]?(?:/\d{{1,2}})?|{_SPELT})"
_BEFORE = (
    r"(?:(?:flat|unit|room|house|hoose|door|number|nummer|block)\s\w{1,4}(?:/\w{1,3})?,? ){0,2}"
    r"(?:(?:flat|unit|number|nummer|no\.?|house|hoose|door) )?"
)
_AFTER = r"(?:,? (?:(?:top|ground|first|second|third|bottom) )?(?:floor|flair|flat|left|right)(?: \w\b)?)?"

STREET = re.compile(
    rf"(?<![\w.])(?:\d{{1,2}}/\d{{1,2}},? )?{_BEFORE}{_NUMBER},? "
    rf"((?:[^\W\d_][\w'’]{{1,20}} ){{1,3}})({_SURE}|{_PERHAPS})(?!\w){_AFTER}",
    re.IGNORECASE,
)
DOOR = re.compile(
    r"(?<!\w)(?:flat|apt|apartment|blk|hoose number|house number|door)\s\d{1,3}(?:/\d{1,3})?[a-d]?(?!\w)", re.IGNORECASE
)
NUMBERS = frozenset(
    ["0", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "teen",
     "ty"]
)  # fmt: skip
"""One of these stands in every number; 0 is any digit."""

_FILLING = frozenset(
    """
    the a an in on of my ma his her our oor their and n or to for at from with minutes minute mins min hours
    hours times people days weeks months years year old miles mile am pm is was i we they it half more less out
    oot per this that doon down up fae folk bus stops stop pages page staff different wee whole side
    """.split()  # noqa: SIM905  # to be read, not to be scrolled
)
_STREET_NAMES = frozenset(
    """
    high main station church school mill bridge hill park victoria queen king queens kings castle north south
    east west green bank wood shore union princes loch glebe manse bath spring field long old new back market
    harbour river sea view
    """.split()  # noqa: SIM905  # to be read, not to be scrolled
)


def is_address(match: re.Match[str], ordinary: Callable[[str], bool]) -> bool:
    """A number and a street; "5 people in the way" is neither."""
    words = re.findall(r"[^\W\d_]+", match[1].lower())
    if not words or _FILLING & set(words):
        return False
    sure = re.fullmatch(_SURE, match[2], re.IGNORECASE) is not None
    return sure or match[1][:1].isupper() or words[-1] in _STREET_NAMES or not ordinary(words[-1])
