"""Commands to Redis, pipelined over one connection."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol, cast

import hiredis

from app.cluster.redis_address import Address
from app.cluster.redis_lifeline import Lifeline, Owner
from app.cluster.redis_list_scripts import LIST_SCRIPTS
from app.cluster.redis_scripts import SCRIPTS, Script
from app.cluster.redis_wire import Wire, packed
from app.domain.errors import Unavailable

__all__ = ["Follower", "Link"]

log = logging.getLogger("parley.cluster")

CURED_BY_ANOTHER = ("NOSCRIPT", "READONLY", "LOADING", "MASTERDOWN", "NOAUTH")
"""How errors begin that a new connection may be spared: its making puts right what is wrong, or waits until it is."""


class Follower(Protocol):
    """Who hears how the link fares. Nothing of this may raise."""

    def linked(self) -> None:
        """Hear that commands are answered from now on; what is sent now is the first to be."""
        ...

    def unlinked(self, unanswered: list[Any]) -> None:
        """Hear that no command is answered now, with the tokens of those that may or may not have been carried out."""
        ...


class Link(Owner):
    """One connection for commands; they are carried out in the order of the calls.

    What was sent before the connection was lost is carried out before what is sent over the next one, or never.
    While it is down a command fails at once, and one that was not answered before has failed: with `Unavailable`,
    within `timeout` seconds and a half of them.

    Args:
        address: where Redis is.
        timeout: seconds for an answer.
        follower: hears how the link fares.
        needed: commands that change nothing, and without which a Redis is of no use.

    Attributes:
        up_now: commands are being sent.

    """

    def __init__(self, address: Address, timeout: float, follower: Follower, needed: Sequence[bytes] = ()) -> None:
        greeting = [packed("SCRIPT", "LOAD", script.text) for script in (*SCRIPTS, *LIST_SCRIPTS)]
        greeting += needed
        self._lifeline = Lifeline("commands", address, timeout, self, greeting)
        self._follower = follower
        self._wire: Wire | None = None
        self._awaited: deque[Any] = deque()
        self._refused: list[Any] = []
        self._name: tuple[bytes, bytes] = (b"", b"")
        self.up_now = False

    async def open(self) -> None:
        """Make the connection. Raise `Unavailable`, `ClusterUnusableError`."""
        await self._lifeline.open()

    async def close(self) -> None:
        """End the connection; what is not answered fails."""
        await self._lifeline.close()

    # commands

    def call(self, *words: str | bytes) -> asyncio.Future[Any]:
        """Send a command, and return a future of its reply, which may fail with `Unavailable`."""
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._wire is None:
            reply.set_exception(Unavailable())
        else:
            self._awaited.append(reply)
            self._wire.send(packed(*words))
        return reply

    def run(self, script: Script, *words: str | bytes) -> asyncio.Future[Any]:
        """Run a script, and return a future of its reply, which may fail with `Unavailable`."""
        return self.call("EVALSHA", script.digest, "0", *words)

    def post(self, command: bytes, token: object) -> None:
        """Send a command whose reply matters to nobody; should there be none, the follower is told the token.

        Only while the link is up.
        """
        assert self._wire
        self._awaited.append(token)
        self._wire.send(command)

    # the connection

    def up(self, wire: Wire) -> None:
        self._wire = wire
        self.up_now = True
        # what is still on its way through the former connection must not be carried out after what is said here
        former, self._name = self._name, wire.name
        if former[0] == wire.name[0]:
            self.call("CLIENT", "KILL", "ID", former[1]).add_done_callback(_heed)
        self._follower.linked()

    def down(self) -> None:
        self._wire = None
        self.up_now = False
        awaited, self._awaited = self._awaited, deque()
        unanswered, self._refused = self._refused, []
        for waiting in awaited:
            if not isinstance(waiting, asyncio.Future):
                unanswered.append(waiting)
            elif not (future := cast("asyncio.Future[Any]", waiting)).done():
                future.set_exception(Unavailable())
        self._follower.unlinked(unanswered)

    def take(self, replies: list[Any]) -> None:
        for reply in replies:
            waiting = self._awaited.popleft()
            if isinstance(reply, hiredis.ReplyError):
                self._fail(waiting, reply)
            elif isinstance(waiting, asyncio.Future) and not (future := cast("asyncio.Future[Any]", waiting)).done():
                future.set_result(reply)

    def _fail(self, waiting: Any, error: hiredis.ReplyError) -> None:
        log.error("Redis refuses a command: %s", error)
        if not isinstance(waiting, asyncio.Future):
            self._refused.append(waiting)
        elif not (future := cast("asyncio.Future[Any]", waiting)).done():
            future.set_exception(Unavailable())
        # a publication is made up for when a link is made again
        if self._wire and (self._refused or str(error).startswith(CURED_BY_ANOTHER)):
            self._wire.abort()

    def owed(self) -> bool:
        return bool(self._awaited)

    def ping(self) -> None:
        if self._wire:
            self.call("PING").add_done_callback(_heed)


def _heed(reply: asyncio.Future[Any]) -> None:
    """Ask for what became of a reply that nobody waits for."""
    if not reply.cancelled():
        reply.exception()
