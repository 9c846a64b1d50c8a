"""The generator's own Socket.IO client, against a websocket server that does as it is told."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import gevent
import pytest
from websockets.sync.server import Server, ServerConnection, serve

from load.wire import Connection, DialError, Handshake

OPEN = '0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}'
CONNECT = '40{"sid":"n"}'

Script = Callable[[ServerConnection], None]


class Peer:
    """A server whose every connection goes through a script; what it was sent, and asked, is kept."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Any] = []
        self.received: list[Any] = []
        self._script = script
        self.server: Server = serve(self._handle, "127.0.0.1", 0, compression=None, close_timeout=0.2)
        self.url = f"http://127.0.0.1:{self.server.socket.getsockname()[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handle(self, connection: ServerConnection) -> None:
        self.requests.append(connection.request)
        self._script(connection)


def greet(connection: ServerConnection) -> None:
    """Open a session and accept CONNECT."""
    connection.send(OPEN)
    connection.recv()
    connection.send(CONNECT)


@pytest.fixture
def peer() -> Iterator[Callable[[Script], Peer]]:
    peers: list[Peer] = []

    def make(script: Script) -> Peer:
        peers.append(Peer(script))
        return peers[-1]

    yield make
    for one in peers:
        one.server.shutdown()


class Dial(Protocol):
    """Connects to a peer; what was connected is dropped at the end of the test."""

    def __call__(self, peer: Peer, handshake: Handshake | None = None, timeout: float = 5.0) -> Connection: ...


@pytest.fixture
def dial(peer: Callable[[Script], Peer]) -> Iterator[Dial]:
    made: list[Connection] = []

    def dial(peer: Peer, handshake: Handshake | None = None, timeout: float = 5.0) -> Connection:
        made.append(Connection(peer.url, "/socket.io", handshake or Handshake(), timeout))
        return made[-1]

    yield dial
    for connection in made:
        connection.drop()


def read(connection: Connection) -> list[tuple[str, list[Any]]]:
    """Return every event until the connection ends."""
    events: list[tuple[str, list[Any]]] = []
    with gevent.Timeout(10):
        connection.read(lambda event, arguments: events.append((event, list(arguments))))
    return events


def test_it_shows_what_it_is_told_to(dial: Dial, peer: Callable[[Script], Peer]):
    """The query, the headers, and the auth of CONNECT."""

    def script(connection: ServerConnection) -> None:
        connection.send(OPEN)
        one.received.append(connection.recv())
        connection.send(CONNECT)

    one = peer(script)
    dial(one, Handshake({"token": "t&t"}, {"Authorization": "Bearer x"}, {"userID": "u"}))
    (request,) = one.requests
    assert request.path == "/socket.io/?EIO=4&transport=websocket&token=t%26t"
    assert request.headers["Authorization"] == "Bearer x"
    assert one.received == ['40{"userID":"u"}']


def test_events_come_in_order(dial: Dial, peer: Callable[[Script], Peer]):
    """Also those with an id to acknowledge, those in fragments, and those that came before CONNECT."""

    def script(connection: ServerConnection) -> None:
        connection.send(OPEN)
        connection.recv()
        connection.send('42["early"]')
        connection.send(CONNECT)
        connection.send('42["one",{"a":1}]')
        connection.send(['42["t', 'wo",', '"é"]'])
        connection.ping()
        connection.send('427["three",1,2]')

    assert read(dial(peer(script))) == [("early", []), ("one", [{"a": 1}]), ("two", ["é"]), ("three", [1, 2])]


def test_a_ping_is_answered(dial: Dial, peer: Callable[[Script], Peer]):
    """As Engine.IO asks, and nothing else is said."""

    def script(connection: ServerConnection) -> None:
        greet(connection)
        connection.send("2")
        one.received.append(connection.recv(timeout=5))

    one = peer(script)
    assert read(dial(one)) == []
    assert one.received == ["3"]


def test_what_is_acknowledged_is_told(dial: Dial, peer: Callable[[Script], Peer]):
    """And what is not, once the connection ends."""

    def script(connection: ServerConnection) -> None:
        greet(connection)
        one.received += [connection.recv(), connection.recv(), connection.recv()]
        connection.send('432[{"id":"x"}]')

    one = peer(script)
    connection = dial(one)
    answers: list[tuple[str, tuple[Any, ...]]] = []
    connection.emit("plain", "a")
    connection.emit("first", {"b": 2}, acknowledged=lambda *answer: answers.append(("first", answer)))
    connection.emit("second", acknowledged=lambda *answer: answers.append(("second", answer)))
    read(connection)
    assert one.received == ['42["plain","a"]', '421["first",{"b":2}]', '422["second"]']
    assert answers == [("second", ({"id": "x"},)), ("first", ())]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (lambda connection: connection.send('44{"message":"Unauthorized"}'), 'refused: {"message":"Unauthorized"}'),
        (lambda connection: None, "closed before OPEN"),
        (lambda connection: connection.send(OPEN), "closed before CONNECT"),
    ],
    ids=["refused", "no session", "no connection"],
)
def test_who_is_not_taken_is_told_why(dial: Dial, peer: Callable[[Script], Peer], script: Script, why: str):
    """In words that are the same for the same reason."""
    with pytest.raises(DialError) as caught:
        dial(peer(script))
    assert str(caught.value) == why


def test_who_is_silent_is_given_up(dial: Dial, peer: Callable[[Script], Peer]):
    """After the time that was granted."""
    over = threading.Event()

    def script(connection: ServerConnection) -> None:
        connection.send(OPEN)
        over.wait(10)

    with pytest.raises(DialError, match="no CONNECT in time"):
        dial(peer(script), timeout=0.2)
    over.set()


