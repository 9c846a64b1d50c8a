"""The generated documents of `contracts`: those of the registry, and that of REST, which the web application knows."""

from __future__ import annotations

import json
from pathlib import Path

from app import resources
from app.config import Settings
from app.contracts import files
from app.server import Server
from app.web.schema import document

__all__ = ["stale", "write"]


def stale() -> list[Path]:
    """Return the files that are not there, or not as they ought to be."""
    return [_folder() / path for path in files.stale(_folder(), _wanted())]


def write() -> list[Path]:
    """Write the files that are not as they ought to be, and return them."""
    return [_folder() / path for path in files.write(_folder(), _wanted())]


def _folder() -> Path:
    return resources.path("contracts")


def _wanted() -> dict[str, str]:
    """Return the text of each file: of a server with the defaults, whatever the environment says."""
    server = Server(Settings.model_construct(memory=True))
    return dict(files.files(json.loads(json.dumps(document(server.web)))))
