"""A Socket.IO client so thin that a test can do with it what no library would.

It records everything that it sends and receives, answers pings unless told not to, and never reconnects by itself.
What it receives is looked up in its contract: whatever is not documented there fails the test (`Transcript.breaches`).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from e2e.harness import packets, schemas
from e2e.harness.deadline import DEADLINE
from e2e.harness.expect import Inbox, Label
from e2e.harness.match import Check
from e2e.harness.polling import PollingTransport
from e2e.harness.transcript import Record, Transcript
from e2e.harness.transport import Address, Transport
from e2e.harness.websocket import WebsocketTransport

__all__ = ["Client", "Credential", "TransportName"]

TransportName = Literal["websocket", "polling"]

_ASKING = re.compile(r'4[25](?:\d+-)?(\d+)\["([^"]*)"')
"""The beginning of an event that asks for an acknowledgement."""

Credential = Literal["query", "auth", "header", "none"]
"""Where a token is put: in the query, the auth object, the Authorization header, or nowhere."""


class Client:
    """One device. A contract has a class of its own, which says where it connects and what it does.

    Attributes:
        CONTRACT: the gateway whose packets it is to receive: a contract, or `internal`; "" for any packets.
        PATH: the Socket.IO path on which a device of the contract connects.
        CREDENTIAL: where the contract has its token.
        who: its name in the transcript.
        inbox: what it received.
        answers_pings: whether a PING is answered with a PONG at once, as every client does.
        handshake: what the server said when it opened the session.

    """

    CONTRACT: ClassVar[str] = ""
    PATH: ClassVar[str] = "/socket.io"
    CREDENTIAL: ClassVar[Credential] = "query"

    def __init__(
        self,
        who: str,
        address: Address,
        transcript: Transcript,
        *,
        transport: TransportName = "websocket",
        answers_pings: bool = True,
        small_buffer: bool = False,
        exact: bool = True,
    ) -> None:
        self.who = who
        self.inbox = Inbox(who, transcript)
        self.answers_pings = answers_pings
        self.handshake: dict[str, Any] = {}
        self._address = address
        self._transcript = transcript
        self._calls = itertools.count()
        self._asked: dict[int, str] = {}
        self._wire = schemas.wire(self.CONTRACT, exact=exact) if self.CONTRACT else None
        self._reader: asyncio.Task[None] | None = None
        self._left: list[Transport] = []
        self._transport: Transport = (
            PollingTransport(address)
            if transport == "polling"
            else WebsocketTransport(address, small_buffer=small_buffer)
        )

    @property
    def address(self) -> Address:
        """Where it connects, and with which credential."""
        return self._address

    @property
    def transport(self) -> str:
        """`websocket` or `polling`, whichever carries packets at present."""
        return self._transport.name

    # coming

    async def open(self) -> None:
        """Open an Engine.IO session."""
        at = self._address
        asked = {"path": at.path, "transport": self.transport, "query": dict(at.query), "headers": dict(at.headers)}
        self._transcript.add(self.who, "sent", "OPEN", {name: it for name, it in asked.items() if it})
        await self._transport.open()
        self._reader = asyncio.create_task(self._read(self._transport))
        opened = await self.inbox.expect("OPEN")
        self.handshake = opened.payload

    async def join(self, auth: Any = None, namespace: str = "/") -> None:
        """Ask for a namespace, with these credentials as `auth`; the answer is not awaited."""
        self._transcript.add(self.who, "sent", "CONNECT", *([] if auth is None else [auth]), namespace=namespace)
        await self._transport.send(packets.connect(auth, namespace))

    async def arrive(self) -> None:
        """Wait for what a device is sent when it connects.

        An event that comes before CONNECT counts as coming after it, as every client library has it: that it must not
        is for tests of that to say, and no other is to fail for it.
        """
        __tracebackhide__ = True
        answer = await self.expect(("CONNECT", "CONNECT_ERROR"))
        assert answer.label == "CONNECT", f"{self.who} was refused: {answer.payload}\n\n{self._transcript}"

    async def upgrade(self) -> None:
        """Move the session from polling to a websocket, as clients do by default."""
        polling = self._transport
        assert isinstance(polling, PollingTransport)
        assert self._reader is not None
        websocket = WebsocketTransport(self._address)
        await websocket.open(self.handshake["sid"])
        await websocket.send("2probe")
        answer = await asyncio.wait_for(websocket.receive(), DEADLINE)
        assert answer == "3probe", f"the probe was answered {answer!r}"
        polling.finish()
        await asyncio.wait_for(self._reader, DEADLINE)
        await websocket.send("5")
        self._transcript.add(self.who, "sent", "UPGRADE")
        self._left.append(polling)
        self._transport = websocket
        self._reader = asyncio.create_task(self._read(websocket))

    # sending

    async def emit(self, event: str, *args: Any, ack: int | None = None) -> None:
        """Send an event."""
        self._transcript.add(self.who, "sent", event, *args, ack=ack)
        if ack is not None:
            self._asked[ack] = event
        await self._transport.send(packets.event(event, args, ack))

    async def call(self, event: str, *args: Any, within: float = DEADLINE) -> Any:
        """Send an event that asks for an acknowledgement, and return the first argument of that."""
        __tracebackhide__ = True
        number = next(self._calls)
        await self.emit(event, *args, ack=number)
        return (await self.inbox.expect("ACK", ack=number, within=within)).payload

    async def send_raw(self, packet: str | bytes) -> None:
        """Send a packet exactly as it stands."""
        self._transcript.add(self.who, "sent", "RAW", packet if isinstance(packet, str) else packet.hex())
        if isinstance(packet, str) and (asking := _ASKING.match(packet)):
            self._asked[int(asking[1])] = asking[2]
        await self._transport.send(packet)

    async def pong(self) -> None:
        """Answer a PING."""
        self._transcript.add(self.who, "sent", "PONG")
        await self._transport.send("3")

    async def settle(self) -> None:
        """Return once the server has taken what was sent before: it refuses a namespace that there is not."""
        __tracebackhide__ = True
        await self.join(namespace="/there-is-no-such-namespace")
        await self.expect("CONNECT_ERROR")

    # receiving

    async def expect(self, label: Label, *checks: Check, within: float = DEADLINE) -> Record:
        """Wait for the first record that is so labelled and passes all checks (`Inbox.expect`)."""
        __tracebackhide__ = True
        return await self.inbox.expect(label, *checks, within=within)

    async def expect_next(
        self,
        label: Label,
        *checks: Check,
        ignoring: Sequence[str] = (),
        within: float = DEADLINE,
    ) -> Record:
        """Wait for the next record, which must be this one (`Inbox.expect_next`)."""
        __tracebackhide__ = True
        return await self.inbox.expect_next(label, *checks, ignoring=ignoring, within=within)

    async def must_have_been_refused_once(self) -> None:
        """Show that no second refusal came: what comes next answers a later request, or the connection is over."""
        __tracebackhide__ = True
        await self.join(namespace="/nowhere")
        later = await self.expect_next(("CONNECT_ERROR", "CLOSED"))
        assert later.namespace == "/nowhere" or later.label == "CLOSED", f"a second refusal: {later}"

    def count(self, label: str) -> int:
        """Return how many records of this label arrived so far."""
        return len(self.inbox.all(label))

    # leaving

    async def goodbye(self) -> None:
        """Leave as `socket.disconnect()` of a JavaScript client does: DISCONNECT, then the transport is closed."""
        self._transcript.add(self.who, "sent", "DISCONNECT")
        await self._transport.send("41")
        await self._transport.close()
        await self._stop()

    async def close_transport(self) -> None:
        """Leave as a page does that is reloaded: the transport is closed, without a DISCONNECT."""
        self._transcript.add(self.who, "noted", "CLOSES ITS TRANSPORT")
        await self._transport.close()
        await self._stop()

    async def abort(self) -> None:
        """Leave as a process does that is killed: the TCP connection is dropped."""
        self._transcript.add(self.who, "noted", "DROPS ITS CONNECTION")
        self._transport.abort()
        await self._stop()

    async def stop_reading(self) -> None:
        """Stay connected as a machine does that froze: nothing is read, nothing answered, nothing closed."""
        self._transcript.add(self.who, "noted", "STOPS READING")
        self._transport.stop_reading()
        await self._stop()

    async def release(self) -> None:
        """Let go of everything, at the end of a test."""
        await self._stop()
        for transport in (*self._left, self._transport):
            await transport.release()

    async def _stop(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader

    async def _read(self, transport: Transport) -> None:
        async for text in transport.packets():
            packet = packets.decode(text)
            record = self._transcript.add(
                self.who, "received", packet.label, *packet.args, ack=packet.ack, namespace=packet.namespace
            )
            self._check(record)
            self.inbox.put(record)
            if packet.label == "OPEN" and isinstance(transport, PollingTransport):
                transport.belong(packet.args[0]["sid"])
            if packet.label == "PING" and self.answers_pings:
                await self.pong()
        if isinstance(transport, PollingTransport) and transport.ending == "not over yet":
            return
        self.inbox.put(self._transcript.add(self.who, "received", "CLOSED", transport.ending))
        self.inbox.end()

    def _check(self, record: Record) -> None:
        """Have the test fail if the contract has no such packet."""
        asked = None if record.ack is None else self._asked.get(record.ack)
        if self._wire and (objection := self._wire.objection(record, asked)):
            self._transcript.breach(self.who, objection)
