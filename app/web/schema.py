"""The OpenAPI 3.1 document: quart-schema reads routes and models, and this adds what a client must know besides.

A view says of itself, with `documented`, what it takes and answers; what follows from that for every view (an error
of a body, a missing credential, a request too many) is said here, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel
from quart import Quart
from quart_schema import DataSource, Info, OpenAPIProvider, QuartSchema, Tag, document_querystring, document_request
from quart_schema import document_response as document_answer
from quart_schema.openapi import APIKeySecurityScheme, HttpSecurityScheme
from werkzeug.routing import Rule

from app.contracts.registry import version
from app.domain.errors import ParleyError, TooMany
from app.domain.rooms import RoomNotFound
from app.web.body import FORM, JSON
from app.web.envelopes import BY_PREFIX, FRIENDS, NAMES, Envelope, Failure, Mode, envelope_of
from app.web.limit import PROBES
from app.web.models import ANAKIN_ID, HAN_ID
from app.web.room_models import ROOM_ID

__all__ = ["STORED", "TAGS", "document", "documented", "install"]

STORED = {500: "Internal server error", 503: "Service unavailable"}
"""What any view that asks the store can answer, by status."""

_OF_BODY = {
    400: "email must be an email",
    408: "Request Timeout",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
}
_OF_QUERY = {400: "limit must be an integer from 1 to 1000"}
_OF_CREDENTIAL = {401: "Unauthorized"}
_OF_LIMIT = {429: TooMany(60)}
_OPERATION = "_parley_operation"
_MODE = "PARLEY_MODE"
_INSTANT = "2024-04-29T12:00:00.000Z"
_PATH_EXAMPLES = {"userId": HAN_ID, "friendId": ANAKIN_ID, "roomId": ROOM_ID}
_ERROR_HEADERS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
_HEADERS = {
    "Retry-After": {"description": "Seconds to wait before a retry.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "The scheme of the credential.", "schema": {"type": "string"}},
    "X-Request-ID": {"description": "Names this request in the server's log.", "schema": {"type": "string"}},
}
_KINDS: dict[type, str] = {int: "integer", str: "string", list: "array"}
_BOUNDS = {"ge": "minimum", "le": "maximum"}
"""What pydantic leaves as it is of a number that is read from a text."""

_NO_ROOM = RoomNotFound(f"Room with '{ROOM_ID}' not found")
_SAMPLES: tuple[tuple[int, str | tuple[str, ...] | ParleyError, str, str], ...] = (
    (404, "Cannot GET /nope", "GET", "/nope"),
    (400, ("email must be an email",), "POST", "/auth/login"),
    (404, _NO_ROOM, "DELETE", f"/api/v1/rooms/{ROOM_ID}"),
)
TAGS = (
    Tag("Users", "Who one is, and how one proves it."),
    Tag("Friends", "Who hears of whom."),
    Tag("Messages", "What was said."),
    Tag("Rooms", "What is said among all who know a name."),
    Tag("Notifications", "What a service tells a user."),
    Tag("Operations", "What whoever runs the server asks."),
)

Told: TypeAlias = str | tuple[str, ...] | ParleyError
"""The message of an error, a sentence for each broken rule, or an error that has a code besides."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class _Operation:
    tag: str
    status: int
    text: str | None
    body: bool
    json: bool
    bearer: bool
    keyed: bool
    errors: Mapping[int, Told]


def documented(
    tag: str,
    answer: type[BaseModel] | str | None,
    *,
    status: int = 200,
    request: type[BaseModel] | None = None,
    json: bool = False,
    query: type[BaseModel] | None = None,
    bearer: bool = False,
    keyed: bool = False,
    errors: Mapping[int, Told] | None = None,
) -> Callable[[F], F]:
    """Put a view into the document. Its docstring is the operation's summary and description.

    Args:
        tag: the heading it belongs under.
        answer: the model it answers, or an example of the text, or None for no content.
        status: the status of that answer.
        request: the model of its body, JSON or form.
        json: whether that is read as JSON whatever it is said to be.
        query: the model of its query string.
        bearer: whether it wants a token.
        keyed: whether it wants the key that services have.
        errors: an example of each error that is the view's own, by status.

    """
    found = {
        **(_OF_BODY if request else {}),
        **(_OF_QUERY if query else {}),
        **(_OF_CREDENTIAL if bearer or keyed else {}),
        **(errors or {}),
    }
    text = answer if isinstance(answer, str) else None
    operation = _Operation(tag, status, text, request is not None, json, bearer, keyed, found)

    def mark(view: F) -> F:
        setattr(view, _OPERATION, operation)
        if request:
            view = document_request(request)(view)
        if query:
            view = document_querystring(query)(view)
        if answer and not isinstance(answer, str):
            view = document_answer(answer, status)(view)
        return view

    return mark


def install(app: Quart, mode: Mode) -> None:
    """Give the application its document, see `document`; errors are described as the mode has them."""
    app.config[_MODE] = mode
    QuartSchema(
        app,
        openapi_path=None,
        swagger_ui_path=None,
        redoc_ui_path=None,
        scalar_ui_path=None,
        info=Info("Parley", version(), description="The REST side of all contracts."),
        tags=list(TAGS),
        security_schemes={
            "bearerAuth": HttpSecurityScheme(scheme="bearer", bearer_format="JWT"),
            "serviceKey": APIKeySecurityScheme(in_="header", name="X-API-Key"),
        },
        openapi_provider_class=_Provider,
    )


