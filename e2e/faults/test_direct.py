"""The direct contract while servers, engines and the network fail: what was told to be stored comes, in its order."""

from collections.abc import Awaitable, Callable

import pytest

from e2e.conftest import FAULT
from e2e.faults.correspondence import Correspondence
from e2e.faults.fault import FaultKind, frozen, network, restarted, server_frozen, server_killed, server_replaced
from e2e.faults.stage import Dependency, Stage
from e2e.harness.people import PeopleOf

pytestmark = [pytest.mark.faults, pytest.mark.timeout(150)]

Endure = Callable[[FaultKind, float], Awaitable[None]]


@pytest.fixture
def endure(stage: Stage, people_of: PeopleOf, record_property: Callable[[str, object], None]) -> Endure:
    """Return what has two people write through a fault of so many seconds, and fails unless all went as promised."""

    async def endure(kind: FaultKind, seconds: float) -> None:
        numbers = await Correspondence(stage, people_of(stage.cluster)).suffers(kind, seconds)
        record_property(FAULT, f"direct: {kind.name}, {seconds:g} s: {numbers}")

    return endure


@pytest.mark.requirement("DIRECT-DELIVERY-002")
@pytest.mark.parametrize("how", ["cut", "black-holed"])
@pytest.mark.parametrize("dependency", ["redis", "mongo"])
async def test_an_engine_is_out_of_reach_for_a_while(endure: Endure, dependency: Dependency, how: str):
    """While Redis or MongoDB is out of reach nothing is lost, and sockets that stand are given what they missed."""
    await endure(network(dependency, how), 3)


@pytest.mark.requirement("DIRECT-DELIVERY-002")
async def test_redis_is_out_of_reach_for_one_server_alone(endure: Endure):
    """While one server does not reach Redis, and the other does, nothing is lost between them."""
    await endure(network("redis", "black-holed", servers=[0]), 3)


@pytest.mark.requirement("DIRECT-DELIVERY-002")
async def test_redis_comes_back_empty(endure: Endure):
    """After Redis was killed and came back without its data nothing is lost."""
    await endure(restarted("redis", empty=True), 1)


@pytest.mark.requirement("DIRECT-DELIVERY-002")
async def test_redis_stands_still_for_a_while(endure: Endure):
    """While Redis is frozen nothing is lost."""
    await endure(frozen("redis"), 3)


@pytest.mark.requirement("DIRECT-DELIVERY-001", "DIRECT-DELIVERY-002")
async def test_one_server_is_killed(endure: Endure):
    """What a killed server said is stored is stored, and devices of the other server are given all of it."""
    await endure(server_killed(0), 3)


@pytest.mark.requirement("DIRECT-DELIVERY-002")
async def test_one_server_stands_still(endure: Endure):
    """A server that stood still for long goes on, and its devices are given all that they missed."""
    await endure(server_frozen(0), 5)


@pytest.mark.requirement("DIRECT-DELIVERY-001", "DIRECT-DELIVERY-002")
async def test_servers_are_replaced_one_after_the_other(endure: Endure):
    """While each server in turn is told to end, and is started again, nothing that was told to be stored is lost."""
    await endure(server_replaced(1), 1)
