"""What the worker does for staff: a flagged comment leads to somebody or says that it does not; marks get words."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import jobs, marking
from bot.cli import bot
from bot.contacts import Contacts
from bot.evaluation import read
from bot.parts import Parts
from conversations import alerts, comments, keys, marks
from conversations.cutting import cut
from conversations.models import AlertRow, AlertWordsRow, CommentRow
from conversations.sealing import Sealable
from conversations.triage_models import MarkRow, ReachRow
from conversations.values import Assessment, Level, RedactedText
from tests.fakes import NOON, Clock
from tests.make import Phone
from tests.seeds import NUMBER, make_seals, seed_alert, worker_contacts

FOUND, NOBODY = "contact found", "nobody can be reached any more"
# Marks are kept in clear, and tests/faults/test_canary.py reads the files of this PostgreSQL for the usual words.
MARKED = "he takes my dinner money off me"
FLAGGED = Assessment(Level.CONCERN, reasons=("reviewer:neglect",), version="person")


@pytest.fixture
def contacts(app_parts: Parts) -> Contacts:
    return worker_contacts(app_parts)


def seed_flag(session: Session, parts: Parts, number: str = NUMBER, ago: timedelta = timedelta()) -> str:
    """A comment with a link, flagged just now; gives the alert's id."""
    comment_id, now = "c" * 32, parts.clock()
    link = Sealable(number).seal(
        parts.keys.of_day(now - ago), "comment", comment_id, now - ago + timedelta(days=7)
    )
    session.add(CommentRow(
        id=comment_id, script="check-in", step="more", theme="other", language="en", text="nobody feeds us",
        state="waiting", due_on=now.date(), sealed_link=link, link_expires_on=(now - ago).date() + timedelta(days=7),
    ))  # fmt: skip
    session.flush()
    taken = comments.take(session, comment_id)
    assert taken is not None
    alert_id = alerts.raise_alert(session, FLAGGED, "comment", make_seals(parts, taken.text, number=None), now)
    comments.ask_to_reach(session, taken, alert_id)
    session.commit()
    return alert_id


def reached(session: Session, parts: Parts) -> tuple[AlertRow, list[str]]:
    """The alert after a round of the worker, and its history."""
    jobs.work_once(session, parts)
    alert = session.scalars(select(AlertRow)).one()
    assert session.scalar(select(func.count()).select_from(ReachRow)) == 0
    return alert, [event.what for event in alerts.timeline(session, alert.id)]


def test_the_link_of_a_flagged_comment_becomes_the_contact_of_its_alert(
    session: Session, app_parts: Parts, contacts: Contacts, clock: Clock
) -> None:
    alert_id = seed_flag(session, app_parts)
    assert session.get_one(AlertRow, alert_id).cannot_be_texted
    alert, history = reached(session, app_parts)
    assert contacts.number(alert.sealed_contact, "alert", alert_id, clock()) == NUMBER
    assert not alert.cannot_be_texted
    assert FOUND in history
    assert NOBODY not in history


@pytest.mark.parametrize(("number", "textable"), [("+447700900123", True), ("+441312000000", False)])
def test_only_a_number_that_takes_texts_can_be_texted(
    session: Session, app_parts: Parts, number: str, textable: bool
) -> None:
    seed_flag(session, app_parts, number)
    alert, history = reached(session, app_parts)
    assert alert.cannot_be_texted is not textable
    assert alert.sealed_contact is not None
    assert FOUND in history


def test_somebody_who_said_stop_is_found_and_not_texted(phone: Phone, session: Session, app_parts: Parts) -> None:
    phone.says("hi")
    phone.says("STOP")
    jobs.work_once(session, app_parts)
    seed_flag(session, app_parts, phone.number)
    alert, history = reached(session, app_parts)
    assert alert.cannot_be_texted
    assert FOUND in history


