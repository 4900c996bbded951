"""Who may open which page: one table, and whatever is not in it is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from types import MappingProxyType

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "viewer": "sees figures and what is safe to share",
        "reviewer": "reads comments and sees figures",
        "duty": "answers alerts",
        "lead": "answers alerts, reads comments, sees figures and the audit",
        "admin": "keeps staff accounts and sees the audit; reads no comment and no alert",
    }
)

EVERYBODY = frozenset(ROLES)

PAGES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "home": EVERYBODY,
        "figures": frozenset({"viewer", "reviewer", "lead"}),
        "comments": frozenset({"reviewer", "lead"}),
        "quotes": frozenset({"viewer", "reviewer", "lead"}),
        "alerts": frozenset({"duty", "lead"}),
        "outcomes": frozenset({"duty", "lead"}),
        "drills": frozenset({"duty", "lead", "admin"}),
        "marks": frozenset({"duty", "lead"}),
        "relay": frozenset({"duty", "lead"}),
        "number": frozenset({"duty", "lead"}),
        "numbers": frozenset({"duty", "lead"}),
        "number_reviews": frozenset({"lead"}),
        "worries": frozenset({"duty", "lead"}),
        "rota": frozenset({"duty", "lead", "admin"}),
        "rota_book": frozenset({"lead", "admin"}),
        "rota_import": frozenset({"lead", "admin"}),
        "own_ways": frozenset({"duty", "lead"}),
        "audit": frozenset({"lead", "admin"}),
        "people": frozenset({"admin"}),
    }
)
"""The roles of which one is needed, by blueprint."""

OPEN = frozenset({"staff.static", "staff.demo_codes", "rota.calendar"})
"""Pages for anybody; a calendar elsewhere cannot log in, so its address is a secret of its own."""

LOGGING_IN = frozenset(
    {
        "security.login",
        "security.two_factor_setup",
        "security.two_factor_token_validation",
        "security.mf_recovery",
    }
)
"""Steps of logging in, each of which asks for the one before; for nobody who is logged in already."""

OWN = frozenset({"security.logout", "security.verify", "security.change_password", "security.mf_recovery_codes"})
"""Pages about somebody's own account: whoever is logged in, with a role or without."""

NOWHERE = "staff.nowhere"
"""What is not there says so to staff alone."""

WITH_TEMPORARY_PASSWORD = frozenset({"security.logout", "security.change_password"})
"""All that somebody may open before they have chosen a password of their own."""


class Verdict(Enum):
    """What the door says."""

    PASS = "pass"  # noqa: S105  # no password
    LOG_IN = "log in"
    GO_HOME = "go home"
    CHANGE_PASSWORD = "change password"  # noqa: S105  # no password
    REFUSE = "refuse"


def verdict(endpoint: str, roles: Collection[str] | None, temporary: bool = False) -> Verdict:
    """What the door says to somebody with these roles; None for somebody who is not logged in."""
    if endpoint in OPEN:
        return Verdict.PASS
    if endpoint in LOGGING_IN:
        return Verdict.PASS if roles is None else Verdict.GO_HOME
    if roles is None:
        return Verdict.LOG_IN
    if temporary and endpoint not in WITH_TEMPORARY_PASSWORD:
        return Verdict.CHANGE_PASSWORD
    if endpoint in OWN or endpoint == NOWHERE or needed(endpoint) & frozenset(roles):
        return Verdict.PASS
    return Verdict.REFUSE


def needed(endpoint: str) -> frozenset[str]:
    """The roles of which a page needs one; none for a page that nobody may open."""
    return PAGES.get(endpoint.partition(".")[0], frozenset())
