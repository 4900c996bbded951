"""The only code that opens a sealed box; it runs in the worker, where the private keys are."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from conversations.db import insert_once
from conversations.keys import PrivateKeys, keyed_hash
from conversations.models import AlertWordsRow, OpeningRow, OptOutRow, OptRequestRow
from conversations.sealing import CannotOpen, Sealable, key_name, open_box, public_half

log = logging.getLogger(__name__)

OPT_OUT_PURPOSE = "opt-out"


@dataclass(frozen=True, slots=True)
class Contacts:
    """Opens what was sealed for the worker."""

    keys: PrivateKeys

    def number(self, box: bytes | None, purpose: str, row: str, now: datetime) -> str:
        """The number in a box made for this purpose and row; raises CannotOpen."""
        if box is None:
            raise CannotOpen("there is no number")
        return open_box(box, self.keys.open_with(key_name(box)), purpose, row, now)

    def words(self, row: AlertWordsRow, now: datetime) -> str:
        """The words of one message of an alert; raises CannotOpen."""
        return open_box(row.sealed, self.keys.open_with(key_name(row.sealed)), "words", row.id, now)

    def opted_out(self, session: Session, number: str) -> bool:
        """Whether we may not text this number first."""
        return session.get(OptOutRow, self._hash(number)) is not None

    def settle_opt_requests(self, session: Session, now: datetime) -> int:
        """Make each STOP an opt-out and lift one for each START, in their order; gives how many."""
        requests = session.scalars(select(OptRequestRow).order_by(OptRequestRow.requested_at)).all()
        for request in requests:
            self._settle(session, request, now)
            session.delete(request)
        return len(requests)

    def fill_openings(self, session: Session, now: datetime) -> int:
        """Seal the words that staff asked for to their browser session's key; gives how many were filled."""
        wanted = select(OpeningRow).where(OpeningRow.sealed.is_(None), OpeningRow.expires_at > now)
        openings = session.scalars(wanted.with_for_update(skip_locked=True)).all()
        for opening in openings:
            text = Sealable(json.dumps(self._all_words(session, opening.alert_id, now)))
            opening.sealed = text.seal(public_half(opening.public_half), "opening", opening.id, opening.expires_at)
        return len(openings)

    def _all_words(self, session: Session, alert_id: str, now: datetime) -> list[dict[str, str]]:
        wanted = select(AlertWordsRow).where(AlertWordsRow.alert_id == alert_id).order_by(AlertWordsRow.received_at)
        return [
            {"at": row.received_at.isoformat(), "level": row.level, "words": self._words_or_why_not(row, now)}
            for row in session.scalars(wanted)
        ]

    def _words_or_why_not(self, row: AlertWordsRow, now: datetime) -> str:
        try:
            return self.words(row, now) or "(no words: a picture, a voice note or an empty text)"
        except CannotOpen as closed:
            return f"(these words can no longer be opened: {closed})"

    def _settle(self, session: Session, request: OptRequestRow, now: datetime) -> None:
        try:
            number = self._hash(self.number(request.sealed_contact, "opt", request.id, now))
        except CannotOpen as closed:
            log.error("an opt request cannot be opened: %s", closed)
            return
        if request.kind == "stop":
            insert_once(session, OptOutRow, {"number": number})
        else:
            session.execute(delete(OptOutRow).where(OptOutRow.number == number))

    def _hash(self, number: str) -> str:
        return keyed_hash(OPT_OUT_PURPOSE, number, self.keys.opt_out().hex())
