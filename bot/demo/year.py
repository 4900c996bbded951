"""The demonstration year: made-up people talk to the real engine, and what they say goes the way that all words go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import doubts
from bot.demo.alerts import SEALED_FOR, Worry, raise_worry, settle, take, tell_again
from bot.demo.people import Crowd, Persona, load_phrases
from bot.parts import Parts
from bot.safeguards import language, redaction, triage
from conversations import boxes, comments, engine, figures, raising, retention, store, versions, worries
from conversations.cutting import Doubtful
from conversations.escalation import list_of
from conversations.models import AlertRow, CommentRow, ResponseRow
from conversations.rota import HERE, read_by_end
from conversations.sealing import Sealable, SealingKey, Seals
from conversations.starts import start_of
from conversations.values import Assessment, Facts, RedactedText, State

DAYS = 365
MOST_TURNS = 40
NOON = time(12, tzinfo=UTC)
DAY = timedelta(days=1)
# By day of the week from Monday, and by month from January: fewer texts at weekends and in the school holidays.
WEEK = (1.15, 1.25, 1.2, 1.15, 1.0, 0.5, 0.55)
MONTHS = (1.0, 1.0, 1.05, 0.85, 1.05, 1.0, 0.7, 0.9, 1.15, 1.0, 1.1, 0.8)
LAST_DAYS, LATELY = 3, 1.3  # alike whatever day it is, so that reviewers always have something to read


@dataclass(frozen=True, slots=True)
class Made:
    """How much there is now."""

    conversations: int
    responses: int
    comments: int
    alerts: int


@dataclass(frozen=True, slots=True)
class Heard:
    """One text as the bot hears it."""

    assessment: Assessment
    redacted: RedactedText
    guess: str | None


@dataclass
class Ears:
    """Screens, redacts and guesses the language of each text, once for each text that differs."""

    parts: Parts
    known: dict[str, Heard] = field(default_factory=dict)
    doubted: dict[RedactedText, Doubtful] = field(default_factory=dict)

    def doubt(self, text: RedactedText) -> Doubtful:
        """The words that a reviewer must decide on."""
        if text not in self.doubted:
            self.doubted[text] = doubts.in_text(text, self.parts.names)
        return self.doubted[text]

    def hear(self, text: str) -> Heard:
        """What the safeguards make of a text."""
        if text not in self.known:
            parts = self.parts
            guess = language.detect(text, parts.languages, "", parts.detector)
            assessment = self._screen(text) if text else Assessment()
            redacted = redaction.redact(text, guess or "en", parts.names).text
            self.known[text] = Heard(assessment, redacted, guess)
        return self.known[text]

    def _screen(self, text: str) -> Assessment:
        # A collection of garbage can use up the time that the screen allows itself. In earnest a person then reads the
        # text; here it is screened again, or one seed would not always make one year.
        found = triage.assess(text, self.parts.lexicon)
        return found if found.assessed else triage.assess(text, self.parts.lexicon)


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation that is over: its last state, and which texts a duty worker must see."""

    state: State
    worries: tuple[tuple[str, Assessment], ...] = ()
    cannot_be_texted: bool = False


def has_responses(session: Session) -> bool:
    """Whether there is anything that a demonstration year would stand beside."""
    return session.scalar(select(ResponseRow.id).limit(1)) is not None


def live_year(session: Session, parts: Parts, seed: int, conversations: int) -> Made:
    """Live the year that ends yesterday; leaves three alerts open, and the comments of the last days to be reviewed."""
    now = parts.clock()
    year = days_before(now)
    random, shuffle = Random(seed), Random(seed)  # noqa: S311  # made-up people need no secrets
    crowd, ears = Crowd(random, parts.scripts, parts.settings.areas), Ears(parts)
    key = parts.keys.of_day(now)
    for script in parts.scripts.values():
        versions.keep(session, script)
    for day, people in _shares(random, year, conversations):
        for _ in range(people):
            _live(session, crowd, ears, crowd.meet(day, turn_of(year)), day, key)
        retention.move_closed(session, day, shuffle)
        # Reviewers look on the third day at the latest: what is left over at the end is not overdue.
        _look_for_doubts(session, ears)
        read = retention.overdue_reviews(session, day + DAY)
        comments.mark_safe(session, read, looked=read)
    _leave_open(session, ears, key, now)
    _leave_listed(session, ears, key, now)
    retention.purge(session, now)
    boxes.empty_ended(session, now, parts.settings.words_kept)
    figures.close_due(session, figures.plan_of(parts.scripts.values(), parts.settings.areas), now)
    return Made(conversations, *(_count(session, row) for row in (ResponseRow, CommentRow, AlertRow)))


def days_before(now: datetime) -> tuple[date, ...]:
    """The year of days that ends yesterday, oldest first."""
    today = now.astimezone(HERE).date()
    return tuple(today - DAY * ago for ago in range(DAYS, 0, -1))


