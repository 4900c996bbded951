"""Staff of every role log in to the real web process, open every page that they find, and take every figure away."""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from html import unescape
from types import MappingProxyType

import requests
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Map

from admin.demo_logins import PASSWORD, address
from admin.roles import PAGES
from conversations import figures, retention
from conversations.models import AlertRow, AnswerRow, ResponseRow
from conversations.script import load_all
from conversations.triage_models import WorryRow
from tests.admin.app import close, make_app
from tests.faults.canary import COMMENT, COMMENT_WORD, NEVER_IN_LOGS, RISK_WORDS, WORRY, hits_in, ways_to_write
from tests.faults.serving import ANSWER_SECONDS, House, wait_for

LINK = re.compile(r'href="(/staff/[^"#]*)"')
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
CODE = re.compile(r'<kbd class="code">(\d{6})</kbd>')
FORMS = ("pdf", "csv", "xlsx", "json")
MOST_PAGES = 400

REDACTED = frozenset({*ways_to_write(COMMENT_WORD), b"asked me about my"})
"""What is left of an ordinary comment without number and name."""
MAY_READ: Mapping[str, frozenset[bytes]] = MappingProxyType(
    dict.fromkeys(("/staff/comments/", "/staff/comments/ID/words", "/staff/comments/ID/risk"), REDACTED)
)
"""By page, what whoever reviews is there to read; words that duty has opened are a page of their own."""


@dataclass
class Reader:
    """The browser of one member of staff, and all that it was sent."""

    house: House
    role: str
    session: requests.Session = field(default_factory=requests.Session)
    read: dict[str, bytes] = field(default_factory=dict)
    token: str = ""

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def asks(self, method: str, path: str, **form: str) -> requests.Response:
        """Ask for a page, or send its form with the token that the last page had."""
        answer = self.session.request(
            method,
            f"{self.house.base}{path}",
            data={"csrf_token": self.token} | form if method == "POST" else None,
            timeout=ANSWER_SECONDS,
            allow_redirects=False,
        )
        if found := TOKEN.search(answer.text if "html" in answer.headers.get("Content-Type", "") else ""):
            self.token = unescape(found[1])
        return answer

    def logs_in(self) -> None:
        """Password, then the code that the demonstration shows, through the real forms."""
        self.asks("GET", "/staff/login")
        answer = self.asks("POST", "/staff/login", email=address(self.role), password=PASSWORD)
        assert answer.status_code == 302, answer.status_code
        shown = CODE.search(self.asks("GET", _path(answer)).text)
        assert shown is not None
        assert self.asks("POST", "/staff/tf-validate", code=shown[1]).status_code == 302

    def reads_everything(self) -> None:
        """Open whatever can be reached by links from the first page; nothing is pressed."""
        waiting = ["/staff/"]
        while waiting:
            path = unescape(waiting.pop())
            if path in self.read or "/static/" in path:
                continue
            answer = self.asks("GET", path)
            assert answer.status_code in {200, 302}, (path, answer.status_code)
            self.read[path] = answer.content
            assert len(self.read) < MOST_PAGES
            waiting += LINK.findall(answer.text) if "html" in answer.headers["Content-Type"] else []

    def takes(self, alert_id: str) -> None:
        """Take an alert, so that there are pages about what was done."""
        self.asks("GET", f"/staff/alerts/{alert_id}")
        assert self.asks("POST", f"/staff/alerts/{alert_id}/acknowledge").status_code == 302

    def opens_words(self, alert_id: str) -> bytes:
        """The words of an alert, asked for with a reason and opened by the worker; shown once."""
        page = f"/staff/alerts/{alert_id}"
        self.asks("GET", page)
        asked = self.asks("POST", f"{page}/words", reason="acting")
        shown: list[bytes] = []

        def there() -> bool:
            answer = self.asks("GET", _path(asked))
            shown.append(answer.content)
            return answer.status_code == 200 and "Refresh" not in answer.headers

        wait_for(there)
        return shown[-1]

    def found(self) -> list[str]:
        """What stands somewhere that this role is not there to read."""
        hits = ((path, hit) for path, content in self.read.items() for hit in self._hits(path, content))
        return [f"{self.role} {path}: {hit}" for path, hit in hits]

    def missed(self) -> set[str]:
        """The parts of the staff side with pages that this role may open, and of which none was read."""
        there = {_part(str(rule.endpoint)) for rule in _addresses().iter_rules() if "GET" in (rule.methods or ())}
        read = {_part(_addresses().bind("").match(path.partition("?")[0])[0]) for path in self.read}
        return {part for part, roles in PAGES.items() if self.role in roles} & there - read

    def _hits(self, path: str, content: bytes) -> list[str]:
        may = {repr(needle) for needle in MAY_READ.get(page_of(path), ()) if self.role in PAGES["comments"]}
        return [hit for hit in hits_in(content, NEVER_IN_LOGS) if hit not in may]


def leave_something_to_read(made: House) -> list[str]:
    """A worry, the daily batch moved as the worker does it, and figures of last month; gives alerts with words."""
    now = datetime.now(UTC)
    month = f"{now.replace(day=1) - timedelta(days=1):%Y-%m}"
    made.says(WORRY, "+447700900733")
    for words in ("hi", "1", f"2 because {COMMENT}"):
        made.says(words, "+447700900734")
    engine = made.engine()
    with Session(engine) as session, session.begin():
        retention.close_expired(session, now + timedelta(days=4))
        retention.move_closed(session, now.date(), random.Random(5))
        for _ in range(40):
            row = {"month": month, "script": "check-in", "version": "1", "language": "en", "ending": "finished"}
            response = ResponseRow(id=f"f{secrets.token_hex(16)[1:]}", **row)
            session.add(response)
            session.flush()
            session.add(AnswerRow(response_id=response.id, question="changed", code="yes"))
        figures.close_due(session, figures.plan_of(load_all().values(), ()), now)
        assert session.scalar(select(WorryRow.id).limit(1))
        said = [session.scalars(select(AlertRow.id).where(AlertRow.channel == way)).first() for way in ("sms", "web")]
    engine.dispose()
    return [alert for alert in said if alert]


def page_of(path: str) -> str:
    """Which page this address is of, whatever row it shows."""
    return re.sub(r"[0-9a-f]{32}", "ID", path.partition("?")[0])


def taken_away(reader: Reader) -> set[str]:
    """In which forms figures were taken away."""
    found = (re.search(r"/figures\.(\w+)$", path) for path in reader.read)
    return {each[1] for each in found if each}


def says_what_was_said(page: bytes) -> bool:
    """Whether the words that raised an alert stand on this page."""
    return all(word.encode() in page for word in RISK_WORDS)


@cache
def _addresses() -> Map:
    app = make_app("sqlite://")
    close(app)
    return app.url_map


def _part(endpoint: str) -> str:
    return endpoint.partition(".")[0]


def _path(answer: requests.Response) -> str:
    return re.sub(r"^https?://[^/]+", "", answer.headers["Location"])
