"""The network between servers and engines fails: for both servers, or for one alone."""

import pytest

from e2e.faults.conftest import Suffer
from e2e.faults.fault import network
from e2e.faults.stage import Dependency

pytestmark = [pytest.mark.faults, pytest.mark.timeout(150)]

SECONDS = [1, 5, pytest.param(30, marks=pytest.mark.long)]


@pytest.mark.requirement("FRIENDS-OFFLINE-020", "FRIENDS-OFFLINE-021", "FRIENDS-OFFLINE-022", "FRIENDS-PRESENCE-009")
@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("how", ["cut", "black-holed"])
@pytest.mark.parametrize("dependency", ["redis", "mongo"])
async def test_an_engine_is_out_of_reach_for_a_while(suffer: Suffer, dependency: Dependency, how: str, seconds: float):
    """While no server reaches Redis or MongoDB nothing is lost, and afterwards all goes on by itself."""
    await suffer(network(dependency, how), seconds)


@pytest.mark.requirement("FRIENDS-OFFLINE-020", "FRIENDS-OFFLINE-021", "FRIENDS-OFFLINE-022", "FRIENDS-PRESENCE-009")
@pytest.mark.parametrize("how", ["cut", "black-holed"])
@pytest.mark.parametrize("dependency", ["redis", "mongo"])
async def test_an_engine_is_out_of_reach_for_one_server_alone(suffer: Suffer, dependency: Dependency, how: str):
    """While one server does not reach Redis or MongoDB, and the other does, nothing is lost between them."""
    await suffer(network(dependency, how, servers=[0]), 5)
