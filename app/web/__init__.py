"""The REST side: one Quart application over the domain; no SQL, no sockets."""

from app.web.application import Backend, create_app

__all__ = ["Backend", "create_app"]
