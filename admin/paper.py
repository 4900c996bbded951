"""Figures as PDF: the words and numbers of the page, set by a program of its own that ends when it takes too long."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

from admin.presenting import LANGUAGE, SUM, WITHHELD, Sheet, Table

PROGRAM = Path(__file__).with_name("typeset.py")
LONGEST = 15.0
"""Seconds; a web process ends what takes twice as long, and others wait for it meanwhile."""


class CannotTypeset(Exception):
    """The page could not be set, or not in time; what it would say is nobody's business but the reader's."""


def is_there() -> bool:
    """Whether the optional extra `pdf` is installed."""
    return find_spec("typst") is not None


def as_pdf(sheet: Sheet, longest: float = LONGEST) -> bytes:
    """A tagged PDF with titles, tables and bars; raises CannotTypeset."""
    command = [sys.executable, "-I", str(PROGRAM)]
    said = json.dumps(_page(sheet)).encode()
    try:
        ran = subprocess.run(command, input=said, capture_output=True, env={}, timeout=longest, check=True)
    except (subprocess.SubprocessError, OSError):
        raise CannotTypeset from None  # what the program says of its trouble may hold words of the page
    return ran.stdout


def _page(sheet: Sheet) -> dict[str, object]:
    sections = groupby(sheet.tables, key=lambda table: table.script)
    return {
        "title": sheet.title,
        "partnership": sheet.partnership,
        "language": LANGUAGE,
        "rules": sheet.rules,
        "withheld": WITHHELD,
        "sum": SUM,
        "sections": [_section(sheet, script, list(tables)) for script, tables in sections],
    }


def _section(sheet: Sheet, script: str, tables: Sequence[Table]) -> dict[str, object]:
    return {
        "script": script,
        "views": [_view(sheet, table) for table in tables if table.rows],
        "withheld": [sheet.titled(table) for table in tables if not table.rows],
    }


def _view(sheet: Sheet, table: Table) -> dict[str, object]:
    rows = [
        {
            "answer": row.answer,
            "cells": [{"words": cell.words, "share": cell.share, "bar": cell.bar} for cell in row.cells],
        }
        for row in table.rows
    ]
    head = {"title": sheet.titled(table), "divided": bool(table.by), "of": table.of, "groups": table.groups}
    return {**head, "rows": rows, "totals": table.totals}
