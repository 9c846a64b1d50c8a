"""`/openapi.json` for programs and `/docs` for people: one page, made here, that loads nothing from elsewhere.

The original of the notifications contract has the two at `/api-json` and `/api`: they are there too.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup, escape
from quart import Blueprint, Response, current_app, render_template, request
from werkzeug.exceptions import NotFound

from app import __version__, resources
from app.contracts.examples import exchanges
from app.contracts.registry import CONTRACTS, FOLDERS, version
from app.web import reference
from app.web.files import file
from app.web.schema import TAGS, document

__all__ = ["blueprint"]

_STYLE = Path(__file__).parent / "static" / "docs.css"
_KINDS = {".yaml": "application/yaml", ".ts": "text/plain"}
_NO_SLUG = re.compile(r"[^a-z0-9_]+")
_CODE = re.compile(r"`([^`]+)`")
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def blueprint() -> Blueprint:
    """Return the routes of the documentation."""
    docs = Blueprint("docs", __name__)
    docs.add_app_template_filter(_prose, "prose")
    docs.add_app_template_filter(_slug, "slug")

    @docs.get("/openapi.json")
    @docs.get("/api-json")
    async def openapi() -> Response:
        return Response(_openapi(), mimetype="application/json")

    @docs.get("/docs")
    @docs.get("/api")
    async def page() -> Response:
        base = f"{request.scheme}://{request.host or 'localhost'}"
        text = await render_template("docs.html", base=base, **_reference())
        return Response(text, headers={"Content-Security-Policy": _PAGE_POLICY})

    @docs.get("/docs/docs.css")
    async def style() -> Response:
        return Response(_style(), mimetype="text/css", headers={"Cache-Control": "public, max-age=300"})

    @docs.get("/docs/<folder>/asyncapi.yaml", defaults={"name": "asyncapi.yaml"})
    @docs.get("/docs/<folder>/events.d.ts", defaults={"name": "events.d.ts"})
    async def generated(folder: str, name: str) -> Response:
        path = resources.path("contracts") / folder / name
        if folder not in FOLDERS or not path.is_file():
            raise NotFound
        return await file(path, _KINDS[path.suffix], "public, max-age=300")

    @cache
    def _document() -> dict[str, Any]:
        return document(current_app)

    @cache
    def _openapi() -> str:
        return json.dumps(_document())

    @cache
    def _reference() -> dict[str, Any]:
        operations = reference.operations(_document())
        return {
            "tags": [(tag, [one for one in operations if one.tag == tag.name]) for tag in TAGS],
            "login": next(one for one in operations if one.path == "/auth/login"),
            "login_command": reference.login_command,
            "schemas": reference.schemas(_document()),
            "version": __version__,
            "contracts_version": version(),
            "contracts": CONTRACTS,
            "examples": {folder: exchanges(folder) for folder in FOLDERS},
            "requirements": {folder: _requirements(folder) for folder in FOLDERS},
        }

    return docs


@cache
def _style() -> bytes:
    return _STYLE.read_bytes()


def _requirements(contract: str) -> list[dict[str, str]]:
    path = resources.path("contracts") / contract / "requirements.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["requirements"] if path.is_file() else []


def _prose(text: str) -> Markup:
    """Return text with what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def _slug(text: str) -> str:
    """Return text as a part of an id."""
    return _NO_SLUG.sub("-", text.lower()).strip("-")
