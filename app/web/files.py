"""Files as answers: whole, or 304 to whoever has them."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path

from quart import Response, request

__all__ = ["file"]


async def file(path: Path, mimetype: str, cache: str) -> Response:
    """Return what a file holds, with an ETag made of that, or that it has not changed. Raise `OSError`.

    Args:
        path: the file.
        mimetype: of what it holds, UTF-8 if it is text.
        cache: the Cache-Control header.

    """
    content = await asyncio.to_thread(path.read_bytes)
    response = Response(content, content_type=f"{mimetype}; charset=utf-8", headers={"Cache-Control": cache})
    response.set_etag(sha256(content).hexdigest()[:32])
    return await response.make_conditional(request)  # pyright: ignore[reportReturnType]  (Quart types its own response as Werkzeug's)
