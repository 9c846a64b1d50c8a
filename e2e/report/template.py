"""What the pages of reports have in common: how a template is filled in, and what a browser may load for it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from e2e.report.legible import legible

__all__ = ["digest", "environment", "style_of"]

_BASE = Path(__file__).parent / "page" / "base.css"


def environment(folder: Path) -> Environment:
    """Return an environment for the templates of a folder: whatever a server said is legible, and escaped."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )


@cache
def style_of(folder: Path) -> str:
    """Return the one style of a page: what all pages have in common, and the folder's own after it."""
    return "\n".join(path.read_text(encoding="utf-8") for path in (_BASE, folder / "report.css"))


def digest(text: str) -> str:
    """Return the hash by which a Content-Security-Policy allows a style or a script that is in the page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _finalized(value: Any) -> Any:
    """Return a value that is about to be put out; the template escapes it afterwards."""
    return legible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
