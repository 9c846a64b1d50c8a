"""Live validation of REST: what is answered is looked up in `contracts/openapi.yaml`."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.harness.rest_schemas import rest_schemas

USER = {
    "_id": "624a1138cda69df1a7c29caf",
    "email": "han@mail.com",
    "name": "Han",
    "surname": "Solo",
    "friends": [],
    "lastSeen": "2022-04-03T21:23:31.964Z",
}


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ("GET /users/me", 200, USER),
        ("GET /api/v1/rooms/room-info?limit=1", 200, []),
        ("DELETE /api/v1/rooms/3XX", 204, None),
        ("GET /metrics", 200, "text"),
        ("GET /nowhere", 200, {}),
        ("GET /users/me", 418, {"what": "an error"}),
    ],
)
def test_what_is_documented_is_not_objected_to(asked: str, status: int, body: Any):
    """What is no operation of the document, and errors, are looked at by tests of their own."""
    method, path = asked.split(" ")
    assert rest_schemas(exact=True).objection(method, path, status, body) is None


@pytest.mark.parametrize(
    ("asked", "status", "body", "objection"),
    [
        ("GET /users/me", 200, {**USER, "friends": [7]}, "['friends'][0]: 7 is not of type"),
        ("GET /users/me", 200, {**USER, "password": "x"}, "'password' was unexpected"),
        ("GET /users/me", 200, {}, '"_id" is a required property'),
        ("GET /api/v1/rooms/room-info", 200, {}, "is not of type"),
        ("DELETE /api/v1/rooms/3XX", 200, None, "DELETE /api/v1/rooms/3XX -> 200 is not documented"),
    ],
)
def test_what_is_not_documented_is_objected_to(asked: str, status: int, body: Any, objection: str):
    """A type, a key, a missing key, a body, a status."""
    method, path = asked.split(" ")
    assert objection in str(rest_schemas(exact=True).objection(method, path, status, body))


def test_a_server_of_somebody_else_may_answer_more_keys():
    """Of what is documented nothing may be missing."""
    rest = rest_schemas(exact=False)
    assert rest.objection("GET", "/users/me", 200, {**USER, "more": 1}) is None
    assert rest.objection("GET", "/users/me", 200, {}) is not None
