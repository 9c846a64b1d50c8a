"""The REST side: one Quart application over the domain; no SQL, no sockets."""

from app.web.application import create_app

__all__ = ["create_app"]
