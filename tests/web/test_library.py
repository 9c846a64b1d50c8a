"""`/socket.io/socket.io.js`: the client library, from a copy or from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.config import CONTRACTS
from app.web.library import CDN, VERSION
from tests.web.service import Service

BUILDS = ("socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js")
PATHS = ["/socket.io", *(f"/{contract}/socket.io" for contract in CONTRACTS)]


def package(folder: Path) -> Path:
    """Make a package as npm installs it."""
    files = folder / "dist"
    files.mkdir(parents=True)
    for build in BUILDS:
        (files / build).write_text(f"// {build}\n")
        (files / f"{build}.map").write_text("{}")
    return folder


@pytest.fixture(autouse=True)
def empty_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have nothing installed in the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", PATHS)
async def test_a_copy_is_served_as_node_s_server_does(path: str, tmp_path: Path) -> None:
    """Every build and its map is at the path of each contract, for pages of any origin, with an ETag."""
    service = await Service.start(socket_io_client=package(tmp_path / "copy"))
    for build in BUILDS:
        response = await service.call("GET", f"{path}/{build}")
        assert response.status_code == 200
        assert await response.get_data(as_text=True) == f"// {build}\n"
        assert response.headers["Content-Type"] == "application/javascript; charset=utf-8"
        assert response.headers["Cache-Control"] == "public, max-age=0"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        known = {"If-None-Match": response.headers["ETag"]}
        again = await service.call("GET", f"{path}/{build}", headers=known)
        assert (again.status_code, await again.get_data()) == (304, b"")
        assert again.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        of_map = await service.call("GET", f"{path}/{build}.map")
        assert json.loads(await of_map.get_data()) == {}
        assert of_map.mimetype == "application/json"
    await service.close()


async def test_a_changed_copy_has_another_etag(tmp_path: Path) -> None:
    """Who has the old one gets the new one."""
    copy = package(tmp_path / "copy")
    service = await Service.start(socket_io_client=copy)
    old = (await service.call("GET", "/socket.io/socket.io.js")).headers["ETag"]
    (copy / "dist" / "socket.io.js").write_text("// newer")
    response = await service.call("GET", "/socket.io/socket.io.js", headers={"If-None-Match": old})
    assert (response.status_code, await response.get_data()) == (200, b"// newer")
    await service.close()


async def test_a_copy_that_is_installed_here_is_found(tmp_path: Path) -> None:
    """`npm install socket.io-client` where the server is started is enough."""
    package(tmp_path / "node_modules" / "socket.io-client")
    service = await Service.start()
    assert (await service.call("GET", "/socket.io/socket.io.js")).status_code == 200
    await service.close()


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_copy_the_public_one_is_named(service: Service, path: str) -> None:
    """A browser is sent to the CDN, to a release that does not change."""
    for name in ("socket.io.js", "socket.io.min.js", "socket.io.min.js.map"):
        response = await service.call("GET", f"{path}/{name}")
        assert response.status_code == 302
        assert response.headers["Location"] == f"{CDN}/{VERSION}/{name}"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize("path", ["/enemies/socket.io/socket.io.js", "/socket.io/other.js", "/socket.io/../config.py"])
async def test_nothing_else_is_there(path: str, tmp_path: Path) -> None:
    """Another contract's name, and any other file, is nothing."""
    service = await Service.start(socket_io_client=package(tmp_path / "copy"))
    assert (await service.call("GET", path)).status_code == 404
    await service.close()
