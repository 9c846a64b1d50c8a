"""The roll: who is connected to a contract, and who was lately, on all servers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from app.cluster.base import Cluster
from app.domain.sessions import Identity

__all__ = ["Attendee", "Roll"]


@dataclass(frozen=True, slots=True)
class Attendee:
    """A user who is connected, or was.

    Attributes:
        username: the one that the user came with last.

    """

    user: str
    username: str
    connected: bool


class Roll:
    """The roll of a contract. Everything raises `Unavailable`.

    Who is connected is in the roster, with the username as the data of a socket. Who was is in a list of those who
    came or left last.

    Args:
        roster: the contract's name.
        cluster: where both are kept.
        limit: of the list.
        seconds: after which, if nobody has come or left meanwhile, those who left are forgotten.

    """

    def __init__(self, roster: str, cluster: Cluster, limit: int, seconds: float) -> None:
        self._roster = roster
        self._list = f"{roster}:roll"
        self._cluster = cluster
        self._limit = limit
        self._seconds = seconds

    async def note(self, identity: Identity) -> None:
        """Remember who comes, or leaves."""
        await self._cluster.enlist(self._list, identity.user, identity.username, self._limit, self._seconds)

    async def users(self) -> list[Attendee]:
        """Return no more users than the limit, each once.

        Those who are connected are first, who has been for longest before the others; then those who left last.
        """
        here, last = await asyncio.gather(
            self._cluster.page(self._roster, 0, self._limit), self._cluster.listed(self._list, self._limit)
        )
        sockets = await self._cluster.sockets(self._roster, here, 1)
        names = {user: data[0] for user, (_, data) in sockets.items()} | last
        connected = [Attendee(user, names.get(user, ""), connected=True) for user in here]
        present = set(here)
        left = [Attendee(user, name, connected=False) for user, name in last.items() if user not in present]
        return (connected + left)[: self._limit]
