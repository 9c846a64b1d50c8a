"""Many people who speak in one room through two servers, whatever happens, and what has to be true afterwards.

Each says one thing after the other and waits until it is told that it is stored, or not; whoever's server is gone goes
to the other.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from e2e.faults.fault import CALM, GONE, FaultKind
from e2e.faults.stage import BOTH, Stage
from e2e.harness.checker import BOUND
from e2e.harness.deadline import DEADLINE, SECOND, eventually
from e2e.harness.people import People
from e2e.harness.rooms import RoomsClient, history, lists, new_room, path_of, visit

__all__ = ["Assembly"]

_INTERVAL = 0.3


@dataclass(eq=False)
class Speaker:
    """One who speaks.

    Attributes:
        device: the first, which was there before anything was said.
        server: which one that is connected to.
        told: what was told to be stored, by order.
        said: how many things were said.

    """

    name: str
    server: int
    device: RoomsClient
    told: dict[int, str] = field(default_factory=dict[int, str])
    said: int = 0


class Assembly:
    """A room with so many people on either server.

    Args:
        stage: with servers that are ready.
        people: connects devices.
        speakers: how many.

    """

    def __init__(self, stage: Stage, people: People, speakers: int) -> None:
        self._stage = stage
        self._people = people
        self._count = speakers
        self._room = ""

    async def suffers(self, kind: FaultKind, seconds: float) -> str:
        """Have them speak through a fault of so many seconds. Return a line of numbers.

        Raise `AssertionError` unless what is stored is 1..n, with everything that was told at its order and nothing
        twice, every device that the fault may not disconnect has heard all of it, each once and in that order,
        and all of them are listed as there.
        """
        self._room = await new_room(self._people.rest(0))
        speakers = [await self._speaker(number) for number in range(self._count)]
        over = asyncio.Event()
        speaking = [asyncio.create_task(self._speak(speaker, over)) for speaker in speakers]
        await asyncio.sleep(CALM)
        await kind.strike(self._stage, seconds)
        before = {speaker.name: len(speaker.told) for speaker in speakers}
        await eventually(
            lambda: _silent(speakers, before),
            lambda silent: f"nothing is stored again of {silent}" if silent else None,
            within=2 * DEADLINE,
        )
        await asyncio.sleep(CALM)
        over.set()
        await asyncio.wait_for(asyncio.gather(*speaking), 4 * DEADLINE)
        standing = [speaker for speaker in speakers if speaker.server not in kind.moves]
        stored = await self._judge(speakers, standing)
        return (
            f"{sum(it.said for it in speakers)} things said, {sum(len(it.told) for it in speakers)} told to be stored,"
            f" {stored} stored and heard by {len(standing)}"
        )

    async def _speaker(self, number: int) -> Speaker:
        server = BOTH[number % len(BOTH)]
        name = f"Speaker {number}"
        return Speaker(name, server, await visit(self._people, name, self._room, server=server))

    async def _speak(self, speaker: Speaker, over: asyncio.Event) -> None:
        """Speak until it is over."""
        device: RoomsClient | None = speaker.device
        server = speaker.server
        while not over.is_set():
            try:
                if device is None:
                    device = await visit(self._people, speaker.name, self._room, server=server)
                speaker.said += 1
                content = f"{speaker.name}: {speaker.said}"
                payload = {"roomId": self._room, "username": speaker.name, "content": content}
                answer = await device.call("exchanges", payload)
                if "order" in answer:
                    speaker.told[answer["order"]] = content
            except GONE:
                if device is not None and not device.inbox.ended:
                    continue  # an answer that is late
                device, server = None, 1 - server
            await asyncio.sleep(_INTERVAL)

    async def _judge(self, speakers: list[Speaker], standing: list[Speaker]) -> int:
        rest = self._people.rest()
        told = {order: content for speaker in speakers for order, content in speaker.told.items()}
        assert len(told) == sum(len(speaker.told) for speaker in speakers), "an order was told twice"

        async def lacking() -> list[str]:
            shown = await history(rest, self._room)
            return [speaker.name for speaker in standing if len(speaker.device.orders(self._room)) < len(shown)]

        await eventually(
            lacking, lambda names: f"not all was heard by {names}" if names else None, within=BOUND * SECOND
        )
        shown = await history(rest, self._room)
        stored = {message["order"]: message["content"] for message in shown}
        assert [message["order"] for message in shown] == list(range(1, len(shown) + 1)), "a gap, or an order twice"
        assert len(set(stored.values())) == len(stored), "something is stored twice"
        assert told.items() <= stored.items(), "what was told is not what is stored"
        for speaker in standing:
            assert not speaker.device.inbox.ended, f"{speaker.name} was disconnected"
            heard = [(message["order"], message["content"]) for message in speaker.device.heard]
            assert heard == list(stored.items()), f"{speaker.name} heard something else than is stored"
        await self._attended(standing)
        return len(stored)

    async def _attended(self, standing: list[Speaker]) -> None:
        """Return once everybody who stands was told last that all who stand are there."""
        there = lists(**{speaker.name: True for speaker in standing})

        async def wrong() -> str | None:
            for speaker in standing:
                told = speaker.device.inbox.all(f"participants/{self._room}")
                if problem := there(told[-1].payload):
                    return f"{speaker.name}: {problem}"
            return None

        await eventually(wrong, lambda problem: problem, within=BOUND * SECOND)
        (await self._people.rest().delete(path_of(self._room))).must(204)
        for speaker in standing:
            await speaker.device.expect("room_closed")


async def _silent(speakers: list[Speaker], before: dict[str, int]) -> list[str]:
    return [speaker.name for speaker in speakers if len(speaker.told) <= before[speaker.name]]
