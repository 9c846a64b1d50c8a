"""Settings: every option once, with its meaning, its default and the environment variables that set it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote, urlsplit

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.domain.rates import Rate, seconds

__all__ = ["CONTRACTS", "DEVELOPMENT_SECRET", "Settings", "SettingsError", "load", "name"]

CONTRACTS = ("friends", "direct", "rooms", "notifications", "presence")
DEVELOPMENT_SECRET = "parley development secret: never use it where others can reach the server"

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


def _seconds(value: Any) -> Any:
    """Read `3600`, `90s`, `15m`, `24h` or `1d` as seconds."""
    return seconds(value) if isinstance(value, str) else value


def _rate(value: Any) -> Any:
    """Read `100/60s` or `5/1m`."""
    return Rate.parse(value) if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _words(value: Any) -> Any:
    """Read a comma-separated list."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _origins(value: Any) -> Any:
    """Read a comma-separated list of origins; a browser sends its own without a slash at the end."""
    return [word.rstrip("/") for word in _words(value)]


def _package(value: Path | None) -> Path | None:
    if value and not (value / "dist" / "socket.io.js").is_file():
        raise ValueError("there is no dist/socket.io.js in it")
    return value


def _option(default: Any, description: str, *names: str, **constraints: Any) -> Any:
    return Field(default, description=description, validation_alias=AliasChoices(*names), **constraints)


def _port(default: int, description: str, name: str) -> Any:
    return _option(default, description, name, ge=0, le=65535)


