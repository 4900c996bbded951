"""The smallest honest webhook: Twilio's signature, one insert and commit by the ORM, TwiML. Ours is measured by it."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from flask import Flask, Response, abort, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse


class Base(DeclarativeBase):
    """The root of the one table."""


db = SQLAlchemy(model_class=Base)


class Message(Base):
    """One message."""

    __tablename__ = "message"
    id: Mapped[int] = mapped_column(primary_key=True)
    sid: Mapped[str] = mapped_column(unique=True)
    sender: Mapped[str]
    body: Mapped[str]
    at: Mapped[datetime]


def create_app() -> Flask:
    """The app, for the settings that the measurement gives to ours as well."""
    app = Flask("floor")
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["HEARD_DATABASE_URL"]
    db.init_app(app)
    with app.app_context():
        db.create_all()
        if db.engine.dialect.name == "sqlite":
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        db.engine.dispose()  # no connection may be shared by the workers that are forked from here

    @app.post("/sms/inbound")
    def receive() -> Response:
        validator = RequestValidator(os.environ["HEARD_TWILIO_AUTH_TOKEN"])
        address = os.environ["HEARD_PUBLIC_URL"] + request.path
        if not validator.validate(address, request.form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)
        form = request.form
        db.session.add(Message(sid=form["MessageSid"], sender=form["From"], body=form["Body"], at=datetime.now(UTC)))
        db.session.commit()
        answer = MessagingResponse()
        answer.message("Thank you. How much did they listen to you? Reply 1 (not at all) to 5 (a lot).")
        return Response(str(answer), content_type="text/xml")

    return app
