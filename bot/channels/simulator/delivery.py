"""Posts signed forms to the product, over HTTP or straight into a test client, and says how that went."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

import requests
from flask.testing import FlaskClient

from bot.channels.simulator.contract import FORM
from bot.channels.simulator.signing import sign

LARGEST = 64 * 1024
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Post:
    """One signed form on its way to a webhook."""

    url: str
    form: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]

    @property
    def content(self) -> bytes:
        """The form as it travels; blank fields too, because they are signed."""
        return urlencode(self.form).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook said; at most one byte more than Twilio reads."""

    status: int
    content_type: str
    body: bytes


Deliver = Callable[[Post], Answer]
"""Raises ConnectionError when nobody is there and TimeoutError when nobody answers in time."""


class WebhookFailed(Exception):
    """The webhook did not do its part; `code` is what Twilio's debugger says."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(str(code))


def seal_with_signature(token: str, url: str, form: Iterable[tuple[str, str]]) -> Post:
    """Make the post as Twilio makes it. What follows # steers the carrier; it is neither signed nor sent."""
    address, fields = urldefrag(url).url, tuple(form)
    headers = {
        "Content-Type": f"{FORM}; charset=UTF-8",
        "User-Agent": "TwilioProxy/1.1",
        "X-Twilio-Signature": sign(token, address, fields),
        "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
    }
    return Post(address, fields, headers)


def call(deliver: Deliver, token: str, url: str, form: Iterable[tuple[str, str]]) -> Answer:
    """Post, trying again when nobody is there (once, or #rc=0..5 times). Raises WebhookFailed."""
    post = seal_with_signature(token, url, form)
    for _ in range(1 + _retries(url)):
        try:
            answer = deliver(post)
        except TimeoutError as late:
            raise WebhookFailed(11200) from late
        except ConnectionError:
            continue
        if 200 <= answer.status < 300:
            return answer
        raise WebhookFailed(11200)
    raise WebhookFailed(11205)


def _retries(url: str) -> int:
    wished = dict(parse_qsl(urlsplit(url).fragment)).get("rc", "1")
    return min(int(wished), 5) if wished.isdecimal() else 1


def over_http(post: Post, total: float = TOTAL_SECONDS) -> Answer:
    """Post to a loopback address; any other is nobody's, so that practice never reaches a real machine."""
    if urlsplit(post.url).hostname not in LOOPBACK:
        raise ConnectionError("not a loopback address")
    ends = time.monotonic() + total
    try:
        with requests.post(
            post.url,
            data=post.content,
            headers=dict(post.headers),
            timeout=(min(CONNECT_SECONDS, total), total),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = _read(response, ends)
            return Answer(response.status_code, response.headers.get("Content-Type", ""), body)
    except requests.ReadTimeout as late:
        raise TimeoutError from late
    except requests.RequestException as lost:
        raise ConnectionError("nobody answered") from lost


def _read(response: requests.Response, ends: float) -> bytes:
    body = b""
    for piece in response.iter_content(1024):
        body += piece
        if time.monotonic() > ends:
            raise TimeoutError
        if len(body) > LARGEST:
            break
    return body[: LARGEST + 1]


def to_client(client: FlaskClient) -> Deliver:
    """Deliver into a Flask test client; the address it sees is the one that was signed."""

    def deliver(post: Post) -> Answer:
        parts = urlsplit(post.url)
        response = client.post(
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            base_url=f"{parts.scheme}://{parts.netloc}",
            data=post.content,
            headers=dict(post.headers),
        )
        return Answer(response.status_code, response.headers.get("Content-Type", ""), response.get_data())

    return deliver
