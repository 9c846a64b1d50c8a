"""Where a server listens, what it serves there, to whom, and where it writes its log."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, SecretStr, model_validator
from pydantic_settings import NoDecode

from app.config.options import Options, in_seconds, lowered, option, origins, package, port_option, words

__all__ = ["CONTRACTS", "DEVELOPMENT_SECRET", "ServingOptions"]

CONTRACTS = ("friends", "direct", "rooms", "notifications", "presence")
DEVELOPMENT_SECRET = "parley development secret: never use it where others can reach the server"


class ServingOptions(Options):
    """What is served where, and to whom."""

    mode: Annotated[
        Literal["dev", "prod"],
        BeforeValidator(lambda v: {"development": "dev", "production": "prod"}.get(lowered(v), lowered(v))),
    ] = option("dev", "dev or prod: which error envelope REST answers with", "MODE")
    host: str = option("127.0.0.1", "address to listen on", "HOST")
    port: int = port_option(
        3000, "port of the friends contract, or of the only one that is served; 0: any free one", "PORT"
    )
    direct_port: int = port_option(3100, "port of the direct contract", "DIRECT_PORT")
    rooms_port: int = port_option(3002, "port of the rooms contract", "ROOMS_PORT")
    notifications_port: int = port_option(5002, "port of the notifications contract", "NOTIFICATIONS_PORT")
    presence_port: int = port_option(3001, "port of the presence contract", "PRESENCE_PORT")
    internal_port: int = port_option(4000, "port of the presence contract's gateway for services", "INTERNAL_PORT")
    internal_host: str = option("127.0.0.1", "address that the gateway for services listens on", "INTERNAL_HOST")
    port_offset: int = option(0, "added to every port", "PORT_OFFSET", ge=0, le=65535)
    contracts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(words)] = option(
        CONTRACTS, "contracts to serve", "CONTRACTS", min_length=1
    )
    trusted_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(origins)] = option(
        ("*",), "origins that a browser may call from, comma-separated, or *", "CORS_ORIGIN", min_length=1
    )

    jwt_secret: SecretStr = option(
        SecretStr(DEVELOPMENT_SECRET),
        "secret that signs tokens (HS256)",
        "JWT_SECRET",
        "JWT_SECRET_KEY",
        min_length=1,
    )
    jwt_expiration: Annotated[int, BeforeValidator(in_seconds)] = option(
        86400, "lifetime of a token: 3600, 24h, 1d", "JWT_EXPIRATION", "JWT_EXPIRES_IN", ge=1, le=10**9
    )
    uniform_auth_errors: bool = option(
        False, "answer one text to an unknown e-mail and to a wrong password", "AUTH_UNIFORM_ERRORS"
    )
    password_rounds: int = option(12, "bcrypt's cost", "PASSWORD_ROUNDS", ge=4, le=16)

    log_dir: Path | None = option(
        None, "directory of rotated log files, besides standard error; embedded, and not in memory: logs", "LOG_DIR"
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lowered)] = option(
        "info", "least level that is logged", "LOG_LEVEL"
    )

    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(words)] = option(
        (), "networks of the proxies whose X-Forwarded-For is believed, comma-separated", "TRUSTED_PROXIES"
    )
    conformance: bool = option(
        False, "serve the official protocol suites at /conformance; not in production", "PARLEY_CONFORMANCE"
    )
    socket_io_client: Annotated[Path | None, AfterValidator(package)] = option(
        None,
        "folder of an npm package socket.io-client, which /socket.io/socket.io.js is taken from; unset: the one in"
        " node_modules here, else the library's public CDN",
        "SOCKET_IO_CLIENT",
    )

    @model_validator(mode="after")
    def _known_contracts(self) -> Self:
        unknown = [contract for contract in self.contracts if contract not in CONTRACTS]
        if unknown:
            raise ValueError(
                f"CONTRACTS: no contract is called {', '.join(unknown)}; there are: {', '.join(CONTRACTS)}"
            )
        return self

    @model_validator(mode="after")
    def _no_echo_in_production(self) -> Self:
        if self.conformance and self.mode == "prod":
            raise ValueError("PARLEY_CONFORMANCE: serves strangers, and is not for MODE=prod")
        return self

    @property
    def addresses(self) -> dict[str, tuple[str, int]]:
        """Host and port of each listener, by what `/socket.io` is there: a contract, or `internal`."""
        own = {contract: "port" if contract == "friends" else f"{contract}_port" for contract in self.contracts}
        if len(own) == 1:
            [(contract, field)] = own.items()
            own[contract] = field if field in self.model_fields_set else "port"
        found = {contract: (self.host, self._offset(getattr(self, field))) for contract, field in own.items()}
        if "presence" in found:
            found["internal"] = (self.internal_host, self._offset(self.internal_port))
        return found

    def _offset(self, port: int) -> int:
        return port + self.port_offset if port else 0
