"""A product that remembers and a practice carrier, each on a real loopback port, for the tests of the carrier."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Flask, Response, request
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from werkzeug.serving import make_server

from bot.channels.simulator.account import Account
from bot.channels.simulator.carrier import Carrier, Texted
from bot.channels.simulator.delivery import over_http
from bot.channels.simulator.serving import SilentRequests, make_carrier_server

SID, TOKEN, SERVICE = "AC" + "0" * 32, "practice-token", "MG" + "2" * 32
OURS, SAM, LANDLINE = "+447700900999", "+447700900123", "+447700900150"


class Product:
    """What stands in for us: it checks signatures with Twilio's own validator and remembers what was posted."""

    def __init__(self) -> None:
        self.inbound: list[dict[str, str]] = []
        self.statuses: list[dict[str, str]] = []
        self.fallen: list[dict[str, str]] = []
        self.signed: list[bool] = []
        self.tokens: list[str] = []
        self.says: Callable[[], Response] = lambda: Response("<Response/>", content_type="text/xml")
        self.app = Flask("product")
        for path, kept in (("/sms/inbound", self.inbound), ("/sms/status", self.statuses), ("/fallback", self.fallen)):
            self.app.add_url_rule(path, path, partial(self.take, kept), methods=["POST"])

    def take(self, kept: list[dict[str, str]]) -> Response:
        signature = request.headers["X-Twilio-Signature"]
        self.signed.append(RequestValidator(TOKEN).validate(request.url, request.form, signature))
        self.tokens.append(request.headers["I-Twilio-Idempotency-Token"])
        kept.append(request.form.to_dict() | request.args.to_dict())
        if kept is self.inbound:
            return self.says()
        return Response("<Response/>", content_type="text/xml") if kept is self.fallen else Response(status=204)


@contextmanager
def running(server: Any) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class LoopbackTwilio(TwilioHttpClient):
    """Twilio's own client, with the carrier in Twilio's place."""

    def __init__(self, base: str, timeout: float = 5) -> None:
        super().__init__(timeout=timeout)
        self.base = base

    def request(self, method: str, url: str, *more: Any, **named: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self.base), *more, **named)


class House:
    """Product and carrier, each on a port of its own."""

    def __init__(self, product: Product, web: str, carrier: Carrier, base: str) -> None:
        self.product, self.web, self.carrier, self.base = product, web, carrier, base
        self.http = LoopbackTwilio(base)
        self.messages = Client(SID, TOKEN, http_client=self.http).messages

    def send(self, to: str = SAM, body: str = "hello", **more: Any) -> Any:
        given = {"from_": OURS, "status_callback": f"{self.web}/sms/status?attempt=7"} | more
        return self.messages.create(
            to=to, body=body, **{name: value for name, value in given.items() if value is not None}
        )

    def answers(self, body: str | bytes, content_type: str = "text/xml", status: int = 200) -> None:
        self.product.says = lambda: Response(body, status, content_type=content_type)

    def text(self, body: str, number: str = SAM, **more: str) -> Texted:
        return self.carrier.text_from_phone(number, body, **more)

    def codes(self) -> list[int]:
        return [notice.code for notice in self.carrier.notices]


@contextmanager
def open_house(**changes: Any) -> Iterator[House]:
    product = Product()
    with running(make_server("127.0.0.1", 0, product.app, threaded=True, request_handler=SilentRequests)) as web:
        carrier = Carrier(replace(Account(SID, TOKEN, webhook=web), **changes), deliver=partial(over_http, total=3))
        with running(make_carrier_server(carrier)) as base:
            house = House(product, web, carrier, base)
            yield house
            carrier.released.set()
            house.http.session.close()
    assert all(product.signed)
