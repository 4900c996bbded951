"""The canaries: a number, a name and sentences that occur nowhere else, and the search for them in every spelling."""

from __future__ import annotations

import base64
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pypdf

# Words that occur nowhere else. The second number is said in a text, so redaction has to find it.
SENDER, SAID_NUMBER = "07700900731", "07700900842"
RISK = "he hits me every night at zanzibarquince and i want to die"
RISK_WORDS = ("zanzibarquince", "hits me every night", "want to die")
WORRY = f"i feel so sad all the time at {RISK_WORDS[0]}"
SURNAME = "farquharson"
COMMENT = (
    f"my name is ailsa {SURNAME} and they asked me about my quokkamarmalade in the meeting, "
    f"my number is {SAID_NUMBER} or (07700) 900 842 or +44 7700-900-842"
)
COMMENT_WORD = "quokkamarmalade"
DIGITS = re.compile("|".join("[ ().-]{0,2}".join(number[1:]) for number in (SENDER, SAID_NUMBER)).encode())


def ways_to_write(words: str) -> Iterator[bytes]:
    """The same words as programs may write them down: plain, wide, escaped, and in base64 at each of three places."""
    plain = words.encode()
    yield from (plain, plain.upper(), plain.title(), plain.replace(b" ", b"+"), plain.replace(b" ", b"%20"))
    yield from (
        words.encode("utf-16-le"),
        words.encode("utf-16-be"),
        plain.hex().encode(),
        plain.hex().upper().encode(),
    )
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + plain)
        yield coded[4 if shift else 0 : -4]


NUMBERS = tuple(f"7700{space}900{space}{end}" for space in ("", " ") for end in ("731", "842"))
NEVER_IN_CLEAR = tuple(way for words in (*RISK_WORDS, SURNAME, *NUMBERS) for way in ways_to_write(words))
NEVER_IN_LOGS = (*NEVER_IN_CLEAR, *ways_to_write(COMMENT_WORD), b"asked me about my")


def hits(path: Path, needles: tuple[bytes, ...]) -> list[str]:
    """Where something was found that should not be there; what does not exist, or is no file, holds nothing."""
    try:
        content = path.read_bytes()
    except OSError:
        return []
    return [f"{path.name}: {found}" for found in hits_in(content, needles)]


def hits_in(content: bytes, needles: tuple[bytes, ...]) -> list[str]:
    """What was found in these bytes, as they are and unpacked."""
    return [
        found
        for each in (content, *_unpacked(content))
        for found in (
            *(repr(needle) for needle in needles if needle in each),
            *(f"digits {match.group()!r}" for match in DIGITS.finditer(each)),
        )
    ]


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What a gzip stream anywhere in it holds (a page that a browser kept, a rotated log), and a workbook or PDF."""
    for start in (match.start() for match in re.finditer(rb"\x1f\x8b\x08", content)):
        with suppress(zlib.error, EOFError, gzip.BadGzipFile):
            yield zlib.decompressobj(wbits=31).decompress(content[start:])
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            yield from (book.read(name) for name in book.namelist())
    if content.startswith(b"%PDF-"):
        pages = pypdf.PdfReader(io.BytesIO(content)).pages
        yield " ".join(page.extract_text().replace("\n", " ") for page in pages).encode()


def files(*places: Path) -> list[Path]:
    """Every file in these places."""
    return [path for place in places for path in (place.rglob("*") if place.is_dir() else [place]) if path.is_file()]
