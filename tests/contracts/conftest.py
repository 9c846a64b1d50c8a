"""The fixtures of the web, which serves what the contracts say."""

from tests.web.conftest import service

__all__ = ["service"]
