"""A gateway behind a real server, over a store and a cluster that can be told to fail or to wait."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.cluster.local import LocalCluster
from app.config import Settings
from app.domain.clock import Sequence, user_id
from app.domain.errors import Unavailable
from app.domain.mailbox import Mailbox
from app.domain.passwords import Passwords
from app.domain.tokens import Tokens
from app.domain.users import Users
from app.engine.base import Options
from app.engine.socket_io import SocketIO
from app.gateways.base import Hub
from app.gateways.friends import FriendsGateway
from app.gateways.mail import MailGateway
from app.metrics import Metrics
from app.store.base import Message, NewMessage, Owed, User
from app.store.sqlite import SQLiteStore
from tests.engine.served import received, served

__all__ = ["Device", "FaultyCluster", "FaultyStore", "House", "housed"]


class FaultyStore(SQLiteStore):
    """A store in memory.

    Attributes:
        down: names of the calls that fail; "answer" loses the answer to an append that is carried out.
        gone: users who do not exist any more.
        pendings: how often it was asked what is pending.
        recoveries: the users of each question what they may lack.
        answering: it says what is pending; while this is not set, it is asked and waits.
        meanwhile: is called whenever it is asked what is pending, or what users may lack.

    """

    def __init__(self) -> None:
        super().__init__(None)
        self.down: set[str] = set()
        self.gone: set[str] = set()
        self.pendings = 0
        self.recoveries: list[list[str]] = []
        self.answering = asyncio.Event()
        self.answering.set()
        self.meanwhile: Callable[[], None] = lambda: None

    async def user(self, user_id: str) -> User | None:
        self._must_answer("user")
        return None if user_id in self.gone else await super().user(user_id)

    async def pending(
        self, mailbox: str, user_id: str, limit: int, *, oldest: bool = False, room: int | None = None
    ) -> list[Message]:
        self.pendings += 1
        self._must_answer("pending")
        await self.answering.wait()
        self.meanwhile()
        return await super().pending(mailbox, user_id, limit, oldest=oldest, room=room)

    async def append(self, message: NewMessage) -> tuple[str, ...]:
        audience = await super().append(message)
        self._must_answer("answer")
        return audience

    async def owed(self, mailbox: str, user_ids: Collection[str], after: str, limit: int) -> list[Owed]:
        self.recoveries.append(sorted(user_ids))
        self._must_answer("owed")
        self.meanwhile()
        return await super().owed(mailbox, user_ids, after, limit)

    async def touch(self, user_id: str, last_seen: int) -> None:
        self._must_answer("touch")
        await super().touch(user_id, last_seen)

    async def users(self, user_ids: Iterable[str]) -> dict[str, User]:
        return {user_id: user for user_id, user in (await super().users(user_ids)).items() if user_id not in self.gone}

    def _must_answer(self, call: str) -> None:
        if call in self.down:
            raise Unavailable

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the store busy: what is called meanwhile is served together afterwards."""
        began, free = threading.Event(), threading.Event()

        def hold(_: Any, arguments: Iterable[None]) -> list[None]:
            began.set()
            free.wait()
            return [None for _ in arguments]

        self._writes.submit(hold, None)
        began.wait()
        try:
            yield
        finally:
            free.set()

    @property
    def queued(self) -> int:
        """How many calls wait to be served."""
        return self._writes._calls.qsize()


class FaultyCluster(LocalCluster):
    """A cluster of one.

    Attributes:
        down: rooms whose subscription fails, and calls that fail: "arrive", "recall", "remember".
        held: rooms whose subscription takes until `release`.
        waiting: those that somebody has asked for.
        losing: whether publications are lost, as in an interruption.

    """

    def __init__(self) -> None:
        super().__init__()
        self.losing = False
        self.down: set[str] = set()
        self.held: set[str] = set()
        self.waiting: dict[str, asyncio.Future[None]] = {}

    def subscribe(self, room: str) -> asyncio.Future[None]:
        answer = asyncio.get_running_loop().create_future()
        if room in self.down:
            answer.set_exception(Unavailable())
        elif room in self.held:
            self.waiting[room] = answer
        else:
            return super().subscribe(room)
        return answer

    def publish(self, room: str, payload: bytes, *, retry: bool = False) -> None:
        if not self.losing:
            super().publish(room, payload, retry=retry)

    @property
    def subscribed(self) -> set[str]:
        """Return the rooms that the server is subscribed to."""
        return set(self._rooms)

    def release(self, room: str) -> None:
        """Have a subscription that is held take effect."""
        self.held.discard(room)
        super().subscribe(room)
        self.waiting.pop(room).set_result(None)

    async def arrive(self, roster: str, user: str, socket: str, data: str = "") -> bool:
        if "arrive" in self.down:
            raise Unavailable
        return await super().arrive(roster, user, socket, data)

    async def recall(self, name: str) -> str | None:
        if "recall" in self.down:
            raise Unavailable
        return await super().recall(name)

    async def remember(self, name: str, value: str, seconds: float) -> str:
        if "remember" in self.down:
            raise Unavailable
        return await super().remember(name, value, seconds)


