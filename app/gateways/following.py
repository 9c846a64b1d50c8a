"""Whose friend a connection hears: the rooms that it is in, and what keeps them right.

The friends of a user are read from the store when a connection begins and after a gap; what changes meanwhile and
later is heard as a note, in the user's own room.

A note is a hint: two that are sent by different servers may come in another order than that of the store, and one that
was kept during an interruption comes late. It is followed at once, so that nothing is heard of somebody who is a friend
no more; then the store is asked, and what it has is what counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from app.cluster.base import Cluster
from app.domain.users import Users
from app.engine.base import Connection, Engine
from app.gateways.base import Envelope, room_of_friends, room_of_user
from app.gateways.mail import Reader
from app.gateways.membership import Membership

__all__ = ["Follower", "Following"]


@dataclass(slots=True)
class Follower(Reader):
    """A connection that hears its user's friends.

    Attributes:
        notes: of the friendships that began or ended since the user's friends were last read, whether it began.
        noted: how many notes there were.

    """

    notes: dict[str, bool] = field(default_factory=dict[str, bool], kw_only=True)
    noted: int = field(default=0, kw_only=True)


class Following:
    """Keeps connections, whose state is a `Follower`, in the rooms of their user's friends.

    Args:
        contract: begins the names of the rooms.
        engine: has the connections.
        rooms: those of all servers.
        cluster: reaches the other servers.
        users: knows who is friends with whom.
        missed: called with a user whose friends are to be read again, and who may have missed what they said.

    """

    def __init__(
        self,
        contract: str,
        engine: Engine,
        rooms: Membership,
        cluster: Cluster,
        users: Users,
        missed: Callable[[str], None],
    ) -> None:
        self._contract = contract
        self._engine = engine
        self._rooms = rooms
        self._cluster = cluster
        self._users = users
        self._missed = missed

    async def begin(self, connection: Connection) -> None:
        """Put a new connection in the rooms of its user and of the user's friends. Raise `Unavailable`."""
        follower: Follower = connection.state
        await self._rooms.join(connection, room_of_user(self._contract, follower.user))
        # read after joining: a friendship that begins or ends from now on is heard of in that room
        noted = -1
        while noted != follower.noted:
            noted = follower.noted
            follower.notes.clear()
            user = await self._users.get(follower.user)
            await asyncio.gather(*self.update(connection, user.friends))

    def update(self, connection: Connection, friends: Iterable[str]) -> list[asyncio.Future[None]]:
        """Put a connection in the rooms of these friends, and of those noted since they were read, and in no other.

        Return the subscriptions to wait for.
        """
        follower: Follower = connection.state
        began = [friend for friend, began in follower.notes.items() if began]
        wanted = {room_of_user(self._contract, follower.user), *map(self._room_of, (*friends, *began))}
        for room in set(self._engine.rooms(connection)) - wanted:
            self._rooms.leave(connection, room)
        followed = [friend for friend in friends if follower.notes.get(friend) is not False]
        return [self._rooms.join(connection, self._room_of(friend)) for friend in followed]

    async def refresh(self, connections: Mapping[str, Sequence[Connection]]) -> None:
        """Read anew whom users are friends with, and put their connections where that has them. Raise `Unavailable`.

        The connections of a user who does not exist any more are closed.
        """
        for connection in chain.from_iterable(connections.values()):
            connection.state.notes.clear()
        known = await self._users.many(list(connections))
        joined: list[asyncio.Future[None]] = []
        for user, devices in connections.items():
            for connection in devices:
                if user not in known:
                    connection.close()
                elif connection.open:
                    joined += self.update(connection, known[user].friends)
        await asyncio.gather(*joined)

    def tell(self, user: str, friend: str, began: bool) -> None:
        """Tell the connections of two users, on all servers, that a friendship began or ended."""
        for one, other in ((user, friend), (friend, user)):
            note = Envelope(note=f"{'began' if began else 'ended'} {other}")
            self._cluster.publish(room_of_user(self._contract, one), note.encode(), retry=True)

    def hear(self, room: str, note: str) -> None:
        """Hear, in the room of a user, what `tell` has told."""
        change, friend = note.split(" ")
        for connection in list(self._engine.members(room)):
            self._note(connection, friend, change == "began")

    def _room_of(self, friend: str) -> str:
        return room_of_friends(self._contract, friend)

    def _note(self, connection: Connection, friend: str, began: bool) -> None:
        """Join a connection to what a new friend says, before anything else is published, or take it out."""
        follower: Follower = connection.state
        follower.notes[friend] = began
        follower.noted += 1
        room = self._room_of(friend)
        if not began:
            self._rooms.leave(connection, room)
        elif connection.open:
            self._rooms.join(connection, room).add_done_callback(partial(self._joined, connection))
        self._missed(follower.user)  # what the friend says meanwhile comes before what is heard then

    def _joined(self, connection: Connection, joined: asyncio.Future[None]) -> None:
        if joined.cancelled() or joined.exception() is not None:
            connection.close()  # the client comes back, and then it is read whom its user is friends with
