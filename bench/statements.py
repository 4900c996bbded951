"""How many SQL statements one message takes, from the first text of a conversation to its last."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bench.webhook import TEXTS, environment_of, make_tables, signed

URL = "http://localhost"
NOT_COUNTED = ("BEGIN", "COMMIT", "PRAGMA")


def measure() -> Iterator[dict[str, object]]:
    """One line: the counts message by message, on SQLite; BEGIN, COMMIT and PRAGMA are not counted."""
    with tempfile.TemporaryDirectory() as folder:
        environment = environment_of(Path(folder), f"sqlite:///{folder}/heard.db") | {"HEARD_PUBLIC_URL": URL}
        make_tables(environment)
        os.environ.update(environment)  # the application reads its settings there, once
        counts = list(_counts())
    yield {
        "bench": "statements",
        "first_message": counts[0],
        "later_messages": counts[1:],
        "most_later": max(counts[1:]),
    }


def _counts() -> Iterator[int]:
    from conversations.db import db
    from wsgi import create_app

    app, seen, dice = create_app(), [0], random.Random(1)  # not for secrets

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen[0] += not statement.startswith(NOT_COUNTED)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    for text in TEXTS:
        seen[0] = 0
        body, headers = signed(URL, "+447700900321", text, dice)
        if app.test_client().post("/sms/inbound", data=body, headers=headers).status_code != 200:
            raise RuntimeError("the webhook refused a text")
        yield seen[0]
    engine.dispose()