class Device:
    """A Socket.IO client on a websocket, which answers every PING."""

    def __init__(self, websocket: ClientConnection) -> None:
        self.websocket = websocket

    async def packet(self) -> str:
        """Return the next packet that is no PING."""
        while (packet := str(await received(self.websocket))) == "2":
            await self.websocket.send("3")
        return packet

    async def event(self) -> tuple[str, Any]:
        """Return the next event and its payload."""
        packet = await self.packet()
        assert packet.startswith("42"), packet
        name, payload = json.loads(packet[2:])
        return name, payload

    async def hears(self, event: str) -> Any:
        """Return the payload of the next event, which must be this one."""
        name, payload = await self.event()
        assert name == event, (name, payload)
        return payload

    async def sends(self, event: str, *args: Any) -> None:
        """Send an event."""
        await self.websocket.send(f"42{json.dumps([event, *args])}")

    async def says(self, text: Any) -> None:
        """Send a message of the friends contract."""
        await self.sends("message", text)

    async def ending(self) -> list[str]:
        """Return the packets that come until the transport is closed."""
        packets: list[str] = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                packets.append(await self.packet())
        return packets


class House:
    """The gateway of friends, or of another contract, and what it stands on.

    Attributes:
        GATEWAY: what it is made of settings, users, mailbox, cluster and metrics.
        address: where the engine is served.

    """

    GATEWAY: ClassVar[type[MailGateway]] = FriendsGateway

    def __init__(self, **options: Any) -> None:
        self.settings = Settings(memory=True, password_rounds=4, **options)
        self.store = FaultyStore()
        self.cluster = FaultyCluster()
        self.metrics = Metrics()
        self.passwords = Passwords(4)
        self.tokens = Tokens("a secret of at least thirty-two bytes", 3600)
        hub = Hub()
        self.hub = hub
        self.users = Users(self.store, self.tokens, self.passwords, on_friendship=hub.friendship)
        self.gateway: Any = self.made()
        self.engine = SocketIO(
            {"/": self.gateway}, Options(ping_interval=25, ping_timeout=20, max_payload=100_000, origins=("*",))
        )
        self.gateway.bind(self.engine)
        hub.add(self.gateway)
        self.metrics.watch_engine(self.gateway.contract, self.engine)
        self.address = ""

    def made(self) -> object:
        """Return the gateway; one that is not made like `GATEWAY` overrides it."""
        make: Any = self.GATEWAY
        mailbox = Mailbox(self.GATEWAY.contract, self.store, Sequence())
        return make(self.settings, self.users, mailbox, self.cluster, self.metrics)

    async def person(self, name: str, *friends: User) -> User:
        """Add a user with friends."""
        one = User(user_id(), f"{name.lower()}@mail.com", "$2b$04$hash", name, "", (), 1000)
        await self.store.add_user(one)
        for friend in friends:
            await self.store.befriend(one.id, friend.id)
        return one

    async def last_seen(self, user: User) -> int:
        """Return when the store says that a user was last seen."""
        return (await self.users.get(user.id)).last_seen

    def count(self, figure: str) -> float:
        """Return a figure of the contract, 0 before the first."""
        return self.metrics.registry.get_sample_value(figure, {"contract": self.gateway.contract}) or 0

    @asynccontextmanager
    async def opened(self, token: str, **auth: Any) -> AsyncIterator[Device]:
        """Open a websocket and ask to be connected; the answer is left to be read."""
        url = f"ws://{self.address}/socket.io/?EIO=4&transport=websocket"
        async with connect(url, compression=None) as websocket:
            assert str(await received(websocket)).startswith("0{")
            await websocket.send(f"40{json.dumps({'token': token, **auth})}")
            yield Device(websocket)

    @asynccontextmanager
    async def device(self, user: User) -> AsyncIterator[Device]:
        """Connect a user, and read up to what was unseen, where the contract sends that."""
        async with self.opened(self.users.token(user)) as device:
            assert (await device.packet()).startswith("40{")
            if self.gateway.contract == "friends":
                await device.hears("unseen_messages")
            yield device


H = TypeVar("H", bound=House)


@asynccontextmanager
async def housed(kind: type[H] = House, **options: Any) -> AsyncIterator[H]:
    """Open a house and serve it."""
    house = kind(**options)
    await house.store.open()
    await house.cluster.open(house.hub)
    try:
        async with served(house.engine) as house.address:
            yield house
    finally:
        await house.gateway.close()
        await house.cluster.close()
        await house.store.close()
        house.passwords.close()
