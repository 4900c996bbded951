"""Why the screen chose a text, in plain words for whoever reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "not-covered": "No reviewed word list covers this language",
        "denied": "They say that it is not so",
        "blank": "No words that we could read",
        "media": "A picture or voice note",
        "not-assessed:second-look": "The second look broke on this text",
        "not-assessed:no-encoder": "The second look could not be taken: nobody has looked at this twice",
        "model:worry": "It reads like a worry",
        "model:doubts": "A rule found something; the model does not think that it is meant",
        "context:not-sure-safe": "They are not sure whether they are safe",
        "duty:raised": "Raised by a duty worker who read it",
        "context:second-worry": "The second worry in a row",
        "context:taken-back": "They took back what they had said",
        "context:help-alone": "They asked for help and said no more",
        "context:999": "They wrote 999, or asked for the police",
        "context:stopped": "They stopped right after a worry",
        "context:not-safe": "They said that they are not safe",
        "context:asked-for-someone": "They asked for somebody to talk to",
    }
)
LANGUAGES: Mapping[str, str] = MappingProxyType(
    {"ar": "Arabic", "gd": "Gaelic", "pl": "Polish", "sco": "Scots", "uk": "Ukrainian", "ur": "Urdu"}
)
MINDS: Mapping[str, str] = MappingProxyType({"model": "Reads like", "encoder": "The second look: reads like"})
LIKE = re.compile(r"(model|encoder):([a-z_]+):[01]\.\d\d")
"""The number after the category is for inspectors: it ranks texts and is no likelihood that anybody may quote."""
RULE = re.compile(r"([a-z]{2,3})[-.](.+)")


def plain(reason: str) -> str:
    """One reason as staff read it; a rule such as `pl-low-mood` says what it looks for, and in which language."""
    if reason in WORDS:
        return WORDS[reason]
    if like := LIKE.fullmatch(reason):
        return f"{MINDS[like[1]]} {_sentence(like[2]).lower()}"
    rule = RULE.fullmatch(reason)
    if rule is None or rule[1] not in {"en", *LANGUAGES}:
        return _sentence(reason)
    language = f" ({LANGUAGES[rule[1]]} words)" if rule[1] in LANGUAGES else ""
    return f"{_sentence(rule[2])}{language}"


def _sentence(name: str) -> str:
    words = re.sub(r"[-_.:]+", " ", name).strip()
    return words[:1].upper() + words[1:]
