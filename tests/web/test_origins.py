"""`app.web.origins`: where origins are restricted, a page of another one changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.web.service import Service, ask

HOME = "https://chat.example"
FORM = (b"content-type", b"application/x-www-form-urlencoded")
NEW = b"email=leia@mail.com&password=123456"

FOREIGN = [
    "https://evil.example",
    "null",
    "",
    f"{HOME}:444",
    f"{HOME}.evil.example",
    "http://localhost:81",
    "localhost",
]


@pytest.fixture
async def restricted() -> AsyncIterator[Service]:
    """Serve for the pages of one origin."""
    started = await Service.start(trusted_origins=(HOME,))
    yield started
    await started.close()


async def _register(service: Service, *headers: tuple[bytes, bytes]) -> tuple[int, dict[str, str], bytes]:
    return await ask(service.app, "POST", "/users", [FORM, *headers], NEW)


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_page_of_another_origin_changes_nothing(restricted: Service, origin: str) -> None:
    """A form that it sends, which a browser asks nobody about, is refused, and not carried out."""
    status, headers, body = await _register(restricted, (b"origin", origin.encode()))
    assert status == 403
    assert b'"message": "Origin not allowed"' in body
    assert "access-control-allow-origin" not in headers
    assert (await _register(restricted))[0] == 201, "it was registered all the same"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/auth/login"),
        ("POST", "/api/notification/send"),
        ("POST", "/notification/send"),
        ("POST", "/api/v1/rooms"),
        ("DELETE", "/users/x/friends/y"),
        ("PUT", "/users"),
        ("POST", "/nope"),
    ],
)
async def test_no_path_is_open_to_it(restricted: Service, method: str, path: str) -> None:
    """Whatever it asks for, in the envelope of the path."""
    status, _, body = await ask(restricted.app, method, path, [FORM, (b"origin", b"https://evil.example")])
    assert status == 403
    assert b"Origin not allowed" in body


@pytest.mark.parametrize("origin", [HOME, "http://localhost", "https://localhost"])
async def test_a_page_of_this_host_or_of_an_origin_that_is_allowed_may(restricted: Service, origin: str) -> None:
    """As the example pages do, also behind what terminates TLS."""
    assert (await _register(restricted, (b"origin", origin.encode())))[0] == 201


async def test_to_read_is_for_the_browser_to_refuse(restricted: Service) -> None:
    """A GET changes nothing, so it is answered; without the header that would let the page have the answer."""
    status, headers, _ = await ask(restricted.app, "GET", "/", [(b"origin", b"https://evil.example")])
    assert status == 200
    assert "access-control-allow-origin" not in headers


async def test_where_all_origins_are_allowed_none_is_refused(service: Service) -> None:
    """Which is the default."""
    assert (await _register(service, (b"origin", b"https://evil.example")))[0] == 201
