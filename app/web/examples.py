"""`/examples`: a page for each contract, to use it by hand. The files are in the folder of that name."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from app import resources
from app.web.files import file
from app.web.library import Library

__all__ = ["LISTENERS", "blueprint"]

LISTENERS = "parley.listeners"
"""Under which a request's scope has the port of each listener, by what `/socket.io` is there."""

_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_NAMED_HOST = re.compile(r"[a-z0-9.-]+")


def blueprint(library: Library) -> Blueprint:
    """Return the routes of the examples."""
    examples = Blueprint("examples", __name__)
    files = {path.name: path for path in resources.path("examples").glob("*") if path.suffix in _KINDS}

    @examples.get("/examples")
    @examples.get("/examples/")
    @examples.get("/examples/<name>")
    async def page(name: str = "index.html") -> Response:
        path = files.get(name)  # what the file system makes of a name is not for a client to try
        if path is None:
            raise NotFound
        response = await file(path, _KINDS[path.suffix], "no-cache")
        response.headers["Content-Security-Policy"] = _policy(library)
        return response

    @examples.get("/examples/server.json")
    async def server() -> Response:
        found = {"listeners": request.scope.get(LISTENERS, {})}
        return Response(json.dumps(found), mimetype="application/json")

    return examples


def _policy(library: Library) -> str:
    """Return what a page may do: load its own files and the library, and talk to any port of the host it came from."""
    host = urlsplit(f"//{request.host}").hostname or ""
    # an address of IPv6 cannot be written in a policy; 'self' goes without saying it
    ports = [f"{scheme}://{host}:*" for scheme in ("http", "https", "ws", "wss")] if _NAMED_HOST.fullmatch(host) else []
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", library.source)).rstrip(),
            "style-src 'self'",
            "img-src data:",
            " ".join(("connect-src 'self'", *ports)),
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
