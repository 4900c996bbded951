"""One service on a stage of its own: the real application and worker, a practice carrier, a clock that is moved."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine
from werkzeug.serving import make_server

from bot.channels.simulator.account import Account
from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.delivery import Answer, Post, to_client
from bot.channels.simulator.service import create_carrier_app
from bot.channels.simulator.serving import SilentRequests
from bot.pace import Pace
from bot.parts import Parts
from conversations import keys
from conversations.db import db, engine_options
from tests.bot.carrier_house import running
from tests.fakes import NOON, Clock
from tests.faults.providers import Handed, Letters, Texts, Way
from tests.faults.store import Killed, Store
from tests.make import ACCOUNT, OUR_NUMBER, TOKEN, make_settings
from wsgi import create_app

Change = Callable[[Parts], Parts]
"""How the product is broken on purpose."""


@dataclass
class TrueTime(Clock):
    """A clock that can be put wrong, and how much time has really passed."""

    elapsed: float = 0.0

    def passes(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)
        self.elapsed += seconds

    def true(self) -> datetime:
        """What everybody else's clocks say."""
        return NOON + timedelta(seconds=self.elapsed)


@dataclass(frozen=True, slots=True)
class Promise:
    """What somebody was told: that this alert is theirs now."""

    alert_id: str
    who: str


@dataclass
class Stage:
    """Everything that one history plays on, and what it remembers of it."""

    app: Flask
    parts: Parts
    clock: TrueTime
    carrier: Carrier
    store: Store
    chance: random.Random
    reading: Engine
    ways: dict[str, Way]
    web: str = ""
    """What is wrong with our web process: nothing, `down`, `callbacks lost`, `callbacks doubled`."""
    texted: dict[str, float] = field(default_factory=dict)
    """Every worrying text that the carrier has, by its id, and when."""
    promises: list[Promise] = field(default_factory=list)
    raised: dict[str, float] = field(default_factory=dict)
    """When each alert was first seen in the store, in seconds of true time."""
    storms: list[tuple[str, float]] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    jumped: bool = False
    mended_at: float | None = None

    @property
    def texts(self) -> Texts:
        """The way for texts."""
        way = self.ways["sms"]
        assert isinstance(way, Texts)
        return way

    def handed(self) -> list[Handed]:
        """What was handed to providers on behalf of attempts, in the order of time."""
        told = [each for way in self.ways.values() for each in way.handed if each.attempt]
        return sorted(told, key=lambda each: each.at)

    def passes(self, seconds: float) -> None:
        """Time passes, and the carrier does what is due."""
        self.clock.passes(seconds)
        self.carrier.settle()

    def mend(self) -> None:
        """Nothing is wrong any more, but what people have changed."""
        self.store.mend()
        self.clock.now = self.clock.true()
        self.web = ""
        for way in self.ways.values():
            way.fault = ""
        self.mended_at = self.clock.elapsed

    def deliver(self, post: Post) -> Answer:
        """The carrier's call of a webhook of ours, as far as that is there."""
        report = "/status" in post.url
        if self.web == "down" or (self.web == "callbacks lost" and report):
            raise ConnectionError
        if self.web == "callbacks doubled" and report:
            self._ask(post)
        return self._ask(post)

    def _ask(self, post: Post) -> Answer:
        try:
            return to_client(self.app.test_client())(post)
        except Killed:
            self.store.spare()  # gunicorn has another one
            raise ConnectionError from None


@dataclass
class Rooms:
    """Applications and a second look at their databases, by address: making them takes longer than a short history."""

    made: dict[str, tuple[Flask, Engine]] = field(default_factory=dict)

    def at(self, parts: Parts) -> tuple[Flask, Engine]:
        """The application for the database of these parts, with them in it."""
        url = parts.settings.database_url
        if url not in self.made:
            reading = create_engine(url, **engine_options(url)).execution_options(sqlite_begin="DEFERRED")
            self.made[url] = create_app(parts=parts), reading
        app, reading = self.made[url]
        app.extensions["heard"] = parts
        return app, reading


@contextmanager
def on_stage(
    safeguards: Parts,
    url: str,
    folder: Path,
    seed: int,
    change: Change = lambda parts: parts,
    rooms: Rooms | None = None,
) -> Iterator[Stage]:
    """A stage on this empty database until the end of the block."""
    clock = TrueTime()
    carrier = Carrier(Account(ACCOUNT, TOKEN, (OUR_NUMBER,)), clock=clock.true)
    carrier.patience = 0.2
    server = make_server("127.0.0.1", 0, create_carrier_app(carrier), threaded=True, request_handler=SilentRequests)
    with running(server) as address:
        settings = make_settings(folder, url, twilio_api_url=address, reconcile=True)
        for day in (-1, 0):
            keys.make_ahead(settings.keys_dir, settings.sealing_dir, clock() + timedelta(days=day))
        ways: dict[str, Way] = {name: Letters(name, lambda: clock.elapsed) for name in ("email", "voice", "teams")}
        ways["sms"] = Texts("sms", lambda: clock.elapsed, carrier=carrier, settings=settings)
        public = keys.PublicKeys(settings.sealing_dir)
        parts = replace(safeguards, settings=settings, clock=clock, ways=ways, keys=public, pace=Pace())
        app, reading = (rooms or Rooms()).at(change(parts))
        with app.app_context():
            store = Store(db.engine, url)
        made = Stage(app, app.extensions["heard"], clock, carrier, store, random.Random(seed), reading, ways)
        carrier.deliver = made.deliver
        try:
            yield made
        finally:
            store.close()
            carrier.released.set()
            reading.dispose()
