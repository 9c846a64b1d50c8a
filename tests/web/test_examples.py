"""`/examples`: the pages as files. What they do is for e2e/examples to show."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from app import resources, seed
from app.web.examples import LISTENERS
from tests.web.page import Page, contrast
from tests.web.service import Service, ask

FILES = sorted(path for path in resources.path("examples").iterdir() if path.suffix != ".md")
PAGES = sorted(path.name for path in FILES if path.suffix == ".html")
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


async def _page(service: Service, name: str) -> Page:
    return Page(await (await service.call("GET", f"/examples/{name}")).get_data(as_text=True))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
async def test_every_file_is_served(service: Service, file: Path) -> None:
    """Each whole and with its type, and asked for again each time, which costs nothing while it is the same."""
    response = await service.call("GET", f"/examples/{file.name}")
    assert (response.status_code, response.mimetype) == (200, KINDS[file.suffix])
    assert sha256(await response.get_data(as_text=False)).hexdigest().startswith(response.headers["ETag"].strip('"'))
    assert response.headers["Cache-Control"] == "no-cache"
    again = await service.call("GET", f"/examples/{file.name}", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/examples", "/examples/"])
async def test_the_index_leads_to_every_page(service: Service, path: str) -> None:
    """There is a link to each."""
    page = Page(await (await service.call("GET", path)).get_data(as_text=True))
    links = {tag["href"] for tag in page.all("a")}
    assert {f"/examples/{name}" for name in PAGES if name != "index.html"} <= links


@pytest.mark.parametrize(
    "name",
    [
        "nope.html",
        "README.md",
        "..%2Fpyproject.toml",
        "../seed/users.json",
        ".",
        "%2e%2e",
        f"{'x' * 300}.html",
        "%00.js",
    ],
)
async def test_nothing_else_is_served(service: Service, name: str) -> None:
    """No file of another kind or of another folder, and none whose name no file can have."""
    assert (await service.call("GET", f"/examples/{name}")).status_code == 404


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_can_be_read_by_all(service: Service, name: str) -> None:
    """It has a language, a title, a viewport, landmarks, one first heading, and headings without a jump."""
    page = await _page(service, name)
    assert page.all("html") == [{"lang": "en"}]
    for element in ("title", "header", "main", "h1"):
        assert len(page.all(element)) == 1
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = {attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes}
    assert named - {"log-title"} <= set(ids)


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_does_nothing_that_its_policy_refuses(service: Service, name: str) -> None:
    """It has no script and no style within, and loads nothing but its own files and the library."""
    page = await _page(service, name)
    assert not page.all("style")
    assert not [attributes for _, attributes in page.tags if "style" in attributes]
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    loaded = [tag["src"] for tag in page.all("script")] + [tag["href"] for tag in page.all("link")]
    assert set(loaded) - {"data:,", "/socket.io/socket.io.js"} <= {f"/examples/{file.name}" for file in FILES}


@pytest.mark.parametrize(
    ("host", "ports"),
    [
        (b"localhost:3000", " http://localhost:* https://localhost:* ws://localhost:* wss://localhost:*"),
        (b"[::1]:3000", ""),
        (b"a;script-src *", ""),
        (b"", ""),
    ],
)
async def test_the_policy_allows_the_ports_of_the_host_alone(service: Service, host: bytes, ports: str) -> None:
    """Whatever the request says its host is, nothing else gets into the policy."""
    _, headers, _ = await ask(service.app, "GET", "/examples/friends.html", host=host)
    assert f"; connect-src 'self'{ports}; base-uri" in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith(
        "default-src 'none'; script-src 'self' https://cdn.socket.io; "
    )


async def test_with_a_copy_no_script_of_elsewhere_is_allowed(tmp_path: Path) -> None:
    """The policy names the CDN only where it is needed."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "socket.io.js").touch()
    service = await Service.start(socket_io_client=tmp_path)
    policy = (await service.call("GET", "/examples")).headers["Content-Security-Policy"]
    assert "script-src 'self'; " in policy
    await service.close()


async def test_both_colour_schemes_are_readable(service: Service) -> None:
    """Text and ground differ by at least 4.5 to 1, and the edges of controls by 3 to 1 (WCAG AA)."""
    text = await (await service.call("GET", "/examples/style.css")).get_data(as_text=True)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6})", scheme)) for scheme in text.split("@media (prefers", 1))
    assert light.keys() == dark.keys()
    for colours in (light, dark):
        for ink in ("ink", "soft", "accent", "good", "busy", "bad", "sent"):
            for ground in ("ground", "raised", "code"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        for ink in ("ink", "soft", "good"):
            assert contrast(colours[ink], colours["mine"]) >= 4.5, ink
        assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
        for ground in ("ground", "raised"):
            assert contrast(colours["edge"], colours[ground]) >= 3, ground


async def test_a_page_can_ask_where_the_contracts_are(service: Service) -> None:
    """The ports of the listeners are those that the request's scope has."""

    async def app(scope: object, receive: object, send: object) -> None:
        await service.app({**scope, LISTENERS: {"friends": 3000}}, receive, send)  # pyright: ignore  (Quart types ASGI's scopes closer than ASGI)

    _, _, body = await ask(app, "GET", "/examples/server.json")  # pyright: ignore  (Quart types ASGI's scopes closer than ASGI)
    assert json.loads(body) == {"listeners": {"friends": 3000}}


def test_the_pages_offer_the_seeded_users() -> None:
    """Ids, e-mails, names and the password are those of the seed."""
    script = (resources.path("examples") / "client.js").read_text()
    offered = re.findall(r'\{ id: "(\w+)", email: "([\w@.]+)", name: "([\w ]+)" \}', script)
    assert sorted(offered) == sorted((user.id, user.email, f"{user.name} {user.surname}") for user in seed.load())
    assert f'const PASSWORD = "{seed.PASSWORD}";' in script
