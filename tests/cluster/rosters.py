"""Who is on a roster that several servers share, and who was announced: what tests of it look at."""

import asyncio
import contextlib

from app.domain.errors import Unavailable
from tests.cluster.servers import Server
from tests.waiting import DEADLINE

__all__ = ["FRIENDS", "announced", "present_becomes"]

FRIENDS = "friends"
"""The roster."""


async def present_becomes(server: Server, *users: str, among: tuple[str, ...] = ("ann", "bob", "eve")) -> None:
    """Return once exactly these are present, as a server sees it."""
    async with asyncio.timeout(DEADLINE):
        while True:
            with contextlib.suppress(Unavailable):
                if await server.cluster.present(FRIENDS, among) == set(users):
                    return
            await asyncio.sleep(0.01)


def announced(*servers: Server) -> tuple[list[str], list[str]]:
    """Return the users of whom any of the servers heard that they had arrived, and departed."""
    arrivals = [user for server in servers for _, user in server.heard.arrivals]
    departures = [user for server in servers for _, user in server.heard.departures]
    return sorted(arrivals), sorted(departures)
