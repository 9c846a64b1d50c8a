"""The adapters that the cluster's contract suite runs over, and clusters of several servers."""

from collections.abc import AsyncIterator
from secrets import token_hex

import pytest

from app.cluster.base import Cluster
from app.cluster.local import LocalCluster
from app.cluster.redis import RedisCluster
from e2e.harness.engine import Engine
from e2e.harness.engines import Engines
from tests.cluster.heard import Heard
from tests.cluster.servers import Servers, forget, servers_of


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture(params=["local", "redis"])
async def cluster(request: pytest.FixtureRequest, heard: Heard) -> AsyncIterator[Cluster]:
    """One server's link, opened with `heard`."""
    if request.param == "local":
        adapter = LocalCluster()
        await adapter.open(heard)
        yield adapter
        await adapter.close()
        return
    url, prefix = request.getfixturevalue("redis_url"), f"test{token_hex(8)}"
    adapter = RedisCluster(url, prefix)
    await adapter.open(heard)
    yield adapter
    await adapter.close()
    await forget(url, prefix)


@pytest.fixture
async def servers(redis_url: str) -> AsyncIterator[Servers]:
    """Hold a cluster of servers on the Redis that all tests share."""
    async with servers_of(redis_url) as servers:
        yield servers


@pytest.fixture(scope="session")
async def own_redis() -> AsyncIterator[Engine]:
    """Start a Redis that a test may stop and start; it answers before each test and is to be left so."""
    engines = Engines()
    yield await engines.redis(of_our_own=True)
    await engines.close()


@pytest.fixture
async def own_servers(own_redis: Engine) -> AsyncIterator[Servers]:
    """Hold a cluster of servers on `own_redis`."""
    async with servers_of(own_redis.url) as servers:
        yield servers
