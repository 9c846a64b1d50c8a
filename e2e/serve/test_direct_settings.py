"""The environment variables that the direct contract documents."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from e2e.conftest import FAST
from e2e.harness.cluster import Cluster, Route
from e2e.harness.direct import DirectClient
from e2e.harness.match import equals
from e2e.harness.people import PeopleOf
from e2e.harness.process import Exit
from e2e.serve.test_start import must_refuse

Refused = Callable[..., Awaitable[Exit]]

DOCUMENTED = {
    "JWT_SECRET_KEY": "mysecretkey",
    "REDIS_HOST": "localhost",
    "REDIS_PORT": "6379",
    "DATABASE_TYPE": "mongodb",
    "DATABASE_HOST": "localhost",
    "DATABASE_PORT": "27017",
    "DATABASE_USER": "postgres",
    "DATABASE_PASSWORD": "postgres",
    "DATABASE_DB": "postgres",
}


@pytest.mark.requirement("DIRECT-SERVE-001")
@pytest.mark.parametrize(
    ("missing", "reasons"),
    [
        (["JWT_SECRET_KEY"], ["JWT_SECRET or JWT_SECRET_KEY: missing"]),
        (["REDIS_HOST"], ["REDIS_URL or REDIS_HOST: missing"]),
        (["DATABASE_HOST"], ["MONGO_URL or DATABASE_HOST: missing"]),
        (["JWT_SECRET_KEY", "DATABASE_TYPE"], ["JWT_SECRET or JWT_SECRET_KEY: missing"]),
    ],
    ids=str,
)
async def test_without_a_documented_variable_a_server_does_not_start(
    refused_start: Refused, missing: list[str], reasons: list[str]
):
    """A server of a cluster whose secret, Redis or database is not named ends its start with a line that names it."""
    given = {name: value for name, value in DOCUMENTED.items() if name not in missing}

    must_refuse(await refused_start(**given), *reasons)


@pytest.mark.requirement("DIRECT-SERVE-002")
async def test_another_type_of_database_is_refused(refused_start: Refused):
    """The document's own `DATABASE_TYPE = postgres` ends the start, with the reason; no secret is in it."""
    ended = await refused_start(**DOCUMENTED | {"DATABASE_TYPE": "postgres", "DATABASE_PASSWORD": "hunter2"})

    must_refuse(ended, "DATABASE_TYPE: must be mongodb, as a cluster keeps its data there (got postgres)")
    assert "hunter2" not in ended.errors + ended.output


@pytest.mark.requirement("DIRECT-SERVE-001")
async def test_the_documented_variables_make_a_server(
    people_of: PeopleOf, redis_url: str, mongo_url: str, tmp_path: Path
):
    """A server that is given nothing but the documented variables serves the contract over Redis and MongoDB."""
    redis, mongo = urlsplit(redis_url), urlsplit(mongo_url)
    if redis.password or redis.path.strip("/0") or mongo.password or mongo.query:
        pytest.skip("engines with passwords, options or numbers are named by URL")
    engines = Route(redis_url, mongo_url)
    cluster = Cluster(
        tmp_path,
        engines,
        [engines],
        FAST
        | {
            "REDIS_URL": "", "MONGO_URL": "", "JWT_SECRET": "", "JWT_SECRET_KEY": "mysecretkey",
            "REDIS_HOST": str(redis.hostname), "REDIS_PORT": str(redis.port or 6379), "DATABASE_TYPE": "mongodb",
            "DATABASE_HOST": str(mongo.hostname), "DATABASE_PORT": str(mongo.port or 27017),
        },
    )  # fmt: skip
    await cluster.start()
    try:
        alice = await people_of(cluster).new("Alice")
        device = await alice.connect(DirectClient)
        chat = await device.send(alice.id, "to myself")
        await device.expect("message", equals(chat))
    finally:
        await cluster.close()
