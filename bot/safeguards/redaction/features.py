"""What the tagger is told of each token: its look, what the lists know of it, and what stands around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain

from bot.safeguards.redaction.tokens import Token
from bot.safeguards.redaction.words import (
    AMBIGUOUS,
    ELSEWHERE,
    FORENAME,
    FORENAME_ABROAD,
    KEPT,
    ORDINARY,
    PLACE,
    STEP,
    SURNAME,
    SURNAME_ABROAD,
    Words,
    without_one,
)

Lookup = Callable[[str], int]

_FLAGS = (
    (FORENAME, "F"),
    (SURNAME, "S"),
    (AMBIGUOUS, "A"),
    (PLACE, "P"),
    (ORDINARY, "O"),
    (KEPT, "K"),
    (ELSEWHERE, "E"),
    (FORENAME_ABROAD, "f"),
    (SURNAME_ABROAD, "s"),
)
_EVERYDAY = ORDINARY | KEPT | AMBIGUOUS
_SORTS = (
    ("N", FORENAME, _EVERYDAY),
    ("A", AMBIGUOUS, 0),
    ("P", PLACE, ORDINARY | KEPT),
    ("S", FORENAME_ABROAD | SURNAME | SURNAME_ABROAD, ORDINARY | KEPT),
    ("E", ELSEWHERE, 0),
)
"""Sorts of words, the first that fits: which flag it must have, and which not."""

LONGEST_SLIP = 12
"""In longer words nobody looks for an everyday one that is one slip of the thumb away."""

_RUNS = re.compile(r"(.)\1{2,}")
_LEET = str.maketrans("013457@$", "oieastas")
_PIECES = (
    *((size, f"p{size}=", slice(size)) for size in (1, 2, 3, 4)),
    *((size, f"s{size}=", slice(-size, None)) for size in (1, 2, 3, 4)),
)
_ENDINGS = ("s", "es", "ed", "d", "ing", "in", "ly", "er", "est", "y")


def features_of(tokens: Sequence[Token], words: Words, shapes: Sequence[str], lookup: Lookup) -> list[list[str]]:
    """One list of features a token; `shapes` says which kind of pattern each token lies in, or ""."""
    plain = [_plain(token) for token in tokens]
    flags = [lookup(word) for word in plain]
    classes = [_class(each, token) for each, token in zip(flags, tokens, strict=True)]
    sorts = [sort_of(word, each) for word, each in zip(plain, flags, strict=True)]
    looks = [_look(token.text) for token in tokens]
    phrases = _phrases(plain, words)
    meanings = [words.meaning(word) for word in plain]
    manner = manner_of(tokens)
    around = zip(*(_beside(step, plain, classes, looks) for step in (-3, -2, -1, 1, 2, 3)), strict=True)
    found = []
    for place, beside in enumerate(around):
        word, kind, look = plain[place], classes[place], looks[place]
        told = ["bias", f"w={word}", f"c={kind}", f"l={look}", f"cl={kind}{look}"]
        told += chain.from_iterable(beside)
        told += _pairs(place, plain)
        told += _meant(place, meanings, sorts[place])
        told += _sorted(place, plain, sorts, f"{manner}{look}{opens(tokens, place)}")
        told += _alone(tokens[place], word, flags[place], words, lookup)
        told += (f"q={shapes[place]}", f"g={phrases[place]}")
        found.append(told)
    return found


def _beside(step: int, plain: Sequence[str], classes: Sequence[str], looks: Sequence[str]) -> list[tuple[str, ...]]:
    """What each token is told of the one so many steps away."""
    word, kind, look = f"w{step}=", f"c{step}=", f"l{step}="
    told: list[tuple[str, ...]]
    if -2 <= step <= 2:
        told = [(word + a, kind + b, look + c) for a, b, c in zip(plain, classes, looks, strict=True)]
    else:
        told = [(word + a, kind + b) for a, b in zip(plain, classes, strict=True)]
    nobody: list[tuple[str, ...]] = [(f"{word}<>",)] * min(abs(step), len(plain))
    return told[step:] + nobody if step > 0 else nobody + told[:step]


def _pairs(place: int, plain: Sequence[str]) -> list[str]:
    found = []
    if place > 1:
        found.append(f"w-2w-1={plain[place - 2]}|{plain[place - 1]}")
    if 0 < place < len(plain) - 1:
        found.append(f"w-1w+1={plain[place - 1]}|{plain[place + 1]}")
    return found


def _meant(place: int, meanings: Sequence[int], sort: str) -> list[str]:
    """What the word and those around it mean, as numbers of groups; 0 for what has no group, -1 for nothing there."""
    own = meanings[place]
    before = meanings[place - 1] if place else -1
    after = meanings[place + 1] if place + 1 < len(meanings) else -1
    found = [f"tt={before}|{after}", f"tk-1={before}|{sort}", f"tk+1={sort}|{after}"]
    if own:
        found += (f"t={own}", f"tm={own}|{before}")
    if before > 0:
        found.append(f"t-1={before}")
    if after > 0:
        found.append(f"t+1={after}")
    if place > 1 and (second := meanings[place - 2]):
        found += (f"t-2={second}", f"t-2k={second}|{before}|{sort}")
    if place + 2 < len(meanings) and (second := meanings[place + 2]):
        found.append(f"t+2={second}")
    return found


def _sorted(place: int, plain: Sequence[str], sorts: Sequence[str], look: str) -> list[str]:
    """The sort of the word together with what stands around it."""
    sort = sorts[place]
    last, before = (sorts[place - 1], plain[place - 1]) if place else ("<", "<")
    following, after = (sorts[place + 1], plain[place + 1]) if place + 1 < len(sorts) else (">", ">")
    found = [f"k={sort}", f"m={look}", f"km={sort}{look}", f"kk-1={last}{sort}", f"kk+1={sort}{following}"]
    found += [f"kkk={last}{sort}{following}", f"kw-1={before}|{sort}", f"kw+1={sort}|{after}"]
    if place > 1:
        found += [f"kw-2={plain[place - 2]}|{before}|{sort}", f"k-2={sorts[place - 2]}{last}{sort}"]
    if place + 2 < len(sorts):
        found.append(f"k+2={sort}{following}{sorts[place + 2]}")
    return found


def _alone(token: Token, word: str, flags: int, words: Words, lookup: Lookup) -> list[str]:
    """Pieces of the word, its cues, and whether it is nearly a name."""
    is_word = word[:1].isalpha()
    found = [f"cue={cue}" for cue in words.cues.get(word, ())]
    found += _listed(flags, is_word)
    if token.glued:
        found.append("glued")
    if is_word:
        length = len(word)
        found += [name + word[cut] for size, name, cut in _PIECES if length > size]
        found.append(f"n={min(length, 9)}")
        if not flags:
            found += _unknown(word, words, lookup)
    elif word[:1].isdigit():
        found.append(f"d={len(word)}")
    return found


@cache
def _listed(flags: int, is_word: bool) -> tuple[str, ...]:
    """What the lists know."""
    found = [f"f={letter}" for bit, letter in _FLAGS if flags & bit]
    if is_word:
        found.append(f"z={flags >> STEP}")
        if flags & (FORENAME | SURNAME) and not flags & _EVERYDAY:
            found.append(f"clear={flags & FORENAME and 1}")
    return tuple(found)


def _unknown(word: str, words: Words, lookup: Lookup) -> list[str]:
    """What an unfamiliar word could be a form of."""
    found = ["unknown"]
    short = _RUNS.sub(r"\1", word)
    for form in dict.fromkeys((short, word.translate(_LEET), word.removesuffix("s"))):
        if form != word and (flags := lookup(form)):
            found.append(f"form={_bits(flags)}")
    if len(word) >= 4 and word.isascii():
        spellings = (word, *without_one(word))
        if len(word) >= 5 and any(map(words.near.of, spellings)):
            found.append("near")
        found.append(f"slip={max(map(words.slips.of, spellings)) if len(word) <= LONGEST_SLIP else 0}")
        found += [
            f"base={_bits(flags)}"
            for ending in _ENDINGS
            if word.endswith(ending)
            if (flags := lookup(word[: -len(ending)]))
        ]
    if word[:1] in "ولبك" and (flags := lookup(word[1:])):
        found.append(f"form={_bits(flags)}")
    return found


def _plain(token: Token) -> str:
    if token.text[0].isdigit():
        return "0" * min(len(token.text), 12)
    return token.plain or token.text


def sort_of(word: str, flags: int) -> str:
    """What matters most about a word: a clear name, one that is a word too, a place, unknown, everyday."""
    if not word[:1].isalpha():
        return "#" if word[:1].isdigit() else word[:1]
    for sort, wanted, unwanted in _SORTS:
        if flags & wanted and not flags & unwanted and (sort != "S" or flags >> STEP < 4):
            return sort
    return "U" if flags >> STEP < 2 else "C" if flags >> STEP >= 5 or flags & KEPT else "W"


def _class(flags: int, token: Token) -> str:
    """What the lists know, as letters; signs and numbers are classes of their own."""
    first = token.text[0]
    if first.isdigit():
        return f"#{min(len(token.text), 12)}"
    if not first.isalpha():
        return "[" if len(token.text) > 2 else first if first.isascii() else "~"
    return _bits(flags)


@cache
def _bits(flags: int) -> str:
    return "".join(letter for bit, letter in _FLAGS if flags & bit) + str(flags >> STEP)


def _look(text: str) -> str:
    if text.islower():
        return "x"
    if text.istitle():
        return "X" if len(text) == 1 else "Xx"
    if text.isupper():
        return "XX"
    return "xX" if text[0].isalpha() else "."


def _phrases(plain: Sequence[str], words: Words) -> list[str]:
    """Which tokens lie in the name of a place or a school of several words."""
    found = [""] * len(plain)
    for place, word in enumerate(plain):
        for kind, rest in words.phrases.get(word, ()):
            if tuple(plain[place + 1 : place + 1 + len(rest)]) == rest:
                found[place : place + 1 + len(rest)] = [kind] * (1 + len(rest))
                break
    return found


def manner_of(tokens: Sequence[Token]) -> str:
    """How the writer uses capitals: n for none, c for some (with care), a for everywhere, ? when nobody can tell."""
    inner = [token.text for token in tokens[1:] if token.text[0].isalpha() and len(token.text) > 1]
    if not inner:
        return "?"
    capitals = sum(word[0].isupper() for word in inner)
    return "n" if not capitals else "c" if capitals * 5 <= len(inner) * 2 else "a"


def opens(tokens: Sequence[Token], place: int) -> str:
    """Whether a sentence begins here."""
    if not place or tokens[place - 1].text in ".!?:;":
        return "^"
    return ""
