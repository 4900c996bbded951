"""The processes of the demonstration: started in one group, watched, and ended together."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType

STOP_SECONDS = 8.0
PAUSE_SECONDS = 0.05
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody wants it to end: Ctrl-C, a signal, or the terminal has gone."""


class Failed(Exception):
    """It cannot go on; its words say why, for whoever started it."""


def listen_for_the_end() -> None:
    """Turn every wish to end into Stopped; what `nohup` has told us to ignore stays ignored."""
    for number in ENDINGS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


def stop_listening() -> None:
    """Let nothing disturb the ending: an impatient second Ctrl-C would leave processes behind."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


class Ties:
    """What a launcher must not outlive: the make that started it, and the terminal that it was started at.

    The system tells only the leader of a session that its terminal has gone, and make only waits: so we look ourselves.
    """

    def __init__(self, started_by_make: bool) -> None:
        self._parent = os.getppid() if started_by_make else 0
        self._terminals = select.poll()
        for descriptor in filter(os.isatty, range(3)):
            self._terminals.register(descriptor, 0)

    def check(self) -> None:
        """Raise Stopped when one of them has gone."""
        if self._parent and self._parent != os.getppid():
            raise Stopped
        if signal.getsignal(signal.SIGHUP) == _stop and self._terminals.poll(0):
            raise Stopped


class Household:
    """Processes with names, in a group of their own so that Ctrl-C reaches the launcher alone."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        # Never closed by us: the end of its pipe is how the guard learns that we have gone.
        guard = [sys.executable, "-m", "bot.demo.guard"]
        self._guard = subprocess.Popen(guard, env=self._environment, stdin=subprocess.PIPE, process_group=0)

    def __enter__(self) -> Household:
        return self

    def __exit__(self, *_reason: object) -> None:
        stop_listening()
        self.end()

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a process that is to live until the end."""
        self._running[name] = self._open(command)

    def finish(self, name: str, command: Sequence[str]) -> str:
        """Run something to its end and give what it printed. Raises Failed."""
        running = self._running[name] = self._open(command, stdout=subprocess.PIPE)
        said, _ = running.communicate()
        del self._running[name]
        if running.returncode != 0:
            raise Failed(f"{name} did not work ({_how(running.returncode)}); its own words are above.")
        return said.decode(errors="replace").strip()

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait for something that the processes bring about. Raises Failed when it takes too long."""
        ends = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > ends:
                raise Failed(f"it was not ready after {seconds:.0f} seconds.")
            time.sleep(PAUSE_SECONDS)

    def check(self) -> None:
        """Raise Failed, naming it, when a process has ended that should not have."""
        ended = {name: code for name, each in self._running.items() if (code := each.poll()) is not None}
        if ended:
            raise Failed(" ".join(f"the {name} process has ended ({_how(code)})." for name, code in ended.items()))
        if self._guard.poll() is not None:
            raise Failed("the guard process has ended.")

    def end(self) -> None:
        """Ask the processes to end, latest first; what has not ended in time is killed, and nothing is left."""
        for each in reversed(self._running.values()):
            each.terminate()
        ends = time.monotonic() + STOP_SECONDS
        while time.monotonic() < ends and any(each.poll() is None for each in self._running.values()):
            time.sleep(PAUSE_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._guard.pid, signal.SIGKILL)
        for each in (*self._running.values(), self._guard):
            each.wait()

    def _open(self, command: Sequence[str], stdout: int | None = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            process_group=self._guard.pid,
        )


def _how(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped
