"""A device on the friends contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from e2e.harness.client import Client

__all__ = ["FriendsClient"]


class FriendsClient(Client):
    """A device on the friends contract.

    Attributes:
        unseen: the list that `unseen_messages` brought when it connected, newest first.

    """

    CONTRACT: ClassVar[str] = "friends"

    unseen: Sequence[dict[str, Any]] = ()

    async def arrive(self) -> None:
        """Wait for CONNECT, and for `unseen_messages`, in any order: one test is about that, the others need both."""
        await self.expect("CONNECT")
        self.unseen = (await self.expect("unseen_messages")).payload

    async def say(self, text: Any) -> None:
        """Send a `message`."""
        await self.emit("message", text)
