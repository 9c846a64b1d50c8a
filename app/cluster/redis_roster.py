"""Who is connected, on all servers: what each says of its own sockets, and what becomes of those of a dead one.

The truth about a socket is the server that holds it. While Redis answers, each change is one script, which also tells
what it came to. When it did not answer, or does not know this server any more, the two are reconciled: Redis is told
what it lacks and what is too much, and the listener hears of users for whom nobody could tell.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

from app.cluster.base import Listener
from app.cluster.redis_census import Census
from app.cluster.redis_clock import Clock
from app.cluster.redis_link import Link
from app.cluster.redis_scripts import (
    ARRIVE,
    BEAT,
    CAME_FIRST,
    DEPART,
    HELLO,
    LEAVE,
    LINGER,
    PRESENT,
    REGISTER,
    REMOVE,
    UNKNOWN,
    UPDATE,
    WAS_THERE,
    Script,
    microseconds,
)
from app.cluster.redis_sockets import Key, Socket, Sockets
from app.cluster.redis_sweeper import Sweeper
from app.cluster.redis_wire import encoded
from app.domain.errors import Unavailable

__all__ = ["Roster"]

log = logging.getLogger("parley.cluster")

CHUNK = 500
"""How many sockets one script is about."""


class Roster:
    """The part of one server in the rosters of all.

    Args:
        link: the way to Redis.
        prefix: what all names in Redis begin with.
        server: the name of this server: no other has it, and there is no space or colon in it.
        server_timeout: seconds without a sign of life until a server counts as dead.
        grace: seconds until the sockets of a server that took its leave are swept.
        died: called when this server is to tell that one died which did not.

    """

    def __init__(
        self,
        link: Link,
        prefix: bytes,
        server: bytes,
        server_timeout: float,
        grace: float,
        died: Callable[[], None],
    ) -> None:
        self._link = link
        self._prefix = prefix
        self._server = server
        self._timeout = server_timeout
        self._grace = grace
        self._census = Census(link, prefix)
        self._sockets = Sockets()
        self._settled = False  # Redis has heard, or is being told, all that is true
        self._joined = False
        self._emptied = False  # Redis has lost what it had, and other servers may still be telling it
        self._swept = b""
        self._unsure: set[tuple[str, str]] = set()
        self._sweeper = Sweeper(link, prefix, server, server_timeout, died)
        self._clock = Clock()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self, listener: Listener) -> None:
        """Put this server in. Raise `Unavailable`."""
        await self._reconcile(listener)
        self._task = asyncio.create_task(self._tend(listener))

    async def close(self, *, owing: bool) -> None:
        """Take this server out, if Redis answers; its sockets are swept by another after the grace.

        If it is owing publications the others take it for dead then.
        """
        self._settled = False
        self._sockets.clear()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            try:
                words = microseconds(self._timeout), microseconds(self._grace), b"1" if owing else b"0"
                await self._run(DEPART, *words)
            except Unavailable:
                log.warning("Redis did not answer: the sockets of this server count until it is missed")

    def linked(self) -> None:
        """Hear that Redis answers."""
        self._sweeper.wait()
        self._wake.set()

    def unlinked(self) -> None:
        """Hear that Redis does not answer."""
        self._settled = False

    # this server's sockets

    async def arrive(self, roster: str, user: str, socket: str, data: str) -> bool:
        """Add a socket, see `Cluster.arrive`."""
        key = Key(roster, user, socket)
        held = Socket(data, sent=self._settled)
        self._sockets.add(key, held)

        def heard(answer: int | None) -> None:
            held.doubt = answer in (None, UNKNOWN)

        return await self._say(ARRIVE, key, heard, encoded(data)) == 1

    async def update(self, roster: str, user: str, socket: str, data: str) -> None:
        """Keep other data with a socket, see `Cluster.update`."""
        key = Key(roster, user, socket)
        if held := self._sockets.get(key):
            held.data = data
            await self._say(UPDATE, key, None, encoded(data))

    async def linger(self, roster: str, user: str, socket: str) -> None:
        """Have a socket linger, see `Cluster.linger`."""
        key = Key(roster, user, socket)
        held = self._sockets.get(key)
        if held and not held.lingering:
            held.lingering = time.time_ns() // 1000
            await self._say(LINGER, key)

    async def leave(self, roster: str, user: str, socket: str) -> bool:
        """Remove a socket, see `Cluster.leave`."""
        key = Key(roster, user, socket)
        held = self._sockets.pop(key)
        if held is None:
            return False
        if not self._settled and (held.sent or not held.doubt):
            self._sockets.leaving(key, held, told=False)

        def heard(answer: int | None) -> None:
            if answer in (None, UNKNOWN):
                self._sockets.leaving(key, held, told=answer is None)

        return await self._say(LEAVE, key, heard) == 1

    async def _say(
        self, script: Script, key: Key, heard: Callable[[int | None], None] | None = None, *words: bytes
    ) -> int | None:
        """Tell Redis of a socket, and return the answer; None if there is none, which is made up for later.

        The answer is heard also where the caller is cancelled.
        """
        if not self._settled:
            self._sockets.changed[key] = None
            return None
        reply = self._run(script, *key.words, *words)
        reply.add_done_callback(partial(self._said, key, heard))
        try:
            return await asyncio.shield(reply)
        except Unavailable:
            return None

    def _said(self, key: Key, heard: Callable[[int | None], None] | None, reply: asyncio.Future[Any]) -> None:
        answer: int | None = None if reply.exception() else reply.result()
        if heard:
            heard(answer)
        if answer in (None, UNKNOWN):
            self._sockets.changed[key] = None
            self._unsettle()

    def _unsettle(self) -> None:
        if self._settled:
            self._settled = False
            self._wake.set()

    @property
    def census(self) -> Census:
        """What Redis says of all servers' sockets. Raise `Unavailable` while it may lack some of this server's."""
        if not self._settled:
            raise Unavailable
        return self._census

    # the work of a server that lives

    async def _tend(self, listener: Listener) -> None:
        while True:
            try:
                async with asyncio.timeout(self._timeout / 6):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self._beat(listener)
            except Unavailable:
                pass  # the link is down, or tried again at the next beat
            except Exception:
                log.exception("the roster could not be tended")

    async def _beat(self, listener: Listener) -> None:
        """Say that this server lives, put right what is not, and sweep after those that do not."""
        if not self._link.up_now:
            return
        if not self._settled or not await self._is_known():
            self._settled = False
            await self._reconcile(listener)
        if not self._sweeper.waiting:
            await self._decide(listener)
            await self._sweeper.sweep(listener)

    async def _is_known(self) -> bool:
        """Beat, and return whether Redis knows this server."""
        asked = self._clock.now()
        told = await self._run(BEAT)
        if told == UNKNOWN:
            return False
        self._clock.compare(asked, int(told) // 1000)
        return True

    async def _decide(self, listener: Listener) -> None:
        """Tell of those who left while Redis was being told everything anew, and have not been named by anybody."""
        unsure, self._unsure = self._unsure, set[tuple[str, str]]()
        try:
            for roster in {roster for roster, _ in unsure}:
                users = [user for r, user in unsure if r == roster]
                for user in set(users) - await self._census.present(roster, users):
                    listener.departed(roster, user)
        except Unavailable:
            self._unsure |= unsure
            raise
        self._emptied = False

    # reconciliation

    async def _reconcile(self, listener: Listener) -> None:
        """Make Redis have what this server has, and tell of whom that makes a difference to.

        Until it is done, changes are only noted; it is done when there is none that Redis has not heard of. May be
        broken off anywhere and begun again. Raise `Unavailable`.
        """
        was_there, swept = await self._run(HELLO)
        had = await self._had()
        if swept != self._swept:
            # whoever swept has told of the users who became absent
            self._swept = swept
            self._sockets.forget_all_leaving()
            for key, socket in self._sockets:
                socket.doubt = socket.doubt or key.member not in had
        elif self._joined and not was_there:
            self._emptied = True
            self._sweeper.wait()
        self._joined = True
        for key, socket in self._sockets:
            if socket.doubt or key.member not in had:
                self._sockets.changed[key] = None
            had.discard(key.member)
        self._sockets.changed.update(dict.fromkeys(map(Key.of, had)))
        while changed := self._sockets.changed:
            # what is there first, so that nobody is absent in between
            there = list(islice((key for key in changed if self._sockets.get(key)), CHUNK))
            keys = there or list(islice(changed, CHUNK))
            for key in keys:
                del changed[key]
            try:
                await (self._register(keys, listener) if there else self._remove(keys, listener))
            except BaseException:
                changed.update(dict.fromkeys(keys))
                raise
        self._settled = True

    async def _had(self) -> set[bytes]:
        """Return what Redis has of this server."""
        found: set[bytes] = set()
        cursor = b"0"
        while True:
            name = self._prefix + b":server:" + self._server
            cursor, members = await self._link.call("SSCAN", name, cursor, "COUNT", "1000")
            found.update(members)
            if cursor == b"0":
                return found

    async def _register(self, keys: list[Key], listener: Listener) -> None:
        told = [(key, socket) for key in keys if (socket := self._sockets.get(key))]
        words: list[bytes] = []
        for key, socket in told:
            words += [*key.words, str(socket.lingering).encode(), encoded(socket.data)]
            socket.sent = True
        answers = await self._known(REGISTER, words)
        for (key, socket), first in zip(told, answers, strict=True):
            # whom an emptied Redis did not know may have been there all along; otherwise it is right
            came = first and socket.doubt and not (self._emptied and self._sockets.presence_known(key))
            socket.doubt = False
            if came:
                listener.arrived(*key.owner)

    async def _remove(self, keys: list[Key], listener: Listener) -> None:
        words = [word for key in keys for word in key.words]
        try:
            answers = await self._known(REMOVE, words)
        except Unavailable:
            for key in keys:
                self._sockets.leaving_told(key)
            raise
        for key, answer in zip(keys, answers, strict=True):
            left = self._sockets.left(key)
            self._sockets.forget_leaving(key)
            present, was_there, came_first = answer & PRESENT, answer & WAS_THERE, answer & CAME_FIRST
            # in doubt it is told twice rather than never: the last word about a user is the right one
            if present:
                if left and left.socket.doubt and (came_first or (left.told and not was_there)):
                    listener.arrived(*key.owner)
            elif was_there:
                listener.departed(*key.owner)
            elif left and self._emptied:
                self._unsure.add(key.owner)
            elif left and left.told:
                listener.departed(*key.owner)

    async def _known(self, script: Script, words: list[bytes]) -> list[int]:
        answers = await self._run(script, *words)
        if answers == UNKNOWN:
            raise Unavailable
        return answers

    # the ways out

    def _run(self, script: Script, *words: bytes) -> asyncio.Future[Any]:
        return self._link.run(script, self._prefix, self._server, *words)
