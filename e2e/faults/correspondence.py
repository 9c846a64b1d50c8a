"""Two people who write to each other on the direct contract, whatever happens, and what has to be true afterwards.

Each sends one message after the other and waits until it is told that it is stored, or not; whoever's server is gone
goes to the other. Each also has a device on either server that only listens.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from e2e.faults.fault import CALM, GONE, FaultKind
from e2e.faults.stage import BOTH, Stage
from e2e.harness.checker import BOUND
from e2e.harness.deadline import DEADLINE, SECOND, eventually
from e2e.harness.direct import DirectClient
from e2e.harness.match import texts
from e2e.harness.people import People, Person

__all__ = ["Correspondence"]

_INTERVAL = 0.05


@dataclass(eq=False)
class Writer:
    """A person who writes to another.

    Attributes:
        ears: the devices that listen, by server.
        stored: the texts whose chats the sender was told, in the order of sending.
        sent: all texts, in that order.

    """

    person: Person
    ears: dict[int, DirectClient]
    stored: list[str] = field(default_factory=list[str])
    sent: list[str] = field(default_factory=list[str])

    async def write(self, receiver: str, server: int, over: asyncio.Event) -> None:
        """Send until it is over."""
        device: DirectClient | None = None
        while not over.is_set():
            try:
                if device is None:
                    device = await self.person.connect(DirectClient, server=server)
                self.sent.append(f"{self.person.name} {len(self.sent)}")
                answer = await device.call("send message", {"receiver": receiver, "message": self.sent[-1]})
                if "receiver" in answer:
                    self.stored.append(self.sent[-1])
            except GONE:
                device, server = None, 1 - server
            await asyncio.sleep(_INTERVAL)


class Correspondence:
    """Two people on two servers.

    Args:
        stage: with servers that are ready.
        people: makes them.

    """

    def __init__(self, stage: Stage, people: People) -> None:
        self._stage = stage
        self._people = people

    async def suffers(self, kind: FaultKind, seconds: float) -> str:
        """Have them write through a fault of so many seconds. Return a line of numbers.

        Raise `AssertionError` unless everything that was told to be stored is, and has come to every listening device
        that the fault may not disconnect, within the bound of its end, in order and without a stranger.
        """
        one, other = [await self._writer(name) for name in ("Alice", "Bob")]
        over = asyncio.Event()
        writing = [
            asyncio.create_task(one.write(other.person.id, 0, over)),
            asyncio.create_task(other.write(one.person.id, 1, over)),
        ]
        await asyncio.sleep(CALM)
        await kind.strike(self._stage, seconds)
        before = [len(writer.stored) for writer in (one, other)]
        await eventually(lambda: _more(one, other, before), lambda more: None if more else "nothing is stored again")
        await asyncio.sleep(CALM)
        over.set()
        await asyncio.wait_for(asyncio.gather(*writing), 2 * DEADLINE)
        standing = [server for server in BOTH if server not in kind.moves]
        await self._judge(one, other, standing)
        await self._judge(other, one, standing)
        return f"{len(one.sent) + len(other.sent)} messages, {len(one.stored) + len(other.stored)} told to be stored"

    async def _writer(self, name: str) -> Writer:
        person = await self._people.new(name)
        return Writer(person, {server: await person.connect(DirectClient, server=server) for server in BOTH})

    async def _judge(self, sender: Writer, receiver: Writer, standing: list[int]) -> None:
        """Look at what a sender's messages have come to, at each listening device that stands and in the lists."""
        reader = await receiver.person.connect(DirectClient)
        listed = texts((await reader.all())[sender.person.id])
        assert [text for text in listed if text in sender.stored] == sender.stored, (
            "what was told is not in all messages"
        )
        assert set(listed) <= set(sender.sent), "a stranger is in all messages"
        assert texts(await reader.unreceived()) == listed, "what nobody acknowledged is not unreceived"
        for server in standing:
            await eventually(
                lambda server=server: _lacking(receiver.ears[server], listed),
                lambda lacking, server=server: f"server {server} never brought {lacking}" if lacking else None,
                within=BOUND * SECOND,
            )
            live = texts(record.payload for record in receiver.ears[server].inbox.all("message"))
            first = list(dict.fromkeys(live))
            told = set(sender.stored)
            assert [text for text in first if text in told] == sender.stored, f"server {server}: out of order"


async def _more(one: Writer, other: Writer, before: list[int]) -> bool:
    return all(len(writer.stored) > count for writer, count in zip((one, other), before, strict=True))


async def _lacking(device: DirectClient, listed: list[str]) -> list[str]:
    assert not device.inbox.ended, f"{device.who} was disconnected"
    live = set(texts(record.payload for record in device.inbox.all("message")))
    return [text for text in listed if text not in live]
