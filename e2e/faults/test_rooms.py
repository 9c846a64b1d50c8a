"""A room while servers, engines and the network fail: one order for everybody, without a gap and without a repeat."""

from collections.abc import Awaitable, Callable

import pytest

from e2e.conftest import FAULT
from e2e.faults.assembly import Assembly
from e2e.faults.fault import FaultKind, frozen, network, restarted, server_frozen, server_killed, server_replaced
from e2e.faults.stage import Dependency, Stage
from e2e.harness.people import PeopleOf

pytestmark = [pytest.mark.faults, pytest.mark.timeout(150)]

Endure = Callable[..., Awaitable[None]]


@pytest.fixture
def endure(stage: Stage, people_of: PeopleOf, record_property: Callable[[str, object], None]) -> Endure:
    """Return what has people speak in a room through a fault of so many seconds, and fails unless all went well."""

    async def endure(kind: FaultKind, seconds: float, speakers: int = 10) -> None:
        numbers = await Assembly(stage, people_of(stage.cluster), speakers).suffers(kind, seconds)
        record_property(FAULT, f"rooms: {kind.name}, {seconds:g} s: {numbers}")

    return endure


@pytest.mark.requirement("ROOMS-ORDER-001", "ROOMS-ORDER-002", "ROOMS-ORDER-004")
async def test_fifty_speak_through_a_black_hole_of_redis(endure: Endure):
    """While neither server hears of the other for three seconds all fifty hear everything, in the one order."""
    await endure(network("redis", "black-holed"), 3, speakers=50)


@pytest.mark.requirement("ROOMS-ORDER-004")
@pytest.mark.parametrize(("dependency", "how"), [("redis", "cut"), ("mongo", "cut"), ("mongo", "black-holed")])
async def test_an_engine_is_out_of_reach_for_a_while(endure: Endure, dependency: Dependency, how: str):
    """While Redis or MongoDB is out of reach nothing that was told to be stored is lost, and nothing stored twice."""
    await endure(network(dependency, how), 3)


@pytest.mark.requirement("ROOMS-ORDER-004", "ROOMS-LIST-001")
@pytest.mark.parametrize("dependency", ["redis", "mongo"])
async def test_an_engine_is_out_of_reach_for_one_server_alone(endure: Endure, dependency: Dependency):
    """While one server does not reach an engine, and the other does, members of both hear the same in the end."""
    await endure(network(dependency, "black-holed", servers=[0]), 3)


@pytest.mark.requirement("ROOMS-ORDER-004", "ROOMS-LIST-001")
async def test_redis_comes_back_empty(endure: Endure):
    """After Redis was killed and came back without its data nothing is lost, and all are listed again."""
    await endure(restarted("redis", empty=True), 1)


@pytest.mark.requirement("ROOMS-ORDER-004")
async def test_mongo_stands_still_for_a_while(endure: Endure):
    """What was under way when MongoDB froze is stored once or not at all, and heard if it is."""
    await endure(frozen("mongo"), 3)


@pytest.mark.requirement("ROOMS-ORDER-001", "ROOMS-ORDER-004")
async def test_one_server_is_killed(endure: Endure):
    """What a killed server said is stored is heard by the members of the other, and leaves no gap."""
    await endure(server_killed(0), 3)


@pytest.mark.requirement("ROOMS-ORDER-004")
async def test_one_server_stands_still(endure: Endure):
    """A server that stood still for long goes on, and its members hear all that they missed."""
    await endure(server_frozen(0), 5)


@pytest.mark.requirement("ROOMS-ORDER-004")
async def test_servers_are_replaced_one_after_the_other(endure: Endure):
    """While each server in turn is told to end, and is started again, nothing that was told to be stored is lost."""
    await endure(server_replaced(1), 1)
