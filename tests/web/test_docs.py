"""`/docs`, and the commands on it."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import resources
from app.config import load
from app.contracts.contract import Contract
from app.contracts.registry import CONTRACTS, FOLDERS
from tests.web.page import Page, contrast
from tests.web.service import HAN, Service


async def _page(service: Service) -> Page:
    response = await service.call("GET", "/docs")
    assert (response.status_code, response.mimetype) == (200, "text/html")
    return Page(await response.get_data(as_text=True))


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


@pytest.mark.parametrize(("path", "other"), [("/openapi.json", "/api-json"), ("/docs", "/api")])
async def test_the_documentation_is_where_the_original_has_it_too(service: Service, path: str, other: str) -> None:
    """Either address answers the same."""
    one, same = await service.call("GET", path), await service.call("GET", other)
    assert (same.status_code, same.mimetype) == (200, one.mimetype)
    assert await same.get_data() == await one.get_data()


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
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


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


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
async def test_the_page_tells_the_socketio_side_of_each_contract(service: Service, contract: Contract) -> None:
    """Every event of both directions, in the table of contents too, and every error is there with its payload."""
    page = await _page(service)
    blocks = {block.strip() for block in page.blocks}
    for event in (*contract.sent, *contract.received):
        assert event.example in blocks | {""}
        assert event.answer is None or event.answer.example in blocks
    for refusal in contract.refusals:
        assert refusal.payload in blocks
    links = {tag["href"] for tag in page.all("a")}
    assert f"#contract-{contract.name}" in links
    for way, events in (("sent", contract.sent), ("received", contract.received)):
        for event in events:
            name = re.sub(r"[^\w]+", "-", event.name.lower()).strip("-")
            assert f"#{contract.name}-{way}-{name}" in links


@pytest.mark.parametrize("folder", FOLDERS)
async def test_the_page_has_every_example(service: Service, folder: str) -> None:
    """Each whole exchange is there, a line for each packet, with the requirements that it shows."""
    page = await _page(service)
    blocks, links = {block.strip() for block in page.blocks}, {tag["href"] for tag in page.all("a")}
    paths = sorted((resources.path("contracts") / folder / "examples").glob("*.json"))
    assert {f"{folder}-example-{path.stem}" for path in paths} <= {tag.get("id") for tag in page.all("details")}
    for path in paths:
        example = json.loads(path.read_text(encoding="utf-8"))
        assert any(block.count("\n") + 1 == len(example["exchange"]) and _is(block, example) for block in blocks)
        assert {f"#{requirement}" for requirement in example["requirements"]} <= links


def _is(block: str, example: dict[str, Any]) -> bool:
    """Tell whether every line of a block is the packet that stands there in an example."""
    return all(
        line.split()[0] == step["who"].split()[0] and all(json.dumps(it) in line for it in step.get("args", ()))
        for line, step in zip(block.splitlines(), example["exchange"], strict=True)
    )


@pytest.mark.parametrize("folder", FOLDERS)
async def test_the_documents_of_a_contract_are_served(service: Service, folder: str) -> None:
    """The page leads to them, and each is the file."""
    links = {tag["href"] for tag in (await _page(service)).all("a")}
    for name, mimetype in (("asyncapi.yaml", "application/yaml"), ("events.d.ts", "text/plain")):
        address = f"/docs/{folder}/{name}"
        assert address in links
        response = await service.call("GET", address)
        assert (response.status_code, response.mimetype) == (200, mimetype)
        assert await response.get_data() == (resources.path("contracts") / folder / name).read_bytes()


@pytest.mark.parametrize(
    "path", ["/docs/other/asyncapi.yaml", "/docs/friends/requirements.yaml", "/docs/../events.d.ts"]
)
async def test_nothing_else_is_served_beside_the_page(service: Service, path: str) -> None:
    """Of the folder of the contracts, only what is documented."""
    assert (await service.call("GET", path)).status_code == 404


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_the_examples_of_a_contract_are_json(contract: Contract) -> None:
    """A payload that can be pasted is one that a client can send."""
    for event in (*contract.sent, *contract.received):
        assert event.example == "" or json.loads(event.example) is not None
    for refusal in contract.refusals:
        told = json.loads(refusal.payload)
        assert told.get("message") or told.get("error")


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_the_port_of_a_contract_is_that_of_its_listener(contract: Contract) -> None:
    """What the page says is what a server that was told nothing else does."""
    assert load().addresses[contract.name][1] == contract.port


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
async def test_the_page_lists_every_requirement(service: Service, contract: Contract) -> None:
    """Each requirement of the contract can be linked to by its id."""
    page = await _page(service)
    path = resources.path("contracts") / contract.folder / "requirements.yaml"
    known = yaml.safe_load(path.read_text(encoding="utf-8"))["requirements"]
    assert {requirement["id"] for requirement in known} <= {tag.get("id") for tag in page.all("li")}


async def test_the_page_without_requirements_is_whole(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A build without the files shows no empty list."""
    monkeypatch.setattr(resources, "path", lambda name: tmp_path / name)
    page = await _page(service)
    assert not [tag for tag in page.all("h3") if tag.get("id", "").endswith("-requirements")]
    assert not [tag for tag in page.all("ul") if tag.get("class") == "requirements"]
