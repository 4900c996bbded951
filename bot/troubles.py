"""What can be wrong with the service: each trouble by name, how it is found, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType

from bot import drill
from bot.clocks import CLOCK_OF
from bot.seeing import Seen
from conversations import key_marks, lives
from conversations.breaking_glass import MANY_ALONE, REVIEW_WITHIN
from conversations.rota import HERE

SILENT = timedelta(seconds=90)
LATE = timedelta(seconds=60)
"""With a look every ten seconds and ten for each way out, the alarm is there two minutes after the trouble began."""
SLOWLY = timedelta(minutes=5)
MANY = 500
NEAR = timedelta(hours=24)
COPIES_LIVE = timedelta(hours=73)
HOUSE_SILENT = timedelta(minutes=15)
NIGHTS = timedelta(hours=49)
BATCH_BY = time(1)
UNHEEDED = {"immediate": timedelta(minutes=10), "concern": timedelta(minutes=90)}

STORE_DOWN = "the database does not answer"
BLIND = "the watch itself is broken"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that can be wrong. A slow one can wait for the morning, and is told once a day."""

    name: str
    cure: str
    found: Callable[[Seen], bool]
    slow: bool = False


def _never(seen: Seen) -> bool:
    return False


def _urgent_hangs(seen: Seen) -> bool:
    """Whether the loop that looks after alerts is silent in a worker that is not; one that is dead is told of once."""
    return "urgent" in seen.beats and seen.is_silent("urgent", SILENT) and not seen.is_silent("worker", SILENT)


def _had_time(seen: Seen) -> bool:
    """Whether a worker that was started with this watch would have kept house by now."""
    return seen.now - seen.since > HOUSE_SILENT


def _clock_is_wrong(seen: Seen) -> bool:
    """Whether a process has lately found its machine's clock to differ from the database's."""
    said = (at for name, at in seen.beats.items() if name.startswith(CLOCK_OF))
    return any(seen.now - at <= LATE for at in said)


def _batch_missed(seen: Seen) -> bool:
    local = seen.now.astimezone(HERE)
    begins = datetime.combine(local.date(), BATCH_BY, HERE)
    last = seen.beats.get("daily batch")
    done = last is not None and last.astimezone(HERE).date() >= local.date()
    return not done and seen.now - max(begins, seen.since) > HOUSE_SILENT