class Settings(BaseSettings):
    """What can be set. Durations are in seconds."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True)

    mode: Annotated[
        Literal["dev", "prod"],
        BeforeValidator(lambda v: {"development": "dev", "production": "prod"}.get(_lower(v), _lower(v))),
    ] = _option("dev", "dev or prod: which error envelope REST answers with", "MODE")
    host: str = _option("127.0.0.1", "address to listen on", "HOST")
    port: int = _port(3000, "port of the friends contract, or of the only one that is served; 0: any free one", "PORT")
    direct_port: int = _port(3100, "port of the direct contract", "DIRECT_PORT")
    rooms_port: int = _port(3002, "port of the rooms contract", "ROOMS_PORT")
    notifications_port: int = _port(5002, "port of the notifications contract", "NOTIFICATIONS_PORT")
    presence_port: int = _port(3001, "port of the presence contract", "PRESENCE_PORT")
    internal_port: int = _port(4000, "port of the presence contract's gateway for services", "INTERNAL_PORT")
    internal_host: str = _option("127.0.0.1", "address that the gateway for services listens on", "INTERNAL_HOST")
    port_offset: int = _option(0, "added to every port", "PORT_OFFSET", ge=0, le=65535)
    contracts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = _option(
        CONTRACTS, "contracts to serve", "CONTRACTS", min_length=1
    )
    trusted_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)] = _option(
        ("*",), "origins that a browser may call from, comma-separated, or *", "CORS_ORIGIN", min_length=1
    )

    jwt_secret: SecretStr = _option(
        SecretStr(DEVELOPMENT_SECRET),
        "secret that signs tokens (HS256)",
        "JWT_SECRET",
        "JWT_SECRET_KEY",
        min_length=1,
    )
    jwt_expiration: Annotated[int, BeforeValidator(_seconds)] = _option(
        86400, "lifetime of a token: 3600, 24h, 1d", "JWT_EXPIRATION", "JWT_EXPIRES_IN", ge=1, le=10**9
    )
    uniform_auth_errors: bool = _option(
        False, "answer one text to an unknown e-mail and to a wrong password", "AUTH_UNIFORM_ERRORS"
    )
    password_rounds: int = _option(12, "bcrypt's cost", "PASSWORD_ROUNDS", ge=4, le=16)

    data_dir: Path = _option(Path("var"), "directory of the embedded database", "DATA_DIR")
    memory: bool = _option(False, "keep nothing on disk: data ends with the process", "MEMORY")
    log_dir: Path | None = _option(
        None, "directory of rotated log files, besides standard error; embedded, and not in memory: logs", "LOG_DIR"
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lambda v: _lower(v))] = _option(
        "info", "least level that is logged", "LOG_LEVEL"
    )

    mongo_url: SecretStr | None = _option(
        None, "MongoDB of a clustered deployment, mongodb://host:port/database", "MONGO_URL", min_length=1
    )
    redis_url: SecretStr | None = _option(
        None, "Redis of a clustered deployment, redis://host:port/number", "REDIS_URL", min_length=1
    )
    database_type: str | None = _option(None, "mongodb, where it is said at all", "DATABASE_TYPE")
    database_host: str | None = _option(None, "host of MongoDB, where MONGO_URL is not given", "DATABASE_HOST")
    database_port: int = _option(27017, "its port", "DATABASE_PORT", ge=1, le=65535)
    database_user: str | None = _option(None, "its user", "DATABASE_USER")
    database_password: SecretStr | None = _option(None, "the user's password", "DATABASE_PASSWORD")
    database_name: str = _option("parley", "the database, where MONGO_URL names none", "DATABASE_DB", min_length=1)
    redis_host: str | None = _option(None, "host of Redis, where REDIS_URL is not given", "REDIS_HOST")
    redis_port: int = _option(6379, "its port", "REDIS_PORT", ge=1, le=65535)
    redis_password: SecretStr | None = _option(None, "its password", "REDIS_PASSWORD")
    redis_prefix: str = _option(
        "parley",
        "what every key and channel begins with; servers of one prefix are one cluster",
        "REDIS_PREFIX",
        min_length=1,
    )
    store_timeout: float = _option(5.0, "time in which MongoDB must have answered", "STORE_TIMEOUT", gt=0, le=600)
    cluster_timeout: float = _option(2.0, "time in which Redis must have answered", "CLUSTER_TIMEOUT", gt=0, le=600)
    server_timeout: float = _option(
        6.0, "time after which a server that is not heard of counts as dead", "SERVER_TIMEOUT", gt=0, le=3600
    )

    max_message_length: int = _option(4096, "characters of a message", "MAX_MESSAGE_LENGTH", ge=1, le=100_000)
    unseen_limit: int = _option(
        1000,
        "messages in one unseen_messages, notifications with one connect, and chats that may overtake one of the"
        " direct contract",
        "UNSEEN_LIMIT",
        ge=1,
        le=100_000,
    )
    history_limit: int = _option(
        1000, "messages of one sender in one answer of the direct contract", "HISTORY_LIMIT", ge=1, le=10_000
    )
    confirm_interval: float = _option(
        1.0,
        "least time between two pings that confirm messages to a socket",
        "CONFIRM_INTERVAL",
        gt=0,
        le=3600,
    )
    presence_grace: float = _option(
        2.0, "time in which a lost connection may come back unannounced", "PRESENCE_GRACE", ge=0, le=3600
    )
    auth_timeout: float = _option(
        10.0, "time in which a client of the presence contract must authenticate", "AUTH_TIMEOUT", gt=0, le=3600
    )
    session_sweep: float = _option(
        300.0,
        "time after which the sessions of a server that died are gone at the latest",
        "SESSION_SWEEP_SECONDS",
        ge=1,
        le=86400,
    )
    max_recipients: int = _option(1000, "recipients of one send_message", "MAX_RECIPIENTS", ge=1, le=100_000)
    max_metadata: int = _option(
        10_000, "bytes of the metadata of one send_message, as JSON", "MAX_METADATA", ge=2, le=1_000_000
    )
    users_limit: int = _option(
        500,
        "users in one list of those who are online, and in users of the notifications contract",
        "USERS_LIMIT",
        ge=1,
        le=10_000,
    )
    session_ttl: Annotated[int, BeforeValidator(_seconds)] = _option(
        604_800,
        "time after its last use in which a session of the notifications contract is known: 3600, 24h, 7d",
        "SESSION_TTL",
        ge=1,
        le=10**9,
    )
    notifications_auth: Annotated[Literal["open", "token"], BeforeValidator(_lower)] = _option(
        "open",
        "what a client of the notifications contract has to prove: nothing, or with a token who it is",
        "NOTIFICATIONS_AUTH",
    )
    notifications_api_key: SecretStr | None = _option(
        None,
        "what a service must send as X-API-Key to notify somebody over REST; without one, anybody may",
        "NOTIFICATIONS_API_KEY",
        min_length=1,
    )
    internal_service_keys: SecretStr | None = _option(
        None,
        "services that may use the internal gateway, name=key,name=key; a name may have several keys, as while one"
        " takes another's place; without any, everybody who reaches it as localhost may",
        "INTERNAL_SERVICE_KEYS",
    )
    ping_interval: float = _option(25.0, "time between two heartbeats", "PING_INTERVAL", gt=0, le=3600)
    ping_timeout: float = _option(
        20.0,
        "time in which a heartbeat must be answered; on the presence contract, and by services, in 5 s at most",
        "PING_TIMEOUT",
        gt=0,
        le=3600,
    )
    max_payload: int = _option(
        1_000_000, "bytes of one packet or polling request", "MAX_PAYLOAD", ge=10_000, le=100_000_000
    )
    max_buffer: int = _option(
        4_000_000, "bytes that may wait for a client to read before it is dropped", "MAX_BUFFER", ge=10_000, le=10**9
    )
    max_packets: int = _option(
        10_000, "packets that may wait for a polling client before it is dropped", "MAX_PACKETS", ge=10, le=10**7
    )
    max_pending_events: int = _option(
        64, "events of a client that may wait for their handlers", "MAX_PENDING_EVENTS", ge=1, le=100_000
    )
    connect_timeout: float = _option(
        10.0, "time in which a client must connect to the namespace", "CONNECT_TIMEOUT", gt=0, le=3600
    )
    max_connections: int = _option(100_000, "connections of this server, 0 for no limit", "MAX_CONNECTIONS", ge=0)
    max_connections_per_address: int = _option(
        20_000, "connections of one client address, 0 for no limit", "MAX_CONNECTIONS_PER_ADDRESS", ge=0
    )
    max_connects_per_second: int = _option(
        500, "new connections of one client address a second, 0 for no limit", "MAX_CONNECTS_PER_SECOND", ge=0
    )
    max_unauthenticated: int = _option(
        10_000,
        "connections of one contract whose client has not said who it is, 0 for no limit",
        "MAX_UNAUTHENTICATED",
        ge=0,
    )
    rate_limit_rest: Annotated[Rate | None, NoDecode, BeforeValidator(_rate)] = _option(
        None, "REST requests of one client address, such as 100/60s; more are refused", "RATE_LIMIT_REST"
    )
    rate_limit_events: Annotated[Rate | None, NoDecode, BeforeValidator(_rate)] = _option(
        None, "events of one connection, such as 100/60s; more are refused", "RATE_LIMIT_EVENTS"
    )
    max_events_per_second: int = _option(
        5_000, "events of one connection a second, 0 for no limit", "MAX_EVENTS_PER_SECOND", ge=0
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_words)] = _option(
        (), "networks of the proxies whose X-Forwarded-For is believed, comma-separated", "TRUSTED_PROXIES"
    )
    conformance: bool = _option(
        False, "serve the official protocol suites at /conformance; not in production", "PARLEY_CONFORMANCE"
    )
    socket_io_client: Annotated[Path | None, AfterValidator(_package)] = _option(
        None,
        "folder of an npm package socket.io-client, which /socket.io/socket.io.js is taken from; unset: the one in"
        " node_modules here, else the library's public CDN",
        "SOCKET_IO_CLIENT",
    )
    max_body: int = _option(
        100_000, "bytes of one REST request body, and of one sendNotification", "MAX_BODY", ge=1000, le=100_000_000
    )
    drain_timeout: float = _option(
        5.0, "time that a server which was told to stop has to finish", "DRAIN_TIMEOUT", ge=0, le=3600
    )

    @model_validator(mode="before")
    @classmethod
    def _blank_is_unset(cls, values: Any) -> Any:
        return {k: v for k, v in values.items() if v != ""} if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _known_contracts(self) -> Settings:
        unknown = [contract for contract in self.contracts if contract not in CONTRACTS]
        if unknown:
            raise ValueError(
                f"CONTRACTS: no contract is called {', '.join(unknown)}; there are: {', '.join(CONTRACTS)}"
            )
        return self

    @model_validator(mode="after")
    def _no_echo_in_production(self) -> Settings:
        if self.conformance and self.mode == "prod":
            raise ValueError("PARLEY_CONFORMANCE: serves strangers, and is not for MODE=prod")
        return self

    @model_validator(mode="after")
    def _named_keys(self) -> Settings:
        services = self._services()
        if self.internal_service_keys and not (services and all(service and key for service, key in services)):
            raise ValueError("INTERNAL_SERVICE_KEYS: should be name=key,name=key")
        return self

    @model_validator(mode="after")
    def _hosts_alone(self) -> Settings:
        hosts = {"DATABASE_HOST": self.database_host, "REDIS_HOST": self.redis_host}
        # it is not shown: there may be a password in it
        wrong = [
            f"{variable}: must be the name or the address of a host alone; what is a URL goes into {url}"
            for (variable, host), url in zip(hosts.items(), ("MONGO_URL", "REDIS_URL"), strict=True)
            if host and not set(host).isdisjoint("@/?#[]% ,")
        ]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @model_validator(mode="after")
    def _whole_cluster_or_none(self) -> Settings:
        wrong: list[str] = []
        if self.database_type not in (None, "mongodb"):
            wrong.append(
                f"DATABASE_TYPE: must be mongodb, as a cluster keeps its data there (got {self.database_type})"
            )
        if self.redis_address and not self.mongo_address:
            wrong.append(
                "MONGO_URL or DATABASE_HOST: missing, and REDIS_URL or REDIS_HOST is given; a cluster needs both"
            )
        if self.mongo_address and not self.redis_address:
            wrong.append(
                "REDIS_URL or REDIS_HOST: missing, and MONGO_URL or DATABASE_HOST is given; a cluster needs both"
            )
        if self.clustered and self.memory:
            wrong.append("MEMORY: is for the embedded database, and MONGO_URL or DATABASE_HOST is given")
        if self.clustered and self.jwt_secret.get_secret_value() == DEVELOPMENT_SECRET:
            wrong.append("JWT_SECRET or JWT_SECRET_KEY: missing; the servers of a cluster need a secret of their own")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def addresses(self) -> dict[str, tuple[str, int]]:
        """Host and port of each listener, by what `/socket.io` is there: a contract, or `internal`."""
        own = {contract: "port" if contract == "friends" else f"{contract}_port" for contract in self.contracts}
        if len(own) == 1:
            [(contract, option)] = own.items()
            own[contract] = option if option in self.model_fields_set else "port"
        found = {contract: (self.host, self._offset(getattr(self, option))) for contract, option in own.items()}
        if "presence" in found:
            found["internal"] = (self.internal_host, self._offset(self.internal_port))
        return found

    def _offset(self, port: int) -> int:
        return port + self.port_offset if port else 0

    @property
    def clustered(self) -> bool:
        """Whether there may be other servers: both MongoDB and Redis were named."""
        return bool(self.mongo_address and self.redis_address)

    @property
    def service_keys(self) -> dict[str, tuple[str, ...]]:
        """The keys of the services that may use the internal gateway, by name; without any, everybody may."""
        keys: dict[str, tuple[str, ...]] = {}
        for service, key in self._services():
            keys[service] = (*keys.get(service, ()), key)
        return keys

    def _services(self) -> list[tuple[str, str]]:
        given = self.internal_service_keys.get_secret_value() if self.internal_service_keys else ""
        pairs = (word.partition("=") for word in _words(given))
        return [(service.strip(), key.strip()) for service, _, key in pairs]

    @property
    def mongo_address(self) -> str | None:
        """The URL of MongoDB, with its secrets; None when embedded."""
        if self.mongo_url:
            return self.mongo_url.get_secret_value()
        if not self.database_host:
            return None
        user = quote(self.database_user or "", safe="")
        if self.database_password:
            user += f":{quote(self.database_password.get_secret_value(), safe='')}"
        return f"mongodb://{user}{'@' if user else ''}{_bracketed(self.database_host)}:{self.database_port}/"

    @property
    def redis_address(self) -> str | None:
        """The URL of Redis, with its secrets; None when embedded."""
        if self.redis_url:
            return self.redis_url.get_secret_value()
        if not self.redis_host:
            return None
        password = quote(self.redis_password.get_secret_value(), safe="") if self.redis_password else ""
        return f"redis://{f':{password}@' if password else ''}{_bracketed(self.redis_host)}:{self.redis_port}/0"

    @property
    def mongo_database(self) -> str:
        """The database: what the path of `mongo_address` names, else `database_name`."""
        try:
            path = urlsplit(self.mongo_address or "").path.strip("/")
        except ValueError:
            path = ""
        # with an @ it is the rest of a password that was not percent-encoded, which the store refuses
        return unquote("" if "@" in path else path) or self.database_name

    @property
    def logs(self) -> Path | None:
        """The directory of log files. A cluster's servers, of which several may run in one directory, have none."""
        return self.log_dir or (None if self.clustered or self.memory else Path("logs"))

    @property
    def database(self) -> Path | None:
        """The embedded database's file, None for memory."""
        return None if self.memory else self.data_dir / "parley.db"

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


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


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
