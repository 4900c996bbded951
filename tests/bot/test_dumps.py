"""A process that dies leaves nothing of what it held, and nobody else of its user may look into it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WORDS = b"he hits me every night at zanzibarquince"
# The words are put together in memory, so that they are found in a core and not merely in the command.
CRASH = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
if {forbidden}:
    from bot import dumps
    dumps.forbid()
held = bytes.fromhex("{words}")
{end}
"""
LOOK = """
import ctypes, sys
from bot import dumps
dumps.forbid()
limits = open("/proc/self/limits").read()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), limits.split("Max core file size")[1].split()[0])
"""
ROOT = Path(__file__).resolve().parents[2]


def crashed(folder: Path, forbidden: bool) -> bool:
    """Whether a process that held the words and died has left them in a file here."""
    code = CRASH.format(forbidden=forbidden, words=WORDS.hex(), end="os.abort()")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, check=False)
    assert ended.returncode < 0, "it did not crash"
    return any(WORDS in each.read_bytes() for each in folder.iterdir())


def test_no_core_is_left(tmp_path: Path) -> None:
    assert not crashed(tmp_path, forbidden=True)
    assert list(tmp_path.iterdir()) == []


def test_without_it_the_words_are_in_a_core(tmp_path: Path) -> None:
    """The test above looks where a core would be: shown where this system writes one."""
    pattern = Path("/proc/sys/kernel/core_pattern")
    if not pattern.exists() or pattern.read_text().strip() != "core":
        pytest.skip("this system hands its cores to a program")
    if not crashed(tmp_path, forbidden=False):
        pytest.skip("this machine allows no cores")


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_the_system_knows_that_this_process_is_not_to_be_dumped() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", LOOK], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["0", "0"]
