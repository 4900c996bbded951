"""The page that another host answers Twilio with while we are down."""

from __future__ import annotations

from click.testing import CliRunner
from flask import Flask, Response
from werkzeug.serving import make_server

from bot.channels.simulator import twiml
from bot.channels.simulator.delivery import Answer
from bot.channels.simulator.serving import SilentRequests
from bot.cli import bot
from conversations.script import load_words
from tests.bot.carrier_house import SAM, open_house, running

WORDS = load_words()["en"].line("store_down")


def printed() -> str:
    done = CliRunner().invoke(bot, ["fallback-page"])
    assert done.exit_code == 0
    return done.output


def test_it_needs_no_setting_and_is_what_twilio_can_read() -> None:
    reading = twiml.read(Answer(200, "text/xml", printed().encode()))
    assert reading.codes == ()
    assert [said.body for said in reading.said] == [WORDS]
    assert "999" in WORDS
    assert "0800 1111" in WORDS


def test_whoever_texts_while_nothing_of_ours_answers_gets_it_from_elsewhere() -> None:
    elsewhere = Flask("elsewhere")
    page = printed()
    elsewhere.add_url_rule(
        "/fallback.xml", "page", lambda: Response(page, content_type="text/xml"), methods=["GET", "POST"]
    )
    server = make_server("127.0.0.1", 0, elsewhere, request_handler=SilentRequests)
    with running(server) as address, open_house(fallback=f"{address}/fallback.xml") as house:
        house.answers("down", "text/plain", 503)
        assert house.text("he hits me every night").said == (WORDS,)
        assert [text.body for text in house.carrier.thread(SAM)][-1] == WORDS
