"""The audit as a page: who read and did what."""

from __future__ import annotations

from flask import render_template, request

from admin.auth import side, staff_blueprint
from conversations import audit as store
from conversations.db import db

audit = staff_blueprint("audit", "audit")

AT_ONCE = 50


@audit.get("/")
def newest() -> str:
    """The latest lines, and whether each follows from the one before it."""
    found = list(store.newest(db.session(), request.args.get("before", type=int), AT_ONCE + 1))
    lines, older = found[:AT_ONCE], found[AT_ONCE:]
    key = store.audit_key(side().settings.record_key)
    broken = store.first_broken(reversed(lines), older[0].chain if older else store.start(db.session()), key)
    return render_template("staff/audit.html", lines=lines, broken=broken, more=bool(older))
