"""`/docs`, and the commands on it."""

from __future__ import annotations

import re
import shlex
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from app import resources
from app.web.friends_contract import FRIENDS
from tests.web.service import HAN, Service

REQUIREMENTS = resources.path("contracts") / "friends" / "requirements.yaml"


class _Page(HTMLParser):
    """What the tests want to know of a page."""

    VOID = frozenset(("meta", "link", "br", "img", "input", "hr"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.blocks: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "pre":
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "pre" in self.open:
            self.blocks[-1] += data

    def all(self, name: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag == name]


async def _page(service: Service) -> _Page:
    response = await service.call("GET", "/docs")
    assert (response.status_code, response.mimetype) == (200, "text/html")
    return _Page(await response.get_data(as_text=True))


async def test_the_page_loads_nothing_from_outside(service: Service) -> None:
    """There is no script, every resource is our own and is there, and the policy allows nothing else."""
    page = await _page(service)
    assert not page.all("script")
    resources = [tag["href"] for tag in page.all("link")] + [tag["src"] for tag in page.all("img")]
    assert resources == ["data:,", "/docs/docs.css"]
    style = await service.call("GET", "/docs/docs.css")
    text = await style.get_data(as_text=True)
    assert (style.status_code, style.mimetype) == (200, "text/css")
    assert "url(" not in text
    assert "@import" not in text
    policy = (await service.call("GET", "/docs")).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "upgrade-insecure-requests" not in policy


async def test_the_page_can_be_read_by_all(service: Service) -> None:
    """It has a language, a title, landmarks, one first heading, a viewport, and headings without a jump."""
    page = await _page(service)
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("title")
    for landmark in ("header", "nav", "main", "h1"):
        assert len(page.all(landmark)) == 1
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(cell.get("scope") for cell in page.all("th"))


async def test_every_link_within_the_page_leads_somewhere(service: Service) -> None:
    """No id is there twice, and every fragment names one."""
    page = await _page(service)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {tag["href"] for tag in page.all("a")}
    assert targets >= {"#start", "#socketio", "#schemas", "/openapi.json"}
    assert {target[1:] for target in targets if target.startswith("#")} <= set(ids)


async def test_both_colour_schemes_are_readable(service: Service) -> None:
    """Text and ground differ by at least 4.5 to 1, light and dark (WCAG AA)."""
    text = await (await service.call("GET", "/docs/docs.css")).get_data(as_text=True)
    light, dark = (dict(re.findall(r"--(\w+): (#\w{6})", scheme)) for scheme in text.split("@media (prefers", 1))
    assert light.keys() == dark.keys()
    for colours in (light, dark):
        for ink in colours.keys() - {"ground", "raised", "code", "line"}:
            for ground in ("ground", "raised", "code"):
                assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


async def test_every_command_can_be_pasted(service: Service) -> None:
    """Each curl command of the page, run in its order, succeeds."""
    page = await _page(service)
    commands = [block for block in page.blocks if block.startswith("curl ")]
    assert len(commands) == 17
    token = (await service.bearer(HAN))["Authorization"]
    for command in commands:
        words = shlex.split(command.replace("\\\n", "").replace("Bearer $TOKEN", token))
        assert words[:3] == ["curl", "-sS", "-X"]
        options = list(zip(words[5::2], words[6::2], strict=True))
        headers = dict(value.split(": ", 1) for flag, value in options if flag == "-H")
        body = next((value for flag, value in options if flag == "-d"), None)
        path = words[4].removeprefix("http://localhost")
        response = await service.call(words[3], path, headers=headers, data=body)
        assert response.status_code in (200, 201, 204), command


async def test_the_first_command_keeps_a_token(service: Service) -> None:
    """The page begins with what the other commands need."""
    first = (await _page(service)).blocks[0]
    assert first.startswith("TOKEN=$(curl -sS -X POST http://localhost/auth/login")
    assert shlex.split(first)


async def test_the_page_tells_the_socketio_side(service: Service) -> None:
    """Every event of both directions and every error is there with its payload."""
    page = await _page(service)
    blocks = {block.strip() for block in page.blocks}
    for event in (*FRIENDS.sent, *FRIENDS.received):
        assert event.example in blocks
    for refusal in FRIENDS.refusals:
        assert refusal.payload in blocks


async def test_the_page_lists_every_requirement(service: Service) -> None:
    """Each requirement of the contract can be linked to by its id."""
    page = await _page(service)
    known = yaml.safe_load(REQUIREMENTS.read_text(encoding="utf-8"))["requirements"]
    assert {requirement["id"] for requirement in known} <= {tag.get("id") for tag in page.all("li")}


async def test_the_page_without_requirements_is_whole(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A build without the file shows no empty section."""
    monkeypatch.setattr(resources, "path", lambda name: tmp_path / name)
    page = await _page(service)
    assert not [tag for tag in page.all("section") if tag["id"] == "requirements"]
