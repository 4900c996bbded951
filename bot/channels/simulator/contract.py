"""Twilio's own description of its Messages and Calls APIs, held against every request and every answer."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

SPECIFICATIONS = tuple(Path(__file__).with_name(name) for name in ("twilio_messages.json", "twilio_calls.json"))
FORM = "application/x-www-form-urlencoded"
Pairs = Iterable[tuple[str, str]]
Schema = dict[str, Any]

# Limits that the specification states in words only; they are added to its schemas.
STATED_IN_WORDS: Mapping[str, Schema] = MappingProxyType({"ValidityPeriod": {"minimum": 1, "maximum": 36000}})

# The specification knows only 2xx; this is the error form that Twilio documents beside it.
ERROR: Schema = {
    "type": "object",
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string", "minLength": 1},
        "more_info": {"type": "string", "format": "uri"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
    },
    "required": ["code", "message", "more_info", "status"],
    "additionalProperties": False,
}


class ContractBreach(Exception):
    """What was sent or answered is not what the specification says; `problems` names every fault and no value."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the specification lets us do, with its checks compiled."""

    name: str
    method: str
    path: re.Pattern[str]
    places: Draft202012Validator
    query: Draft202012Validator
    form: Draft202012Validator | None
    one_of_each: tuple[tuple[str, ...], ...]
    answers: Mapping[int, Draft202012Validator | None]


@dataclass(frozen=True, slots=True)
class Contract:
    """All operations, and the check of documented errors."""

    operations: tuple[Operation, ...]
    error: Draft202012Validator

    def check_request(self, call: Call) -> Operation:
        """Give the operation that the call asks for, or raise ContractBreach with all that is wrong."""
        operation, places = self._find(call)
        problems = _problems(operation.places, places, "path")
        problems += _check_pairs(operation.query, call.query, "query")
        if operation.form is None:
            problems += ["form: none is allowed here"] if call.form else []
        else:
            problems += _check_form(operation, operation.form, call)
        if problems:
            raise ContractBreach(f"{operation.name} {problem}" for problem in problems)
        return operation

    def check_answer(self, operation: Operation | None, status: int, content_type: str, body: bytes) -> None:
        """Raise ContractBreach unless the specification knows this status with this body, or it is an error in form."""
        name = operation.name if operation else "unknown operation"
        problems = self._answer_problems(operation, status, content_type, body)
        if problems:
            raise ContractBreach(f"{name} {problem}" for problem in problems)

    def _find(self, call: Call) -> tuple[Operation, dict[str, str]]:
        found = [(each, match) for each in self.operations if (match := each.path.fullmatch(call.path))]
        if not found:
            raise ContractBreach(["path: not in the specification"])
        for operation, match in found:
            if operation.method == call.method:
                return operation, match.groupdict()
        raise ContractBreach([f"method: {call.method} is not in the specification for this path"])

    def _answer_problems(self, operation: Operation | None, status: int, content_type: str, body: bytes) -> list[str]:
        refused = status >= 400
        if not refused and (operation is None or status not in operation.answers):
            return [f"answer: status {status} is not in the specification"]
        check = self.error if refused or operation is None else operation.answers[status]
        if check is None:
            return ["answer: the body must be empty"] if body else []
        if content_type.partition(";")[0].strip() != "application/json":
            return ["answer: the content type must be application/json"]
        try:
            said = json.loads(body)
        except ValueError:
            return ["answer: the body is not JSON"]
        problems = _problems(check, said, "answer")
        if refused and not problems and said["status"] != status:
            problems = ["answer: status in the body is not the status of the answer"]
        return problems


@functools.cache
def load() -> Contract:
    """Compile the specifications, once."""
    read = [json.loads(path.read_text(encoding="utf-8")) for path in SPECIFICATIONS]
    operations = tuple(
        _compile(path, method, described, specification["components"]["schemas"])
        for specification in read
        for path, methods in specification["paths"].items()
        for method, described in methods.items()
        if method in {"get", "post", "delete"}
    )
    return Contract(operations, _validator(ERROR))


def _compile(path: str, method: str, described: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Operation:
    def parameters(place: str) -> Draft202012Validator:
        there = [each for each in described.get("parameters", ()) if each["in"] == place]
        needed = [each["name"] for each in there if each.get("required")]
        whole = {"type": "object", "properties": {each["name"]: each["schema"] for each in there}, "required": needed}
        return _validator(_as_json_schema(whole, schemas))

    content = described.get("requestBody", {}).get("content", {})
    groups = described.get("x-twilio", {}).get("conditional", ())
    return Operation(
        name=described["operationId"],
        method=method.upper(),
        path=re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))),
        places=parameters("path"),
        query=parameters("query"),
        form=_validator(_as_json_schema(content[FORM]["schema"], schemas)) if content else None,
        one_of_each=tuple(tuple(_in_form(name) for name in group) for group in groups),
        answers={int(status): _answer(answer, schemas) for status, answer in described["responses"].items()},
    )


