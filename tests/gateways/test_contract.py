"""`app.gateways.contract`: which method takes which event, how a refusal is told, and how a connection ends."""

import asyncio
from typing import Any

import pytest

from app.config import Settings
from app.domain.clock import now_ms
from app.domain.errors import Invalid, ParleyError, Unavailable
from app.engine.base import NO_ACK
from app.gateways.base import Envelope
from app.gateways.contract import ContractGateway, Session, on
from app.metrics import Metrics
from tests.waiting import until


class Line:
    """A connection that keeps what it is sent.

    Attributes:
        sent: the events emitted, and the packets sent.

    """

    def __init__(self, **session: Any) -> None:
        self.state = Session("ann", **session)
        self.open = True
        self.kept: dict[str, Any] = {}
        self.sent: list[Any] = []

    def emit(self, event: str, *args: Any) -> None:
        self.sent.append((event, *args))

    def send(self, packet: Any) -> None:
        self.sent.append(packet)

    def disconnect(self) -> None:
        self.open = False
        self.sent.append("DISCONNECT")


class Switchboard:
    """An engine and a cluster of rooms that are told beforehand."""

    def __init__(self, **rooms: list[Line]) -> None:
        self._rooms = {name.replace("_", ":"): lines for name, lines in rooms.items()}

    def members(self, room: str) -> list[Line]:
        return self._rooms.get(room, [])

    def rooms(self, connection: Line) -> list[str]:
        return [room for room, lines in self._rooms.items() if connection in lines]

    def leave(self, connection: Line, room: str) -> bool:
        self._rooms[room].remove(connection)
        return False

    def prepare(self, packet: bytes) -> bytes:
        return packet


class Greeter(ContractGateway):
    """A contract that greets."""

    contract = "greeter"

    def __init__(self, **settings: Any) -> None:
        cluster: Any = Switchboard()
        super().__init__(Settings(**settings), cluster, Metrics())
        self.took: list[Any] = []

    @on("greet")
    async def greet(self, connection: Any, name: Any) -> Any:
        self.took.append(name)
        return f"hello {name}"

    @on("fail")
    async def fail(self, connection: Any, error: Any) -> Any:
        raise error

    async def authorize(self, handshake: Any) -> Any: ...

    async def connected(self, connection: Any) -> None: ...

    async def disconnected(self, connection: Any, ending: Any) -> None: ...

    def refused(self, connection: Any, error: ParleyError) -> Any:
        connection.emit("sorry", error.text)
        return {"sorry": error.code}


class Flatterer(Greeter):
    """A contract that takes one event in its own way, and one more."""

    @on("greet")
    async def flatter(self, connection: Any, name: Any) -> Any:
        return f"hello dear {name}"

    @on("leave")
    async def leave(self, connection: Any, _: Any) -> Any:
        return NO_ACK


async def take(gateway: ContractGateway, line: Line, event: str, *args: Any) -> Any:
    """Have a gateway take an event of a connection."""
    connection: Any = line
    return await gateway.received(connection, event, list(args))


# events


@pytest.mark.parametrize(
    ("args", "payload"), [([], None), ([None], None), (["Ann"], "Ann"), (["Ann", "Bob", 3], "Ann"), ([[]], [])]
)
async def test_a_method_takes_the_first_argument_of_its_event(args: list[Any], payload: Any):
    """None without one; what follows the first is passed over. What the method returns, the acknowledgement carries."""
    gateway = Greeter()
    assert await take(gateway, Line(), "greet", *args) == f"hello {payload}"
    assert gateway.took == [payload]


async def test_a_contract_inherits_the_events_of_another():
    """It takes some in its own way, and has more; the other knows nothing of that."""
    gateway, parent = Flatterer(), Greeter()
    assert await take(gateway, Line(), "greet", "Ann") == "hello dear Ann"
    assert await take(gateway, Line(), "fail", Invalid("no")) == {"sorry": "invalid"}
    assert await take(gateway, Line(), "leave") is NO_ACK
    assert await take(parent, Line(), "greet", "Ann") == "hello Ann"
    assert parent._takes.keys() == {"greet", "fail"}


@pytest.mark.parametrize("event", ["nope", "", "refused", "received", "__init__", "Greet"])
async def test_an_event_that_nobody_takes_is_ignored(event: str):
    """Neither acknowledged nor refused, also where a method is called so."""
    line = Line()
    assert await take(Greeter(), line, event, "Ann") is NO_ACK
    assert line.sent == []


@pytest.mark.parametrize("error", [Invalid("it is wrong"), Unavailable("it is wrong")])
async def test_a_refusal_is_told_as_the_contract_has_it(error: ParleyError):
    """By its event, and in the acknowledgement; the next event is taken as if nothing was."""
    line, gateway = Line(), Greeter()
    assert await take(gateway, line, "fail", error) == {"sorry": error.code}
    assert line.sent == [("sorry", "it is wrong")]
    assert await take(gateway, line, "greet", "Ann") == "hello Ann"


