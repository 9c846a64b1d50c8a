"""`/notification`: both paths, and what they answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web.service import Service

PATHS = ("/api/notification/send", "/notification/send")
SHIPPED = {"message": "Your order has shipped", "userId": "ann"}
EMPTY = ["message should not be empty", "message must be a string"]
NOBODY = ["userId should not be empty", "userId must be a string"]
KEY = "schlüssel of all services"


@pytest.fixture
async def guarded() -> AsyncIterator[Service]:
    """Serve with a key."""
    service = await Service.start(notifications_api_key=KEY)
    yield service
    await service.close()


async def _pending(service: Service, user: str) -> list[Any]:
    return [json.loads(entry.text) for entry in await service.notifications.pending(user, 10)]


@pytest.mark.parametrize("path", PATHS)
async def test_a_notification_is_stored_for_its_addressee(service: Service, path: str) -> None:
    """201, whether or not anybody is there to hear it."""
    response = await service.call("POST", path, json=SHIPPED)
    assert response.status_code == 201
    assert await response.get_json() == {"message": "Notification sent successfully"}
    assert await _pending(service, "ann") == [SHIPPED]


async def test_all_keys_of_a_notification_are_kept(service: Service) -> None:
    """Whatever they are, as they are."""
    more = {**SHIPPED, "order": {"lines": [1, 2.5, None, True]}, "": "", "é\u0000": "🌧️"}
    assert (await service.call("POST", PATHS[0], json=more)).status_code == 201
    assert await _pending(service, "ann") == [more]


async def test_a_notification_may_be_a_form(service: Service) -> None:
    """As any other body may."""
    body = b"message=hello&userId=ann&order=7"
    response = await service.raw("POST", PATHS[0], body, "application/x-www-form-urlencoded")
    assert response.status_code == 201
    assert await _pending(service, "ann") == [{"message": "hello", "userId": "ann", "order": "7"}]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, EMPTY + NOBODY),
        ({"message": "", "userId": ""}, [EMPTY[0], NOBODY[0]]),
        ({"message": None, "userId": None}, EMPTY + NOBODY),
        ({"message": 7, "userId": ["ann"]}, [EMPTY[1], NOBODY[1]]),
        ({"message": "hello"}, NOBODY),
        ({"userId": "ann"}, EMPTY),
        ({"message": "x" * 4097, "userId": "x" * 257}, [
            "message must be shorter than or equal to 4096 characters",
            "userId must be shorter than or equal to 256 characters",
        ]),
        ([], "body must be a JSON object"),
        ({**SHIPPED, "order": "\ud800"}, "notification must be JSON that every client can read"),
        ({**SHIPPED, "order": 2**64}, "notification must be JSON that every client can read"),
        ({**SHIPPED, "userId": "\ud800"}, "notification must be JSON that every client can read"),
    ],
)  # fmt: skip
async def test_what_is_no_notification_is_told_rule_by_rule(
    service: Service, path: str, body: object, message: object
) -> None:
    """400 in the envelope of the contract; nothing is stored."""
    response = await service.call("POST", path, json=body)
    assert response.status_code == 400
    assert await response.get_json() == {"message": message, "error": "Bad Request", "statusCode": 400}
    assert await _pending(service, "ann") == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "body must be well-formed JSON"),
        (b'{"message": "a", "userId": "ann", "n": 1e999}', "body must be well-formed JSON"),
        (b'{"message": "a", "userId": "ann", "n": NaN}', "body must be well-formed JSON"),
        (
            b'{"message": "a", "userId": "ann", "n": %b}' % (b"[" * 63 + b"]" * 63),
            "notification must be nested at most 63 levels deep",
        ),
        (
            b'{"message": "a", "userId": "ann", "n": %b}' % (b"[" * 500 + b"]" * 500),
            "notification must be JSON that every client can read",
        ),
    ],
)
async def test_what_no_client_could_read_is_refused(service: Service, body: bytes, message: str) -> None:
    """400; nothing is stored."""
    response = await service.raw("POST", PATHS[0], body)
    assert (response.status_code, (await response.get_json())["message"]) == (400, message)
    assert await _pending(service, "ann") == []


async def test_a_notification_may_be_nested_as_deep_as_events_may(service: Service) -> None:
    """63 levels, and the list around them."""
    body = b'{"message": "a", "userId": "ann", "n": %b}' % (b"[" * 62 + b"]" * 62)
    assert (await service.raw("POST", PATHS[0], body)).status_code == 201


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("given", [None, "", "wrong", KEY[:-1], KEY + "x", "é"])
async def test_a_service_without_the_key_is_refused(guarded: Service, path: str, given: str | None) -> None:
    """401 before anything is read; nothing is stored."""
    headers = {} if given is None else {"X-API-Key": given}
    response = await guarded.call("POST", path, json=SHIPPED, headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "X-API-Key"
    assert await response.get_json() == {"message": "Unauthorized", "error": "Unauthorized", "statusCode": 401}
    assert await _pending(guarded, "ann") == []


async def test_a_service_with_the_key_is_served(guarded: Service) -> None:
    """The key is compared byte for byte, as UTF-8."""
    response = await guarded.call("POST", PATHS[0], json=SHIPPED, headers={"X-API-Key": KEY})
    assert response.status_code == 201


async def test_a_server_without_a_key_documents_none(service: Service) -> None:
    """What the document says of a credential is what the server asks for."""
    found = await (await service.call("GET", "/openapi.json")).get_json()
    for path in PATHS:
        operation = found["paths"][path]["post"]
        assert "security" not in operation
        assert "401" not in operation["responses"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_notification_is_sent_by_post_alone(service: Service, path: str) -> None:
    """405 names what is allowed, in the envelope of the contract."""
    response = await service.call("GET", path)
    assert (response.status_code, set(response.headers["Allow"].split(", "))) == (405, {"POST", "OPTIONS"})
    assert await response.get_json() == {
        "message": "Method Not Allowed",
        "error": "Method Not Allowed",
        "statusCode": 405,
    }
