"""The adapters that the cluster's contract suite runs over."""

from collections.abc import AsyncIterator

import pytest

from app.cluster.base import Cluster
from app.cluster.local import LocalCluster
from tests.cluster.heard import Heard


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture(params=["local"])
async def cluster(request: pytest.FixtureRequest, heard: Heard) -> AsyncIterator[Cluster]:
    adapter = {"local": LocalCluster}[request.param]()
    await adapter.open(heard)
    yield adapter
    await adapter.close()
