"""The only code that opens a sealed box; it runs in the worker, where the private keys are."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from conversations import alerts, joining, outcomes, relays, worries
from conversations.db import insert_once
from conversations.keys import PrivateKeys, PublicKeys, keyed_hash
from conversations.models import AlertRow, AlertWordsRow, OpeningRow, OptOutRow, OptRequestRow
from conversations.sealing import CannotOpen, Sealable, SealingKey, Seals, key_name, open_box, public_half
from conversations.triage_models import WorryRow
from conversations.values import Assessment, Level

log = logging.getLogger(__name__)

OPT_OUT_PURPOSE = "opt-out"


@dataclass(frozen=True, slots=True)
class Contacts:
    """Opens what was sealed for the worker."""

    keys: PrivateKeys

    def number(self, box: bytes | None, purpose: str, row: str, now: datetime) -> str:
        """The number in a box made for this purpose and row; raises CannotOpen."""
        return self.content(box, purpose, row, now)

    def words(self, row: AlertWordsRow, now: datetime) -> str:
        """The words of one message of an alert; raises CannotOpen."""
        return self.content(row.sealed, "words", row.id, now)

    def opted_out(self, session: Session, number: str) -> bool:
        """Whether we may not text this number first."""
        known = select(OptOutRow.number).where(OptOutRow.number.in_(self._hashes(number)))
        return session.scalar(known.limit(1)) is not None

    def settle_opt_requests(self, session: Session, now: datetime) -> int:
        """Make each STOP an opt-out and lift one for each START, in their order; gives how many."""
        requests = session.scalars(select(OptRequestRow).order_by(OptRequestRow.requested_at)).all()
        for request in requests:
            self._settle(session, request, now)
            session.delete(request)
        return len(requests)

    def fill_openings(self, session: Session, now: datetime) -> int:
        """Seal the words that staff asked for to their browser session's key; gives how many were filled.

        An alert whose words still lie in a worry waits until they have been moved.
        """
        moving = select(WorryRow.alert_id).where(worries.is_moving())
        joined = select(AlertRow.merged_into).where(AlertRow.merged_into.is_not(None), AlertRow.id.in_(moving))
        complete = or_(
            OpeningRow.alert_id.is_(None),
            and_(OpeningRow.alert_id.not_in(moving), OpeningRow.alert_id.not_in(joined)),
        )
        waits = OpeningRow.sealed.is_(None), OpeningRow.expires_at > now, OpeningRow.reveal_id.is_(None)
        wanted = select(OpeningRow).where(*waits, complete)
        openings = session.scalars(wanted.with_for_update(skip_locked=True)).all()
        for opening in openings:
            text = Sealable(json.dumps(self._all_words(session, opening, now)))
            opening.sealed = text.seal(public_half(opening.public_half), "opening", opening.id, opening.expires_at)
        return len(openings)

    def move_raised(self, session: Session, sealing: PublicKeys, now: datetime) -> int:
        """Move words and number of each worry that became an alert to that alert; gives how many."""
        found = worries.moving(session)
        for worry in found:
            self._move(session, worry, sealing.of_day(now), now)
        return len(found)

    def _move(self, session: Session, worry: WorryRow, key: SealingKey, now: datetime) -> None:
        alert = session.get_one(AlertRow, worry.alert_id)
        words = self._or_none(worry.sealed_words, "worry words", worry.id, now)
        number = self._or_none(worry.sealed_contact, "worry", worry.id, now)
        contact = Sealable(number) if number else None
        seals = Seals(key, Sealable(words or ""), contact, now + worries.BOX_LIFE)
        if words is None or worry.expires_at is None:
            alerts.record(session, alert.id, now, worries.WORDS_GONE, "Heard")
        else:
            found = Assessment(Level[alert.level.upper()], reasons=tuple(alert.reasons), version=alert.version)
            alerts.add_words(session, alert.id, found, seals, worry.expires_at - worries.BOX_LIFE)
        if contact:
            alert.sealed_contact = alert.sealed_contact or seals.seal_contact("alert", alert.id)
        elif worry.sealed_contact:
            alert.cannot_be_texted = True
            alerts.record(session, alert.id, now, "number can no longer be opened", "Heard")
        worry.sealed_words = worry.sealed_contact = worry.expires_at = None

    def _all_words(self, session: Session, opening: OpeningRow, now: datetime) -> list[dict[str, str]]:
        if opening.worry_id is not None:
            worry = session.get_one(WorryRow, opening.worry_id)
            said_at = (worry.expires_at - worries.BOX_LIFE).isoformat() if worry.expires_at else ""
            words = self._or_why_not(worry.sealed_words, "worry words", worry.id, now)
            return [{"at": said_at, "level": worry.kind, "words": words}]
        return sorted(self._of_alert(session, str(opening.alert_id), now), key=lambda each: each["at"])

    def _of_alert(self, session: Session, alert_id: str, now: datetime) -> Iterator[dict[str, str]]:
        """What was said on both sides of an alert and of those joined to it, and notes; `by` is the duty worker."""
        every = [alert_id, *(each.id for each in joining.joined(session, alert_id))]
        for each in every:
            for text in relays.texts_of(session, each):
                words = self._or_why_not(text.sealed, "words", text.id, now)
                yield {"at": text.received_at.isoformat(), "level": text.level, "words": words}
            for ours in relays.of_alert(session, each):
                words = self._or_why_not(ours.sealed_words, relays.PURPOSE, ours.id, now)
                yield {"at": ours.written_at.isoformat(), "level": "", "by": ours.who, "words": words}
        for note in outcomes.notes(session, every):
            words = self._or_why_not(note.sealed, note.purpose, note.row, now)
            yield {"at": note.at.isoformat(), "level": "note", "words": words, "by": note.who}

    def content(self, box: bytes | None, purpose: str, row: str, now: datetime) -> str:
        if box is None:
            raise CannotOpen("nothing is kept of it")
        return open_box(box, self.keys.open_with(key_name(box)), purpose, row, now)

    def _or_none(self, box: bytes | None, purpose: str, row: str, now: datetime) -> str | None:
        try:
            return self.content(box, purpose, row, now)
        except CannotOpen:
            return None

    def _or_why_not(self, box: bytes | None, purpose: str, row: str, now: datetime) -> str:
        try:
            return self.content(box, purpose, row, now) or "(no words: a picture, a voice note or an empty text)"
        except CannotOpen as closed:
            return f"(these words can no longer be opened: {closed})"

    def _settle(self, session: Session, request: OptRequestRow, now: datetime) -> None:
        try:
            hashes = self._hashes(self.number(request.sealed_contact, "opt", request.id, now))
        except CannotOpen as closed:
            log.error("an opt request cannot be opened: %s", closed)
            return
        if request.kind == "stop":
            insert_once(session, OptOutRow, {"number": hashes[0]})
        else:
            session.execute(delete(OptOutRow).where(OptOutRow.number.in_(hashes)))

    def _hashes(self, number: str) -> list[str]:
        """How a number may be known among opt-outs; new ones are kept under the first."""
        return [keyed_hash(OPT_OUT_PURPOSE, number, key.hex()) for key in self.keys.opt_outs()]
