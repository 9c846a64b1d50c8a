"""Engine.IO packets over HTTP long polling."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp

from e2e.harness.deadline import DEADLINE
from e2e.harness.transport import Address, TransportRefusedError

__all__ = ["PollingTransport"]

_SEPARATOR = "\x1e"


class PollingTransport:
    """One GET at a time that waits for packets, and a POST for each packet that is sent."""

    name = "polling"

    def __init__(self, address: Address) -> None:
        self._address = address
        self._http: aiohttp.ClientSession | None = None
        self._session: str | None = None
        self._first: list[str] = []
        self._over = False
        self.ending = "not over yet"

    async def open(self, session: str | None = None) -> None:
        """Ask for a session."""
        self._http = aiohttp.ClientSession(headers=dict(self._address.headers))
        async with self._http.get(self._address.url("polling", session), timeout=_within(DEADLINE)) as answer:
            body = await answer.text()
            if answer.status != 200:
                raise TransportRefusedError(f"{answer.status} {body}")
        self._first = body.split(_SEPARATOR)

    def belong(self, session: str) -> None:
        """Say which session the requests from now on are of."""
        self._session = session

    @property
    def _client(self) -> aiohttp.ClientSession:
        assert self._http is not None, "the polling transport was not opened"
        return self._http

    async def send(self, packet: str | bytes) -> None:
        """Send one packet in a POST of its own."""
        if self._over:
            return
        try:
            async with self._client.post(
                self._address.url("polling", self._session),
                data=packet,
                headers={"Content-Type": "text/plain;charset=UTF-8"},
                timeout=_within(DEADLINE),
            ) as answer:
                if answer.status != 200:
                    self.ending = f"POST was answered {answer.status} {await answer.text()}"
        except aiohttp.ClientError as error:
            self.ending = f"POST failed: {error}"

    async def packets(self) -> AsyncIterator[str | bytes]:
        """Yield packets until the session ends."""
        for packet in self._first:
            yield packet
        while not self._over:
            try:
                async with self._client.get(
                    self._address.url("polling", self._session), timeout=_within(None)
                ) as answer:
                    body = await answer.text()
                    if answer.status != 200:
                        self.ending = f"GET was answered {answer.status} {body}"
                        return
            except aiohttp.ClientError as error:
                self.ending = f"GET failed: {error}"
                return
            for packet in body.split(_SEPARATOR):
                yield packet

    def finish(self) -> None:
        """Start no further GET: the one under way is the last."""
        self._over = True

    async def close(self) -> None:
        """Say at the level of Engine.IO that the session is over."""
        await self.send("1")
        self._over = True

    def abort(self) -> None:
        """Never ask again; the reader's cancellation drops the request under way."""
        self._over = True

    def stop_reading(self) -> None:
        """Never ask again."""
        self._over = True

    async def release(self) -> None:
        """Close the connections."""
        self._over = True
        if self._http is not None:
            await self._http.close()


def _within(seconds: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds)
