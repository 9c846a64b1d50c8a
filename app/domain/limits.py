"""A rate that is counted over all servers."""

from __future__ import annotations

from app.cluster.base import Cluster
from app.domain.errors import TooMany, Unavailable
from app.domain.rates import Rate

__all__ = ["SharedLimit"]


class SharedLimit:
    """What each of many may do, so often, whichever server they ask.

    While the cluster does not answer there is no limit: to keep everybody out would be worse.

    Args:
        name: of what is counted.
        rate: how often one may.
        cluster: counts.

    """

    def __init__(self, name: str, rate: Rate, cluster: Cluster) -> None:
        self._name = name
        self._rate = rate
        self._cluster = cluster

    async def take(self, who: str) -> None:
        """Count that somebody does it. Raise `TooMany` if they have done it too often."""
        try:
            count, left = await self._cluster.tally(f"{self._name}:{who}", self._rate.seconds)
        except Unavailable:
            return
        if count > self._rate.count:
            raise TooMany(left)
