"""`/socket.io/socket.io.js`: the JavaScript client, where a page expects it of a Socket.IO server.

Node's server answers with the files of the npm package that it depends on. Here the package is one that was named or
that is installed in the working directory; without one a browser is sent to the library's public CDN.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from quart import Blueprint, Response

from app.web.files import file

__all__ = ["CDN", "VERSION", "Library", "blueprint"]

CDN = "https://cdn.socket.io"

VERSION = "4.8.1"
"""The release that the CDN is asked for."""

_BUILDS = ("socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js")
_NAMES = (*_BUILDS, *(f"{build}.map" for build in _BUILDS))
_INSTALLED = Path("node_modules", "socket.io-client")

_OPEN = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""A page of another origin loads the library from here, as it does from Node's server."""


class Library:
    """Where the files of the client are.

    Args:
        package: folder of a package `socket.io-client`; None for the one that is installed here, if any.

    """

    def __init__(self, package: Path | None) -> None:
        self._files = (package or _INSTALLED).absolute() / "dist"

    def find(self, name: str) -> Path | None:
        """Return a file of the client, None if it is not to be had from here."""
        path = self._files / name
        return path if path.is_file() else None

    @property
    def source(self) -> str:
        """The origin, other than this server, from which a page gets the library; "" for none."""
        return "" if self.find("socket.io.js") else CDN


def blueprint(library: Library, contracts: Collection[str]) -> Blueprint:
    """Return the routes of the client: below the path of a port's own contract, and of each by name."""
    client = Blueprint("library", __name__)
    names = ", ".join(f'"{name}"' for name in _NAMES)

    @client.get(f"/socket.io/<any({names}):name>")
    @client.get(f"/<any({', '.join(contracts)}):contract>/socket.io/<any({names}):name>")
    async def serve(name: str, contract: str = "") -> Response:
        path = library.find(name)
        if path is None:
            location = f"{CDN}/{VERSION}/{name}"
            return Response(status=302, headers={"Location": location, "Cache-Control": "public, max-age=300", **_OPEN})
        kind = "application/json" if name.endswith(".map") else "application/javascript"
        response = await file(path, kind, "public, max-age=0")
        response.headers.update(_OPEN)
        return response

    return client
