"""What the tests of the bot share beyond what every test may ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bot.channels.simulator.account import Account
from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.serving import make_carrier_server
from bot.parts import Parts
from conversations.db import db
from tests.bot.carrier_house import running
from tests.bot.town import Town
from tests.fakes import Clock
from tests.make import ACCOUNT, OUR_NUMBER, TOKEN
from wsgi import create_app


@pytest.fixture
def town(make_parts: Callable[..., Parts], database_url: str, clock: Clock) -> Iterator[Town]:
    """Heard, and a carrier over HTTP whose log it looks at; neither may break the carrier's contract."""
    carrier = Carrier(Account(ACCOUNT, TOKEN, (OUR_NUMBER,)), clock=clock)
    with running(make_carrier_server(carrier)) as address:
        parts = make_parts(database_url, reconcile=True, twilio_api_url=address)
        app = create_app(parts=parts)
        with app.app_context():
            yield Town(app, parts, carrier, clock, db.session())
            db.session.rollback()
            db.engine.dispose()
        carrier.released.set()
    assert not carrier.breaches
