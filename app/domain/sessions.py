"""Sessions: who somebody said to be, under a name that is known to the client alone and good on every server."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import orjson

from app.cluster.base import Cluster

__all__ = ["Identity", "Sessions"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a session is of.

    Attributes:
        user: the user's id, in whatever form it was given.
        username: what the user is called.

    """

    user: str
    username: str


class Sessions:
    """The sessions of a contract, on all servers. Everything raises `Unavailable`.

    Args:
        contract: its name.
        cluster: where they are kept. It never sees the name of one, only what the name is a preimage of.
        seconds: for how long one is kept after its last use.

    """

    def __init__(self, contract: str, cluster: Cluster, seconds: float) -> None:
        self._contract = contract
        self._cluster = cluster
        self._seconds = seconds

    async def find(self, session: str) -> Identity | None:
        """Return whose session it is, None if it is not known (any more)."""
        found = await self._cluster.recall(self._name(session))
        return None if found is None else Identity(*orjson.loads(found))

    async def keep(self, session: str, identity: Identity) -> Identity:
        """Keep a session, from now on, and return whose it is: that does not change as long as it is kept."""
        value = orjson.dumps([identity.user, identity.username]).decode()
        kept = await self._cluster.remember(self._name(session), value, self._seconds)
        return Identity(*orjson.loads(kept))

    def _name(self, session: str) -> str:
        return f"{self._contract}:{hashlib.sha256(session.encode()).hexdigest()}"
