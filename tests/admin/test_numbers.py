"""Seeing a number: two people for a reason, or one alone in an emergency; what is refused, recorded and reviewed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from bot import jobs, revealing, seeing, troubles
from bot.desk import Desk
from bot.parts import Parts
from bot.sender import NotSent
from conversations import alerts, audit, breaking_glass, heartbeats, keys, openings, relays, reveals
from conversations.breaking_glass import Reveal
from conversations.db import db
from conversations.duty_models import RevealRow
from conversations.keys import PublicKeys
from conversations.models import AlertEventRow, AlertRow, OpeningRow
from conversations.sealing import new_pair
from conversations.staff_models import AuditRow
from conversations.templates import Draft
from tests.admin.app import STEP, Hands, Visitor, close, code_for, find_person, make_app, make_person, text_of
from tests.fakes import RecordingSender
from tests.seeds import NUMBER, WORRY, make_seals, seed_alert, seed_on_duty

PATH = "/staff/alerts"
LATER = timedelta(minutes=6)
"""Past the time for which the second factor of the login counts."""


@pytest.fixture
def clock(hands: Hands) -> Hands:
    """One clock for the staff side and the worker."""
    return hands


@pytest.fixture
def worker(make_parts: Callable[..., Parts], database_url: str) -> Parts:
    """The parts of the worker process, on the same database."""
    return make_parts(database_url)


@pytest.fixture
def app(worker: Parts, hands: Hands, tmp_path: Path) -> Iterator[Flask]:
    """The staff side, with the keys that the worker made."""
    made = make_app(worker.settings.database_url, hands, sealing_dir=tmp_path / "sealing", alarm_phone="+441632960001")
    yield made
    close(made)


@pytest.fixture
def alert_id(app: Flask, worker: Parts) -> str:
    with app.app_context():
        return seed_alert(db.session(), worker)


def logged_in(app: Flask, *roles: str) -> tuple[Visitor, str]:
    """Somebody new, logged in just now, and their mail address."""
    visitor, email = Visitor(app), make_person(app, *roles)
    assert visitor.log_in(email).status_code == 302
    return visitor, email


def owner(app: Flask, alert_id: str, written: bool = True) -> tuple[Visitor, str]:
    """A duty worker who has the alert, and has written to the young person."""
    visitor, email = logged_in(app, "duty")
    visitor.get(f"{PATH}/{alert_id}")
    visitor.post(f"{PATH}/{alert_id}/acknowledge")
    if written:
        with app.app_context():
            settings, now = app.extensions["heard_staff"].settings, app.extensions["heard_staff"].clock()
            key = PublicKeys(settings.sealing_dir).of_day(now)
            draft = Draft("Ada here, can you ring me?", "", "danger")
            relays.write(db.session(), alert_id, relays.Written("1" * 32, "Ada", draft, key), now)
            db.session.commit()
    return visitor, email


def asks(visitor: Visitor, alert_id: str, reason: str = "harm", **form: str) -> Any:
    visitor.get(f"{PATH}/{alert_id}/number")
    return visitor.post(f"{PATH}/{alert_id}/number", {"reason": reason, **form})


def says(visitor: Visitor, reveal_id: str, answer: str = "yes", **form: str) -> Any:
    visitor.get("/staff/numbers/")
    return visitor.post(f"/staff/numbers/{reveal_id}", {"answer": answer, **form})


def opens(visitor: Visitor, alert_id: str, reveal_id: str, **form: str) -> Any:
    visitor.get(f"{PATH}/{alert_id}/number")
    return visitor.post(f"{PATH}/{alert_id}/number/{reveal_id}/open", form)


def work(app: Flask, worker: Parts) -> None:
    """One urgent round of the worker: nothing else is needed for a number to be there."""
    with app.app_context(), Desk() as desk:
        jobs.urgent_once(db.session(), worker, desk)
        db.session.rollback()


def reveal(app: Flask) -> RevealRow:
    with app.app_context():
        return db.session.scalars(select(RevealRow).order_by(RevealRow.asked_at.desc())).first()  # type: ignore[return-value]


def acts(app: Flask) -> list[str]:
    with app.app_context():
        db.session.rollback()
        lines = db.session.scalars(select(AuditRow.what).order_by(AuditRow.id))
        return [what for what in lines if "number" in what]


def history(app: Flask, alert_id: str) -> list[str]:
    with app.app_context():
        return [line.what for line in alerts.timeline(db.session(), alert_id) if "number" in line.what]


# --- two people -----------------------------------------------------------------------------------------------------


def test_two_people_and_one_look(app: Flask, worker: Parts, alert_id: str) -> None:
    ada, _ = owner(app, alert_id)
    ben, _ = logged_in(app, "duty")
    assert asks(ada, alert_id).location == f"{PATH}/{alert_id}/number"
    assert "This waits for a second person" in text_of(ada.get(f"{PATH}/{alert_id}/number"))
    assert "1 number to look at" in text_of(ben.get("/staff/alerts/"))
    assert says(ben, reveal(app).id).location == "/staff/numbers/"
    shown_at = opens(ada, alert_id, reveal(app).id).location
    assert "Opening the number" in text_of(ada.get(shown_at))
    work(app, worker)
    page = ada.get(shown_at)
    assert NUMBER in text_of(page)
    assert page.headers["Cache-Control"] == "no-store"
    for _ in range(2):
        assert "no longer here" in text_of(ada.get(shown_at))
    assert acts(app) == ["asked for a number", "allowed a number", "opened a number", "saw a number"]
    assert history(app, alert_id) == ["number asked for", "number allowed", "number shown"]
    with app.app_context():
        assert audit.verify(db.session(), audit.audit_key("r" * 32)) is None
        assert db.session.scalar(select(func.count()).select_from(OpeningRow)) == 0


def test_of_a_joined_alert_the_number_is_shown_and_of_one_taken_apart_it_is_not(
    app: Flask, worker: Parts, alert_id: str
) -> None:
    with app.app_context():
        home_id = seed_alert(db.session(), worker, number=None)
        rows = {each: db.session.get_one(AlertRow, each) for each in (home_id, alert_id)}
        rows[home_id].raised_at -= timedelta(hours=1)
        db.session.commit()
    ada, _ = owner(app, alert_id)
    assert "We have no number of theirs" in text_of(ada.get(f"{PATH}/{home_id}/number"))
    assert ada.post(f"{PATH}/{alert_id}/merge", {"other": home_id}).location == f"{PATH}/{home_id}"
    page = text_of(ada.get(f"{PATH}/{home_id}"))
    assert "Cannot be texted" not in page
    assert "I need the number itself" in page
    alone = {"reason": "danger", "alone": "1"}
    shown_at = asks(ada, home_id, **alone).location
    work(app, worker)
    assert NUMBER in text_of(ada.get(shown_at))
    late = asks(ada, home_id, **alone).location
    ada.get(f"{PATH}/{alert_id}")
    assert ada.post(f"{PATH}/{alert_id}/reopen", {"reason": "apart"}).status_code == 302
    work(app, worker)
    assert NUMBER not in text_of(ada.get(late))
    assert "We have no number of theirs" in text_of(ada.get(f"{PATH}/{home_id}/number"))
    page = text_of(ada.get(f"{PATH}/{home_id}"))
    assert "Cannot be texted" in page
    assert "I need the number itself" not in page


def test_the_number_never_lies_open_in_the_database_and_the_address_holds_none(
    app: Flask, worker: Parts, alert_id: str
) -> None:
    ada, _ = owner(app, alert_id)
    ben, _ = logged_in(app, "duty")
    asks(ada, alert_id)
    says(ben, reveal(app).id)
    shown_at = opens(ada, alert_id, reveal(app).id).location
    work(app, worker)
    digits = NUMBER[1:]
    assert digits not in shown_at
    with app.app_context():
        for table in db.metadata.sorted_tables:
            rows = [tuple(row) for row in db.session.execute(select(table))]
            assert digits not in json.dumps(rows, default=repr), table.name
    assert digits in text_of(ada.get(shown_at))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": ""}, "Say why you need it."),
        ({"reason": "danger", "written": False}, "Write to them first"),
        ({"reason": "harm", "alone": "1"}, "That reason needs a second person."),
    ],
)
def test_what_may_not_be_is_refused_and_recorded(
    app: Flask, alert_id: str, change: dict[str, Any], said: str
) -> None:
    ada, _ = owner(app, alert_id, written=change.get("written", True))
    answer = asks(ada, alert_id, **{name: value for name, value in change.items() if name != "written"})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert acts(app) == ["was refused a number"]
    assert reveal(app) is None


def test_who_does_not_have_the_alert_asks_for_nothing(app: Flask, alert_id: str) -> None:
    owner(app, alert_id)
    ben, _ = logged_in(app, "duty")
    assert "Take the alert first" in text_of(asks(ben, alert_id))


def test_nobody_says_yes_to_themselves_and_nobody_twice(app: Flask, worker: Parts, alert_id: str) -> None:
    ada, _ = owner(app, alert_id)
    ben, _ = logged_in(app, "lead")
    asks(ada, alert_id)
    reveal_id = reveal(app).id
    assert says(ada, reveal_id).status_code == 422
    assert reveal(app).approved is None
    assert opens(ada, alert_id, reveal_id).status_code == 422
    assert says(ben, reveal_id, "no").status_code == 302
    assert says(ben, reveal_id, "yes").status_code == 422
    assert opens(ada, alert_id, reveal_id).status_code == 422
    assert reveal(app).approved is False
    assert acts(app) == [
        "asked for a number", "was refused a number", "was refused a number", "said no to a number",
        "was refused a number", "was refused a number",
    ]


def test_a_yes_counts_for_an_hour_and_for_one_look(app: Flask, worker: Parts, hands: Hands, alert_id: str) -> None:
    ada, _ = owner(app, alert_id)
    ben, _ = logged_in(app, "duty")
    asks(ada, alert_id)
    reveal_id = reveal(app).id
    says(ben, reveal_id)
    with app.app_context():
        db.session.execute(update(RevealRow).values(decided_at=hands() - timedelta(hours=1)))
        db.session.commit()
    assert "Nobody stands for this any more" in text_of(opens(ada, alert_id, reveal_id))


def test_another_person_gets_nothing_with_the_same_address(app: Flask, worker: Parts, alert_id: str) -> None:
    ada, _ = owner(app, alert_id)
    ben, _ = logged_in(app, "duty")
    asks(ada, alert_id)
    says(ben, reveal(app).id)
    shown_at = opens(ada, alert_id, reveal(app).id).location
    work(app, worker)
    assert "no longer here" in text_of(ben.get(shown_at))
    assert opens(ben, alert_id, reveal(app).id).status_code == 422
    fresh = Visitor(app)
    assert fresh.get(shown_at).status_code == 302
    assert NUMBER in text_of(ada.get(shown_at))


def test_a_number_is_opened_anew_for_nobody_once_it_was_shown(app: Flask, worker: Parts, alert_id: str) -> None:
    ada, _ = owner(app, alert_id)
    ben, _ = logged_in(app, "duty")
    asks(ada, alert_id)
    says(ben, reveal(app).id)
    first, second = (opens(ada, alert_id, reveal(app).id).location for _ in range(2))
    work(app, worker)
    assert NUMBER in text_of(ada.get(second))
    assert NUMBER not in text_of(ada.get(first))
    assert opens(ada, alert_id, reveal(app).id).status_code == 422


def test_the_day_has_a_limit_for_two_people(app: Flask, worker: Parts, hands: Hands, alert_id: str) -> None:
    ada, email = owner(app, alert_id)
    with app.app_context():
        me = find_person(email).id
        for _ in range(breaking_glass.LIMIT):
            wish = reveals.ask(db.session(), Reveal(me, False, hands()), alert_id, "Ada", "harm")
            db.session.execute(update(RevealRow).where(RevealRow.id == wish).values(approved=True, shown_at=hands()))
        db.session.commit()
    assert "within a day" in text_of(asks(ada, alert_id))
    assert asks(ada, alert_id, "danger", alone="1").status_code == 302


def wishes(app: Flask, email: str, hands: Hands, alert_id: str, number: int) -> list[str]:
    """So many wishes of one person that wait for a yes."""
    with app.app_context():
        me = find_person(email).id
        made = [reveals.ask(db.session(), Reveal(me, False, hands()), alert_id, "Ada", "harm") for _ in range(number)]
        db.session.commit()
    return made


def test_the_day_has_its_limit_also_for_whoever_asks_first_and_gets_the_yeses_after(
    app: Flask, worker: Parts, hands: Hands, alert_id: str
) -> None:
    ada, email = owner(app, alert_id)
    ben, _ = logged_in(app, "duty")
    made = wishes(app, email, hands, alert_id, breaking_glass.LIMIT + 2)
    answers = [says(ben, wish) for wish in made]
    assert [answer.status_code for answer in answers] == [302] * breaking_glass.LIMIT + [422] * 2
    assert "They may see 3 numbers within a day" in text_of(answers[-1])
    assert says(ben, made[-1], "no").status_code == 302
    pages = []
    for wish in made[: breaking_glass.LIMIT]:
        shown_at = opens(ada, alert_id, wish).location
        work(app, worker)
        pages.append(text_of(ada.get(shown_at)))
    assert [NUMBER in page for page in pages] == [True] * breaking_glass.LIMIT
    assert opens(ada, alert_id, made[-2]).status_code == 422
    shown_at = asks(ada, alert_id, "danger", alone="1").location
    work(app, worker)
    assert NUMBER in text_of(ada.get(shown_at)), "in an emergency nothing is counted"


def test_two_people_who_say_yes_at_the_same_moment_do_not_pass_the_limit_together(
    app: Flask, hands: Hands, alert_id: str
) -> None:
    _, email = owner(app, alert_id)
    made = wishes(app, email, hands, alert_id, breaking_glass.LIMIT + 1)
    faults: dict[str, str] = {}

    def decides(wish: str) -> None:
        with app.app_context():
            faults[wish] = reveals.decide(db.session(), wish, True, 0, "Ben", hands())
            db.session.commit()

    for wish in made[: breaking_glass.LIMIT - 1]:
        decides(wish)
    first, second = made[breaking_glass.LIMIT - 1 :]
    with app.app_context():
        assert reveals.decide(db.session(), first, True, 0, "Cat", hands()) == ""
        other = Thread(target=decides, args=(second,))
        other.start()
        other.join(0.5)
        assert second not in faults, "it waits for the first"
        db.session.commit()
        other.join(10)
    assert faults[second] == breaking_glass.TOO_MANY


def test_the_worker_opens_no_more_than_the_limit_whatever_was_written(
    app: Flask, worker: Parts, hands: Hands, alert_id: str
) -> None:
    _, email = owner(app, alert_id)
    made = wishes(app, email, hands, alert_id, breaking_glass.LIMIT + 2)
    with app.app_context():
        me, at = find_person(email).id, hands()
        db.session.execute(update(RevealRow).values(approved=True, decided_at=at))
        asked = [openings.ask_to_open(db.session(), me, new_pair()[1], at, reveal_id=wish) for wish in made]
        db.session.commit()
    work(app, worker)
    with app.app_context():
        sealed = [opening.sealed for opening in db.session.scalars(select(OpeningRow))]
        assert len(asked) > len(sealed) == breaking_glass.LIMIT
        assert all(sealed)


# --- the second factor ----------------------------------------------------------------------------------------------


def test_after_five_minutes_a_code_is_needed_and_counts_once(app: Flask, hands: Hands, alert_id: str) -> None:
    ada, email = owner(app, alert_id)
    hands.ahead = LATER
    assert "Six digits" in text_of(ada.get(f"{PATH}/{alert_id}/number"))
    assert asks(ada, alert_id, "danger", alone="1").status_code == 422
    assert asks(ada, alert_id, "danger", alone="1", code="000000").status_code == 422
    used(app, email, int(time.time()) // STEP + 1)
    assert asks(ada, alert_id, "danger", alone="1", code=code_for(app, email)).status_code == 422, "it was used before"
    assert reveal(app) is None
    used(app, email, None)
    code = code_for(app, email)
    assert asks(ada, alert_id, "danger", alone="1", code=f"{code[:3]} {code[3:]}").status_code == 302
    hands.ahead = 2 * LATER
    assert asks(ada, alert_id, "danger", alone="1", code=code).status_code == 422, "each code works once"


def used(app: Flask, email: str, step: int | None) -> None:
    """Say which code of this person counted last."""
    with app.app_context():
        find_person(email).tf_last_step = step
        db.session.commit()


def test_a_yes_needs_a_fresh_second_factor_and_a_no_does_not(app: Flask, hands: Hands, alert_id: str) -> None:
    ada, _ = owner(app, alert_id)
    ben, _ = logged_in(app, "duty")
    hands.ahead = LATER
    asks(ada, alert_id)
    assert says(ben, reveal(app).id).status_code == 422
    assert reveal(app).approved is None
    assert says(ben, reveal(app).id, "no").status_code == 302


def test_opening_needs_a_fresh_second_factor_also_after_a_yes(app: Flask, hands: Hands, alert_id: str) -> None:
    ada, _ = owner(app, alert_id)
    ben, _ = logged_in(app, "duty")
    asks(ada, alert_id)
    says(ben, reveal(app).id)
    hands.ahead = LATER
    assert opens(ada, alert_id, reveal(app).id).status_code == 422
    assert "was refused a number" in acts(app)


def test_whoever_guesses_codes_is_slowed_down(app: Flask, hands: Hands, alert_id: str) -> None:
    ada, _ = owner(app, alert_id)
    hands.ahead = LATER
    answers = [asks(ada, alert_id, "danger", alone="1", code=f"{turn:06}").status_code for turn in range(8)]
    assert answers[:5] == [422] * 5
    assert 429 in answers


def test_a_wish_that_needs_no_code_makes_up_for_no_guess(app: Flask, hands: Hands, alert_id: str) -> None:
    ada, _ = owner(app, alert_id)
    hands.ahead = LATER
    answers = []
    for turn in range(8):
        answers.append(asks(ada, alert_id, "danger", alone="1", code=f"{turn:06}").status_code)
        asks(ada, alert_id, "harm", code="000000")
    assert answers[:3] == [422] * 3
    assert 429 in answers


def test_a_no_makes_up_for_no_guess(app: Flask, hands: Hands, alert_id: str) -> None:
    ada, _ = owner(app, alert_id)
    ben, _ = logged_in(app, "duty")
    hands.ahead = LATER
    answers = []
    for turn in range(8):
        asks(ada, alert_id)
        answers.append(says(ben, reveal(app).id, code=f"{turn:06}").status_code)
        says(ben, reveal(app).id, "no", code="000000")
    assert answers[:3] == [422] * 3
    assert 429 in answers


def test_a_right_code_makes_up_for_the_guesses_before(app: Flask, hands: Hands, alert_id: str) -> None:
    ada, email = owner(app, alert_id)
    hands.ahead = LATER
    guesses = [asks(ada, alert_id, "danger", alone="1", code=f"{turn:06}").status_code for turn in range(4)]
    used(app, email, None)
    assert asks(ada, alert_id, "danger", alone="1", code=code_for(app, email)).status_code == 302
    hands.ahead = 2 * LATER
    guesses += [asks(ada, alert_id, "danger", alone="1", code=f"{turn:06}").status_code for turn in range(4)]
    assert guesses == [422] * 8


def test_whoever_needs_no_code_is_never_made_to_wait(app: Flask, alert_id: str) -> None:
    ada, _ = owner(app, alert_id)
    for _ in range(12):
        assert asks(ada, alert_id, "").status_code == 422
    assert asks(ada, alert_id, "danger", alone="1").status_code == 302


# --- alone in an emergency ------------------------------------------------------------------------------------------


def test_in_an_emergency_one_person_sees_it_at_once_whatever_else_is_down(
    app: Flask, worker: Parts, alert_id: str, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    """The alert is not even taken; no text and no mail goes; the worker's other loop stands still."""
    texts_out.failures = [NotSent("30500", again=True)] * 50
    mails_out.failures = [NotSent("down", again=True)] * 50
    ada, _ = logged_in(app, "duty")
    shown_at = asks(ada, alert_id, "danger", alone="1").location
    work(app, worker)
    assert NUMBER in text_of(ada.get(shown_at))
    assert acts(app) == ["asked for a number alone", "opened a number", "saw a number"]


