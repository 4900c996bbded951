"""Runs the practice carrier, the phone page and the mail server as one process on loopback ports."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from bot.channels.simulator.account import REPLIES, Account
from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.delivery import LOOPBACK
from bot.channels.simulator.desk import Desk
from bot.channels.simulator.mail import make_mail_server
from bot.channels.simulator.mail_page import mail_blueprint
from bot.channels.simulator.phone import phone_blueprint
from bot.channels.simulator.service import create_carrier_app

TICK_SECONDS = 0.2
NUMBERS = ("+447700900999",)


class SilentRequests(WSGIRequestHandler):
    """Logs no request: an address line would hold a number."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


class Pump(threading.Thread):
    """Lets due statuses happen, a few times a second, until stopped."""

    def __init__(self, carrier: Carrier, tick: float = TICK_SECONDS) -> None:
        super().__init__(name="carrier-pump", daemon=True)
        self._carrier, self._tick = carrier, tick
        self._stopped = threading.Event()

    def run(self) -> None:
        """Settle what is due, again and again."""
        while not self._stopped.wait(self._tick):
            self._carrier.settle()

    def stop(self) -> None:
        """Stop after the present round."""
        self._stopped.set()
        self.join()


def make_carrier_server(
    carrier: Carrier, port: int = 0, host: str = "127.0.0.1", desk: Desk | None = None
) -> BaseWSGIServer:
    """Bind carrier and pages to a loopback port (0: any free one). Raises ValueError for any other address."""
    if host not in LOOPBACK:
        raise ValueError("the practice carrier listens on this machine only")
    desk = desk or Desk(carrier)
    app = create_carrier_app(carrier)
    app.register_blueprint(phone_blueprint(desk))
    app.register_blueprint(mail_blueprint(desk))
    return make_server(host, port, app, threaded=True, request_handler=SilentRequests)


def serve(desk: Desk, port: int, host: str = "127.0.0.1", mail_port: int = 0, quiet: bool = False) -> None:
    """Serve until interrupted, with a mail server when its port is given; says once where the phone is."""
    carrier = desk.carrier
    if urlsplit(carrier.account.webhook).hostname not in LOOPBACK:
        raise ValueError("the practice carrier texts this machine only")
    with ExitStack() as running:
        if mail_port:
            mail = make_mail_server(desk.mailbox, mail_port, host)
            mail.start()
            running.callback(mail.stop)
        server = make_carrier_server(carrier, port, host, desk)
        running.callback(server.server_close)
        pump = Pump(carrier)
        pump.start()
        running.callback(pump.stop)
        running.callback(carrier.released.set)
        if not quiet:
            sys.stdout.write(f"Practice phone: http://{host}:{server.server_port}/demo/phone/\n")
            sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            server.serve_forever()


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and serve. Gives 2 and one line when something in it is wrong."""
    given = _parser().parse_args(argv)
    try:
        desk = Desk(Carrier(_account(given), pace=given.pace), duty=given.duty)
        serve(desk, given.port, given.host, given.mail_port, given.quiet)
    except (ValueError, OSError) as wrong:
        sys.stderr.write(f"The practice carrier cannot start: {wrong}\n")
        return 2
    return 0


def _account(given: argparse.Namespace) -> Account:
    token = given.token_file.read_text(encoding="utf-8").strip() if given.token_file else given.token
    account = Account(given.account, token, tuple(given.number or NUMBERS), given.webhook, service=given.service)
    replies = {**REPLIES, "HELP": given.help_text} if given.help_text else REPLIES
    return replace(account, advanced_opt_out=given.advanced_opt_out, replies=replies, realm=given.realm)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.channels.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8101)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--webhook", default="http://127.0.0.1:8000", help="where the product answers")
    parser.add_argument("--account", required=True, help="AC and 32 hex digits")
    secret = parser.add_mutually_exclusive_group(required=True)
    secret.add_argument("--token", help="the auth token; other people on this machine can see it here")
    secret.add_argument("--token-file", type=Path, help="a file that holds the auth token")
    parser.add_argument("--mail-port", type=int, default=0, help="where a mail server listens; 0: nowhere")
    parser.add_argument("--duty", default="", help="the duty worker's number, shown as a phone that only receives")
    parser.add_argument("--quiet", action="store_true", help="do not say where the phone is")
    parser.add_argument("--number", action="append", help="our number; may be given again")
    parser.add_argument("--service", default="", help="messaging service: MG and 32 hex digits")
    parser.add_argument("--advanced-opt-out", action="store_true")
    parser.add_argument("--help-text", default="", help="what HELP is answered")
    parser.add_argument("--realm", default="us1", choices=("us1", "ie1", "au1"))
    parser.add_argument("--pace", type=float, default=1.0, help="seconds between two statuses")
    return parser