async def test_what_nobody_foresaw_is_told_without_its_cause(caplog: pytest.LogCaptureFixture):
    """The client hears that there was an error, and the log has which; the connection goes on."""
    line, gateway = Line(), Greeter()
    assert await take(gateway, line, "fail", ZeroDivisionError("a secret")) == {"sorry": "error"}
    assert line.sent == [("sorry", "Internal server error")]
    [record] = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
    assert await take(gateway, line, "greet", "Ann") == "hello Ann"


async def test_an_event_that_is_called_off_is_not_refused():
    """The end of a connection cancels what it asked for, and that is no error."""
    line = Line()
    with pytest.raises(asyncio.CancelledError):
        await take(Greeter(), line, "fail", asyncio.CancelledError())
    assert line.sent == []


# how many


async def test_events_beyond_the_rate_are_refused_with_a_hint():
    """Each connection has its own allowance; refused events are not taken."""
    gateway = Greeter(rate_limit_events="2/1m")
    line, other = Line(), Line()
    for event in ("greet", "greet"):
        await take(gateway, line, event, "Ann")
    assert await take(gateway, line, "greet", "Bob") == {"sorry": "too_many"}
    assert line.sent == [("sorry", "Too many requests: try again in 60 s")]
    assert gateway.took == ["Ann", "Ann"]
    assert await take(gateway, other, "greet", "Cid") == "hello Cid"


async def test_an_event_that_nobody_takes_counts():
    """And is ignored still when it is one too many."""
    gateway, line = Greeter(rate_limit_events="2/1m"), Line()
    for _ in range(3):
        assert await take(gateway, line, "nope") is NO_ACK
    assert line.sent == []
    assert await take(gateway, line, "greet", "Ann") == {"sorry": "too_many"}


async def test_an_event_that_was_refused_counts():
    """Broken payloads use up the allowance like any other."""
    gateway, line = Greeter(rate_limit_events="1/1m"), Line()
    await take(gateway, line, "fail", Invalid("no"))
    assert await take(gateway, line, "fail", Invalid("no")) == {"sorry": "too_many"}


async def test_without_a_rate_nothing_is_counted():
    """The default is no limit here: the engine has one of its own."""
    gateway, line = Greeter(), Line()
    for _ in range(1000):
        await take(gateway, line, "greet", "Ann")
    assert line.kept == {}


# publications


async def test_a_publication_goes_to_the_members_of_its_room():
    """To those of this server, as it is; a room without any is no error."""
    line, other, gateway = Line(), Line(), Greeter()
    engine: Any = Switchboard(greeter_user_ann=[line])
    gateway.bind(engine)
    gateway.deliver(gateway.room_of_user("ann"), Envelope(b"packet"))
    gateway.deliver(gateway.room_of_user("bob"), Envelope(b"packet"))
    assert (line.sent, other.sent) == ([b"packet"], [])
    assert gateway._devices("ann") == [line]


# ends


async def test_a_connection_whose_credential_expires_is_told_and_ended():
    """With the contract's own refusal first."""
    gateway, line = Greeter(), Line(expires=now_ms() / 1000 + 0.02)
    connection: Any = line
    gateway._end_at_expiry(connection)
    assert line.sent == []
    await until(lambda: not line.open)
    assert line.sent == [("sorry", "Invalid token"), "DISCONNECT"]


@pytest.mark.parametrize("past", [0, 100])
async def test_a_credential_that_has_expired_meanwhile_ends_the_connection_at_once(past: float):
    """As a connect may take longer than the credential lasts."""
    gateway, line = Greeter(), Line(expires=now_ms() / 1000 - past)
    connection: Any = line
    gateway._end_at_expiry(connection)
    await until(lambda: not line.open)


async def test_a_connection_that_ended_is_ended_no_more():
    """Its timer is called off, and it is in no room; one without an expiry has no timer."""
    line, lasting, gone = Line(expires=now_ms() / 1000 + 3600), Line(), Line(expires=now_ms() / 1000)
    gateway = Greeter()
    engine: Any = Switchboard(greeter_user_ann=[line, lasting])
    gateway.bind(engine)
    gone.open = False
    connections: list[Any] = [line, lasting, gone]
    for connection in connections:
        gateway._end_at_expiry(connection)
    assert (lasting.state.expiry, gone.state.expiry) == (None, None)
    assert line.state.expiry is not None
    for connection in connections[:2]:
        gateway._forget(connection)
    assert line.state.expiry.cancelled()
    assert engine.members("greeter:user:ann") == []


async def test_closing_ends_the_chores():
    """Once, however often it is called; what a chore raises is nobody's."""
    gateway, ended = Greeter(), list[str]()

    async def chore(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async def last() -> None:
        ended.append("last")

    gateway._end = last
    for name in ("one", "two"):
        gateway._later(chore(name))
    await asyncio.sleep(0)
    assert gateway._closing is False
    for _ in range(2):
        await gateway.close()
    assert gateway._closing is True
    assert ended[0] == "last"
    assert sorted(ended[1:]) == ["one", "two"]
    await until(lambda: not gateway._chores)
