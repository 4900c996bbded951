"""Scripts as they were when somebody began them, so that a conversation may end as it began across a deploy."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from conversations.db import insert_once
from conversations.models import ScriptVersionRow
from conversations.script import load_words, with_words
from conversations.script.values import Script, dump, parse_dump
from conversations.values import State


def script_of(session: Session, state: State, scripts: Mapping[str, Script]) -> Script:
    """The script that this conversation began with: today's of that name, or the version that was kept for it."""
    current = scripts.get(state.script)
    if current is not None and current.version == state.version:
        return current
    kept = content_of(session, state.version)
    return with_words(parse_dump(kept), load_words()) if kept else scripts[state.script]


def keep(session: Session, script: Script) -> None:
    """Keep this version of a script, so that who began it may finish it across a deploy."""
    if content_of(session, script.version) is None:
        insert_once(
            session, ScriptVersionRow, {"version": script.version, "name": script.name, "content": dump(script)}
        )


def content_of(session: Session, version: str) -> str | None:
    """The dump of a script version that somebody began with."""
    return session.scalar(select(ScriptVersionRow.content).where(ScriptVersionRow.version == version))
