"""The practice carrier over HTTP: Twilio's Messages and Calls APIs, each request and answer held against them."""

from __future__ import annotations

import re
import secrets
import socket
import struct
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from bot.channels.simulator import contract, wishes
from bot.channels.simulator.carrier import Carrier
from bot.channels.simulator.contract import Call, ContractBreach
from bot.channels.simulator.delivery import Deliver
from bot.channels.simulator.messages import API_VERSION, Message, Wanted, media_resource
from bot.channels.simulator.plays import Take
from bot.channels.simulator.refusals import Refusal

DRIP_SECONDS = 0.5
PAGE = 50


def create_carrier_app(carrier: Carrier, deliver: Deliver | None = None) -> Flask:
    """Serve the carrier's API and its controls. `deliver`, when given, is how webhooks are reached from now on."""
    if deliver is not None:
        carrier.deliver = deliver
    app = Flask(__name__)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.register_blueprint(_api(carrier))
    app.register_blueprint(_controls(carrier))
    return app


def _api(carrier: Carrier) -> Blueprint:
    api = Blueprint("carrier_api", __name__, url_prefix=f"/{API_VERSION}")

    api.before_request(partial(_check_request, carrier))
    api.after_request(partial(_check_answer, carrier))
    api.register_error_handler(Refusal, _refuse)
    for method, rule, view in ROUTES:
        endpoint = f"{method.lower()}_{view.__name__.strip('_')}"
        api.add_url_rule(rule, endpoint, partial(view, carrier), methods=[method])
    return api


def _controls(carrier: Carrier) -> Blueprint:
    """What Twilio does not have: ask for trouble, and see what went wrong. Opened by the account's own token."""
    controls = Blueprint("carrier_controls", __name__, url_prefix="/carrier")

    @controls.before_request
    def check_token() -> ResponseReturnValue | None:
        return None if _allowed(carrier) else (jsonify(Refusal(20003).as_json()), 401)

    @controls.post("/play")
    def play() -> ResponseReturnValue:
        try:
            if "always" in request.form:
                carrier.always(request.form["always"])
            else:
                carrier.play(request.form["name"], request.form.get("times", 1, type=int))
        except ValueError as wrong:
            return str(wrong), 400
        return "", 204

    @controls.post("/mark")
    def mark() -> ResponseReturnValue:
        carrier.mark(request.form["number"], request.form.get("code", 0, type=int))
        return "", 204

    @controls.get("/state")
    def state() -> ResponseReturnValue:
        notices = [{"code": each.code, "words": each.words} for each in list(carrier.notices)]
        return jsonify({"breaches": list(carrier.breaches), "notices": notices, "messages": len(carrier.ledger)})

    return controls


