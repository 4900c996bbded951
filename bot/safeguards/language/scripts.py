"""Which script a text is written in: the first and surest thing that a text says about its language."""

from __future__ import annotations

import re
from types import MappingProxyType

SCRIPTS = MappingProxyType(
    {
        "latin": re.compile(r"[a-z\u00aa\u00ba\u00df-\u00f6\u00f8-\u024f\u0250-\u02af\u1e00-\u1eff]"),
        "cyrillic": re.compile(r"[\u0400-\u052f]"),
        "arabic": re.compile(r"[\u0620-\u064a\u066e-\u06d3\u06d5\u06ee-\u06ff\u0750-\u077f\u08a0-\u08c9]"),
        "ethiopic": re.compile(r"[\u1200-\u1357\u1380-\u138f\u2d80-\u2ddf\uab00-\uab2f]"),
        "gurmukhi": re.compile(r"[\u0a05-\u0a39\u0a59-\u0a5e\u0a72-\u0a74]"),
        "han": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002fa1f]"),
    }
)
"""Letters only, marks and digits left out, lower case."""

OWN_SCRIPTS = MappingProxyType({"gurmukhi": "pa", "han": "zh"})
"""Scripts that, of all languages we know, only one is written in."""

ALPHABETS = frozenset({"latin", "cyrillic", "arabic"})
"""Scripts in which one or two letters hardly ever tell anything; elsewhere a single sign can be a whole answer."""

_ONLY_LATIN = MappingProxyType({"latin": SCRIPTS["latin"]})
_LETTER = re.compile(r"[^\W\d_]")
_MOSTLY = 0.6
_JAPANESE_OR_KOREAN = re.compile(r"[\u3040-\u30ff\u1100-\u11ff\uac00-\ud7af]")
# A Han or Ethiopic sign holds as much as two to four Latin letters; without this a brand name hides a Chinese sentence.
_SIGN_WEIGHT = MappingProxyType({"han": 4, "ethiopic": 2, "gurmukhi": 2})


def script_of(text: str) -> tuple[str | None, int]:
    """The script that clearly prevails in a plain text, and its number of letters; None for a mixture or no letters."""
    if _JAPANESE_OR_KOREAN.search(text):
        return None, 0
    asked = _ONLY_LATIN if text.isascii() else SCRIPTS
    counts = {script: len(pattern.findall(text)) for script, pattern in asked.items()}
    other = len(_LETTER.findall(text)) - sum(counts.values())
    weighed = {script: count * _SIGN_WEIGHT.get(script, 1) for script, count in counts.items()}
    most = max(weighed, key=lambda script: weighed[script])
    if weighed[most] == 0 or weighed[most] < _MOSTLY * (sum(weighed.values()) + max(other, 0)):
        return None, 0
    return most, counts[most]
