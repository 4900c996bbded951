"""Becomes the user of the web process, serves a young person, and tries to get hold of any private key; prints JSON.

Arguments: the folder with the database and the sealing folder, the key folder, another house, and the user's number.
It is started as root and serves the other house first: where the interpreter belongs to root, nobody else loads code.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from nacl.public import PrivateKey

WORDS = re.compile(rb"[A-Za-z0-9+/_-]{43,64}={0,2}")
MOST = 2_000_000


def serve(folder: Path, keys: Path) -> list[str]:
    """What the web process does all day, on the real application: a chat, a text that is a worry, a page for staff."""
    from bot.parts import real_parts
    from tests.make import Phone, make_settings
    from wsgi import create_app

    settings = make_settings(folder, f"sqlite:///{folder / 'heard.sqlite3'}")
    settings = replace(settings, sealing_dir=folder / "sealing", keys_dir=keys)
    app = create_app(parts=real_parts(settings))
    phone = Phone(app)
    heard = phone.says("he hits me every night")
    app.test_client().get("/chat/")
    app.test_client().get("/staff/login")
    return heard


def reachable(folder: Path, keys: Path) -> Iterator[tuple[str, bytes]]:
    """The content of whatever this user may read that could hold a key."""
    tried = [keys / "opt-out.key", *(keys / f"day-2026-11-{day}.private" for day in range(10, 31))]
    processes = [path for pid in Path("/proc").glob("[0-9]*") for path in (pid / "environ", pid / "cmdline")]
    held = [path for pid in Path("/proc").glob("[0-9]*") for path in _inside(pid / "fd")]
    for path in [*_inside(folder), *_inside(keys), *tried, *processes, *held]:
        try:
            if path.is_file():
                yield str(path), path.read_bytes()[:MOST]
        except OSError:
            continue
    yield "memory", b"\n".join(_remembered())


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.rglob("*"))
    except OSError:
        return []


def _remembered() -> Iterator[bytes]:
    """Every piece of bytes and text, and every private key, that the running web process holds."""
    for each in gc.get_objects():
        values = each.values() if isinstance(each, dict) else each if isinstance(each, list | tuple | set) else (each,)
        for value in list(values):
            if isinstance(value, PrivateKey):
                yield bytes(value)
            elif isinstance(value, bytes) and 32 <= len(value) < 4096:
                yield value
            elif isinstance(value, str) and 43 <= len(value) < 4096:
                yield value.encode("utf-8", "replace")


def candidates(content: bytes) -> set[bytes]:
    """Every 32 bytes in a row, and whatever is 32 bytes once it is read as hex or base64."""
    found = {content[at : at + 32] for at in range(len(content) - 31)} if len(content) < 400_000 else set()
    for word in WORDS.findall(content):
        for read in (bytes.fromhex, base64.b64decode, base64.urlsafe_b64decode):
            try:
                found.add(read(word.decode()))
            except ValueError:
                continue
    return {each for each in found if len(each) == 32}


def become(user: int) -> None:
    """Be this user and nobody else from here on."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def main() -> None:
    folder, keys, other, user = (Path(each) for each in sys.argv[1:])
    serve(other, other / "nothing")
    become(int(user.name))
    public = {path.read_bytes() for path in (folder / "sealing").glob("day-*.public")}
    heard = serve(folder, keys)
    looked, found = [], []
    for name, content in reachable(folder, keys):
        looked.append(name)
        if any(bytes(PrivateKey(each).public_key) in public for each in candidates(content)):
            found.append(name)
    outcome = {"user": os.getresuid(), "heard": heard, "public": len(public), "looked": looked, "found": found}
    sys.stdout.write(f"{json.dumps(outcome)}\n")


if __name__ == "__main__":
    main()
