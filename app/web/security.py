"""Security headers: what Helmet 8 sends by default, on every answer.

Helmet 7 sends the same, but for a `Strict-Transport-Security` of half a year instead of a whole one.

`Cross-Origin-Resource-Policy: same-origin` stays although front ends of other origins read this API: it stops a page
from *embedding* an answer without asking (`<img>`, `<script>`, `fetch` with `no-cors`), and has no say over requests
made with CORS, which is how `fetch`, `XMLHttpRequest` and Socket.IO's polling make theirs.
"""

from __future__ import annotations

from quart import Quart, Response
from secure import Preset, Secure

__all__ = ["HEADERS", "install"]

_HEADERS = Secure.from_preset(Preset.BASIC).header_items()

HEADERS: list[tuple[bytes, bytes]] = [(name.lower().encode(), value.encode()) for name, value in _HEADERS]
"""The headers as ASGI has them, for answers that are not made by Quart."""


def install(app: Quart) -> None:
    """Put the headers on every answer of the application, but for those that a view has set itself.

    Answers are not to be cached, unless a view says otherwise: they hold tokens and personal data.
    """

    @app.after_request
    async def protect(response: Response) -> Response:
        for name, value in _HEADERS:
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