def turn_of(year: tuple[date, ...]) -> date:
    """When things begin to get better: in spring, or as near to it as leaves a before and an after."""
    spring = next(day for day in year if (day.month, day.day) == (4, 1))
    return min(max(spring, year[100]), year[DAYS - 170])


def talk(crowd: Crowd, ears: Ears, persona: Persona) -> Talk:
    """One whole conversation, turn by turn as `bot.inbound` takes them, until it ends or they say no more."""
    said = crowd.open(persona)
    state, silent = _begin(ears, persona, said), False
    script = ears.parts.scripts[state.script]
    worries: list[tuple[str, Assessment]] = []
    cannot_be_texted = False
    for turn in range(MOST_TURNS):
        heard = ears.hear(said)
        facts = Facts(silent=silent, guess=heard.guess, alert_open=bool(worries), read_by="tomorrow")
        found = raising.in_context(heard.assessment, state, heard.redacted, facts)
        step = engine.step(script, state, heard.redacted, found, facts)
        state = step.state
        cannot_be_texted |= step.cannot_be_texted
        if step.alert or (worries and step.follows_alert):
            worries.append((said, found))
        answer = None if state.ending else crowd.reply(persona, state, turn + 1)
        if answer is None:
            break
        said, silent = answer, turn > 0 and crowd.silent(persona)
    return Talk(state, tuple(worries), cannot_be_texted)


def _begin(ears: Ears, persona: Persona, first: str) -> State:
    parts = ears.parts
    if persona.channel == "web":
        return engine.begin(parts.scripts[persona.script], "en", "web", persona.area)
    start, guess = start_of(first, parts.scripts, parts.settings.areas), ears.hear(first).guess
    script = parts.scripts[start.script if start else parts.settings.default_script]
    spoken = guess if guess in script.languages else "en"
    return engine.begin(script, spoken or "en", "sms", start.area if start else "")


def _live(session: Session, crowd: Crowd, ears: Ears, persona: Persona, day: date, key: SealingKey) -> None:
    done = talk(crowd, ears, persona)
    # The comments get their ids when a turn is saved, which the demonstration does only at the end; no number to link.
    kept = tuple(replace(comment, id=store.new_id()) for comment in done.state.comments)
    store.put_away(session, replace(done.state, comments=kept), datetime.combine(day, NOON))
    if not done.worries:
        return
    number = f"+447700900{crowd.random.randint(100, 899)}"
    contact = number if persona.channel == "sms" else ""
    at = datetime.combine(day, NOON) + timedelta(minutes=crowd.random.randint(-230, 400))
    alert_id = raise_worry(session, Worry(done.worries, persona.channel, contact, done.cannot_be_texted), key, at)
    settle(session, alert_id, at, crowd.random)


def _look_for_doubts(session: Session, ears: Ears) -> None:
    for comment_id, text in comments.unlooked(session).items():
        comments.note_doubtful(session, comment_id, text, ears.doubt(text))


def _leave_open(session: Session, ears: Ears, key: SealingKey, now: datetime) -> None:
    """Alerts of today for whoever tries the duty pages; the conversations that they come from still run."""
    for each in load_phrases()["worry"]["open"]:
        at = now - timedelta(minutes=each["ago"])
        worry = Worry([(each["text"], ears.hear(each["text"]).assessment)], each["channel"], each.get("contact", ""))
        alert_id = raise_worry(session, worry, key, at)
        if "acknowledged" in each:
            take(session, alert_id, "duty@example.org", now - timedelta(minutes=each["acknowledged"]))
        else:
            while tell_again(session, alert_id, now):
                pass


def _leave_listed(session: Session, ears: Ears, key: SealingKey, now: datetime) -> None:
    """What nobody was woken for, for whoever tries the duty pages."""
    for each in load_phrases()["worry"]["listed"]:
        at, found = now - timedelta(minutes=each["ago"]), ears.hear(each["text"]).assessment
        kind = list_of(found) or "wellbeing"
        contact = Sealable(each["contact"]) if "contact" in each else None
        seals = Seals(key, Sealable(each["text"]), contact, at + SEALED_FOR)
        due_at = read_by_end(kind, ears.parts.settings.cover_hours, at)
        worries.keep(session, found, seals, worries.Listing(kind, each["channel"], due_at))


def _shares(random: Random, year: tuple[date, ...], conversations: int) -> Iterator[tuple[date, int]]:
    weights = [WEEK[day.weekday()] * MONTHS[day.month - 1] * (1 + place / 900) for place, day in enumerate(year)]
    weights[-LAST_DAYS:] = [LATELY * sum(weights) / DAYS] * LAST_DAYS
    shares = Counter(random.choices(year, weights, k=conversations))
    return ((day, shares[day]) for day in year)


def _count(session: Session, row: type[ResponseRow] | type[CommentRow] | type[AlertRow]) -> int:
    return session.scalar(select(func.count()).select_from(row)) or 0