TROUBLES = (
    Trouble(STORE_DOWN, "Messages get the safety words and are not kept. Mend the database now.", _never),
    Trouble(BLIND, "Look at its log and at the duty inbox yourself.", _never),
    Trouble(
        "the worker does not answer",
        "No alert leaves. Start flask bot worker, and open the duty inbox yourself until it runs.",
        lambda seen: seen.is_silent("worker", SILENT),
    ),
    Trouble(
        "the worker's urgent loop does not answer",
        "No alert leaves. Start flask bot worker again, and open the duty inbox yourself until it runs.",
        _urgent_hangs,
    ),
    Trouble(
        "alerts are overdue",
        "Open the duty inbox now, then look at the worker.",
        lambda seen: seen.is_late("alerts", LATE),
    ),
    Trouble(
        "an alert has reached nobody",
        "Open the duty inbox now and tell whoever is on duty yourself.",
        lambda seen: seen.is_past(seen.unsent_since, LATE),
    ),
    Trouble(
        "nobody takes an alert",
        "Everybody has been told. Open the duty inbox and find somebody now.",
        lambda seen: any(seen.is_past(seen.unheeded.get(level), after) for level, after in UNHEEDED.items()),
    ),
    Trouble(
        "an alert needs the operator",
        "Open the duty inbox now: its history says why.",
        lambda seen: seen.needs_us,
    ),
    Trouble(
        "attempts to tell a duty worker are waiting",
        "Look at the worker, and at Twilio and the mail server.",
        lambda seen: seen.is_late("attempts", LATE),
    ),
    Trouble(
        "words of duty workers are waiting",
        "What they wrote to young people has not left. Look at the worker and at Twilio.",
        lambda seen: seen.is_late("relays", SLOWLY),
    ),
    Trouble(
        "texts wait for a second look",
        "Look at the worker; flask bot doctor says whether the encoder is there.",
        lambda seen: seen.looks and seen.is_late("second looks", timedelta(minutes=2)),
    ),
    Trouble(
        "texts to young people are waiting",
        "Look at the worker and at Twilio.",
        lambda seen: seen.is_late("texts", SLOWLY) or seen.queues["texts"].waiting > MANY,
    ),
    Trouble(
        "wishes to stop are waiting",
        "Young people who sent STOP may still get texts. Look at the worker.",
        lambda seen: seen.is_late("opt-outs", SLOWLY),
    ),
    Trouble(
        "no lead knows of a number opened alone",
        "Ring the safeguarding lead: the page Numbers says which.",
        lambda seen: seen.is_past(seen.reveals.untold_since, LATE),
    ),
    Trouble(
        "numbers are opened alone again and again",
        "Ring the safeguarding lead and look at the page Numbers.",
        lambda seen: seen.reveals.alone_today >= MANY_ALONE,
    ),
    Trouble(
        "opt-outs no longer match",
        "Young people who sent STOP may get texts. opt-out.key is another one: docs/keys.md says how to put it back.",
        lambda seen: key_marks.OPT_OUT in seen.keys_changed,
    ),
    Trouble(
        "the front door does not answer",
        "Young people and staff cannot reach Heard. Look at the web process, the proxy and the certificate.",
        lambda seen: seen.is_past(seen.web_at, LATE),
    ),
    Trouble(
        "a clock is wrong",
        "The machine of web, worker or watch is more than 5 seconds off the database's time. Mend NTP there.",
        _clock_is_wrong,
    ),
    Trouble(
        "nobody is on duty within a day",
        "Alerts will go to the duty contact alone. Fill the gap in the rota.",
        lambda seen: any(gap.starts_at - seen.now <= NEAR for gap in seen.gaps),
    ),
    Trouble(
        "nobody answered the drill",
        "Ask whoever was on duty what they got, and look at the page Drills.",
        lambda seen: drill.is_unanswered(seen.drill, seen.now),
        slow=True,
    ),
    Trouble(
        "the text of the drill never arrived",
        "Twilio took it and did not deliver it: alerts may not arrive either. Look at Twilio now.",
        lambda seen: drill.is_undelivered(seen.drill, seen.now),
    ),
    Trouble(
        "the daily drill was not made",
        "Try flask bot drill, and look at the log of the watch.",
        lambda seen: seen.drills and drill.is_missed(seen.drill, seen.cover_hours, seen.since, seen.now),
        slow=True,
    ),
    Trouble(
        "worries are waiting past their time",
        "Somebody must read the lists in the duty inbox.",
        lambda seen: seen.worries_late,
        slow=True,
    ),
    Trouble(
        "comments wait past their time",
        "Somebody must review what young people wrote.",
        lambda seen: seen.reviews_late,
        slow=True,
    ),
    Trouble(
        "the rota has a gap within two weeks",
        "Fill it on the page Rota.",
        lambda seen: bool(seen.gaps),
        slow=True,
    ),
    Trouble(
        "a helpline has not been checked for 90 days",
        "flask bot doctor says which.",
        lambda seen: seen.helplines_stale,
        slow=True,
    ),
    Trouble(
        "the list of bank holidays ends within 90 days",
        "Add the next year to holidays.toml: without it worries seem due on days when nobody works.",
        lambda seen: seen.holidays_end,
        slow=True,
    ),
    Trouble(
        "the house is not kept",
        "Keys, expiry and purging wait. Look at the worker's log.",
        lambda seen: seen.is_silent("housekeeping", HOUSE_SILENT),
        slow=True,
    ),
    Trouble(
        lives.LATE,
        "What we promised to delete is there. Look at the worker's log, then try flask data purge.",
        lambda seen: bool(seen.kept_too_long) and _had_time(seen),
        slow=True,
    ),
    Trouble(
        lives.KEYS_LATE,
        "Words and numbers can be opened for longer than we promised. Look at the worker's log and the key folders.",
        lambda seen: seen.keys_too_old and _had_time(seen),
        slow=True,
    ),
    Trouble(
        "a number opened alone was not reviewed",
        "Its 24 hours are over. A safeguarding lead who did not open it must look at the page Numbers.",
        lambda seen: seen.is_past(seen.reveals.unreviewed_since, REVIEW_WITHIN),
        slow=True,
    ),
    Trouble(
        "private keys could be read by others",
        "The worker has mended it. Find out who could, then flask bot keys --accept HEARD_KEYS_DIR (docs/keys.md).",
        lambda seen: key_marks.FOLDER in seen.keys_changed,
        slow=True,
    ),
    Trouble(
        "words of open alerts have no key of their own",
        "They can be read for a week only. Look at the worker's log and at HEARD_KEYS_DIR.",
        lambda seen: seen.reseal_late,
        slow=True,
    ),
    Trouble(
        "the nightly batch was not made",
        "Look at the worker's log.",
        _batch_missed,
        slow=True,
    ),
    Trouble(
        "the database file is not rewritten",
        "Pieces of erased words may be left in it. Look at the worker's log; above 128 MB move to PostgreSQL.",
        lambda seen: seen.sqlite and seen.is_silent("rewritten", NIGHTS),
        slow=True,
    ),
    Trouble(
        "copies at Twilio are older than 72 hours",
        "The worker could not delete them. Look at its log and at Twilio.",
        lambda seen: "copies" in seen.beats and seen.is_past(seen.beats["copies"], COPIES_LIVE),
        slow=True,
    ),
)
BY_NAME: Mapping[str, Trouble] = MappingProxyType({each.name: each for each in TROUBLES})
SLOW = frozenset(each.name for each in TROUBLES if each.slow)


def troubles(seen: Seen) -> tuple[str, ...]:
    """What is wrong, by name."""
    return tuple(each.name for each in TROUBLES if each.found(seen))