def _in_form(name: str) -> str:
    """messaging_service_sid is MessagingServiceSid in a form."""
    return "".join(part.capitalize() for part in name.split("_"))


def _answer(answer: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Draft202012Validator | None:
    if "content" not in answer:
        return None
    return _validator(_as_json_schema(answer["content"]["application/json"]["schema"], schemas, whole=True))


def _as_json_schema(schema: Schema, schemas: Mapping[str, Schema], whole: bool = False) -> Schema:
    """Turn an OpenAPI 3.0 schema into JSON Schema. Unknown properties are refused; `whole` asks for all known ones."""
    if "$ref" in schema:
        return _as_json_schema(schemas[schema["$ref"].rpartition("/")[2]], schemas, whole)
    kept = {key: schema[key] for key in KEPT if key in schema}
    if schema.get("nullable"):
        kept["type"] = [schema["type"], "null"]
    if schema.get("x-twilio", {}).get("ignoreFormat"):
        kept.pop("format", None)
    if "items" in schema:
        kept["items"] = _as_json_schema(schema["items"], schemas, whole)
    if "properties" in schema:
        kept["properties"] = {
            name: _as_json_schema(each, schemas, whole) | STATED_IN_WORDS.get(name, {})
            for name, each in schema["properties"].items()
        }
        kept["additionalProperties"] = False
        kept["required"] = list(schema["properties"]) if whole else schema.get("required", [])
    return kept


KEPT = ("type", "enum", "format", "pattern", "minLength", "maxLength", "minimum", "maximum")


def _check_form(operation: Operation, check: Draft202012Validator, call: Call) -> list[str]:
    given = {name for name, _ in call.form}
    problems = _check_pairs(check, call.form, "form")
    if call.form and call.content_type.partition(";")[0].strip() != FORM:
        problems.append(f"content type: must be {FORM}")
    problems += [f"form: needs one of {', '.join(group)}" for group in operation.one_of_each if not given & set(group)]
    return problems


def _check_pairs(check: Draft202012Validator, pairs: Pairs, where: str) -> list[str]:
    properties = check.schema["properties"] if isinstance(check.schema, Mapping) else {}
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    repeated = [
        f"{where} {name}: given more than once"
        for name, several in values.items()
        if len(several) > 1 and properties.get(name, {}).get("type") != "array"
    ]
    given = {name: _read(several, properties.get(name, {}).get("type")) for name, several in values.items()}
    return repeated + _problems(check, given, where)


def _read(values: list[str], kind: str | None) -> object:
    """Read what a form can only write as words; what does not read stays a word, and the schema refuses it."""
    text = values[-1]
    if kind == "array":
        return values
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind == "integer" and re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return float(text)
    return text


def _problems(check: Draft202012Validator, given: object, where: str) -> list[str]:
    return [_said(error, where) for error in sorted(check.iter_errors(given), key=lambda error: str(error.json_path))]


def _said(error: ValidationError, where: str) -> str:
    """Name place and rule. Unknown and missing names are quoted; values are not, they may be somebody's words."""
    place = ".".join(str(step) for step in error.absolute_path)
    naming = error.validator in {"required", "additionalProperties"}
    rule = error.message if naming else f"breaks {error.validator} {error.validator_value}"
    return f"{where} {place}: {rule}" if place else f"{where}: {rule}"


def _validator(schema: Schema) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=_formats())


@functools.cache
def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    checker.checks("date-time", raises=ValueError)(lambda text: text is None or bool(datetime.fromisoformat(text)))
    checker.checks("date-time-rfc-2822", raises=(ValueError, TypeError))(
        lambda text: text is None or bool(parsedate_to_datetime(text))
    )
    checker.checks("uri", raises=ValueError)(lambda text: text is None or _is_address(text))
    checker.checks("currency")(lambda text: text is None or bool(re.fullmatch(r"[A-Z]{3}", text)))
    return checker


def _is_address(text: str) -> bool:
    """An http address, or a path from the root: Twilio's lists give their own pages that way."""
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) if parts.scheme else text.startswith("/")