def test_nobody_there_is_told_so():
    """By the words of the system."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(DialError, match="refused"):
        Connection(f"http://127.0.0.1:{port}", "/socket.io", Handshake())


def test_what_is_no_websocket_is_told_so():
    """With what was answered."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(DialError, match=r"no websocket: .*404"):
            Connection(f"http://127.0.0.1:{listening.getsockname()[1]}", "/socket.io", Handshake())


def test_writing_never_waits(dial: Dial, peer: Callable[[Script], Peer]):
    """For a server that does not read; what was written reaches it, whole and in order, when it does."""
    may_read = threading.Event()

    def script(connection: ServerConnection) -> None:
        greet(connection)
        may_read.wait(10)
        one.received += [connection.recv() for _ in range(400)]

    one = peer(script)
    one.server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection = dial(one)
    texts = [f"{number}:{'x' * 2000}" for number in range(400)]
    with gevent.Timeout(2):
        for text in texts:
            connection.emit("m", text)
    may_read.set()
    read(connection)
    assert one.received == [f'42["m","{text}"]' for text in texts]


def test_a_server_that_never_reads_again_is_left(dial: Dial, peer: Callable[[Script], Peer]):
    """Before the generator fills its memory for it."""
    over = threading.Event()

    def script(connection: ServerConnection) -> None:
        greet(connection)
        over.wait(10)

    connection = dial(peer(script))
    for _ in range(10_000):
        connection.emit("m", "x" * 2000)
    gevent.sleep(0)
    assert connection.closed == "the server stopped reading"
    over.set()


def test_who_stops_reading_gets_it_later(dial: Dial, peer: Callable[[Script], Peer]):
    """What came meanwhile is not lost."""

    def script(connection: ServerConnection) -> None:
        greet(connection)
        for number in range(3):
            connection.send(f'42["m",{number}]')

    connection = dial(peer(script))
    connection.pause()
    reading = gevent.spawn(read, connection)
    gevent.sleep(0.2)
    assert not reading.ready()
    connection.resume()
    assert reading.get(timeout=5) == [("m", [0]), ("m", [1]), ("m", [2])]


@pytest.mark.parametrize(("end", "said"), [("leave", ["41"]), ("drop", [])])
def test_who_leaves_says_so_and_who_drops_does_not(
    dial: Dial, peer: Callable[[Script], Peer], end: str, said: list[str]
):
    """A goodbye is for those who can still say it."""
    gone = threading.Event()

    def script(connection: ServerConnection) -> None:
        greet(connection)
        try:
            while True:
                one.received.append(connection.recv())
        finally:
            gone.set()

    one = peer(script)
    connection = dial(one)
    reading = gevent.spawn(read, connection)
    gevent.sleep(0)
    getattr(connection, end)()
    assert reading.get(timeout=5) == []
    assert gone.wait(5)
    assert one.received == said
    assert connection.closed in ("left", "dropped")
    connection.emit("nobody hears it")


@pytest.mark.parametrize("goodbye", ["41", "1"])
def test_a_server_may_say_goodbye(dial: Dial, peer: Callable[[Script], Peer], goodbye: str):
    """Of the namespace, or of the session."""

    def script(connection: ServerConnection) -> None:
        greet(connection)
        connection.send(goodbye)
        connection.recv()

    connection = dial(peer(script))
    assert read(connection) == []
    assert connection.closed == "the server said goodbye"


def test_who_vanishes_is_still_there_to_the_server(dial: Dial, peer: Callable[[Script], Peer]):
    """Until what is left is closed."""
    gone = threading.Event()

    def script(connection: ServerConnection) -> None:
        greet(connection)
        try:
            connection.recv()
        finally:
            gone.set()

    one = peer(script)
    connection = dial(one)
    reading = gevent.spawn(read, connection)
    gevent.sleep(0)
    left = connection.vanish()
    assert reading.get(timeout=5) == []
    assert not gone.wait(0.2)
    left.close()
    assert gone.wait(5)


def test_a_server_that_falls_silent_is_left(dial: Dial, peer: Callable[[Script], Peer]):
    """Once no PING has come for as long as OPEN said: real clients come back then."""
    over = threading.Event()

    def script(connection: ServerConnection) -> None:
        connection.send('0{"sid":"s","upgrades":[],"pingInterval":200,"pingTimeout":100,"maxPayload":100000}')
        connection.recv()
        connection.send(CONNECT)
        over.wait(10)

    connection = dial(peer(script))
    assert read(connection) == []
    assert connection.closed == "no PING in time"
    over.set()


def test_a_message_without_an_end_is_not_taken(
    dial: Dial, peer: Callable[[Script], Peer], monkeypatch: pytest.MonkeyPatch
):
    """Whether in one frame or in any number of them."""
    monkeypatch.setattr("load.wire._MOST", 5000)
    fragments = ['42["', *["x" * 1000] * 20]

    def script(connection: ServerConnection) -> None:
        greet(connection)
        connection.send(fragments)

    connection = dial(peer(script))
    assert read(connection) == []
    assert connection.closed


def test_the_path_of_a_url_is_kept(peer: Callable[[Script], Peer]):
    """A server may be behind a proxy that divides by paths."""
    one = peer(greet)
    Connection(f"{one.url}/chat/", "/socket.io", Handshake(), 5.0).drop()
    assert one.requests[0].path.startswith("/chat/socket.io/?")
