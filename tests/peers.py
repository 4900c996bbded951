"""Services at the other end of our ways out, on real loopback ports: they take, refuse, hang, hang up and drip."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DRIP_SECONDS = 0.05


@dataclass(frozen=True)
class Got:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Peer:
    """A service over HTTP. `does` is accept, hang, reset, drip (every byte late), drip body, or a status."""

    status: int = 200
    says: str = "{}"
    does: str = "accept"
    got: list[Got] = field(default_factory=list)
    base: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    def answers(self, status: int, says: Any = None) -> None:
        """What is answered from now on."""
        self.status, self.says = status, says if isinstance(says, str) else json.dumps(says or {})


class _Handler(BaseHTTPRequestHandler):
    peer: Peer

    def do_POST(self) -> None:
        peer = self.peer
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        peer.got.append(Got(self.command, self.path, dict(self.headers.items()), body))
        with suppress(OSError):  # whoever asked has given up
            DEEDS.get(peer.does, _answer)(self)
        self.close_connection = True

    do_GET = do_POST

    def whole_answer(self) -> bytes:
        """Head and body, as bytes on the wire."""
        status = int(self.peer.does) if self.peer.does.isdecimal() else self.peer.status
        body = self.peer.says.encode()
        head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"{head}Connection: close\r\n\r\n".encode() + body

    def drip(self, content: bytes) -> None:
        """Say it a byte at a time."""
        for place in range(len(content)):
            if self.peer.released.wait(DRIP_SECONDS):
                return
            self.wfile.write(content[place : place + 1])

    def log_message(self, format: str, *given: Any) -> None:
        """Write nothing."""


def _answer(handler: _Handler) -> None:
    handler.wfile.write(handler.whole_answer())


def _hang(handler: _Handler) -> None:
    handler.peer.released.wait(60)


def _reset(handler: _Handler) -> None:
    # With a linger time of 0 the far end sees a reset and not an end.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def _drip_body(handler: _Handler) -> None:
    head, _, body = handler.whole_answer().partition(b"\r\n\r\n")
    handler.wfile.write(head + b"\r\n\r\n")
    handler.drip(body)


DEEDS: Mapping[str, Callable[[_Handler], None]] = {
    "hang": _hang,
    "reset": _reset,
    "drip": lambda handler: handler.drip(handler.whole_answer()),
    "drip body": _drip_body,
}


@contextmanager
def http_peer(**given: Any) -> Iterator[Peer]:
    """A service that listens until the block ends; nobody who still waits for it is left waiting."""
    peer = Peer(**given)
    handler = type("Handler", (_Handler,), {"peer": peer})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = False
    peer.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield peer
    finally:
        peer.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def mail_peer(does: str) -> Iterator[int]:
    """A mail server that takes the call and then hangs, resets, drips its greeting, or drips all that comes after."""
    released = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.02)
        thread = threading.Thread(target=_take_mail, args=(server, does, released))
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            released.set()
            thread.join()


def _take_mail(server: socket.socket, does: str, released: threading.Event) -> None:
    while not released.is_set():
        with suppress(TimeoutError):
            line, _ = server.accept()
            with line, suppress(OSError):
                _talk(line, does, released)


def _talk(line: socket.socket, does: str, released: threading.Event) -> None:
    if does == "hang":
        released.wait(60)
    if does == "reset":
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if does == "drip later":
        line.sendall(b"220 mail.example.org ready\r\n")
        line.recv(1024)
    if does.startswith("drip"):
        for letter in b"220 " + b"slow " * 1000:
            if released.wait(DRIP_SECONDS):
                return
            line.sendall(bytes([letter]))


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
