"""Who comes and goes, announced to the friends of a user: once, on the change between no connection and some."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

from app.cluster.base import Cluster
from app.domain.clock import now_ms
from app.domain.errors import NotFound
from app.domain.roster import Presence
from app.domain.users import User, Users
from app.engine.base import Ending
from app.gateways.arrears import Arrears
from app.gateways.base import Envelope, room_of_friends

__all__ = ["Announcing"]


class Announcing:
    """Announces users of one contract, over all servers, in the rooms of their friends.

    Args:
        contract: whose roster and rooms they are.
        cluster: has the roster, and reaches the other servers.
        users: knows what is not known here, and hears when somebody was last seen.
        grace: seconds that a lost connection may take to come back unannounced.
        title: what an announcement calls a user.
        packet: the packet of an announcement: of which user, what they are called, and whether they came.

    """

    def __init__(
        self,
        contract: str,
        cluster: Cluster,
        users: Users,
        grace: float,
        title: Callable[[User], str],
        packet: Callable[[str, str, bool], bytes],
    ) -> None:
        self._contract = contract
        self._cluster = cluster
        self._users = users
        self._title = title
        self._packet = packet
        self._presence = Presence(contract, cluster, grace, self.departed)
        self._arrears = Arrears()
        self._titles: dict[str, str] = {}
        self._sockets: dict[str, set[str]] = {}

    async def arrive(self, user: str, title: str, socket: str, data: str = "") -> None:
        """Take a user's new connection, with what the roster keeps of it."""
        self._titles[user] = title
        self._sockets.setdefault(user, set()).add(socket)
        if await self._presence.arrive(user, socket, data):
            self._announce(user, title, True)

    async def update(self, user: str, socket: str, data: str) -> None:
        """Have the roster keep something else of a connection."""
        await self._presence.update(user, socket, data)

    async def end(self, user: str, socket: str, ending: Ending) -> None:
        """Hear that a connection has ended; nothing happens if it never came."""
        if socket not in self._sockets.get(user, ()):
            return
        if ending is Ending.GOODBYE:
            try:
                await self._presence.goodbye(user, socket)
            finally:
                self._forget(user, socket)
        else:
            expiry = await self._presence.lost(user, socket)
            expiry.add_done_callback(lambda _: self._forget(user, socket))

    def _forget(self, user: str, socket: str) -> None:
        self._sockets[user].discard(socket)
        if not self._sockets[user]:
            del self._sockets[user], self._titles[user]

    async def arrived(self, user: str) -> None:
        """Announce a user of whom the cluster could not tell earlier."""
        await self._tell(user, True)

    async def departed(self, user: str) -> None:
        """Announce that a user is gone, and record when they were last seen."""
        seen = partial(self._users.left, user, now_ms())
        # announced before anything is awaited: a user who comes back at once is announced after it
        await self._tell(user, False)
        await self._arrears.do(f"last sight of {user}", seen, seen)

    async def _tell(self, user: str, came: bool) -> None:
        """Announce a user, at once or as soon as the store says who that is."""
        now, later = partial(self._tell_now, user, came), partial(self._tell_late, user, came)
        await self._arrears.do(f"announcement of {user}", now, later)

    async def _tell_now(self, user: str, came: bool) -> None:
        with contextlib.suppress(NotFound):
            self._announce(user, await self._title_of(user), came)

    async def _tell_late(self, user: str, came: bool) -> None:
        if (user in await self._presence.present([user])) is came:  # else it has come to nothing meanwhile
            await self._tell_now(user, came)

    async def _title_of(self, user: str) -> str:
        return self._titles.get(user) or self._title(await self._users.get(user))

    def _announce(self, user: str, title: str, came: bool) -> None:
        envelope = Envelope(self._packet(user, title, came))
        self._cluster.publish(room_of_friends(self._contract, user), envelope.encode(), retry=True)

    async def close(self) -> None:
        """Announce nothing more, and record that those who are here, or were within the grace, were last seen now."""
        here = list(self._sockets)
        await asyncio.gather(self._presence.close(), self._arrears.close())
        await asyncio.gather(*(self._users.left(user) for user in here), return_exceptions=True)
