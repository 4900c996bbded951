"""A second factor that is young enough: from the login, or a code that comes with the form."""

from __future__ import annotations

from datetime import datetime

from flask import current_app, request, session
from flask_login import current_user

from admin.auth import SECOND_FACTOR, now
from conversations import breaking_glass

WRONG = "Type the six digits that your authenticator app shows now. Each code works once."
WINDOW = 30  # seconds, as at the login


def is_fresh_already() -> bool:
    """Whether this person gave a second factor a few minutes ago, at the login or with a form like this."""
    given = session.get(SECOND_FACTOR)
    return breaking_glass.is_fresh(datetime.fromisoformat(given) if given else None, now())


def is_fresh() -> bool:
    """Whether there is a fresh one, perhaps the code of this form, which then counts once and is used up."""
    if is_fresh_already():
        return True
    code = "".join(request.form.get("code", "").split())
    if not (code.isascii() and code.isdigit()) or not current_user.tf_totp_secret:
        return False
    totp = current_app.extensions["security"].totp_factory
    if not totp.verify_totp(code, current_user.tf_totp_secret, current_user, window=WINDOW):
        return False
    session[SECOND_FACTOR] = now().isoformat()
    return True
