"""The staff side put together, under /staff."""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from admin import demo_logins
from admin.alerts import alerts
from admin.auth import Side, init_auth
from admin.dashboard import figures
from admin.drills import drills
from admin.home import home, init_pages, staff
from admin.marks import marks
from admin.number import number
from admin.numbers import number_reviews, numbers
from admin.outcomes import outcomes
from admin.own_ways import own_ways
from admin.quotes import quotes
from admin.relay import relay
from admin.review import comments
from admin.rota import rota
from admin.rota_book import book
from admin.rota_import import imports
from admin.sessions import Clock
from admin.staff import people
from admin.trail import audit
from admin.worries import worries
from conversations.policy import Policy
from conversations.settings import Settings

PARTS = (
    *(staff, home, figures, comments, quotes, alerts, outcomes, relay, drills, worries, marks),
    *(rota, book, imports, own_ways, audit, people, number, numbers, number_reviews),
)


def init_staff(app: Flask, settings: Settings, policy: Policy, clock: Clock) -> None:
    """Register everything under /staff; `db` must be set up before."""
    if "csrf" not in app.extensions:
        CSRFProtect(app)
    init_auth(app, Side(settings, policy, clock))
    for blueprint in PARTS:
        app.register_blueprint(blueprint)
    if settings.demo:
        demo_logins.init_demo(app)
    init_pages(app)
