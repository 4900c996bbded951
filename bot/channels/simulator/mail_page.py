"""The duty desk's mail in the browser: what alerts look like when they arrive."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template

from bot.channels.simulator.desk import Desk, look_after, surroundings


def mail_blueprint(desk: Desk) -> Blueprint:
    """The mails at /demo/mail/, newest first; only links to Heard itself can be followed. Goes with the phone page."""
    mail = Blueprint("practice_mail", __name__, url_prefix="/demo/mail", template_folder="templates")
    look_after(mail)
    mail.add_url_rule("/", "show", partial(_show, desk, "practice_mail.html"))
    mail.add_url_rule("/list", "mails", partial(_show, desk, "practice_mails.html"))
    return mail


def _show(desk: Desk, template: str) -> str:
    return render_template(template, mails=desk.mailbox.newest(), number="", **surroundings(desk))
