"""Where data is kept: in a file of the one server, or in MongoDB and Redis."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote, urlsplit

from pydantic import SecretStr, model_validator

from app.config.options import Options, option

__all__ = ["EngineOptions"]


class EngineOptions(Options):
    """The embedded database, or the engines of a cluster. Durations are in seconds."""

    data_dir: Path = option(Path("var"), "directory of the embedded database", "DATA_DIR")
    memory: bool = option(False, "keep nothing on disk: data ends with the process", "MEMORY")

    mongo_url: SecretStr | None = option(
        None, "MongoDB of a clustered deployment, mongodb://host:port/database", "MONGO_URL", min_length=1
    )
    redis_url: SecretStr | None = option(
        None, "Redis of a clustered deployment, redis://host:port/number", "REDIS_URL", min_length=1
    )
    database_type: str | None = option(None, "mongodb, where it is said at all", "DATABASE_TYPE")
    database_host: str | None = option(None, "host of MongoDB, where MONGO_URL is not given", "DATABASE_HOST")
    database_port: int = option(27017, "its port", "DATABASE_PORT", ge=1, le=65535)
    database_user: str | None = option(None, "its user", "DATABASE_USER")
    database_password: SecretStr | None = option(None, "the user's password", "DATABASE_PASSWORD")
    database_name: str = option("parley", "the database, where MONGO_URL names none", "DATABASE_DB", min_length=1)
    redis_host: str | None = option(None, "host of Redis, where REDIS_URL is not given", "REDIS_HOST")
    redis_port: int = option(6379, "its port", "REDIS_PORT", ge=1, le=65535)
    redis_password: SecretStr | None = option(None, "its password", "REDIS_PASSWORD")
    redis_prefix: str = option(
        "parley",
        "what every key and channel begins with; servers of one prefix are one cluster",
        "REDIS_PREFIX",
        min_length=1,
    )
    store_timeout: float = option(5.0, "time in which MongoDB must have answered", "STORE_TIMEOUT", gt=0, le=600)
    cluster_timeout: float = option(2.0, "time in which Redis must have answered", "CLUSTER_TIMEOUT", gt=0, le=600)
    server_timeout: float = option(
        6.0, "time after which a server that is not heard of counts as dead", "SERVER_TIMEOUT", gt=0, le=3600
    )

    @model_validator(mode="after")
    def _hosts_alone(self) -> Self:
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

    @property
    def half_a_cluster(self) -> list[str]:
        """What is missing, or does not go with a cluster, a sentence each."""
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
        return wrong

    @property
    def clustered(self) -> bool:
        """Whether there may be other servers: both MongoDB and Redis were named."""
        return bool(self.mongo_address and self.redis_address)

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
    def database(self) -> Path | None:
        """The embedded database's file, None for memory."""
        return None if self.memory else self.data_dir / "parley.db"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