def test_a_link_whose_time_is_over_leads_to_nobody_and_the_alert_stands(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    seed_flag(session, app_parts)
    clock.forward(days=7)
    alert, history = reached(session, app_parts)
    assert (alert.sealed_contact, alert.cannot_be_texted, alert.state) == (None, True, "open")
    assert NOBODY in history


def test_a_link_whose_key_is_gone_leads_to_nobody(session: Session, app_parts: Parts, clock: Clock) -> None:
    seed_flag(session, app_parts)
    settings = app_parts.settings
    keys.destroy_expired(settings.keys_dir, settings.sealing_dir, clock() + timedelta(days=8))
    keys.make_ahead(settings.keys_dir, settings.sealing_dir, clock())
    alert, history = reached(session, app_parts)
    assert (alert.sealed_contact, alert.cannot_be_texted) == (None, True)
    assert NOBODY in history


def test_a_link_of_another_comment_or_purpose_leads_to_nobody(session: Session, app_parts: Parts) -> None:
    seed_flag(session, app_parts)
    row = session.scalars(select(ReachRow)).one()
    row.sealed_link = make_seals(app_parts).seal_contact("comment", "d" * 32) or b""
    session.commit()
    alert, history = reached(session, app_parts)
    assert alert.sealed_contact is None
    assert NOBODY in history


def test_a_comment_without_a_link_asks_the_worker_for_nothing(session: Session, app_parts: Parts) -> None:
    alert_id = seed_alert(session, app_parts)
    comments.ask_to_reach(session, comments.Taken("c" * 32, RedactedText("words"), None, None), alert_id)
    assert not comments.is_being_reached(session, alert_id)


def mark_alert(session: Session, alert_id: str, kind: str = "false_alarm", who: int = 1) -> None:
    said = marks.of_alert(session, session.get_one(AlertRow, alert_id), kind, "bullying")
    marks.put(session, marks.mark_id(who, f"alert {alert_id}", "r" * 32), said, NOON.date())
    session.commit()


def sole_mark(session: Session) -> MarkRow:
    session.rollback()
    return session.scalars(select(MarkRow)).one()


def test_a_mark_of_an_alert_gets_its_redacted_words_and_no_longer_leads_to_it(
    session: Session, app_parts: Parts
) -> None:
    alert_id = seed_alert(session, app_parts, words="my dad Alan Campbell hits me, ring 07700 900555")
    mark_alert(session, alert_id)
    assert (sole_mark(session).text, sole_mark(session).alert_id) == (None, alert_id)
    jobs.work_once(session, app_parts)
    mark = sole_mark(session)
    assert mark.text is not None
    assert "hits me" in mark.text
    assert not any(part in mark.text for part in ("Alan", "Campbell", "900555"))
    assert (mark.level, mark.reasons, mark.version, mark.alert_id) == ("concern", ["en.harm.1"], "v1", None)


def test_a_second_mark_of_the_same_person_replaces_the_first_and_keeps_the_words(
    session: Session, app_parts: Parts
) -> None:
    alert_id = seed_alert(session, app_parts, words=MARKED)
    mark_alert(session, alert_id)
    jobs.work_once(session, app_parts)
    mark_alert(session, alert_id, "should_have_alerted")
    mark = sole_mark(session)
    assert (mark.kind, mark.text, mark.alert_id) == ("should_have_alerted", MARKED, None)
    mark_alert(session, alert_id, who=2)
    assert session.scalar(select(func.count()).select_from(MarkRow)) == 2


def test_the_message_that_worries_most_is_the_one_that_is_marked(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    alert_id = seed_alert(session, app_parts, words="first")
    for level, words in ((Level.IMMEDIATE, "second"), (Level.IMMEDIATE, "third"), (Level.NONE, "fourth")):
        clock.forward(minutes=1)
        found = Assessment(level, reasons=(f"rule.{words}",), version="v1")
        alerts.add_to_alert(session, alert_id, found, make_seals(app_parts, words), clock())
    mark_alert(session, alert_id)
    jobs.work_once(session, app_parts)
    mark = sole_mark(session)
    assert (mark.text, mark.level, mark.reasons) == ("second", "immediate", ["rule.second"])


def test_a_mark_whose_words_are_gone_stays_without_them_and_is_not_tried_again(
    session: Session, app_parts: Parts, clock: Clock
) -> None:
    mark_alert(session, seed_alert(session, app_parts))
    session.scalars(select(AlertWordsRow)).one().sealed = b"day-2020-01-01\n" + b"x" * 80
    session.commit()
    assert marking.fill_marks(session, app_parts, worker_contacts(app_parts)) == 1
    session.commit()
    assert (sole_mark(session).text, sole_mark(session).alert_id) == (None, None)
    assert marking.fill_marks(session, app_parts, worker_contacts(app_parts)) == 0


def test_a_picture_has_no_words_to_keep(session: Session, app_parts: Parts) -> None:
    mark_alert(session, seed_alert(session, app_parts, words=""))
    jobs.work_once(session, app_parts)
    assert sole_mark(session).text is None


def test_what_is_taken_out_of_a_comment_is_taken_out_of_its_marks(session: Session, app_parts: Parts) -> None:
    today = app_parts.clock().date()
    for number, words in enumerate(("ask Alan about it", "ask Alan about it", "other words")):
        marks.put(session, f"{number}" * 32, marks.Mark("false_alarm", "other", text=RedactedText(words)), today)
    marks.black_out(session, "ask Alan about it", {1})
    texts = sorted(row["text"] for row in marks.export(session)[0])
    assert texts == ["ask [removed] about it", "ask [removed] about it", "other words"]


def mark_comment(session: Session, text: str) -> CommentRow:
    comment = CommentRow(
        id="c" * 32, script="check-in", step="more", theme="other", language="en", text=text, state="waiting",
        due_on=NOON.date(),
    )  # fmt: skip
    session.add(comment)
    said = marks.of_comment(comment.id, "false_alarm", "bullying")
    marks.put(session, marks.mark_id(1, f"comment {comment.id}", "r" * 32), said, NOON.date())
    session.commit()
    return comment


def test_a_mark_of_a_comment_gets_what_it_says_by_now_and_no_longer_leads_to_it(
    session: Session, app_parts: Parts
) -> None:
    comment = mark_comment(session, "hope is leaving in august and he takes my dinner money")
    comments.black_out(session, comment.id, cut(comment.text, None, {9}))
    session.commit()
    assert marks.export(session) == ([], 1)
    jobs.work_once(session, app_parts)
    mark = sole_mark(session)
    assert mark.text == "[removed] is leaving in august and he takes my [removed] money"
    assert (mark.level, mark.reasons, mark.version, mark.comment_id) == ("none", [], "", None)


def test_a_mark_of_a_comment_that_is_gone_stays_without_words_and_is_not_tried_again(
    session: Session, app_parts: Parts
) -> None:
    session.delete(mark_comment(session, MARKED))
    session.commit()
    assert marking.fill_marks(session, app_parts, worker_contacts(app_parts)) == 1
    session.commit()
    assert (sole_mark(session).text, sole_mark(session).comment_id) == (None, None)
    assert marking.fill_marks(session, app_parts, worker_contacts(app_parts)) == 0


def test_what_is_taken_out_while_the_worker_looks_goes_out_of_the_mark(session: Session, app_parts: Parts) -> None:
    comment = mark_comment(session, "he takes my dinner money off me")
    text, comment_id, other = comment.text, comment.id, Session(session.get_bind())
    session.commit()

    def take_out() -> None:
        with other:
            assert comments.black_out(other, comment_id, cut(text, None, {3}))
            marks.black_out(other, text, {3})
            other.commit()

    assert marking.fill_marks(session, app_parts, worker_contacts(app_parts)) == 1
    session.flush()
    reviewer = threading.Thread(target=take_out)
    reviewer.start()
    reviewer.join(1)
    assert reviewer.is_alive()  # it waits for the worker, so that it finds what the worker wrote
    session.commit()
    reviewer.join()
    assert sole_mark(session).text == "he takes my [removed] money off me"


def exported(app: Flask) -> tuple[list[dict[str, object]], str]:
    ran = app.test_cli_runner().invoke(bot, ["triage", "--export-marks"])
    assert ran.exit_code == 0, ran.output
    return [json.loads(line) for line in ran.stdout.splitlines()], ran.stderr


def test_marks_leave_for_training_without_name_number_day_or_id(
    app: Flask, session: Session, app_parts: Parts
) -> None:
    said = f"my brother Alasdair McGregor hits me and my number is {NUMBER}"
    alert_id = seed_alert(session, app_parts, words=said)
    mark_alert(session, alert_id)
    mark_alert(session, alert_id, who=2)
    jobs.work_once(session, app_parts)
    mark_alert(session, seed_alert(session, app_parts, words=""))
    rows, complaint = exported(app)
    assert len(rows) == 1 + 1
    assert {frozenset(row) for row in rows} == {frozenset(("text", "kind", "category", "level", "reasons", "version"))}
    told = json.dumps(rows)
    assert "hits me" in told
    assert not any(part in told for part in ("Alasdair", "McGregor", "900123", alert_id, "2026"))
    assert "left out: 1" in complaint
    assert [truth.level for truth in read(map(json.dumps, rows))] == [Level.NONE, Level.NONE]


def test_without_marks_nothing_is_printed(app: Flask) -> None:
    assert exported(app) == ([], "")
