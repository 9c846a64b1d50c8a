"""A server fails: it is killed, stands still, or is replaced."""

import pytest

from e2e.faults.conftest import Suffer
from e2e.faults.fault import network, server_frozen, server_killed, server_replaced, server_stopped, together

pytestmark = [pytest.mark.faults, pytest.mark.timeout(150)]


@pytest.mark.requirement("FRIENDS-OFFLINE-015", "FRIENDS-OFFLINE-022", "FRIENDS-PRESENCE-009", "FRIENDS-SERVE-010")
async def test_one_server_is_killed(suffer: Suffer):
    """After a server was killed its clients find what they missed at the other, whose own notice nothing."""
    await suffer(server_killed(0), 5)


@pytest.mark.requirement("FRIENDS-OFFLINE-016", "FRIENDS-OFFLINE-020")
async def test_one_server_is_stopped_while_it_does_not_reach_mongodb(suffer: Suffer):
    """What it had under way is stored and delivered, or its sender is told, or had no time to be."""
    await suffer(together(network("mongo", "black-holed", servers=[0]), server_stopped(0)), 1)


@pytest.mark.requirement("FRIENDS-OFFLINE-019")
async def test_one_server_stands_still(suffer: Suffer):
    """A server that stood still for longer than it is believed alive goes on, with its clients, as if nothing was."""
    await suffer(server_frozen(0), 10)


@pytest.mark.requirement("FRIENDS-OFFLINE-016", "FRIENDS-SERVE-002")
async def test_servers_are_replaced_one_after_the_other(suffer: Suffer):
    """While each server in turn is told to end, and is started again, their clients move, and nothing is lost."""
    await suffer(server_replaced(1), 1)
