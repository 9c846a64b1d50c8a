"""The envelope of every error, in both modes."""

from __future__ import annotations

import re

import pytest
from quart import abort
from structlog.testing import capture_logs

from app.domain.errors import Conflict, Invalid, Unavailable
from app.web.envelopes import NAMES
from tests.web.service import HAN, Service

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def test_an_error_has_the_envelope_of_development(service: Service) -> None:
    """`dev` answers status, instant, path, method, name and message, in that order."""
    body = await (await service.call("GET", "/nope")).get_json()
    assert list(body) == ["httpStatus", "timestamp", "path", "method", "errorName", "message"]
    assert INSTANT.fullmatch(body.pop("timestamp"))
    assert body == {
        "httpStatus": 404,
        "path": "/nope",
        "method": "GET",
        "errorName": "NotFoundException",
        "message": "Cannot GET /nope",
    }


async def test_an_error_has_the_envelope_of_production(production: Service) -> None:
    """`prod` answers status, instant, message and path."""
    response = await production.call("POST", "/auth/login", json={"email": "obi@mail.com", "password": "x"})
    body = await response.get_json()
    assert list(body) == ["statusCode", "timestamp", "message", "path"]
    assert INSTANT.fullmatch(body.pop("timestamp"))
    assert body == {"statusCode": 401, "message": "Wrong password!", "path": "/auth/login"}


@pytest.mark.parametrize("path", ["/notification/nope", "/api/notification/nope"])
@pytest.mark.parametrize("mode", ["dev", "prod"])
async def test_an_error_of_another_contract_has_its_envelope(path: str, mode: str) -> None:
    """The path says whose envelope it is, in either mode."""
    service = await Service.start(mode=mode)
    body = await (await service.call("GET", path)).get_json()
    assert list(body.items()) == [("message", f"Cannot GET {path}"), ("error", "Not Found"), ("statusCode", 404)]
    await service.close()


@pytest.mark.parametrize("path", ["/notification", "/notifications/nope", "/api/notification", "/nope/notification/"])
async def test_a_path_that_only_looks_like_a_contracts_has_the_common_envelope(service: Service, path: str) -> None:
    """What does not begin with a prefix is nobody's."""
    body = await (await service.call("GET", path)).get_json()
    assert body["errorName"] == "NotFoundException"


async def test_what_is_wrong_with_fields_is_told_rule_by_rule_where_the_contract_has_it_so(service: Service) -> None:
    """`Invalid` keeps a sentence for each broken rule; an envelope shows them as they are, or as one text."""

    async def fail() -> str:
        raise Invalid(broken=["a must be a string", "b must be a string"])

    for path in ("/notification/broken", "/broken"):
        service.app.add_url_rule(path, path, fail)
    listed = await (await service.call("GET", "/notification/broken")).get_json()
    assert listed["message"] == ["a must be a string", "b must be a string"]
    joined = await (await service.call("GET", "/broken")).get_json()
    assert joined["message"] == "a must be a string, b must be a string"


async def test_an_error_does_not_repeat_the_query_string(service: Service) -> None:
    """The path of an envelope is without the query, which can hold a token."""
    text = await (await service.call("GET", "/nope?token=secret")).get_data(as_text=True)
    assert "secret" not in text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "BREW"])
async def test_a_method_that_is_not_allowed_names_those_that_are(service: Service, method: str) -> None:
    """405 keeps `Allow`."""
    response = await service.call(method, "/auth/login")
    body = await response.get_json()
    assert (response.status_code, body["errorName"]) == (405, "MethodNotAllowedException")
    assert set(response.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


@pytest.mark.parametrize("mode", ["dev", "prod"])
async def test_nothing_of_an_unexpected_error_leaks(mode: str) -> None:
    """500 says nothing of its cause, which is logged with its traceback."""
    service = await Service.start(mode=mode)

    @service.app.get("/broken")
    async def broken() -> str:
        raise RuntimeError("secret of the house")

    with capture_logs() as lines:
        response = await service.call("GET", "/broken?token=secret")
    text = await response.get_data(as_text=True)
    assert (response.status_code, response.mimetype) == (500, "application/json")
    assert (await response.get_json())["message"] == "Internal server error"
    assert "secret" not in text
    assert "RuntimeError" not in text
    errors = [line for line in lines if line["log_level"] == "error"]
    assert [str(line["exc_info"]) for line in errors] == ["secret of the house"]
    assert errors[0]["path"] == "/broken"
    await service.close()


async def test_an_error_of_the_answers_way_out_has_the_envelope_too(service: Service) -> None:
    """What fails after the view answers 500 like what fails in it."""

    @service.app.after_request
    async def fail(response: object) -> object:
        service.app.after_request_funcs[None].remove(fail)  # pyright: ignore  (Quart types the key as a name)
        raise RuntimeError("secret of the house")

    response = await service.call("GET", "/healthz")
    assert response.status_code == 500
    assert (await response.get_json())["message"] == "Internal server error"


async def test_a_store_that_does_not_answer_is_503(service: Service) -> None:
    """`Unavailable` answers 503 and when to try again."""
    headers = await service.bearer(HAN)
    await service.store.close()
    for method, path in [("GET", "/users/me"), ("GET", "/messages")]:
        response = await service.call(method, path, headers=headers)
        body = await response.get_json()
        assert (response.status_code, body["errorName"]) == (503, "ServiceUnavailableException")
        assert response.headers["Retry-After"] == "1"


async def test_a_subclass_of_a_domain_error_is_answered_as_its_parent(service: Service) -> None:
    """The mapping follows the tree of errors."""

    class FullError(Unavailable):
        pass

    class TwiceError(Conflict):
        pass

    for path, error in (("/full", FullError("Disk full")), ("/twice", TwiceError("Twice"))):

        async def fail(error: Exception = error) -> str:
            raise error

        service.app.add_url_rule(path, path, fail)
    assert (await service.call("GET", "/full")).status_code == 503
    assert (await service.call("GET", "/twice")).status_code == 409


async def test_an_http_error_without_a_name_of_ours_is_answered(service: Service) -> None:
    """A status that the house never sends itself has the envelope all the same."""

    @service.app.get("/tea")
    async def tea() -> str:
        abort(418)

    body = await (await service.call("GET", "/tea")).get_json()
    assert (body["httpStatus"], body["errorName"], body["message"]) == (418, "HttpException", "Error")


def test_every_status_is_named_as_nestjs_names_it() -> None:
    """The names end in Exception and no two statuses share one."""
    names = [name for name, _ in NAMES.values()]
    assert all(name.endswith("Exception") for name in names)
    assert len(set(names)) == len(names)
