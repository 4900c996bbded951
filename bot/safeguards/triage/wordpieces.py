"""Cuts a text into the pieces that the encoder was taught with: BERT's basic split, then the longest piece first.

The library `tokenizers` does the same and brings a client for a model hub with it, which has no place in this service;
`tests/bot/test_encoder.py` holds its answers and compares.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

BEGIN, END, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_LONGEST_WORD = 100
_HAN = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0xF900, 0xFAFF))


@dataclass(frozen=True, slots=True)
class Pieces:
    """The vocabulary of an encoder: piece to number."""

    numbers: Mapping[str, int]

    @classmethod
    def of(cls, lines: str) -> Pieces:
        """From a vocabulary file, a piece a line."""
        return cls({piece: number for number, piece in enumerate(lines.splitlines())})

    def cut(self, text: str) -> list[int]:
        """The numbers of the pieces, between the marks that begin and end a text."""
        inside = [number for word in _words(text) for number in self._pieces(word)]
        return [self.numbers[BEGIN], *inside, self.numbers[END]]

    def _pieces(self, word: str) -> list[int]:
        found: list[int] = []
        start = 0
        while start < len(word):
            if (fit := self._longest(word, start)) is None or len(word) > _LONGEST_WORD:
                return [self.numbers[UNKNOWN]]
            number, start = fit
            found.append(number)
        return found

    def _longest(self, word: str, start: int) -> tuple[int, int] | None:
        for end in range(len(word), start, -1):
            number = self.numbers.get(("##" if start else "") + word[start:end])
            if number is not None:
                return number, end
        return None


def _words(text: str) -> Iterator[str]:
    """Lower-case words without accents; every punctuation mark and Han sign a word of its own."""
    word: list[str] = []
    for character in unicodedata.normalize("NFD", _clean(text).lower()):
        if unicodedata.category(character) == "Mn":
            continue
        alone = _stands_alone(character)
        if (alone or character.isspace()) and word:
            yield "".join(word)
            word = []
        if alone:
            yield character
        elif not character.isspace():
            word.append(character)
    if word:
        yield "".join(word)


def _clean(text: str) -> str:
    """No control characters, and a space for every kind of white."""
    return "".join(" " if each.isspace() else each for each in text if each in "\t\n\r" or not _control(each))


def _control(character: str) -> bool:
    return character in "\0\ufffd" or unicodedata.category(character).startswith("C")


def _stands_alone(character: str) -> bool:
    code = ord(character)
    ascii_mark = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return ascii_mark or unicodedata.category(character)[0] == "P" or any(low <= code <= high for low, high in _HAN)
