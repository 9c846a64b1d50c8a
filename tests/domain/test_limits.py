"""`app.domain.limits`: how often somebody may do something, over all servers."""

import pytest

from app.cluster.local import LocalCluster
from app.domain.errors import TooMany
from app.domain.limits import SharedLimit
from app.domain.rates import Rate
from tests.cluster.heard import Heard


async def test_so_many_are_allowed_and_no_more():
    """Who is refused is told for how long, whoever counts."""
    now = [0.0]
    cluster = LocalCluster(lambda: now[0])
    await cluster.open(Heard())
    servers = [SharedLimit("rest", Rate(2, 10), cluster) for _ in range(2)]
    for server in servers:
        await server.take("ann")
    now[0] = 3.5
    with pytest.raises(TooMany) as error:
        await servers[0].take("ann")
    assert error.value.after == 7
    await servers[0].take("bob")
    now[0] = 10
    await servers[1].take("ann")


async def test_what_is_counted_under_another_name_is_another_thing():
    """One limit says nothing of another."""
    cluster = LocalCluster()
    await cluster.open(Heard())
    for name in ("one", "other"):
        await SharedLimit(name, Rate(1, 10), cluster).take("ann")


async def test_there_is_no_limit_while_the_cluster_does_not_answer():
    """Everybody is let in."""
    limit = SharedLimit("rest", Rate(1, 10), LocalCluster())
    for _ in range(3):
        await limit.take("ann")
