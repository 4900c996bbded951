"""Which words every language must have, how long each may be, and what is filled into them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

SOURCE = "en"
"""The language that the others are translated from."""

STAND_INS: Mapping[str, str] = MappingProxyType(
    {
        "partnership": "x" * 40,
        "until": "x" * 20,
        "by": "x" * 12,
        "name": "x" * 14,
        "time": "x" * 14,
        "language": "x" * 10,
        "keyword": "x" * 10,
        "low": "x" * 10,
        "high": "x" * 10,
        "n": "12",
        "total": "12",
    }
)
"""What is counted in place of a placeholder: the longest that we expect to be filled in."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one key of the shared words may hold. `sms` is the most segments in GSM-7 and in UCS-2; None for the web."""

    placeholders: frozenset[str] = frozenset()
    sms: tuple[int, int] | None = (2, 4)
    kind: Literal["text", "texts", "control"] = "text"
    most_texts: tuple[int, int] = (1, 2)


def _texts(*keys: str, fill: str = "") -> dict[str, Rule]:
    return dict.fromkeys(keys, Rule(frozenset(fill.split())))


def _web(*keys: str) -> dict[str, Rule]:
    return {f"web.{key}": Rule(sms=None) for key in keys}


CONTROLS = ("skip", "back", "help", "stop", "delete")

SHARED_KEYS: Mapping[str, Rule] = MappingProxyType(
    {
        "language.name": Rule(sms=(1, 1)),
        "language.names": Rule(sms=None, kind="control"),
        **{f"control.{name}": Rule(sms=None, kind="control") for name in CONTROLS},
        **_texts("scale5.1", "scale5.2", "scale5.3", "scale5.4", "scale5.5"),
        **_texts("yes_no.yes", "yes_no.no", "yes_no.unsure"),
        **_texts("age_band.ask", "age_band.8-11", "age_band.12-15", "age_band.16-17", "age_band.18-25"),
        **_texts("hint.choice", "hint.multi", "hint.yes_no", "hint.free_text", "hint.age_band"),
        **_texts("hint.scale5", "again.scale5", fill="low high"),
        "opening.sms": Rule(frozenset({"partnership"}), sms=(3, 4), kind="texts"),
        "opening.web": Rule(frozenset({"partnership"}), sms=None, kind="texts", most_texts=(8, 8)),
        **_texts("again.choice", "again.multi", "again.yes_no", "again.age_band"),
        **_texts("offer_skip", "carry_on", "carry_on.now", "nudge", "rate_note", "help", "stopped_web"),
        **_texts("delete_confirm", "deleted", "deleted_alert_stays", "deleted_earlier_stays"),
        **_texts("nothing_to_delete"),
        **_texts("kept.alert", "finished", "comment_thanks", "media", "language_changed", "store_down", "found_late"),
        **_texts("resting", "welcome_back", "expired", fill="keyword"),
        **_texts("language_offer", fill="language"),
        **_texts("level.immediate", "level.concern", "level.not_assessed", "resting.alert", "warm.low", "reach.ask"),
        **_texts("level.wellbeing", fill="by"),
        **_texts("times.ask", "relay.thanks", "relay.where", "relay.tell", "relay.danger", "relay.bye"),
        **_texts("relay.hello", "relay.safe", fill="name"),
        **_texts("relay.again", fill="time"),
        **_texts("support.ask", "support.again", "support.safe", "support.not_safe", "support.talk", "support.thanks"),
        **_texts("level.immediate.no_cover", "level.concern.no_cover", "media.no_cover", fill="until"),
        **_web("title", "leave", "leave_note", "start", "skip", "stop", "back", "delete", "delete_yes", "delete_no"),
        **_web("welcome", "about", "script.check-in", "script.after-meeting", "script.my-plan", "start_again"),
        **_web("carry_on", "carry_on_ask", "delete_ask", "send", "send_again", "choose_many", "your_words"),
        **_web("own", "more", "read", "we_said", "language", "help", "help_lines", "again", "offer_skip", "not_kept"),
        **_web("safe_ask", "unknown", "resting", "reach_why", "reach_label", "reach_send"),
        **_web("reach_kept", "reach_wrong", "reach_not_kept", "relay", "privacy"),
        **_web("sorry", "go_on", "too_long", "too_big", "old_page", "not_found", "not_done", "broken", "finished"),
        **dict.fromkeys(("resting.web", "expired.web"), Rule(sms=None)),
        "web.progress": replace(Rule(sms=None), placeholders=frozenset({"n", "total"})),
    }
)