def test_the_lead_is_told_at_once_and_not_the_one_who_did_it(
    app: Flask, worker: Parts, alert_id: str, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    with app.app_context():
        seed_on_duty(db.session(), worker, "Lorna", lead=True)
    ada, _ = logged_in(app, "duty")
    asks(ada, alert_id, "danger", alone="1")
    with app.app_context():
        assert revealing.tell_leads(db.session(), worker, None) == 1  # type: ignore[arg-type]  # it opens nothing
        db.session.commit()
        assert revealing.tell_leads(db.session(), worker, None) == 0  # type: ignore[arg-type]
        reference = db.session.get_one(AlertRow, alert_id).reference
    assert len(texts_out.sent) == len(mails_out.sent) == 1
    for each in texts_out.sent + mails_out.sent:
        assert "opened its number alone" in each.body
        assert reference in each.body
        assert each.to not in (worker.settings.duty_phone, worker.settings.duty_email)
        assert NUMBER not in each.body
    assert "safeguarding lead told" in [line.what for line in _timeline(app, alert_id)]


def _timeline(app: Flask, alert_id: str) -> list[AlertEventRow]:
    with app.app_context():
        return list(alerts.timeline(db.session(), alert_id))


def test_without_another_lead_the_duty_contact_is_told(
    app: Flask, worker: Parts, alert_id: str, texts_out: RecordingSender
) -> None:
    with app.app_context():
        lead = seed_on_duty(db.session(), worker, "Lorna", lead=True)
        reveals.ask(db.session(), Reveal(lead, True, worker.clock()), alert_id, "Lorna", "danger")
        db.session.commit()
        assert revealing.tell_leads(db.session(), worker, None) == 1  # type: ignore[arg-type]
    assert [each.to for each in texts_out.sent] == [worker.settings.duty_phone]


def test_a_lead_who_could_not_be_told_is_tried_again_and_the_watch_says_so(
    app: Flask, worker: Parts, hands: Hands, alert_id: str, texts_out: RecordingSender, mails_out: RecordingSender
) -> None:
    name = "no lead knows of a number opened alone"
    texts_out.failures, mails_out.failures = [NotSent("x", again=True)], [NotSent("y", again=True)]
    ada, _ = logged_in(app, "duty")
    asks(ada, alert_id, "danger", alone="1")
    with app.app_context():
        assert revealing.tell_leads(db.session(), worker, None) == 0  # type: ignore[arg-type]
        db.session.commit()
    assert name not in found(app, worker)
    hands.ahead = timedelta(seconds=90)
    assert name in found(app, worker)
    with app.app_context():
        assert revealing.tell_leads(db.session(), worker, None) == 1  # type: ignore[arg-type]
        db.session.commit()
    assert name not in found(app, worker)


def found(app: Flask, worker: Parts) -> set[str]:
    with app.app_context():
        now = worker.clock()
        seen = seeing.look(db.session(), worker, now, now)
        db.session.rollback()
        return set(troubles.troubles(seen))


def test_what_was_done_alone_is_reviewed_by_another_lead_within_a_day(
    app: Flask, worker: Parts, hands: Hands, alert_id: str
) -> None:
    overdue = "a number opened alone was not reviewed"
    ada, _ = logged_in(app, "lead")
    asks(ada, alert_id, "danger", alone="1")
    reveal_id = reveal(app).id
    assert "Another safeguarding lead must review it" in text_of(ada.get("/staff/numbers/"))
    assert ada.post(f"/staff/numbers/{reveal_id}/review", {"finding": "right"}).status_code == 422
    assert overdue not in found(app, worker)
    hands.ahead = timedelta(hours=24, seconds=1)
    assert overdue in found(app, worker)
    ben, cat = logged_in(app, "duty")[0], logged_in(app, "lead")[0]
    assert "A safeguarding lead reviews it" in text_of(ben.get("/staff/numbers/"))
    assert ben.post(f"/staff/numbers/{reveal_id}/review", {"finding": "right"}).status_code == 403
    assert "overdue" in text_of(cat.get("/staff/numbers/"))
    assert cat.post(f"/staff/numbers/{reveal_id}/review", {"finding": "nonsense"}).status_code == 400
    assert cat.post(f"/staff/numbers/{reveal_id}/review", {"finding": "right"}).status_code == 302
    assert cat.post(f"/staff/numbers/{reveal_id}/review", {"finding": "wrong"}).status_code == 422
    assert overdue not in found(app, worker)
    assert reveal(app).finding == "right"
    assert "reviewed a number" in acts(app)


def test_the_third_number_alone_in_a_day_brings_the_alarm_and_stops_nobody(
    app: Flask, worker: Parts, hands: Hands, alert_id: str
) -> None:
    many = "numbers are opened alone again and again"
    ada, _ = logged_in(app, "duty")
    for turn in range(1, 5):
        assert asks(ada, alert_id, "danger", alone="1").status_code == 302
        assert (many in found(app, worker)) == (turn >= 3)


def test_when_the_worker_is_down_the_page_says_whom_to_ring(
    app: Flask, worker: Parts, hands: Hands, alert_id: str
) -> None:
    ada, _ = logged_in(app, "duty")
    shown_at = asks(ada, alert_id, "danger", alone="1").location
    with app.app_context():
        heartbeats.beat(db.session(), "urgent", hands())
        db.session.commit()
    assert "does not answer" not in text_of(ada.get(shown_at))
    hands.ahead = timedelta(seconds=21)
    page = text_of(ada.get(shown_at))
    assert "The part of Heard that opens numbers does not answer" in page
    assert "+441632960001" in page
    assert "call 999 now" in page


def test_a_number_that_can_no_longer_be_opened_is_said_and_not_waited_for(
    app: Flask, worker: Parts, alert_id: str
) -> None:
    for path in worker.settings.keys_dir.glob("day-*.private"):
        path.unlink()
    ada, _ = logged_in(app, "duty")
    shown_at = asks(ada, alert_id, "danger", alone="1").location
    work(app, worker)
    assert "can no longer be opened" in text_of(ada.get(shown_at))


def test_a_number_that_nobody_could_open_is_not_noted_as_shown(app: Flask, worker: Parts, alert_id: str) -> None:
    for path in worker.settings.keys_dir.glob("day-*.private"):
        path.unlink()
    ada, _ = logged_in(app, "duty")
    shown_at = asks(ada, alert_id, "danger", alone="1").location
    work(app, worker)
    assert "can no longer be opened" in text_of(ada.get(shown_at))
    assert "no longer here" in text_of(ada.get(shown_at)), "the box goes with the page"
    assert reveal(app).shown_at is None
    assert history(app, alert_id) == ["number asked for alone"]
    assert acts(app) == ["asked for a number alone", "opened a number", "could not see a number"]


def test_a_number_sealed_to_another_browser_uses_up_no_look(app: Flask, worker: Parts, alert_id: str) -> None:
    ada, _ = logged_in(app, "duty")
    asks(ada, alert_id, "danger", alone="1")
    with app.app_context():
        opening = db.session.scalars(select(OpeningRow)).one()
        opening.public_half = new_pair()[1]
        db.session.commit()
        shown_at = f"{PATH}/{alert_id}/number/{opening.reveal_id}?opening={opening.id}"
    work(app, worker)
    assert "no longer here" in text_of(ada.get(shown_at))
    assert reveal(app).shown_at is None
    shown_at = opens(ada, alert_id, reveal(app).id).location
    work(app, worker)
    assert NUMBER in text_of(ada.get(shown_at))


def test_a_key_that_is_refused_is_waited_for_and_the_number_is_shown_once_it_is_mended(
    app: Flask, worker: Parts, alert_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = worker.settings.keys_dir
    ada, _ = logged_in(app, "duty")
    shown_at = asks(ada, alert_id, "danger", alone="1").location
    for path in folder.glob("*.private"):
        path.chmod(0o640)
    work(app, worker)
    assert "a number is waiting: ExposedKey" in caplog.text
    assert "Opening the number" in text_of(ada.get(shown_at))
    assert reveal(app).shown_at is None
    assert keys.mend(folder)
    work(app, worker)
    assert NUMBER in text_of(ada.get(shown_at))
    assert history(app, alert_id) == ["number asked for alone", "number shown"]


def test_a_key_that_is_refused_holds_up_no_other_number(app: Flask, worker: Parts, hands: Hands, alert_id: str) -> None:
    (worker.settings.keys_dir / f"day-{hands().date()}.private").chmod(0o640)
    with app.app_context():
        seals = replace(make_seals(worker), key=worker.keys.of_day(hands() + timedelta(days=1)))
        other = alerts.raise_alert(db.session(), WORRY, "sms", seals, hands())
        db.session.commit()
    ada, _ = logged_in(app, "duty")
    first = asks(ada, alert_id, "danger", alone="1").location
    second = asks(ada, other, "danger", alone="1").location
    work(app, worker)
    assert "Opening the number" in text_of(ada.get(first))
    assert NUMBER in text_of(ada.get(second))


def test_a_number_that_does_not_come_says_whom_to_ring_though_the_worker_runs(
    app: Flask, worker: Parts, hands: Hands, alert_id: str
) -> None:
    for path in worker.settings.keys_dir.glob("day-*.private"):
        path.write_bytes(b"damaged")
    ada, _ = logged_in(app, "duty")
    shown_at = asks(ada, alert_id, "danger", alone="1").location
    for seconds, said in ((0, False), (21, True)):
        hands.ahead = timedelta(seconds=seconds)
        work(app, worker)
        assert ("call 999 now" in text_of(ada.get(shown_at))) is said


# --- what the worker decides by itself, and what the rows refuse -----------------------------------------------------


@pytest.mark.parametrize("wish", ["waiting", "refused", "shown", "another's", "old"])
def test_the_worker_opens_nothing_that_nobody_stands_for_whatever_the_web_writes(
    app: Flask, worker: Parts, hands: Hands, alert_id: str, wish: str
) -> None:
    """Somebody who can write rows as the web process does asks for a number past the pages."""
    make_person(app, "duty")
    make_person(app, "duty")
    with app.app_context():
        first, second = db.session.scalars(text("SELECT id FROM staff ORDER BY id")).all()
        reveal_id = reveals.ask(db.session(), Reveal(first, False, hands()), alert_id, "Ada", "harm")
        changes: dict[str, Any] = {
            "refused": {"approved": False, "decided_at": hands()},
            "shown": {"approved": True, "decided_at": hands(), "shown_at": hands()},
            "another's": {"approved": True, "decided_at": hands()},
            "old": {"approved": True, "decided_at": hands() - timedelta(hours=2)},
        }.get(wish, {})
        if changes:
            db.session.execute(update(RevealRow).where(RevealRow.id == reveal_id).values(**changes))
        staff = second if wish == "another's" else first
        opening = openings.ask_to_open(db.session(), staff, new_pair()[1], hands(), reveal_id=reveal_id)
        db.session.commit()
    work(app, worker)
    with app.app_context():
        assert db.session.get(OpeningRow, opening) is None


def test_no_wish_can_be_deleted_nor_its_reason_changed(app: Flask, hands: Hands, alert_id: str) -> None:
    logged_in(app, "duty")
    for statement in ("DELETE FROM reveal", "UPDATE reveal SET reason = 'asked'", "UPDATE reveal SET alone = NULL"):
        with app.app_context():
            me = db.session.scalars(text("SELECT id FROM staff")).first()
            reveals.ask(db.session(), Reveal(int(me or 0), True, hands()), alert_id, "Ada", "danger")
            with pytest.raises(IntegrityError, match="only added to"):
                db.session.execute(text(statement))
            db.session.rollback()


def test_the_words_of_an_alert_cannot_be_had_with_the_wish_for_a_number_nor_the_other_way_round(
    app: Flask, worker: Parts, alert_id: str
) -> None:
    ada, _ = logged_in(app, "duty")
    shown_at = asks(ada, alert_id, "danger", alone="1").location
    opening = re.search(r"opening=([0-9a-f]+)", shown_at)
    assert opening is not None
    work(app, worker)
    assert "no longer here" in text_of(ada.get(f"{PATH}/{alert_id}/words?opening={opening[1]}"))
    assert NUMBER in text_of(ada.get(shown_at))
