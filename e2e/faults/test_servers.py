"""A server fails: it is killed, stands still, or is replaced."""

import pytest

from e2e.faults.conftest import Suffer
from e2e.faults.fault import server_frozen, server_killed, server_replaced

pytestmark = [pytest.mark.faults, pytest.mark.timeout(150)]


@pytest.mark.requirement("FRIENDS-OFFLINE-015", "FRIENDS-SERVE-010")
async def test_one_server_is_killed(suffer: Suffer):
    """After a server was killed its clients find what they missed at the other, whose own notice nothing."""
    await suffer(server_killed(0), 5)


@pytest.mark.requirement("FRIENDS-OFFLINE-019")
async def test_one_server_stands_still(suffer: Suffer):
    """A server that stood still for longer than it is believed alive goes on, with its clients, as if nothing was."""
    await suffer(server_frozen(0), 10)


@pytest.mark.requirement("FRIENDS-OFFLINE-016", "FRIENDS-SERVE-002")
async def test_servers_are_replaced_one_after_the_other(suffer: Suffer):
    """While each server in turn is told to end, and is started again, their clients move, and nothing is lost."""
    await suffer(server_replaced(1), 1)
