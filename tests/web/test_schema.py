"""The OpenAPI document, and whether it tells the truth."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from quart import Response

from app.web.limit import PROBES
from app.web.reference import Operation, operations
from app.web.room_models import ROOM_ID
from app.web.schema import document
from tests.web.service import ANAKIN, HAN, NOBODY, OBI, Service

KEY = "the key of all services"
UNDOCUMENTED = {"docs", "examples", "library"}
"""The blueprints of what is for people and their browsers."""


async def _document(service: Service) -> dict[str, Any]:
    response = await service.call("GET", "/openapi.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    return await response.get_json()


def _operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


async def test_the_document_is_openapi_3_1(service: Service) -> None:
    """It has all that OpenAPI 3.1 asks of a document, and every reference leads somewhere in it."""
    found = await _document(service)
    assert found["openapi"].startswith("3.1.")
    assert found["info"]["title"]
    assert found["info"]["version"]
    for reference in _references(found):
        target: Any = found
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    assert found["components"]["securitySchemes"] == {
        "bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "serviceKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }


async def test_every_operation_is_described(service: Service) -> None:
    """Each has an id of its own, a summary, one known tag, answers with a description, and its path's parameters."""
    found = await _document(service)
    tags = {tag["name"] for tag in found["tags"]}
    ids = [operation["operationId"] for _, _, operation in _operations(found)]
    assert len(ids) == len(set(ids)) == 17
    for path, _, operation in _operations(found):
        assert operation["summary"].endswith(".")
        assert len(operation["tags"]) == 1
        assert set(operation["tags"]) <= tags
        assert operation["responses"]
        for status, answer in operation["responses"].items():
            assert re.fullmatch("[2-5][0-9]{2}", status)
            assert answer["description"]
        named = {p["name"] for p in operation["parameters"] if p["in"] == "path" and p["required"] is True}
        assert named == set(re.findall("{(.+?)}", path))


async def test_every_route_is_documented(service: Service) -> None:
    """What the application routes and what the document has are the same, but for the pages and what they load."""
    found = await _document(service)
    routed = {
        (re.sub("<(?:.+?:)?(.+?)>", r"{\1}", rule.rule), method.lower())
        for rule in service.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.partition(".")[0] not in UNDOCUMENTED
    }
    assert {(path, method) for path, method, _ in _operations(found)} == routed


async def test_every_example_matches_its_schema(service: Service) -> None:
    """Every example of a body is one that its schema allows."""
    found = await _document(service)
    for _, _, operation in _operations(found):
        bodies = [operation["requestBody"], *operation["responses"].values()] if "requestBody" in operation else []
        for media in (media for body in bodies for media in body.get("content", {}).values()):
            assert _mismatch(found, media["schema"], media["example"]) is None


@pytest.mark.parametrize("mode", ["dev", "prod"])
async def test_every_documented_status_is_real(mode: str) -> None:
    """Each status of each operation is provoked, and answers what the document says that it does."""
    async with _started(mode) as service:
        found = json.loads(json.dumps(document(service.app)))
    cases = [(one, answer.status) for one in operations(found) for answer in (*one.answers, *one.errors)]
    assert len(cases) == 101
    for operation, status in cases:
        async with _started(mode) as service:
            response = await _provoke(service, operation, int(status))
            case = f"{operation.method} {operation.path} {status}"
            assert response.status_code == int(status), case
            answer = found["paths"][operation.path][operation.method.lower()]["responses"][status]
            for header in answer["headers"]:
                assert header in response.headers, case
            for kind, media in answer.get("content", {}).items():
                assert response.mimetype == kind, case
                if kind == "application/json":
                    assert _mismatch(found, media["schema"], await response.get_json()) is None, case


async def test_every_answer_but_those_of_probes_may_be_that_there_are_too_many(service: Service) -> None:
    """RATE_LIMIT_REST counts all of them; the example says when to come back, and in which header."""
    found = await _document(service)
    limited = {path for path, _, operation in _operations(found) if "429" in operation["responses"]}
    assert limited == set(found["paths"]) - PROBES
    answer = found["paths"]["/users/me"]["get"]["responses"]["429"]
    assert answer["content"]["application/json"]["example"]["message"] == "Too many requests: try again in 60 s"
    assert "Retry-After" in answer["headers"]


