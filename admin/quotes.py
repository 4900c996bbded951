"""What young people said, for everybody who sees figures: only what a person has marked safe to share."""

from __future__ import annotations

import secrets

from flask import render_template, request, session

from admin.auth import staff_blueprint
from conversations import comments
from conversations.db import db

AT_ONCE = 30

quotes = staff_blueprint("quotes", "quotes")


@quotes.get("/")
def shared() -> str:
    """Thirty of them, of one script or theme if wanted, in another order at every login."""
    script, theme = request.args.get("script", ""), request.args.get("theme", "")
    order: str = session.setdefault("order", secrets.token_hex(8))
    found = comments.safe(db.session(), order, script, theme, AT_ONCE)
    scripts, themes = comments.choices(db.session(), "safe")
    chosen = {"script": script, "theme": theme}
    return render_template("staff/quotes.html", found=found, scripts=scripts, themes=themes, **chosen)
