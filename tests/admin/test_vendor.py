"""What others made lies here unchanged, with its licence."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

VENDOR = Path(__file__).resolve().parents[2] / "admin" / "static" / "vendor"
FOLDERS = sorted(path for path in VENDOR.iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_vendored_file_is_the_one_that_was_published(folder: Path) -> None:
    notes = (folder / "VENDOR").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^sha256 (\S+): ([0-9a-f]{64})$", notes, re.MULTILINE))
    others = [path for path in folder.iterdir() if path.name != "VENDOR"]
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in others}
    assert files == listed
    assert all(re.search(rf"^{field}: \S", notes, re.MULTILINE) for field in ("name", "version", "licence", "source"))
