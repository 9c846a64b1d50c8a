"""The engines fail: they stand still, or are killed and come back with their data or without."""

import pytest

from e2e.faults.conftest import Suffer
from e2e.faults.fault import frozen, restarted
from e2e.faults.stage import Dependency

pytestmark = [pytest.mark.faults, pytest.mark.timeout(150)]

SECONDS = [1, 5, pytest.param(30, marks=pytest.mark.long)]


@pytest.mark.requirement("FRIENDS-OFFLINE-020", "FRIENDS-OFFLINE-021", "FRIENDS-OFFLINE-022", "FRIENDS-PRESENCE-009")
@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("dependency", ["redis", "mongo"])
async def test_an_engine_stands_still_for_a_while(suffer: Suffer, dependency: Dependency, seconds: float):
    """While Redis or MongoDB is frozen nothing is lost, and afterwards all goes on by itself."""
    await suffer(frozen(dependency), seconds)


@pytest.mark.requirement("FRIENDS-OFFLINE-021", "FRIENDS-OFFLINE-022", "FRIENDS-PRESENCE-009")
@pytest.mark.parametrize("seconds", SECONDS)
async def test_redis_comes_back_empty(suffer: Suffer, seconds: float):
    """After Redis was killed and came back without its data nothing is lost, and everybody is known to be there."""
    await suffer(restarted("redis", empty=True), seconds)


@pytest.mark.requirement("FRIENDS-OFFLINE-015", "FRIENDS-OFFLINE-020", "FRIENDS-OFFLINE-022")
@pytest.mark.parametrize("seconds", SECONDS)
async def test_mongodb_comes_back_with_its_data(suffer: Suffer, seconds: float):
    """After MongoDB was killed and came back with its data everything that it had is there, and nothing is lost."""
    await suffer(restarted("mongo", empty=False), seconds)