def _pairs(fields: MultiDict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(fields.items(multi=True))


def _allowed(carrier: Carrier) -> bool:
    given = request.authorization
    sid, token = (given.username or "", given.password or "") if given and given.type == "basic" else ("", "")
    right = secrets.compare_digest(sid, carrier.account.sid)
    return secrets.compare_digest(token.encode(), carrier.account.token.encode()) and right


def _check_request(carrier: Carrier) -> ResponseReturnValue | None:
    g.operation = None
    if not _allowed(carrier):
        raise Refusal(20003)
    call = Call(request.method, request.path, _pairs(request.args), _pairs(request.form), request.content_type or "")
    try:
        g.operation = contract.load().check_request(call)
    except ContractBreach as breach:
        carrier.breaches.extend(f"request: {problem}" for problem in breach.problems)
        raise Refusal(20001) from breach
    if request.view_args and request.view_args.get("account") not in {None, carrier.account.sid}:
        raise Refusal(20404)
    return None


def _check_answer(carrier: Carrier, response: Response) -> Response:
    if g.get("lost") or response.is_streamed:
        return response
    content_type = response.content_type if response.status_code != 204 else ""
    try:
        contract.load().check_answer(g.operation, response.status_code, content_type, response.get_data())
    except ContractBreach as breach:
        carrier.breaches.extend(f"answer: {problem}" for problem in breach.problems)
        broken = jsonify(Refusal(20001).as_json())
        broken.status_code = 400
        return broken
    return response


def _refuse(refusal: Refusal) -> ResponseReturnValue:
    return jsonify(refusal.as_json()), refusal.status


def _create(carrier: Carrier, account: str) -> ResponseReturnValue:
    return _taken(carrier, lambda: carrier.create(wishes.read(_pairs(request.form))))


def _call(carrier: Carrier, account: str) -> ResponseReturnValue:
    return _taken(carrier, lambda: carrier.switchboard.place(request.form))


def _taken(carrier: Carrier, make: Callable[[], tuple[dict[str, object], Take]]) -> ResponseReturnValue:
    """Answer a request to make something, in the way that its play says."""
    try:
        shown, take = make()
    except ConnectionError as lost:
        return _lose(carrier.patience if str(lost) == "hang" else 0, carrier)
    if take.answer == "timeout":
        return _lose(carrier.patience, carrier)
    answer = jsonify(shown)
    answer.status_code = 201
    if take.answer == "drip":
        _check_answer(carrier, answer)
        answer.response = _drip(answer.get_data(), carrier)
    return answer


def _drip(body: bytes, carrier: Carrier) -> Iterator[bytes]:
    for place in range(len(body)):
        yield body[place : place + 1]
        carrier.released.wait(DRIP_SECONDS)


def _lose(seconds: float, carrier: Carrier) -> Response:
    """Keep silent for a while, then drop the connection without a word."""
    g.lost = True
    carrier.released.wait(seconds)
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if connection is None:
        raise ConnectionResetError("the carrier hung up")
    # With a linger time of 0 the far end sees a reset and not an end.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
    return Response()


def _fetch(carrier: Carrier, account: str, sid: str) -> ResponseReturnValue:
    return jsonify(_shown(carrier, carrier.fetch(sid)))


def _fetch_call(carrier: Carrier, account: str, sid: str) -> ResponseReturnValue:
    return jsonify(carrier.switchboard.find(sid).resource(carrier.account.sid))


def _update(carrier: Carrier, account: str, sid: str) -> ResponseReturnValue:
    return jsonify(_shown(carrier, carrier.update(sid, request.form)))


def _delete(carrier: Carrier, account: str, sid: str) -> ResponseReturnValue:
    carrier.delete(sid)
    return "", 204


def _list_media(carrier: Carrier, account: str, sid: str) -> ResponseReturnValue:
    message = carrier.fetch(sid)
    found = [media_resource(message, media, account) for media in message.attached]
    address = request.full_path.rstrip("?")
    none: dict[str, object] = {"next_page_uri": None, "previous_page_uri": None}
    paging = {"page": 0, "page_size": PAGE, "start": 0, "end": max(len(found) - 1, 0)}
    return jsonify({"media_list": found, "uri": address, "first_page_uri": address} | paging | none)


def _delete_media(carrier: Carrier, account: str, sid: str, media: str) -> ResponseReturnValue:
    carrier.delete_media(sid, media)
    return "", 204


def _nothing(carrier: Carrier, rest: str) -> ResponseReturnValue:
    raise Refusal(20404)


def _shown(carrier: Carrier, message: Message) -> dict[str, object]:
    with carrier.lock:
        return message.resource(carrier.account.sid)


def _list(carrier: Carrier, account: str) -> ResponseReturnValue:
    asked = request.args
    size, page = asked.get("PageSize", PAGE, type=int), asked.get("Page", 0, type=int)
    below = _read_token(asked.get("PageToken", ""))
    wanted = Wanted(
        asked.get("To", ""),
        asked.get("From", ""),
        asked.get("DateSent", ""),
        asked.get("DateSent<", ""),
        asked.get("DateSent>", ""),
    )
    found, more = carrier.list(wanted, below, 0 if below else page * size, size)
    answer = {
        "messages": [_shown(carrier, message) for message in found],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(found) - 1, 0),
        "uri": request.full_path.rstrip("?"),
        "first_page_uri": _address(0),
        "next_page_uri": _address(page + 1, found[-1].order) if more else None,
        "previous_page_uri": _address(page - 1) if page else None,
    }
    return jsonify(answer)


def _address(page: int, order: int = 0) -> str:
    """The same question for another page. Only a page token is steady while messages come and go."""
    kept = [pair for pair in _pairs(request.args) if pair[0] not in {"Page", "PageToken"}]
    token = [("PageToken", f"PA{order:x}")] if order else []
    return f"{request.path}?{urlencode([*kept, ('Page', str(page)), *token])}"


def _read_token(token: str) -> int:
    if token and not re.fullmatch(r"PA[0-9a-f]{1,16}", token):
        raise Refusal(20001)
    return int(token[2:], 16) if token else 0


ALL, ONE, REST = "/Accounts/<account>/Messages.json", "/Accounts/<account>/Messages/<sid>.json", "/<path:rest>"
CALLS, ONE_CALL = "/Accounts/<account>/Calls.json", "/Accounts/<account>/Calls/<sid>.json"
MEDIA = "/Accounts/<account>/Messages/<sid>/Media.json"
ONE_MEDIA = "/Accounts/<account>/Messages/<sid>/Media/<media>.json"
ROUTES: tuple[tuple[str, str, Callable[..., ResponseReturnValue]], ...] = (
    ("POST", ALL, _create),
    ("GET", ALL, _list),
    ("GET", ONE, _fetch),
    ("POST", CALLS, _call),
    ("GET", ONE_CALL, _fetch_call),
    ("POST", ONE, _update),
    ("DELETE", ONE, _delete),
    ("GET", MEDIA, _list_media),
    ("DELETE", ONE_MEDIA, _delete_media),
    *((method, REST, _nothing) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")),
)
