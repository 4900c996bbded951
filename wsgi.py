"""The composition root: puts the parts together; imported by nobody."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import click
from flask import Flask
from flask.helpers import get_debug_flag
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from admin.face import init_staff
from bot import dumps
from bot.channels.health import health
from bot.channels.sms import sms
from bot.channels.voice import voice
from bot.channels.web import chat
from bot.clocks import StoreClock, keep_web_right
from bot.logs import ErrorInfo, catch_the_rest, place_of, set_up
from bot.parts import Parts, real_parts
from conversations.db import db, engine_options
from conversations.settings import Settings, SettingsError

BODY_LIMIT = 64 * 1024
# gunicorn ends too when one of its processes ends with this at its start; after any other it starts another, for ever.
CANNOT_START = 3
log = logging.getLogger("heard")


class Heard(Flask):
    """Flask, except that an error is logged by kind and place: its words may quote what somebody said."""

    def log_exception(self, exc_info: ErrorInfo) -> None:
        """Log an unhandled error without address, parameters or words."""
        log.error("unhandled: %s", place_of(exc_info))


def create_app(settings: Settings | None = None, parts: Parts | None = None) -> Flask:
    """The application for these settings, from the environment when none are given; a test may bring its own parts."""
    if parts is None:
        dumps.forbid()
        set_up()
        settings = _for_a_start(settings, os.environ)
    else:
        settings = settings or parts.settings
    app = Heard("heard", static_folder=None)
    app.config.from_mapping(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        SESSION_COOKIE_NAME="heard",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        WTF_CSRF_TIME_LIMIT=int(timedelta(hours=12).total_seconds()),
    )
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies)  # type: ignore[method-assign]
    db.init_app(app)
    protection = CSRFProtect(app)
    running = parts or _by_the_store(real_parts(settings))
    app.extensions["heard"] = running
    if isinstance(running.clock, StoreClock):
        keep_web_right(app, running.clock)
    app.register_blueprint(health)
    if "public" in settings.faces:
        for signed in (sms, voice):  # Twilio signs its requests; it cannot hold a token of ours
            protection.exempt(signed)
            app.register_blueprint(signed)
        app.register_blueprint(chat)
    if "staff" in settings.faces:
        init_staff(app, settings, running.policy, running.clock)
    if parts is None:
        catch_the_rest()
        gc.freeze()  # rules and scripts live as long as the process: looking through them again takes up to 60 ms
    return app


def _by_the_store(real: Parts) -> Parts:
    return replace(real, clock=StoreClock(real.clock))


def _for_a_start(settings: Settings | None, environment: Mapping[str, str]) -> Settings:
    """These settings, or those of the environment; when they are wrong the process ends with one list of how."""
    try:
        _refuse_to_debug()
        return settings or Settings.from_env(environment)
    except SettingsError as wrong:
        click.echo(wrong, err=True)
        raise SystemExit(CANNOT_START) from None


def _refuse_to_debug() -> None:
    """Flask's debugger shows whoever causes an error what others wrote, and lets them run code."""
    if get_debug_flag():
        raise SettingsError(("FLASK_DEBUG is set: unset it, what people wrote would be shown to others",))
