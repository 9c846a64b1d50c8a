"""The OpenAPI document as a person reads it: operations, tables of fields, and commands that can be pasted."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from app.web.body import JSON

__all__ = ["Answer", "Field", "Operation", "Schema", "login_command", "operations", "schemas"]

_REF = "#/components/schemas/"
_LIMITS = {
    "minLength": "length at least {}",
    "maxLength": "length at most {}",
    "minimum": "from {}",
    "maximum": "to {}",
}
_READ_TOKEN = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"token\"])'"


@dataclass(frozen=True, slots=True)
class Field:
    """A row of a table.

    Attributes:
        kind: its type; `ref` is the schema that it names, "" if none.
        notes: what else is known of it, a phrase each.

    """

    name: str
    kind: str
    ref: str
    required: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """An object's fields, or what an array holds."""

    name: str
    description: str
    fields: tuple[Field, ...]
    items: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers.

    Attributes:
        ref: the schema of the body, "" if it is none or has none.
        example: the body, "" if there is none.
        message: what an error says.

    """

    status: str
    description: str
    ref: str
    example: str
    message: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    description: str
    bearer: bool
    keyed: bool
    parameters: tuple[Field, ...]
    request: str
    request_example: str
    answers: tuple[Answer, ...]
    errors: tuple[Answer, ...]
    _url: str

    def command(self, base: str) -> str:
        """Return a curl command for a POSIX shell; `$TOKEN` and `$KEY` hold what is needed as a credential."""
        lines = [f"curl -sS -X {self.method} {shlex.quote(base + self._url)}"]
        if self.bearer:
            lines.append('-H "Authorization: Bearer $TOKEN"')
        if self.keyed:
            lines.append('-H "X-API-Key: $KEY"')
        if self.request:
            lines.append(f"-H 'Content-Type: {JSON}'")
            lines.append(f"-d {shlex.quote(json.dumps(json.loads(self.request_example)))}")
        return " \\\n  ".join(lines)


def operations(document: dict[str, Any]) -> list[Operation]:
    """Return the operations of an OpenAPI document, in its order."""
    return [
        _operation(method, path, found)
        for path, methods in document["paths"].items()
        for method, found in methods.items()
    ]


def schemas(document: dict[str, Any]) -> list[Schema]:
    """Return the schemas of an OpenAPI document, by name."""
    found = document["components"]["schemas"]
    return [_schema(name, found[name]) for name in sorted(found)]


def login_command(login: Operation, base: str) -> str:
    """Return a command that puts a token into `$TOKEN`."""
    return f"TOKEN=$({login.command(base)} |\n  {_READ_TOKEN})"


def _operation(method: str, path: str, found: dict[str, Any]) -> Operation:
    answers = [_answer(status, answer) for status, answer in found["responses"].items()]
    examples = {p["name"]: p["example"] for p in found["parameters"] if p["in"] == "path"}
    request = found.get("requestBody", {}).get("content", {}).get(JSON)
    return Operation(
        id=found["operationId"],
        tag=found["tags"][0],
        method=method.upper(),
        path=path,
        summary=found["summary"],
        description=found["description"],
        bearer={"bearerAuth": []} in found.get("security", []),
        keyed={"serviceKey": []} in found.get("security", []),
        parameters=tuple(
            _field(p["name"], {**p["schema"], **p}, p.get("required", False)) for p in found["parameters"]
        ),
        request=_ref(request["schema"]) if request else "",
        request_example=_pretty(request["example"]) if request else "",
        answers=tuple(answer for answer in answers if answer.status < "400"),
        errors=tuple(answer for answer in answers if answer.status >= "400"),
        _url=path.format(**examples),
    )


def _answer(status: str, answer: dict[str, Any]) -> Answer:
    content = next(iter(answer.get("content", {}).values()), None)
    if content is None:
        return Answer(status, answer["description"], "", "", "")
    example = content["example"]
    message = _joined(example["message"], ", ") if status >= "400" else ""
    return Answer(status, answer["description"], _ref(content["schema"]), _pretty(example), message)


def _pretty(example: Any) -> str:
    return example if isinstance(example, str) else json.dumps(example, indent=2)


def _schema(name: str, found: dict[str, Any]) -> Schema:
    required = found.get("required", [])
    fields = tuple(_field(key, value, key in required) for key, value in found.get("properties", {}).items())
    return Schema(name, found.get("description", ""), fields, _ref(found.get("items", {})))


def _field(name: str, found: dict[str, Any], required: bool) -> Field:
    items = found.get("items", {})
    kind = str(_ref(found) or found.get("const") or _joined(found.get("type", ""), " or "))
    kind = kind.replace("array", f"array of {_ref(items) or items.get('type')}s") if items else kind
    return Field(name, kind, _ref(found) or _ref(items), required, tuple(_notes(found)))


def _joined(one: str | list[str], joint: str) -> str:
    return one if isinstance(one, str) else joint.join(one)


def _notes(found: dict[str, Any]) -> list[str]:
    notes = [found["format"]] if "format" in found else []
    notes += [text.format(found[key]) for key, text in _LIMITS.items() if key in found]
    if "pattern" in found:
        notes.append("24 hex digits")
    if found.get("default") is not None:
        notes.append(f"default {json.dumps(found['default'])}")
    return [*notes, *([found["description"]] if "description" in found else [])]


def _ref(schema: dict[str, Any]) -> str:
    return schema.get("$ref", "").removeprefix(_REF)
