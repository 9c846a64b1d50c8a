"""Rooms: names with connections in them, indexed both ways, so that a connection leaves without a search."""

from __future__ import annotations

from collections.abc import Collection

from app.engine.client import NamespaceConnection

__all__ = ["RoomIndex"]


class RoomIndex:
    """Which connections are in which rooms. A room exists while somebody is in it."""

    def __init__(self) -> None:
        self._members: dict[str, dict[NamespaceConnection, None]] = {}

    def __len__(self) -> int:
        return len(self._members)

    def join(self, connection: NamespaceConnection, room: str) -> bool:
        """Put a connection in a room. Return True if it is the first one there."""
        members = self._members.setdefault(room, {})
        connection.rooms[room] = members[connection] = None
        return len(members) == 1

    def leave(self, connection: NamespaceConnection, room: str) -> bool:
        """Take a connection out of a room. Return True if it was there and was the last."""
        if room not in connection.rooms:
            return False
        del connection.rooms[room]
        members = self._members[room]
        del members[connection]
        if members:
            return False
        del self._members[room]
        return True

    def leave_all(self, connection: NamespaceConnection) -> None:
        """Take a connection out of every room."""
        for room in list(connection.rooms):
            self.leave(connection, room)

    def members(self, room: str) -> Collection[NamespaceConnection]:
        """Return the connections in a room, in the order in which they joined."""
        return self._members.get(room, {}).keys()
