"""How a contract's Socket.IO side is told on `/docs`: each has a module that describes it in these words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Contract", "Event", "Refusal"]


@dataclass(frozen=True, slots=True)
class Event:
    """An event.

    Attributes:
        name: what it is called on the wire.
        payload: the shape of its one argument.
        example: the argument as JSON.
        receivers: who gets it, or what the server does with it.
        moment: when it is sent.

    """

    name: str
    payload: str
    example: str
    receivers: str
    moment: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error, and what causes it.

    Attributes:
        packet: how it arrives.
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
        name: which names its folder in `contracts` too.
        summary: what it is for, a sentence.
        port: the listener of its own, unless it was set to be another.
        path: the Socket.IO path that reaches it on every listener; on its own, `/socket.io` does too.
        notes: what holds for all of its events.
        handshake: what a client says of itself when it connects, beside a token.
        credentials: where a token may be, in the order in which the places are looked at.
        code: a client in JavaScript, for `socket.io-client`; `BASE` is the address of a listener.

    """

    name: str
    summary: str
    port: int
    path: str
    namespace: str
    notes: str
    credentials: tuple[str, ...]
    sent: tuple[Event, ...]
    received: tuple[Event, ...]
    refusals: tuple[Refusal, ...]
    code: str
    handshake: str = ""