def document(app: Quart) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the application."""
    return app.extensions["QUART_SCHEMA"].openapi_provider.schema()


class _Provider(OpenAPIProvider):
    """Only what is `documented`, and each with its examples, errors, forms and credential."""

    def generate_rules(self) -> list[Rule]:
        return [rule for rule in super().generate_rules() if self._operation(rule)]

    def schema(self) -> dict[str, Any]:
        schema = super().schema()
        for envelope in (FRIENDS[self._app.config[_MODE]], *BY_PREFIX.values()):
            schema["components"]["schemas"][envelope.schema] = _error_schema(envelope)
        schema["components"]["headers"] = _HEADERS
        return schema

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        operation = self._operation(rule)
        for path, methods in paths.items():
            for method, found in methods.items():
                self._complete(found, operation, method.upper(), path)
        return paths, components

    def build_querystring_parameters(self, model: type[BaseModel]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        parameters, components = super().build_querystring_parameters(model)
        for parameter in parameters:
            _untitled(parameter["schema"])
            parameter["schema"] = {_BOUNDS.get(key, key): value for key, value in parameter["schema"].items()}
        return parameters, components

    def build_request_body(self, model: type[BaseModel], source: DataSource) -> tuple[dict[str, Any], dict[str, Any]]:
        body, components = super().build_request_body(model, source)
        return body, _named(body["content"][JSON], model, components)

    def build_response_object(
        self, model: type[BaseModel], headers_model: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        answer, components = super().build_response_object(model, headers_model)
        return answer, _named(answer["content"][JSON], model, components)

    def _operation(self, rule: Rule) -> Any:
        return getattr(self._app.view_functions[rule.endpoint], _OPERATION, None)

    def _complete(self, found: dict[str, Any], operation: _Operation, method: str, path: str) -> None:
        found["tags"] = [operation.tag]
        found["description"] = found.get("description", "").strip()
        if operation.bearer:
            found["security"] = [{"bearerAuth": []}]
        if operation.keyed:
            found["security"] = [{"serviceKey": []}]
        if operation.body:
            content = found["requestBody"]["content"][JSON]
            kinds = (JSON,) if operation.json else (JSON, FORM)
            found["requestBody"] = {"required": True, "content": dict.fromkeys(kinds, content)}
        for parameter in found["parameters"]:
            if parameter["in"] == "path":
                parameter["example"] = _PATH_EXAMPLES[parameter["name"]]
        answers = found["responses"] or {operation.status: _plain(operation.text)}
        errors = self._errors(operation, method, path.format(**_PATH_EXAMPLES))
        found["responses"] = {str(status): _with_id(answer) for status, answer in {**answers, **errors}.items()}

    def _errors(self, operation: _Operation, method: str, path: str) -> dict[int, dict[str, Any]]:
        envelope = envelope_of(path, self._app.config[_MODE])
        errors = {**operation.errors, **({} if path in PROBES else _OF_LIMIT)}
        return {
            status: _error(envelope, _failure(status, message, method, path))
            for status, message in sorted(errors.items())
        }


def _named(media: dict[str, Any], model: type[BaseModel], components: dict[str, Any]) -> dict[str, Any]:
    """Move the model's schema to the components, under its name, and give its example beside the reference."""
    schema = media["schema"]
    media["schema"] = {"$ref": f"#/components/schemas/{model.__name__}"}
    media["example"] = model.model_config.get("json_schema_extra", {})["examples"][0]  # pyright: ignore  (every model has one)
    components = {**components, model.__name__: schema}
    for component in components.values():
        for field in component.get("properties", {}).values():
            _untitled(field)
    return components


def _untitled(field: dict[str, Any]) -> None:
    """Leave out what pydantic makes of a field's name, and a default that only says that there is none."""
    field.pop("title", None)
    if field.get("default", "") is None:
        del field["default"]


def _plain(text: str | None) -> dict[str, Any]:
    if text is None:
        return {"description": "Done; there is nothing to say."}
    return {"description": "Text.", "content": {"text/plain": {"schema": {"type": "string"}, "example": text}}}


def _failure(status: int, told: Told, method: str, path: str) -> Failure:
    if isinstance(told, ParleyError):
        return Failure(status, told.text, method, path, _INSTANT, told.code)
    if isinstance(told, str):
        return Failure(status, told, method, path, _INSTANT)
    return Failure(status, ", ".join(told), method, path, _INSTANT, broken=told)


def _error(envelope: Envelope, failure: Failure) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{envelope.schema}"}
    headers = _ERROR_HEADERS.get(failure.status, ())
    return {
        "description": NAMES[failure.status][1],
        "content": {JSON: {"schema": schema, "example": envelope.show(failure)}},
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
    }


def _with_id(answer: dict[str, Any]) -> dict[str, Any]:
    request_id = {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}}
    return {**answer, "headers": {**answer.get("headers", {}), **request_id}}


def _error_schema(envelope: Envelope) -> dict[str, Any]:
    """Return what the envelope makes of errors: of one that is about fields, one that is not, and one with a code."""
    shown = [envelope.show(_failure(*sample)) for sample in _SAMPLES]
    examples = list({tuple((key, type(value)) for key, value in one.items()): one for one in reversed(shown)}.values())
    examples.reverse()
    keys = dict.fromkeys(key for example in examples for key in example)
    kinds = {key: _kind([example[key] for example in examples if key in example]) for key in keys}
    if "timestamp" in kinds:
        kinds["timestamp"]["format"] = "date-time"
    return {
        "type": "object",
        "description": "What an error answers.",
        "properties": kinds,
        "required": [key for key in keys if all(key in example for example in examples)],
        "examples": examples,
    }


def _kind(values: list[object]) -> dict[str, Any]:
    kinds = list(dict.fromkeys(_KINDS[type(value)] for value in values))
    items = {"items": {"type": "string"}} if "array" in kinds else {}
    return {"type": kinds if len(kinds) > 1 else kinds[0], **items}
