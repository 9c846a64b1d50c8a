"""How the body of a request is read."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.service import Service

LOGIN = "/auth/login"
OBJECT = "body must be a JSON object"
MALFORMED = "body must be well-formed JSON"
FORM = "application/x-www-form-urlencoded"
MISSING = "email must be an email, password must be a string that is not empty"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", MALFORMED),
        (b"{'email': 1}", MALFORMED),
        (b'{"email": NaN}', MALFORMED),
        (b'{"email": Infinity}', MALFORMED),
        (b'{"email": "\xff"}', MALFORMED),
        (b'{"email": "\xed\xa0\x80"}', MALFORMED),
        (b"[" * 90_000, MALFORMED),
        (b'{"a":' * 18_000, MALFORMED),
        (b'{"a":' + b"9" * 5000 + b"}", MALFORMED),
        ('{"email": 1}'.encode("utf-16"), MALFORMED),
        (b"\x00", MALFORMED),
        (b"[]", OBJECT),
        (b"null", OBJECT),
        (b'"text"', OBJECT),
        (b"1", OBJECT),
        (b"true", OBJECT),
        (b"{}", MISSING),
        (b"", MISSING),
        (b'{"email": "\\ud800@mail.com", "password": "\\udfff"}', MISSING),
    ],
)
async def test_what_is_no_json_object_is_refused(service: Service, body: bytes, message: str) -> None:
    """Malformed JSON, another value and an empty object answer 400, each with what is wrong."""
    response = await service.raw("POST", LOGIN, body)
    assert response.status_code == 400
    assert (await response.get_json())["message"] == message


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"email=obi%40mail.com&password=123456", 200, None),
        (b"email=obi%40mail.com&password=123456&extra=1", 200, None),
        (b"email=obi%40mail.com", 400, "password must be a string that is not empty"),
        (b"email=%ff", 400, "body must be a well-formed form"),
        (b"email=%ed%a0%80", 400, "body must be a well-formed form"),
        (b"\xff=1", 400, "body must be a well-formed form"),
        (b"a=1&" * 101, 400, "body must be a well-formed form"),
        (b"&&==&", 400, MISSING),
    ],
)
async def test_a_form_is_read_like_json(service: Service, body: bytes, status: int, message: str | None) -> None:
    """A form has the same rules; one that cannot be decoded answers 400."""
    response = await service.raw("POST", LOGIN, body, FORM)
    assert response.status_code == status
    assert (await response.get_json()).get("message") == message


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/vnd.api+json"])
async def test_json_is_known_by_its_type(service: Service, kind: str) -> None:
    """Any type of JSON, with or without parameters, is read as JSON."""
    body = json.dumps({"email": "obi@mail.com", "password": "123456"}).encode()
    assert (await service.raw("POST", LOGIN, body, kind)).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "", ";;;"])
async def test_another_type_is_refused(service: Service, kind: str) -> None:
    """A body that is neither JSON nor a form answers 415."""
    response = await service.raw("POST", LOGIN, b"{}", kind)
    body = await response.get_json()
    assert (response.status_code, body["errorName"]) == (415, "UnsupportedMediaTypeException")


async def test_a_compressed_body_is_refused(service: Service) -> None:
    """Nothing is unpacked: a body with an encoding answers 415."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = await service.call("POST", LOGIN, headers=headers, data=b"\x1f\x8b")
    assert response.status_code == 415


@pytest.mark.parametrize("kind", ["application/json", FORM, "text/plain"])
async def test_a_body_over_the_limit_is_refused(kind: str) -> None:
    """One byte more than `MAX_BODY` answers 413, as many as that are read."""
    service = await Service.start(max_body=1000)
    for size, status in ((1001, 413), (1000, 415 if kind == "text/plain" else 400)):
        response = await service.raw("POST", LOGIN, b" " * size, kind)
        assert response.status_code == status
    await service.close()


async def test_a_body_over_the_limit_is_refused_without_a_length() -> None:
    """What is sent in pieces is counted as it comes."""
    service = await Service.start(max_body=1000)
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    async with service.client.request(LOGIN, method="POST", headers=headers) as connection:  # pyright: ignore  (as in service.py)
        for _ in range(11):
            await connection.send(b" " * 100)
        await connection.send_complete()
    response = await connection.as_response()
    assert (response.status_code, (await response.get_json())["errorName"]) == (413, "PayloadTooLargeException")
    await service.close()


async def test_a_body_that_does_not_end_is_given_up(service: Service) -> None:
    """A body that is late answers 408."""
    service.app.config["BODY_TIMEOUT"] = 0.01
    async with service.client.request(LOGIN, method="POST") as connection:  # pyright: ignore  (as in service.py)
        await connection.send(b"{")
    response = await connection.as_response()
    assert (response.status_code, (await response.get_json())["errorName"]) == (408, "RequestTimeoutException")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(["email", "password", "name", "surname", "friendId", "x"])


@given(
    body=st.binary(max_size=50) | st.builds(lambda v: json.dumps(v).encode(), st.dictionaries(FIELDS, VALUES)),
    path=st.sampled_from([LOGIN, "/users"]),
    kind=st.sampled_from(["application/json", FORM]),
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_body_makes_the_server_fail(service: Service, body: bytes, path: str, kind: str) -> None:
    """Whatever is sent is understood or refused, never a 500."""
    response = await service.raw("POST", path, body, kind)
    assert response.status_code in (200, 201, 400, 401, 409)
