"""Makes PDF of what comes in as JSON: a program of its own, so that it can be ended, with the optional extra `pdf`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import typst

NICE = 10
"""What screens messages and tells duty comes first."""
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
"""The same figures make the same file for everybody."""


def main() -> None:
    """Read the words and numbers of the page, and write the page; fonts are those that come with the extra."""
    os.nice(NICE)
    sys.stdout.buffer.write(_set(sys.stdin.buffer.read().decode()))


def _set(figures: str) -> bytes:
    try:
        return _compiled(figures, "ua-1")
    except typst.TypstError:  # a letter that no font has is refused for readers who hear it: better a page with a gap
        return _compiled(figures, "1.7")


def _compiled(figures: str, standard: Literal["ua-1", "1.7"]) -> bytes:
    made: bytes = typst.compile(
        Path(__file__).with_name("figures.typ"),
        sys_inputs={"figures": figures},
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=[standard],
        timestamp=UNDATED,
    )
    return made


if __name__ == "__main__":
    main()
