"""Settings: every option once, with its meaning, its default and the environment variables that set it.

A module a subject has the options; what concerns several of them is here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import AliasChoices, ValidationError, model_validator

from app.config.engines import EngineOptions
from app.config.gateways import GatewayOptions
from app.config.limits import LimitOptions
from app.config.serving import CONTRACTS, DEVELOPMENT_SECRET, ServingOptions

__all__ = ["CONTRACTS", "DEVELOPMENT_SECRET", "Settings", "SettingsError", "load", "name"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Hosts that nobody else can reach."""


class SettingsError(Exception):
    """Settings that cannot be used.

    Attributes:
        lines: one sentence for each, naming the option.

    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


class Settings(LimitOptions, GatewayOptions, EngineOptions, ServingOptions):
    """What can be set. Durations are in seconds."""

    @model_validator(mode="after")
    def _whole_cluster_or_none(self) -> Self:
        wrong = self.half_a_cluster
        if self.clustered and self.jwt_secret.get_secret_value() == DEVELOPMENT_SECRET:
            wrong.append("JWT_SECRET or JWT_SECRET_KEY: missing; the servers of a cluster need a secret of their own")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def logs(self) -> Path | None:
        """The directory of log files. A cluster's servers, of which several may run in one directory, have none."""
        return self.log_dir or (None if self.clustered or self.memory else Path("logs"))

    @property
    def warnings(self) -> list[str]:
        """What is usable but unwise, a sentence each."""
        secret = self.jwt_secret.get_secret_value()
        short = len(secret.encode()) < 32
        return [
            *(["JWT_SECRET is shorter than 32 bytes: tokens can be forged by trying"] if short else []),
            *(f"{what}, and {host} can be reached by others: {so}" for host, what, so in self._open()),
        ]

    def _open(self) -> Iterator[tuple[str, str, str]]:
        """Yield what stands open to others: where they reach it, what it is, and what that means."""
        if self.host not in LOOPBACK:
            if self.jwt_secret.get_secret_value() == DEVELOPMENT_SECRET:
                yield self.host, "JWT_SECRET is the built-in one", "set your own"
            if "notifications" in self.contracts:
                if self.notifications_auth == "open":
                    yield self.host, "NOTIFICATIONS_AUTH is open", "they may connect as any userID"
                if not self.notifications_api_key:
                    yield self.host, "NOTIFICATIONS_API_KEY is not set", "they may notify any user"
            if not self.rate_limit_rest:
                yield self.host, "RATE_LIMIT_REST is not set", "they may ask, and log in, as often as they like"
            if not self.rate_limit_events:
                yield self.host, "RATE_LIMIT_EVENTS is not set", "they may send as many events as MAX_EVENTS_PER_SECOND"
        if "presence" in self.contracts and self.internal_host not in LOOPBACK and not self.service_keys:
            yield self.internal_host, "INTERNAL_SERVICE_KEYS is not set", "they may send to all users"


def load(**overrides: Any) -> Settings:
    """Return the settings of the environment, with `overrides` before them. Raise `SettingsError`."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError([line for detail in error.errors() for line in _sentence(detail).split("\n")]) from None


def _sentence(detail: Any) -> str:
    message = str(detail["msg"]).removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    return f"{name(str(detail['loc'][0]))}: {message} (got {detail['input']!r})"


def name(option: str) -> str:
    """Return the environment variable that sets an option."""
    field = Settings.model_fields.get(option)
    alias = field.validation_alias if field else None
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else option
