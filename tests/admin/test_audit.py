"""The audit holds together, and shows when somebody has been at it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from conversations import audit
from conversations.audit import Act
from conversations.db import db
from conversations.staff_models import AuditRow
from tests.admin.app import logged_in, text_of

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
KEY = audit.audit_key("r" * 32)


def write(app: Flask, number: int = 6) -> None:
    with app.app_context():
        for turn in range(number):
            acts = [Act("read a comment", f"comment {turn}"), Act("reviewed a comment", f"comment {turn}", "why — é")]
            audit.record(db.session(), "rhona@heard.example", acts, NOW + timedelta(seconds=turn), KEY)
            db.session.commit()


def test_a_chain_that_nobody_touched_holds(app: Flask) -> None:
    write(app)
    with app.app_context():
        assert audit.verify(db.session(), KEY) is None
        assert db.session.scalar(select(func.count()).select_from(AuditRow)) == 12


def test_an_empty_chain_holds(app: Flask) -> None:
    with app.app_context():
        assert audit.verify(db.session(), KEY) is None
        assert audit.head(db.session()) == ""


def third(session: Session) -> int:
    return session.scalars(select(AuditRow.id).order_by(AuditRow.id)).all()[2]


HARM: dict[str, Callable[[Session, int], object]] = {
    "who": lambda session, row: session.execute(update(AuditRow).where(AuditRow.id == row).values(who="x")),
    "what": lambda session, row: session.execute(update(AuditRow).where(AuditRow.id == row).values(what="x")),
    "on": lambda session, row: session.execute(update(AuditRow).where(AuditRow.id == row).values(on="x")),
    "why": lambda session, row: session.execute(update(AuditRow).where(AuditRow.id == row).values(why="x")),
    "when": lambda session, row: session.execute(
        update(AuditRow).where(AuditRow.id == row).values(at=NOW + timedelta(days=1))
    ),
    "link": lambda session, row: session.execute(update(AuditRow).where(AuditRow.id == row).values(chain="0" * 64)),
    "gone": lambda session, row: session.execute(delete(AuditRow).where(AuditRow.id == row)),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_line_that_was_changed_or_taken_out_is_found(app: Flask, harm: str) -> None:
    write(app)
    with app.app_context():
        row = third(db.session())
        HARM[harm](db.session(), row)
        db.session.commit()
        found = audit.verify(db.session(), KEY)
        assert found == (row + 1 if harm == "gone" else row)


def test_without_the_key_nobody_can_write_a_line_that_follows(app: Flask) -> None:
    write(app)
    with app.app_context():
        audit.record(db.session(), "rhona@heard.example", [Act("x", "y")], NOW, "another key")
        db.session.commit()
        assert audit.verify(db.session(), KEY) is not None


def test_an_end_that_was_cut_off_shows_by_the_head_that_was_kept_elsewhere(app: Flask) -> None:
    write(app)
    with app.app_context():
        head = audit.head(db.session())
        assert audit.contains(db.session(), head)
        db.session.execute(delete(AuditRow).where(AuditRow.chain == head))
        db.session.commit()
        assert audit.verify(db.session(), KEY) is None
        assert not audit.contains(db.session(), head)


def lines(session: Session) -> list[str]:
    return list(session.scalars(select(AuditRow.what).order_by(AuditRow.id)))


def prune(app: Flask, now: datetime) -> int:
    with app.app_context():
        gone = audit.prune(db.session(), now, KEY)
        db.session.commit()
    return gone


def test_six_years_are_kept_to_the_second_and_the_chain_holds_after_what_went(app: Flask) -> None:
    write(app)
    assert prune(app, NOW + audit.LIFE - timedelta(seconds=1)) == 0
    assert prune(app, NOW + audit.LIFE + timedelta(seconds=2)) == 6
    with app.app_context():
        assert audit.verify(db.session(), KEY) is None
        assert lines(db.session()) == ["read a comment", "reviewed a comment"] * 3 + ["ended after six years"]
        assert not audit.is_overdue(db.session(), NOW + audit.LIFE + timedelta(seconds=2))
        assert audit.is_overdue(db.session(), NOW + audit.LIFE + timedelta(seconds=3))


@pytest.mark.parametrize("month", [3, 10])  # when the clocks change: a line is as old as it is
def test_six_years_end_at_the_same_moment_over_both_changes_of_the_clock(app: Flask, month: int) -> None:
    written = datetime(2026, month, 25, 0, 30, tzinfo=UTC)
    with app.app_context():
        audit.record(db.session(), "rhona@heard.example", [Act("read a comment", "comment 1")], written, KEY)
        db.session.commit()
    assert prune(app, written + audit.LIFE - timedelta(seconds=1)) == 0
    assert prune(app, written + audit.LIFE) == 1


def test_a_chain_that_is_pruned_again_and_again_holds_until_the_last_line(app: Flask) -> None:
    write(app)
    for second in (0, 1, 3):
        assert prune(app, NOW + audit.LIFE + timedelta(seconds=second)) > 0
        with app.app_context():
            assert audit.verify(db.session(), KEY) is None
    assert prune(app, NOW + audit.LIFE * 3) > 0
    with app.app_context():
        assert lines(db.session()) == ["ended after six years"]
        assert audit.verify(db.session(), KEY) is None


def test_lines_that_somebody_else_cut_off_the_beginning_are_missed(app: Flask) -> None:
    write(app)
    prune(app, NOW + audit.LIFE + timedelta(seconds=1))
    with app.app_context():
        first, second = db.session.scalars(select(AuditRow).order_by(AuditRow.id).limit(2))
        forged = {"at": NOW, "who": "Heard", "what": audit.PRUNED, "on": "audit", "why": first.chain}
        db.session.execute(delete(AuditRow).where(AuditRow.id == first.id))
        db.session.commit()
        assert audit.verify(db.session(), KEY) == second.id
        db.session.add(AuditRow(chain="0" * 64, **forged))
        db.session.commit()
        assert audit.verify(db.session(), KEY) is not None


def test_the_page_says_that_a_pruned_chain_holds(app: Flask) -> None:
    write(app)
    prune(app, NOW + audit.LIFE + timedelta(seconds=1))
    assert "Each line below follows" in text_of(logged_in(app, "lead").get("/staff/audit/"))


def test_the_chain_does_not_fork_when_many_write_at_once(app: Flask) -> None:
    faults: list[Exception] = []

    def write_some(name: str) -> None:
        try:
            with app.app_context():
                for turn in range(8):
                    audit.record(db.session(), name, [Act("read", f"comment {turn}"), Act("read", "x")], NOW, KEY)
                    db.session.commit()
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=write_some, args=(f"p{number}@heard.example",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with app.app_context():
        assert audit.verify(db.session(), KEY) is None
        assert db.session.scalar(select(func.count()).select_from(AuditRow)) == 80


def test_the_page_shows_the_lines_and_says_when_one_was_changed(app: Flask) -> None:
    lead = logged_in(app, "lead")
    assert "Logged in" in text_of(lead.get("/staff/audit/"))
    assert "Each line below follows" in text_of(lead.get("/staff/audit/"))
    with app.app_context():
        db.session.execute(update(AuditRow).values(why="changed"))
        db.session.commit()
    assert "does not follow from the one before" in text_of(lead.get("/staff/audit/"))


def test_older_lines_are_on_the_next_page_and_hold_as_well(app: Flask) -> None:
    lead = logged_in(app, "lead")
    write(app, 40)
    first = lead.get("/staff/audit/").get_data(as_text=True)
    assert "Older lines" in first
    older = first.partition("before=")[2].partition('"')[0]
    assert "Each line below follows" in text_of(lead.get("/staff/audit/", query_string={"before": older}))
