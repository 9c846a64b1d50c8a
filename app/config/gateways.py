"""What the contracts leave to whoever runs the server."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, SecretStr, model_validator

from app.config.options import Options, in_seconds, lowered, option, words

__all__ = ["GatewayOptions"]


class GatewayOptions(Options):
    """What the gateways of the contracts allow, and ask for. Durations are in seconds."""

    max_message_length: int = option(4096, "characters of a message", "MAX_MESSAGE_LENGTH", ge=1, le=100_000)
    unseen_limit: int = option(
        1000,
        "messages in one unseen_messages, notifications with one connect, and chats that may overtake one of the"
        " direct contract",
        "UNSEEN_LIMIT",
        ge=1,
        le=100_000,
    )
    history_limit: int = option(
        1000, "messages of one sender in one answer of the direct contract", "HISTORY_LIMIT", ge=1, le=10_000
    )
    confirm_interval: float = option(
        1.0,
        "least time between two pings that confirm messages to a socket",
        "CONFIRM_INTERVAL",
        gt=0,
        le=3600,
    )
    presence_grace: float = option(
        2.0, "time in which a lost connection may come back unannounced", "PRESENCE_GRACE", ge=0, le=3600
    )
    auth_timeout: float = option(
        10.0, "time in which a client of the presence contract must authenticate", "AUTH_TIMEOUT", gt=0, le=3600
    )
    session_sweep: float = option(
        300.0,
        "time after which the sessions of a server that died are gone at the latest",
        "SESSION_SWEEP_SECONDS",
        ge=1,
        le=86400,
    )
    max_recipients: int = option(1000, "recipients of one send_message", "MAX_RECIPIENTS", ge=1, le=100_000)
    max_metadata: int = option(
        10_000, "bytes of the metadata of one send_message, as JSON", "MAX_METADATA", ge=2, le=1_000_000
    )
    users_limit: int = option(
        500,
        "users in one list of those who are online, and in users of the notifications contract",
        "USERS_LIMIT",
        ge=1,
        le=10_000,
    )
    session_ttl: Annotated[int, BeforeValidator(in_seconds)] = option(
        604_800,
        "time after its last use in which a session of the notifications contract is known: 3600, 24h, 7d",
        "SESSION_TTL",
        ge=1,
        le=10**9,
    )
    notifications_auth: Annotated[Literal["open", "token"], BeforeValidator(lowered)] = option(
        "open",
        "what a client of the notifications contract has to prove: nothing, or with a token who it is",
        "NOTIFICATIONS_AUTH",
    )
    notifications_api_key: SecretStr | None = option(
        None,
        "what a service must send as X-API-Key to notify somebody over REST; without one, anybody may",
        "NOTIFICATIONS_API_KEY",
        min_length=1,
    )
    internal_service_keys: SecretStr | None = option(
        None,
        "services that may use the internal gateway, name=key,name=key; a name may have several keys, as while one"
        " takes another's place; without any, everybody who reaches it as localhost may",
        "INTERNAL_SERVICE_KEYS",
    )

    @model_validator(mode="after")
    def _named_keys(self) -> Self:
        services = self._services()
        if self.internal_service_keys and not (services and all(service and key for service, key in services)):
            raise ValueError("INTERNAL_SERVICE_KEYS: should be name=key,name=key")
        return self

    @property
    def service_keys(self) -> dict[str, tuple[str, ...]]:
        """The keys of the services that may use the internal gateway, by name; without any, everybody may."""
        keys: dict[str, tuple[str, ...]] = {}
        for service, key in self._services():
            keys[service] = (*keys.get(service, ()), key)
        return keys

    def _services(self) -> list[tuple[str, str]]:
        given = self.internal_service_keys.get_secret_value() if self.internal_service_keys else ""
        pairs = (word.partition("=") for word in words(given))
        return [(service.strip(), key.strip()) for service, _, key in pairs]
