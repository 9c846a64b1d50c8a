"""`app.engine.origins`: from which pages, and under which names, an engine may be used."""

from typing import Any

import pytest

from app.engine.origins import Origins
from app.engine.refusal import RefusedRequestError


def allowed(origins: Origins, **headers: str) -> bool:
    """Return whether a request with these headers may use the engine."""
    scope: Any = {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    try:
        origins.check(scope)
    except RefusedRequestError as refused:
        return refused.status != 403
    return True


def test_an_origin_is_allowed_or_not():
    """What no browser sends has none, and is allowed; "*" allows all."""
    few, all_ = Origins(("https://chat.example.com",)), Origins(("*",))
    assert allowed(few, origin="https://chat.example.com", host="parley.example.com")
    assert not allowed(few, origin="https://example.com")
    assert allowed(few, host="parley.example.com")
    assert allowed(all_, origin="https://example.com")


OWN = ["localhost", "localhost:4000", "LOCALHOST:4000", "app.localhost:80", "127.0.0.1:4000", "127.9.9.9", "[::1]:1"]
STRANGE = ["example.com", "localhost.example.com", "127.0.0.1.example.com", "10.0.0.1:4000", "0.0.0.0", "[::]", "["]


@pytest.mark.parametrize("host", OWN)
def test_an_engine_of_this_machine_is_used_by_its_names(host: str):
    """By a service that calls it so, and by pages of the machine itself."""
    local = Origins(("*",), local=True)
    assert allowed(local, host=host)
    assert allowed(local, host="localhost:4000", origin=f"http://{host}")
    assert allowed(local, host="localhost:4000", origin=f"https://{host}")
    assert allowed(local)


@pytest.mark.parametrize("host", [*STRANGE, "null", ""])
def test_an_engine_of_this_machine_is_used_by_no_page_of_another(host: str):
    """Nor by one whose name was made to point to this machine."""
    local = Origins(("*",), local=True)
    assert not allowed(local, host=host)
    assert not allowed(local, host="localhost:4000", origin=f"http://{host}")
    assert not allowed(local, host="localhost:4000", origin=host)


def test_an_engine_of_this_machine_may_have_few_origins():
    """Then it is for those of this machine among them alone."""
    local = Origins(("http://localhost:3000", "https://chat.example.com"), local=True)
    assert allowed(local, origin="http://localhost:3000")
    assert not allowed(local, origin="http://localhost:3001")
    assert not allowed(local, origin="https://chat.example.com")
