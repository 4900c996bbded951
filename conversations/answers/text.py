"""Turn an answer text into folded tokens that remember where they stood, so that the words around stay verbatim."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

LONGEST = 1600
"""Characters that are read; a text message cannot be longer."""

# What folding by Unicode rules alone would lose or get wrong.
_REPLACED = MappingProxyType(
    {
        "\N{COMBINING ENCLOSING KEYCAP}": " ",
        "\N{KEYCAP TEN}": " 10 ",
        "\N{NUMERO SIGN}": "#",
        "\n": "\n",
        "\r": "\n",
        **dict.fromkeys("\u2018\u2019\u02bc\u02b9\u2032\u00b4`\uff07", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2013", "-"),
        **dict.fromkeys("\u201c\u201d\u00ab\u00bb\u201e", '"'),
        **dict.fromkeys("\u060c\u3001", ","),
        **dict.fromkeys("\u061b", ";"),
        **dict.fromkeys("\u061f", "?"),
        **dict.fromkeys("\u06d4\u3002", "."),
        **dict.fromkeys("\u066a", "%"),
        **dict.fromkeys("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff", ""),
    }
)

# Letters that people type for each other and that do not decompose.
_LETTERS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ı": "i",
        "ى": "ي",
        "ی": "ي",
        "ے": "ي",
        "ة": "ه",
        "ہ": "ه",
        "ھ": "ه",
        "ک": "ك",
        "ـ": "",
        "ں": "ن",
    }
)

_TOKEN = re.compile(
    r"""
    (?P<symbol>
        (?: (?<!\S) | (?<=[^\W_]) ) [:=;]['-]?[()d|\[\]]+ (?![a-z0-9])   # :)  :-(  =D  :'(
      | (?<!\S) [:;]-?[/\\p] (?![/\w])                                   # :/  :p
      | (?<!\S) [()]['-]?[:=] (?=\s|$)                                   # (:  ):
      | (?<!\S) :3 (?!\d) | (?<!\S) </?3+ (?!\d)                          # :3 and <3 are no number
    )
  | (?P<word> \d+\s?% | \d+(?:st|nd|rd|th)(?![^\W_]) | (?<!\d)[a-z]+\d[a-z\d]* | [^\W\d_]+(?:'[^\W\d_]+)*'? )
  | (?P<number> \d+ )
  | (?P<mark> [^\S\n]*\n\s* | [^\w\s] | _ )
    """,
    re.VERBOSE,
)
_BEFORE_WORDS = ",.;:!?=/\\-\u060c\u061b\u061f\u06d4\u2013\u2014\ufe0f\u20e3)]} \t\r\n"
_AFTER_WORDS = ",;:=-\u060c\u061b\u2013\u2014([{ \t\r\n"
_LONG_RUN = re.compile(r"([^\W\d])\1{2,}")


@dataclass(frozen=True, slots=True)
class Token:
    """A folded piece of a text, with its place in the text as it was written."""

    kind: str
    text: str
    start: int
    end: int
    glued: bool
    """Whether nothing stands between this and the token before."""


@lru_cache(maxsize=4096)
def fold_character(character: str) -> str:
    """Lower-case without accents, with plain digits and marks; nothing for what cannot be seen."""
    if character in _REPLACED:
        return _REPLACED[character]
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(character)
    if category in {"Cc", "Zs", "Zl", "Zp"}:
        return " "
    if category in {"Cf", "Cs", "Co", "Cn"}:
        return ""
    spelled = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", character).casefold())
    return "".join(part for part in spelled if unicodedata.category(part) != "Mn").translate(_LETTERS)


def tokenise(text: str) -> tuple[Token, ...]:
    """The words, numbers, marks and symbols of a text; hyphens inside words are left out ("so-so" is two words)."""
    pieces = [(folded, place) for place, char in enumerate(text[:LONGEST]) for folded in fold_character(char)]
    folded = "".join(piece for piece, _ in pieces)
    tokens = [_token(found, pieces) for found in _TOKEN.finditer(folded)]
    return tuple(token for place, token in enumerate(tokens) if not _is_inner_hyphen(tokens, place))


def _token(found: re.Match[str], pieces: list[tuple[str, int]]) -> Token:
    kind = found.lastgroup or "mark"
    body = found.group()
    if kind == "mark":
        body = "\n" if "\n" in body else body
        kind = "mark" if ord(body[0]) < 0x2000 else "symbol"
    if kind == "symbol":
        body = re.sub(r"(.)\1+$", r"\1", body)
    if kind == "word":
        body = _LONG_RUN.sub(r"\1", body.replace("'", "").replace(" ", ""))
    start, end = pieces[found.start()][1], pieces[found.end() - 1][1] + 1
    glued = found.start() > 0 and not pieces[found.start() - 1][0].isspace()
    return Token(kind, body, start, end, glued)


def _is_inner_hyphen(tokens: list[Token], place: int) -> bool:
    if tokens[place].text != "-" or not 0 < place < len(tokens) - 1:
        return False
    before, after = tokens[place - 1], tokens[place + 1]
    listed = len(before.text) == len(after.text) == 1
    return before.kind == after.kind == "word" and tokens[place].glued and after.glued and not listed


def fold_phrase(phrase: str) -> str:
    """The words and numbers of a phrase, folded and with single spaces: the form in which phrases are compared."""
    return " ".join(token.text for token in tokenise(phrase) if token.kind in {"word", "number"})


def trim(text: str) -> str:
    """Words around an answer without the white space and marks that tied them to it; nothing when no word is left."""
    trimmed = text.strip().lstrip(_BEFORE_WORDS).rstrip(_AFTER_WORDS)
    return trimmed if any(character.isalnum() for character in trimmed) else ""


def is_one_edit_apart(left: str, right: str) -> bool:
    """Whether one letter put in, left out, changed, or swapped with its neighbour makes one word the other."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    short, long = sorted((left, right), key=len)
    same = next((place for place, pair in enumerate(zip(short, long, strict=False)) if pair[0] != pair[1]), len(short))
    if len(short) < len(long):
        return short[same:] == long[same + 1 :]
    swapped = short[:same] + short[same + 1 : same + 2] + short[same] + short[same + 2 :]
    return short[same + 1 :] == long[same + 1 :] or swapped == long
