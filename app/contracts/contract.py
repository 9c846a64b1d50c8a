"""What a contract's Socket.IO side is made of: each has a module that describes it in these words."""

from __future__ import annotations

from dataclasses import dataclass

from app.contracts.shapes import TEXT, Shape, record

__all__ = ["CONNECTED", "REFUSED", "Answer", "Contract", "Event", "Failure", "Refusal"]

CONNECTED = record("Connected", "What CONNECT carries.", sid=TEXT)
REFUSED = record("Refused", "What CONNECT_ERROR carries.", message=TEXT)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the acknowledgement of an event carries, where a client asks for one.

    Attributes:
        shape: of its one argument.
        example: the argument as JSON.
        fails: whether it may be that of a failure instead.

    """

    shape: Shape
    example: str
    fails: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """An event.

    Attributes:
        name: what it is called on the wire; what is in braces stands for something else.
        payload: its one argument, in words.
        shape: of its one argument; None for none.
        example: the argument as JSON.
        receivers: who gets it, or what the server does with it.
        moment: when it is sent.
        optional: whether the argument may be left out.
        answer: of an event that a client sends; None where there is no acknowledgement, also where one is asked for.

    """

    name: str
    payload: str
    shape: Shape | None
    example: str
    receivers: str
    moment: str
    optional: bool = False
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """How a contract tells that something was not done.

    Attributes:
        event: the event that tells it; "" where acknowledgements alone do.
        shape: of the event's argument.
        acknowledged: the shape of an acknowledgement that tells it; None where there is none.

    """

    event: str
    shape: Shape | None
    acknowledged: Shape | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error, and what causes it.

    Attributes:
        packet: how it arrives: `connect_error`, the event, or `acknowledgement`, and what comes after it.
        payload: its argument as JSON.
        cause: why it is sent.
        after: what a client can do.

    """

    packet: str
    payload: str
    cause: str
    after: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What a client must know to speak with a gateway.

    Attributes:
        name: what it is called; `folder` in `contracts` has its files.
        summary: what it is for, a sentence.
        port: the listener of its own, unless it was set to be another.
        path: the Socket.IO path that reaches it on every listener; on its own, `/socket.io` does too.
        notes: what holds for all of its events.
        handshake: what a client says of itself when it connects, beside a token.
        credentials: where a token may be, in the order in which the places are looked at.
        required: whether nobody connects without a token.
        auth: the shape of a handshake's `auth`; None where nothing in it is looked at.
        failure: how it is told that something was not done.
        code: a client in JavaScript, for `socket.io-client`; `BASE` is the address of a listener.

    """

    name: str
    folder: str
    summary: str
    port: int
    path: str
    namespace: str
    notes: str
    credentials: tuple[str, ...]
    sent: tuple[Event, ...]
    received: tuple[Event, ...]
    failure: Failure
    refusals: tuple[Refusal, ...]
    code: str
    handshake: str = ""
    required: bool = False
    auth: Shape | None = None
