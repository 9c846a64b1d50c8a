"""Servers of the rooms contract, over one store and a cluster that loses, delays and forgets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from websockets.asyncio.client import connect

from app.cluster.base import Cluster
from app.cluster.local import LocalCluster
from app.config import Settings
from app.domain.clock import Sequence
from app.domain.errors import Unavailable
from app.domain.participants import Participants
from app.domain.rooms import Room, Rooms
from app.engine.base import Options
from app.engine.socket_io import SocketIO
from app.gateways.base import Hub
from app.gateways.rooms import RoomsGateway, tell_closed
from app.metrics import Metrics
from app.store.base import Exchange, NewExchange
from app.store.sqlite import SQLiteStore
from tests.engine.served import received, served

__all__ = ["Guest", "House"]


class Store(SQLiteStore):
    """A store in memory.

    Attributes:
        down: names of the calls that fail; "answer" loses the answer to what is said, and to who closes a room.
        reads: how often it was asked what was said.
        held: those who are told what was said once this is set; None if all are at once.

    """

    def __init__(self) -> None:
        super().__init__(None)
        self.down: set[str] = set()
        self.reads = 0
        self.held: asyncio.Event | None = None

    async def room(self, room_id: str) -> Room | None:
        self._must_answer("room")
        return await super().room(room_id)

    async def close_room(self, room_id: str) -> Room | None:
        closed = await super().close_room(room_id)
        self._must_answer("answer")
        return closed

    async def say(self, room: Room, new: NewExchange) -> int:
        self._must_answer("say")
        order = await super().say(room, new)
        self._must_answer("answer")
        return order

    async def said(self, exchange_ids: Collection[str]) -> dict[str, int]:
        self._must_answer("said")
        return await super().said(exchange_ids)

    async def exchanges(
        self, epoch: str, first: int, last: int | None, limit: int, *, newest: bool = False
    ) -> list[Exchange]:
        self.reads += 1
        self._must_answer("exchanges")
        found = await super().exchanges(epoch, first, last, limit, newest=newest)
        if self.held and not newest:
            await self.held.wait()
        return found

    def _must_answer(self, call: str) -> None:
        if call in self.down:
            raise Unavailable


class Wire:
    """What two servers publish to each other.

    Attributes:
        lost: whether it is lost.
        kept: what is held up, to be delivered by `release`; None where nothing is.

    """

    def __init__(self) -> None:
        self.hubs: list[Hub] = []
        self.lost = False
        self.kept: list[Callable[[], None]] | None = None

    def publish(self, origin: Hub, room: str, payload: bytes) -> None:
        for hub in self.hubs:
            deliver = partial(hub.deliver, room, payload)
            if hub is origin:
                deliver()
            elif self.kept is not None:
                self.kept.append(deliver)
            elif not self.lost:
                deliver()

    def release(self, order: Callable[[list[Any]], list[Any]] = list) -> None:
        """Deliver what was held up, in an order that a test may choose."""
        kept, self.kept = self.kept or [], None
        for deliver in order(kept):
            deliver()


class Shared(LocalCluster):
    """One server's part of a cluster, whose rosters and lists are those of another object.

    Attributes:
        silent: whether it does not say who is where.

    """

    def __init__(self, wire: Wire, hub: Hub, core: LocalCluster) -> None:
        super().__init__()
        self._wire = wire
        self._hub = hub
        self._core = core
        self.silent = False
        for name in ("arrive", "leave", "enlist", "unlist"):
            setattr(self, name, getattr(core, name))

    def publish(self, room: str, payload: bytes, *, retry: bool = False) -> None:
        self._wire.publish(self._hub, room, payload)

    async def sockets(self, *question: Any) -> Any:
        return await self._answering.sockets(*question)

    async def listed(self, *question: Any) -> Any:
        return await self._answering.listed(*question)

    @property
    def _answering(self) -> Cluster:
        if self.silent:
            raise Unavailable
        return self._core


class Guest:
    """A Socket.IO client on a websocket, which answers every PING.

    Attributes:
        heard: events that came before an acknowledgement, and were not looked at yet.
        told: all events so far.

    """

    def __init__(self, websocket: Any, name: str) -> None:
        self.websocket = websocket
        self.name = name
        self.heard: list[tuple[str, Any]] = []
        self.told: list[tuple[str, Any]] = []

    async def packet(self) -> str:
        """Return the next packet that is no PING."""
        while (packet := str(await received(self.websocket))) == "2":
            await self.websocket.send("3")
        return packet

    async def emit(self, event: str, *args: Any) -> None:
        await self.websocket.send(f"42{json.dumps([event, *args])}")

    async def call(self, event: str, *args: Any) -> Any:
        """Send an event and return what its acknowledgement carries; events that come before it are kept."""
        await self.websocket.send(f"427{json.dumps([event, *args])}")
        while not (packet := await self.packet()).startswith("437"):
            self.heard.append(self._event(packet))
        return json.loads(packet[3:])[0]

    async def hears(self, event: str) -> Any:
        """Return the payload of the next event of that name. Lists of participants are passed over, unless wanted."""
        while True:
            name, payload = self.heard.pop(0) if self.heard else self._event(await self.packet())
            if name == event and (event != "exchanges" or isinstance(payload, dict)):
                return payload
            assert name.startswith("participants/") or isinstance(payload, list), (name, payload)

    async def join(self, room_id: str = "3XX") -> None:
        """Join a room, and read the list of who is there with oneself in it."""
        await self.call("participants", {"roomId": room_id, "username": self.name})
        await self.sees(room_id, self.name)

    async def sees(self, room_id: str, *names: str, gone: tuple[str, ...] = ()) -> None:
        """Read lists of participants until one has these names connected, and those gone."""
        while True:
            listed = {one["username"]: one["connected"] for one in await self.hears(f"participants/{room_id}")}
            if all(listed.get(name) for name in names) and all(listed.get(name) is False for name in gone):
                return

    async def say(self, content: str, room_id: str = "3XX") -> Any:
        return await self.call("exchanges", {"roomId": room_id, "username": self.name, "content": content})

    async def orders(self, count: int) -> list[int]:
        """Return the orders of the next so many messages."""
        return [(await self.hears("exchanges"))["order"] for _ in range(count)]

    def _event(self, packet: str) -> tuple[str, Any]:
        assert packet.startswith("42"), packet
        name, payload = json.loads(packet[2:])
        self.told.append((name, payload))
        return name, payload


class House:
    """Servers of one store.

    Attributes:
        gateways: of each.
        clusters: what each has of the cluster.
        rooms: the service of each.

    """

    def __init__(self, **options: Any) -> None:
        self.settings = Settings(memory=True, **options)
        self.store = Store()
        self.core = LocalCluster()
        self.wire = Wire()
        self.metrics = Metrics()
        self.gateways: list[RoomsGateway] = []
        self.clusters: list[Shared] = []
        self.rooms: list[Rooms] = []
        self._addresses: list[str] = []
        self._stack = AsyncExitStack()

    async def open(self, servers: int) -> None:
        await self.store.open()
        await self.core.open(Hub())
        for _ in range(servers):
            hub = Hub()
            cluster = Shared(self.wire, hub, self.core)
            await cluster.open(hub)
            rooms = Rooms(self.store, Sequence(), Participants(cluster), partial(tell_closed, cluster))
            gateway = RoomsGateway(self.settings, rooms, cluster, self.metrics)
            engine = SocketIO(
                {"/": gateway}, Options(ping_interval=25, ping_timeout=20, max_payload=100_000, origins=("*",))
            )
            gateway.bind(engine)
            hub.add(gateway)
            self.wire.hubs.append(hub)
            self.gateways.append(gateway)
            self.clusters.append(cluster)
            self.rooms.append(rooms)
            self._addresses.append(await self._stack.enter_async_context(served(engine)))

    async def close(self) -> None:
        for gateway in self.gateways:
            await gateway.close()
        await self._stack.aclose()
        await self.store.close()

    @asynccontextmanager
    async def guest(self, name: str, server: int = 0, **auth: Any) -> AsyncIterator[Guest]:
        url = f"ws://{self._addresses[server]}/socket.io/?EIO=4&transport=websocket"
        async with connect(url, compression=None) as websocket:
            assert str(await received(websocket)).startswith("0{")
            await websocket.send(f"40{json.dumps(auth) if auth else ''}")
            guest = Guest(websocket, name)
            assert (await guest.packet()).startswith("40{")
            yield guest

    def count(self, figure: str) -> float:
        """Return a figure of the contract, 0 before the first."""
        return self.metrics.registry.get_sample_value(figure, {"contract": "rooms"}) or 0
