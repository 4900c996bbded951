"""One HTTP request and its whole answer, in time or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from socket import socket
from typing import Any

from requests import PreparedRequest, Request, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from bot.sender import NotSent
from bot.ways.deadline import cut, within

LARGEST = 256 * 1024  # no provider of ours answers as much


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    body: bytes


def ask(request: Request, seconds: float) -> Answer:
    """Make the request; raises NotSent unless the whole answer is here within so many seconds.

    A redirect is an answer like any other: what we send must not go to an address that nobody has set.
    """
    lines = _Lines()
    try:
        return within(seconds, partial(_ask, request, lines, seconds), lines.hang_up)
    except (RequestException, HTTPError, OSError, ValueError) as lost:  # their words may hold the address
        raise NotSent(type(lost).__name__, again=True) from None


def _ask(request: Request, lines: _Lines, seconds: float) -> Answer:
    request.auth = request.auth or _as_it_is  # else requests looks for a password in ~/.netrc
    with Session() as session:
        for scheme in ("https://", "http://"):
            session.mount(scheme, lines)
        ready = session.prepare_request(request)
        # The house's own proxy and root certificates, where the environment names them.
        around = session.merge_environment_settings(ready.url or "", {}, True, None, None)
        with session.send(ready, timeout=seconds, allow_redirects=False, **around) as response:
            return Answer(response.status_code, _read(response))


def _read(response: Response) -> bytes:
    body = b""
    for piece in response.iter_content(8192):
        body += piece
        if len(body) > LARGEST:
            raise ValueError("an answer too large to be one")
    return body


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request


class _Lines(HTTPAdapter):
    """Connections that can be cut while somebody waits on them, before the first byte of an answer too."""

    def __init__(self) -> None:
        self._lines: list[Any] = []
        self._sockets: list[socket] = []
        super().__init__()

    def get_connection_with_tls_context(self, *asked: Any, **more: Any) -> HTTPConnectionPool:
        """The pool for a request, whose connections are remembered as they are made."""
        pool: Any = super().get_connection_with_tls_context(*asked, **more)
        make = pool.ConnectionCls
        pool.ConnectionCls = lambda *given, **named: self._remembered(make(*given, **named))
        return pool  # type: ignore[no-any-return]  # urllib3's classes are generic over the connection

    def hang_up(self) -> None:
        """Cut every line: those that are being dialled, and those that an answer comes down."""
        for each in [*(line.sock for line in self._lines), *self._sockets]:
            cut(each)

    def _remembered(self, line: Any) -> Any:
        dial = line.connect

        def connect() -> None:
            dial()
            self._sockets.append(line.sock)  # an answer that ends the connection takes the socket away from its line

        line.connect = connect
        self._lines.append(line)
        return line
