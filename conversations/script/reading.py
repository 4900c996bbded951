"""How hard an English text is to read, and which words in it have a plainer or a kinder one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

GRADE_LIMIT = 5.0
"""Flesch-Kincaid grade: years at school. A nine-year-old is in the fourth year and has not finished the fifth."""

FEWEST_WORDS = 8
"""Below this the grade says nothing: one long word would decide it."""

LONG_WORD = 4
"""Syllables from which a word is hard, unless it is one that nine-year-olds know."""

KNOWN_LONG_WORDS = frozenset({"emergency", "emergencies", "anybody", "everybody", "television", "usually"})

# After The Promise (thepromise.scot), which asks for words that do not set young people apart.
UNKIND_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "at risk": "not safe",
        "biological": "birth",
        "care leaver": "young person",
        "care leavers": "young people",
        "case": "life, or plan",
        "cases": "lives, or plans",
        "caseworker": "worker",
        "challenging behaviour": "what you do when things are hard",
        "child": "young person",
        "children": "young people",
        "client": "young person",
        "contact": "time with your family",
        "foster placement": "home",
        "kids": "young people",
        "lac": "in care",
        "looked after": "in care",
        "perpetrator": "the person who hurt you",
        "placement": "home, or where you live",
        "placements": "homes",
        "respite": "a short break",
        "service user": "young person",
        "service users": "young people",
        "sibling": "brother or sister",
        "siblings": "brothers and sisters",
        "unit": "home, or house",
        "user": "young person",
        "users": "young people",
        "victim": "person who was hurt",
        "vulnerable": "not safe",
    }
)

HARD_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "additional": "more",
        "advise": "tell",
        "anonymous": "nobody can tell it was you",
        "appropriate": "right",
        "assess": "look at",
        "assessment": "plan, or report",
        "assist": "help",
        "assistance": "help",
        "attend": "go to",
        "commence": "start",
        "concern": "worry",
        "concerns": "worries",
        "confidential": "we do not tell others",
        "consent": "say that it is OK",
        "consult": "ask",
        "consultation": "asking you",
        "contribute": "add, or help",
        "currently": "now",
        "disclose": "tell",
        "engage": "take part",
        "ensure": "make sure",
        "facilitate": "help",
        "identify": "find, or tell who",
        "implement": "do",
        "influence": "change",
        "inform": "tell",
        "information": "what you were told",
        "intervention": "help",
        "involvement": "having a say",
        "multi-agency": "people who work together",
        "obtain": "get",
        "outcome": "what happened",
        "outcomes": "what happened",
        "participate": "take part",
        "participation": "taking part",
        "perceive": "feel",
        "prior": "before",
        "professional": "worker",
        "professionals": "workers",
        "provide": "give",
        "receive": "get",
        "regarding": "about",
        "require": "need",
        "respond": "answer",
        "response": "answer",
        "responses": "answers",
        "safeguarding": "keeping you safe",
        "satisfied": "happy",
        "sufficient": "enough",
        "survey": "questions",
        "terminate": "stop",
        "transition": "change, or move",
        "utilise": "use",
        "wellbeing": "how you are",
    }
)

_SENTENCE_END = re.compile(r"[.!?:\n]+")
_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_PLACEHOLDER = re.compile(r"\{[^}]*\}")
_VOWELS = re.compile(r"[aeiou]+y?|\By")
# An e at the end is heard in "table" and "the", not in "hope"; an ed is heard after t and d only.
_SILENT_END = re.compile(r"(?:[^laeiouy]e|[aeiouy]le|[^tdaeiouy]ed|[^aeiouyscxzgh]es|[bcdfgkmnprtvw]ely)$")
_TWO_SOUNDS = re.compile(r"i[ao](?!u)|[eou]ing$|eo$|ism$")
_ONE_SOUND = re.compile(r"[ct]ia|[cstx]io")
# Words that we often need and whose letters mislead.
_COUNTED: Mapping[str, int] = MappingProxyType(
    {
        "area": 3,
        "created": 3,
        "everyone": 3,
        "everything": 3,
        "eye": 1,
        "idea": 3,
        "ideas": 3,
        "quiet": 2,
        "science": 2,
        "somebody": 3,
        "someone": 2,
        "something": 2,
        "sometimes": 2,
        "somewhere": 2,
        "usually": 4,
    }
)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without numbers and without what is filled in later."""
    return _WORD.findall(_PLACEHOLDER.sub(" ", text).lower())


def syllables(word: str) -> int:
    """About how many syllables an English word has, from its letters alone; never less than one."""
    if word in _COUNTED:
        return _COUNTED[word]
    count = len(_VOWELS.findall(word)) + len(_TWO_SOUNDS.findall(word)) - len(_ONE_SOUND.findall(word))
    return max(1, count - bool(_SILENT_END.search(word)))


def grade(text: str) -> float:
    """The Flesch-Kincaid grade (Kincaid and others, 1975); 0 for a text too short to say."""
    words = words_of(text)
    if len(words) < FEWEST_WORDS:
        return 0.0
    sentences = sum(1 for each in _SENTENCE_END.split(_PLACEHOLDER.sub("x", text)) if words_of(each))
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def reading_faults(text: str) -> list[str]:
    """What makes this English text hard or unkind for a nine-year-old, each as one reason."""
    words = words_of(text)
    spaced = f" {' '.join(words)} "
    faults = [
        f'"{word}" is not a word to use with young people; say "{better}"'
        for word, better in UNKIND_WORDS.items()
        if f" {word} " in spaced
    ]
    faults += [f'"{word}" is a hard word; say "{HARD_WORDS[word]}"' for word in words if word in HARD_WORDS]
    faults += [f'"{word}" is a long word' for word in words if _is_long(word)]
    found = grade(text)
    if found > GRADE_LIMIT:
        faults.append(f"too hard to read: grade {found:.1f}, at most {GRADE_LIMIT:.1f}; shorten sentences and words")
    return faults


def _is_long(word: str) -> bool:
    return syllables(word) >= LONG_WORD and word not in KNOWN_LONG_WORDS and word not in HARD_WORDS
