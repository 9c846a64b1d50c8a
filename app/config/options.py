"""How an option is written down, and how a value of the environment is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.domain.rates import Rate, seconds

__all__ = ["Options", "as_rate", "in_seconds", "lowered", "option", "origins", "package", "port_option", "words"]


class Options(BaseSettings):
    """Some options, each with its default, its meaning and the environment variables that set it."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True)

    @model_validator(mode="before")
    @classmethod
    def _blank_is_unset(cls, values: Any) -> Any:
        return {k: v for k, v in values.items() if v != ""} if isinstance(values, dict) else values


def in_seconds(value: Any) -> Any:
    """Read `3600`, `90s`, `15m`, `24h` or `1d` as seconds."""
    return seconds(value) if isinstance(value, str) else value


def as_rate(value: Any) -> Any:
    """Read `100/60s` or `5/1m`."""
    return Rate.parse(value) if isinstance(value, str) else value


def lowered(value: Any) -> Any:
    """Read a word in whatever case."""
    return value.lower() if isinstance(value, str) else value


def words(value: Any) -> Any:
    """Read a comma-separated list."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def origins(value: Any) -> Any:
    """Read a comma-separated list of origins; a browser sends its own without a slash at the end."""
    return [word.rstrip("/") for word in words(value)]


def package(value: Path | None) -> Path | None:
    """Return the folder of the client library. Raise `ValueError` for another."""
    if value and not (value / "dist" / "socket.io.js").is_file():
        raise ValueError("there is no dist/socket.io.js in it")
    return value


def option(default: Any, description: str, *names: str, **constraints: Any) -> Any:
    """Return a field that the environment variables of these names set, the first of which refusals name."""
    return Field(default, description=description, validation_alias=AliasChoices(*names), **constraints)


def port_option(default: int, description: str, name: str) -> Any:
    """Return the field of a port."""
    return option(default, description, name, ge=0, le=65535)
