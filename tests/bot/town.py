"""Heard and the practice carrier, with one clock between them, for the tests of what is found again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from bot import reconcile
from bot.channels.simulator.carrier import Carrier, Texted
from bot.channels.simulator.delivery import Answer, Deliver, Post, to_client
from bot.contacts import Contacts
from bot.parts import Parts
from conversations.db import Base, db
from conversations.keys import PrivateKeys, make_ahead
from conversations.models import AlertEventRow, AlertRow, ConversationRow, OutboxRow, ReceivedRow
from tests.databases import unguarded
from tests.fakes import Clock

SAM, KIT, ROB = "+447700900123", "+447700900124", "+447700900125"
RISK = "he hits me every night"
Backup = dict[str, list[dict[str, object]]]


def nobody(_post: Post) -> Answer:
    """The whole of Heard is down: no webhook is answered."""
    raise ConnectionError("nobody is there")


@dataclass
class Town:
    """Everything at once; each look at the database is a transaction of its own."""

    app: Flask
    parts: Parts
    carrier: Carrier
    clock: Clock
    session: Session
    answers: Deliver = field(init=False)

    def __post_init__(self) -> None:
        self.answers = self.carrier.deliver = to_client(self.app.test_client())
        self.find()

    def texts(self, body: str = "hi", number: str = SAM, **more: str) -> Texted:
        """A text from a phone, by way of the carrier."""
        self.session.rollback()
        media = int(more.pop("media", "0"))
        texted = self.carrier.text_from_phone(number, body, media, **more)
        self.carrier.settle()
        return texted

    def missed(self, body: str = "hi", number: str = SAM, **more: str) -> Texted:
        """A text of which no webhook reaches us."""
        self.carrier.deliver = nobody
        try:
            return self.texts(body, number, **more)
        finally:
            self.carrier.deliver = self.answers

    def find(self, **later: float) -> int:
        """Look for missed texts, after some time; gives how many were found."""
        self.clock.forward(**later)
        return reconcile.find_missed(self.session, self.parts, self.contacts())

    def sweep(self, **later: float) -> int:
        """Delete copies, after some time; gives how many."""
        self.clock.forward(**later)
        self.make_keys()
        return reconcile.delete_copies(self.session, self.parts, self.contacts())

    def make_keys(self) -> None:
        """The keys of today and the coming week, as the worker makes them."""
        settings = self.parts.settings
        make_ahead(settings.keys_dir, settings.sealing_dir, self.clock())

    def contacts(self) -> Contacts:
        """What opens sealed boxes."""
        return Contacts(PrivateKeys(self.parts.settings.keys_dir))

    def alerts(self) -> list[AlertRow]:
        """Every alert, oldest first; detached, so that nothing stays open."""
        found = list(self.session.scalars(select(AlertRow).order_by(AlertRow.raised_at, AlertRow.reference)))
        self.session.expunge_all()
        self.session.rollback()
        return found

    def outbox(self) -> list[OutboxRow]:
        """Every text that is due, or was, in their order."""
        found = list(self.session.scalars(select(OutboxRow).order_by(OutboxRow.due_at)))
        self.session.expunge_all()
        self.session.rollback()
        return found

    def state(self) -> dict[str, Any]:
        """Where the only conversation stands."""
        found: dict[str, Any] = self.session.scalars(select(ConversationRow.state)).one()
        self.session.rollback()
        return found

    def received(self) -> int:
        """How many messages we have."""
        count = len(self.session.scalars(select(ReceivedRow.message)).all())
        self.session.rollback()
        return count

    def history(self) -> list[str]:
        """What happened to all alerts."""
        found = list(self.session.scalars(select(AlertEventRow.what).order_by(AlertEventRow.id)))
        self.session.rollback()
        return found

    def sids(self) -> set[str]:
        """What the carrier still has."""
        with self.carrier.lock:
            return {message.sid for message in self.carrier.ledger.newest(lambda message: True)}

    def back_up(self) -> Backup:
        """Every row there is."""
        tables = Base.metadata.sorted_tables
        rows = {each.name: [dict(row._mapping) for row in self.session.execute(select(each))] for each in tables}
        self.session.rollback()
        return rows

    def restore(self, backup: Backup) -> None:
        """Everything as it was then, and nothing of what came after; no rule of the rows holds against a backup."""
        unguarded(self.session)
        for table in reversed(Base.metadata.sorted_tables):
            self.session.execute(delete(table))
        for table in Base.metadata.sorted_tables:
            if backup[table.name]:
                self.session.execute(insert(table), backup[table.name])
        self.session.commit()
        db.session.expire_all()
