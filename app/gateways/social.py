"""A contract whose users hear of their friends: who comes and goes, and what else is published to a user's friends."""

from __future__ import annotations

from app.domain.users import Users
from app.engine.base import Connection, Engine
from app.gateways.announcing import Announcing
from app.gateways.base import Envelope
from app.gateways.contract import ContractGateway
from app.gateways.following import Following

__all__ = ["SocialGateway"]


class SocialGateway(ContractGateway):
    """Keeps every connection, whose state is a `Follower`, in the rooms of its user's friends, and announces its user.

    A contract makes what announces, and says what is done where friends may have changed (`_unsure`), which includes
    `_refresh`. This class comes before the others that a gateway is made of.

    Attributes:
        _users: whose friends they are.
        _announcing: announces them.

    """

    _users: Users
    _announcing: Announcing

    def bind(self, engine: Engine) -> None:
        super().bind(engine)
        self._following = Following(self.contract, engine, self._rooms, self._cluster, self._users, self._unsure)

    def _unsure(self, user: str) -> None:
        """Have the friends of a user read again, and make up for what they may have said."""
        raise NotImplementedError

    async def _refresh(self, connections: dict[str, list[Connection]]) -> None:
        """Have the connections of users hear those who are friends of their user now. Raise `Unavailable`."""
        await self._following.refresh(connections)

    # the news of the cluster

    def arrived(self, user: str) -> None:
        self._later(self._announcing.arrived(user))

    def departed(self, user: str) -> None:
        self._later(self._announcing.departed(user))

    def friendship(self, user: str, friend: str, began: bool) -> None:
        self._following.tell(user, friend, began)

    def deliver(self, room: str, envelope: Envelope) -> None:
        if envelope.note:
            self._following.hear(room, envelope.note)
        else:
            super().deliver(room, envelope)

    async def _end(self) -> None:
        await super()._end()
        await self._announcing.close()