@asynccontextmanager
async def _started(mode: str) -> AsyncIterator[Service]:
    service = await Service.start(mode=mode, max_body=1000, notifications_api_key=KEY)
    try:
        yield service
    finally:
        await service.close()


async def _provoke(service: Service, operation: Operation, status: int) -> Response:
    """Make a request of the operation that is answered with the status."""
    headers = {"Content-Type": "application/json"}
    headers |= await service.bearer(HAN) if operation.bearer else {}
    headers |= {"X-API-Key": KEY} if operation.keyed else {}
    path = operation.path.format(userId=HAN, friendId=OBI, roomId=ROOM_ID)
    body = operation.request_example.encode()
    if operation.tag == "Rooms" and status not in (201, 403, 404, 503):
        await service.rooms.open_room(ROOM_ID, "Dhoni")
    match status:
        case 400 if operation.request:
            body = b"{}"
        case 400:
            path += "?limit=0"
        case 401 if operation.bearer:
            del headers["Authorization"]
        case 401 if operation.keyed:
            del headers["X-API-Key"]
        case 401:
            body = b'{"email": "leia@mail.com", "password": "123456"}'
        case 403 | 404 | 409 if operation.tag == "Rooms":
            pass  # there is such a room, or none
        case 403:
            path = operation.path.format(userId=OBI, friendId=HAN)
        case 404 if operation.request:
            body = json.dumps({"friendId": NOBODY}).encode()
        case 404:
            path = operation.path.format(userId=HAN, friendId=ANAKIN)
        case 408:
            return await _unfinished(service, operation.method, path, headers)
        case 409:
            body = b'{"email": "obi@mail.com", "password": "123456"}'
        case 413:
            body = b" " * 1001
        case 415:
            headers |= {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
        case 429:
            service.wait = 60
        case 500:
            _break(service)
        case 503:
            service.checks["store"] = False
            await service.store.close()
    return await service.call(operation.method, path, headers=headers, data=body)


async def _unfinished(service: Service, method: str, path: str, headers: dict[str, str]) -> Response:
    service.app.config["BODY_TIMEOUT"] = 0.01
    async with service.client.request(path, method=method, headers=headers) as connection:  # pyright: ignore  (as in service.py)
        await connection.send(b"{")
    return await connection.as_response()


def _break(service: Service) -> None:
    """Have the store, and whatever else is asked, fail in a way that nobody has foreseen."""

    def fail(*_: object) -> None:
        raise RuntimeError("secret of the house")

    for name in ("user", "user_by_email", "add_user", "append", "open_room", "close_room", "room", "rooms"):
        setattr(service.store, name, fail)
    service.checks["store"] = "perhaps"  # pyright: ignore  (a wrong check is tested)


def _mismatch(found: dict[str, Any], schema: dict[str, Any], value: Any) -> str | None:
    """Return what is wrong with a value under a schema, as far as our schemas go; None if nothing is."""
    if "$ref" in schema:
        return _mismatch(found, found["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], value)
    kinds: dict[str, type] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    allowed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not isinstance(value, tuple(kinds[name] for name in allowed)):
        return f"{value!r} is no {schema['type']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return f"{value!r} is not like {schema['pattern']}"
    if "const" in schema and value != schema["const"]:
        return f"{value!r} is not {schema['const']!r}"
    if missing := set(schema.get("required", [])) - set(value if isinstance(value, dict) else ()):
        return f"{missing} missing"
    if isinstance(value, list):
        return next((wrong for item in value if (wrong := _mismatch(found, schema["items"], item))), None)
    if isinstance(value, dict) and "properties" in schema:
        if extra := value.keys() - schema["properties"].keys():
            return f"{extra} not documented"
        inner = (_mismatch(found, schema["properties"][key], item) for key, item in value.items())
        return next((wrong for wrong in inner if wrong), None)
    return None
