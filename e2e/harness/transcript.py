"""One transcript a test: everything that any client sent and received, in order, on one clock."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["BREACH", "Record", "Transcript", "Way"]

BREACH = "BREAKS THE CONTRACT "
"""How a note begins that says what is wrong with what a client received."""

Way = Literal["sent", "received", "noted"]

_ARROWS: dict[Way, str] = {"sent": "->", "received": "<-", "noted": "--"}
_LONGEST = 300


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One thing that happened at a client.

    Attributes:
        at: seconds since the test began.
        who: the client's name, such as `Alice` or `Alice#2`.
        label: the name of a Socket.IO event, or the kind of any other packet in capitals (`CONNECT`, `PING`, ...).
        args: the arguments of an event or ack; the one payload of any other packet.
        ack: the id under which an event asks for an ack, or which an ack answers.

    """

    at: float
    who: str
    way: Way
    label: str
    args: tuple[Any, ...] = ()
    ack: int | None = None
    namespace: str = "/"

    @property
    def payload(self) -> Any:
        """The first argument, None without one."""
        return self.args[0] if self.args else None

    def __str__(self) -> str:
        ack = "" if self.ack is None else f" ack={self.ack}"
        namespace = "" if self.namespace == "/" else f" {self.namespace}"
        args = " ".join(_short(arg) for arg in self.args)
        return f"{self.at:8.3f}  {self.who:<12} {_ARROWS[self.way]} {self.label}{namespace}{ack} {args}".rstrip()


class Transcript:
    """The records of all clients of a test, oldest first.

    Attributes:
        records: everything so far.
        breaches: what a client received and the contract does not have; any of it fails the test.

    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.breaches: list[str] = []
        self._began = time.monotonic()

    @property
    def now(self) -> float:
        """Seconds since the test began."""
        return time.monotonic() - self._began

    def add(
        self,
        who: str,
        way: Way,
        label: str,
        *args: Any,
        ack: int | None = None,
        namespace: str = "/",
    ) -> Record:
        """Append a record with the present instant and return it."""
        record = Record(self.now, who, way, label, args, ack, namespace)
        self.records.append(record)
        return record

    def breach(self, who: str, objection: str) -> None:
        """Note what is wrong with what a client has just received."""
        self.breaches.append(f"{who}: {objection}")
        self.add(who, "noted", f"{BREACH}{objection}")

    def __str__(self) -> str:
        lines = [str(record) for record in self.records]
        return "\n".join(["transcript (seconds, client, direction, packet):", *lines])


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=repr)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
