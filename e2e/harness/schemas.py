"""What a contract has on the wire, read from `contracts/<name>/asyncapi.yaml`, and what of a packet is not in it.

Clients pass over keys that they do not know, so a server may send more of them than are documented. Of a server that
the contracts describe it is asked for nothing that they do not: `exact` objects to undocumented keys too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import yaml

from e2e.harness.requirements import CONTRACTS
from e2e.harness.transcript import Record, Way

__all__ = ["Wire", "closed", "cut", "load", "where", "wire"]

_ENGINE = frozenset({"OPEN", "CLOSE", "PING", "PONG", "UPGRADE", "NOOP", "CLOSED"})
"""Records of what is Engine.IO's, and of the end of a connection."""

_PARAMETER = re.compile(r"\\{\w+\\}")
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class _Message:
    """A packet that a server may send, or a client.

    Attributes:
        way: `received` or `sent`, as a client sees it.
        names: matches the names of the event.
        validator: of its one argument; None where it has none.
        optional: whether the argument may be left out.

    """

    way: Way
    packet: str
    names: re.Pattern[str]
    validator: jsonschema_rs.Validator | None
    optional: bool


class Wire:
    """What a gateway may send, and what it may be sent.

    Args:
        document: of AsyncAPI.
        gateway: the channel of it.
        exact: whether an undocumented key is objected to.

    """

    def __init__(self, document: Mapping[str, Any], gateway: str, *, exact: bool) -> None:
        self._gateway = gateway
        self._messages = list(_read(document, gateway, exact))

    def objection(self, record: Record, asked: str | None = None) -> str | None:
        """Return what of a record is not in the contract, None for nothing.

        Args:
            record: of a packet that a client received, or sent.
            asked: the event that an acknowledgement answers; None if nothing is known that it would.

        """
        if record.label in _ENGINE or (record.label == "DISCONNECT" and not record.args):
            return None
        if record.label == "CONNECT_ERROR" and record.namespace != "/":
            return None  # what is said of a namespace that a contract does not have is Socket.IO's, as is how
        if record.label == "ACK":
            return self._judge(record, "ACK", asked or "", f"the acknowledgement of {asked!r}")
        if record.label in ("CONNECT", "CONNECT_ERROR"):
            return self._judge(record, record.label, record.label, record.label)
        if record.label in ("GARBAGE", "BINARY", "DISCONNECT"):
            return f"{self._gateway}: a client is sent {record.label}"
        return self._judge(record, "EVENT", record.label, f"the event {record.label!r}")

    def _judge(self, record: Record, packet: str, name: str, what: str) -> str | None:
        fitting = (it for it in self._messages if (it.way, it.packet) == (record.way, packet))
        message, args = next((it for it in fitting if it.names.fullmatch(name)), None), record.args
        if message is None:
            return f"{self._gateway}: {what} is not documented"
        wanted = 0 if message.validator is None else 1
        if len(args) != wanted and not (message.optional and not args):
            return f"{self._gateway}: {what} has {len(args)} arguments, not {wanted}"
        if message.validator is None or not args:
            return None
        problems = [f"{where(error.instance_path)}{error.message}" for error in message.validator.iter_errors(args[0])]
        return f"{self._gateway}: {what} is not as documented: {cut('; '.join(problems))}" if problems else None


@cache
def wire(gateway: str, *, exact: bool) -> Wire | None:
    """Return what a gateway (a contract, or `internal`) may send, None for one that no contract has."""
    for path in sorted(CONTRACTS.glob("*/asyncapi.yaml")):
        document = load(path)
        if gateway in document["channels"]:
            return Wire(document, gateway, exact=exact)
    return None


@cache
def load(path: Path) -> dict[str, Any]:
    """Return a document of a contract."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _read(document: Mapping[str, Any], gateway: str, exact: bool) -> Iterator[_Message]:
    known = document["components"]["messages"]
    schemas = {name: closed(schema) if exact else schema for name, schema in document["components"]["schemas"].items()}
    for operation in document["operations"].values():
        if operation["channel"]["$ref"] != f"#/channels/{gateway}":
            continue
        # an operation is the server's: what it receives a client sends, and what it replies a client receives
        own: Way = "received" if operation["action"] == "send" else "sent"
        for reference in operation["messages"]:
            yield _message(own, known[_last(reference)], schemas, exact)
        for reference in operation.get("reply", {}).get("messages", []):
            yield _message("received", known[_last(reference)], schemas, exact)


def _last(reference: Mapping[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]


def _message(way: Way, message: Mapping[str, Any], schemas: Mapping[str, Any], exact: bool) -> _Message:
    wire = message["x-socket-io"]
    names = _PARAMETER.sub(".+", re.escape(wire.get("event", wire["packet"])))
    validator = _validator(message, schemas, exact)
    return _Message(way, wire["packet"], re.compile(names, re.DOTALL), validator, wire.get("optional", False))


def _validator(message: Mapping[str, Any], schemas: Mapping[str, Any], exact: bool) -> jsonschema_rs.Validator | None:
    if "payload" not in message:
        return None
    payload = closed(message["payload"]) if exact else message["payload"]
    return jsonschema_rs.Draft7Validator({"allOf": [payload], "components": {"schemas": schemas}})


def closed(schema: Any) -> Any:
    """Return a schema that objects to keys which it does not name, unless it says that others are part of it."""
    if isinstance(schema, list):
        return [closed(one) for one in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in cast("dict[str, Any]", schema).items()}
    return {"additionalProperties": False, **found} if isinstance(found.get("properties"), dict) else found


def where(path: Any) -> str:
    """Return a place in a payload as the beginning of a sentence."""
    return "".join(f"[{step!r}]" for step in path) + (": " if path else "")


def cut(text: str) -> str:
    """Return a text, or the beginning of one that is too long to be read."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
