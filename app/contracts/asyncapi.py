"""`asyncapi.yaml`: a contract as AsyncAPI 3.0 has it, from the server's side.

A message's `x-socket-io` says which packet of Socket.IO it is, and of which event. Its payload is the event's one
argument, or that of an acknowledgement; a message without a payload has none. What a client emits is received by the
server (`action: receive`), and its acknowledgements are the operation's replies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from app.contracts.contract import CONNECTED, REFUSED, Contract, Event
from app.contracts.schemas import Types
from app.contracts.shapes import Shape, either

__all__ = ["document"]

_NO_KEY = re.compile(r"[^a-zA-Z0-9_]+")
_SECURITY = {
    "queryToken": {
        "type": "httpApiKey",
        "in": "query",
        "name": "token",
        "description": "The token of a login, in the query of the handshake.",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The token of a login, in a header of the handshake; `auth.token` of CONNECT does as well.",
    },
}
_NO_PAYLOAD = object()


def document(contracts: Iterable[Contract], version: str) -> dict[str, Any]:
    """Return the document of the gateways that one folder of `contracts` describes."""
    gateways = list(contracts)
    types, messages = Types(), {}
    found = {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"The {gateways[0].folder} contract",
            "version": version,
            "description": "\n\n".join(_described(gateway) for gateway in gateways),
        },
        "defaultContentType": "application/json",
        "servers": {gateway.name: _server(gateway) for gateway in gateways},
        "channels": {},
        "operations": {},
    }
    for gateway in gateways:
        known = _Messages(gateway, types)
        found["operations"].update(_operations(gateway, known))
        messages.update(known.found)
        found["channels"][gateway.name] = _channel(gateway, known)
    schemes = _SECURITY if any(gateway.credentials for gateway in gateways) else {}
    found["components"] = {"messages": messages, "schemas": dict(sorted(types.found.items()))}
    if schemes:
        found["components"]["securitySchemes"] = schemes
    return found


def _described(gateway: Contract) -> str:
    return f"{gateway.summary} {gateway.notes}"


def _server(gateway: Contract) -> dict[str, Any]:
    found: dict[str, Any] = {
        "host": f"localhost:{gateway.port}",
        "pathname": "/socket.io",
        "protocol": "ws",
        "protocolVersion": "13",
        "title": gateway.name,
        "description": "Socket.IO protocol 5 over Engine.IO 4, by websocket and by long polling."
        + ("" if gateway.path == "/socket.io" else f" On every other port it is at `{gateway.path}`."),
    }
    if gateway.required:
        found["security"] = [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY]
    return found


def _channel(gateway: Contract, messages: _Messages) -> dict[str, Any]:
    return {
        "address": gateway.namespace,
        "title": f"The {gateway.name} gateway",
        "description": gateway.handshake or "A namespace of Socket.IO.",
        "servers": [{"$ref": f"#/servers/{gateway.name}"}],
        "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in messages.found},
    }


class _Messages:
    """The messages of a gateway."""

    def __init__(self, gateway: Contract, types: Types) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        self._gateway = gateway
        self._types = types

    def add(
        self,
        key: str,
        packet: str,
        title: str,
        summary: str,
        shape: Shape | None,
        *,
        event: str = "",
        examples: Iterable[str] = (),
        optional: bool = False,
    ) -> str:
        """Have a message, and return its key."""
        key = f"{self._gateway.name}.{key}"
        wire = {"packet": packet} | ({"event": event} if event else {}) | ({"optional": True} if optional else {})
        message: dict[str, Any] = {"name": event or packet, "title": title, "summary": summary, "x-socket-io": wire}
        if shape is not None:
            message["payload"] = self._types.refer(shape)
            message["examples"] = _examples(examples)
            if not message["examples"]:
                del message["examples"]
        self.found[key] = message
        return key

    def event(self, event: Event, sender: Literal["client", "server"]) -> str:
        """Have the message of an event, and return its key."""
        does = "sends" if sender == "client" else "receives"
        return self.add(
            f"{sender}.{_key(event.name)}",
            "EVENT",
            f"`{event.name}`, which a client {does}",
            f"Payload: {event.payload}.",
            event.shape,
            event=event.name,
            examples=[event.example],
            optional=event.optional,
        )


def _examples(texts: Iterable[str]) -> list[dict[str, Any]]:
    return [{"payload": json.loads(text)} for text in dict.fromkeys(texts) if text]


def _operations(gateway: Contract, messages: _Messages) -> Iterator[tuple[str, dict[str, Any]]]:
    yield _connect(gateway, messages)
    for event in gateway.sent:
        yield _sent(gateway, event, messages)
    for event in gateway.received:
        yield _received(gateway, event, messages)
    failure = gateway.failure
    if failure.event and failure.shape is not None:
        key = messages.add(
            f"server.{_key(failure.event)}",
            "EVENT",
            f"`{failure.event}`, which a client receives",
            "Something that a client asked for was not done.",
            failure.shape,
            event=failure.event,
            examples=_told(gateway, failure.event),
        )
        yield _operation(gateway, key, "send", "To the socket that asked for it.")


def _connect(gateway: Contract, messages: _Messages) -> tuple[str, dict[str, Any]]:
    asked = messages.add(
        "client.connect",
        "CONNECT",
        "CONNECT, which a client sends",
        gateway.handshake or "A client asks for the namespace.",
        gateway.auth or {"type": "object"},
        optional=True,
    )
    done = messages.add("ack.connect", "CONNECT", "CONNECT, which a client receives", "The socket is there.", CONNECTED)
    refused = messages.add(
        "ack.connect_error",
        "CONNECT_ERROR",
        "CONNECT_ERROR, which a client receives",
        "The socket is not there.",
        REFUSED,
        examples=_told(gateway, "connect_error"),
    )
    return _operation(gateway, asked, "receive", "A client asks for the namespace.", [done, refused])


def _sent(gateway: Contract, event: Event, messages: _Messages) -> tuple[str, dict[str, Any]]:
    key = messages.event(event, "client")
    answers: list[str] = []
    if event.answer:
        failed = gateway.failure.acknowledged if event.answer.fails else None
        answers.append(
            messages.add(
                f"ack.{_key(event.name)}",
                "ACK",
                f"The acknowledgement of `{event.name}`",
                "Sent where the client asks for one.",
                either(event.answer.shape, failed) if failed else event.answer.shape,
                event=event.name,
                examples=[event.answer.example, *_told(gateway, "acknowledgement" if failed and event.shape else "")],
            )
        )
    return _operation(gateway, key, "receive", f"{event.receivers} When: {event.moment}.", answers)


def _received(gateway: Contract, event: Event, messages: _Messages) -> tuple[str, dict[str, Any]]:
    key = messages.event(event, "server")
    return _operation(gateway, key, "send", f"To: {event.receivers} When: {event.moment}.")


def _operation(
    gateway: Contract, key: str, action: str, description: str, answers: Iterable[str] = ()
) -> tuple[str, dict[str, Any]]:
    channel = f"#/channels/{gateway.name}"
    found: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": channel},
        "description": description,
        "messages": [{"$ref": f"{channel}/messages/{key}"}],
    }
    if replies := [{"$ref": f"{channel}/messages/{answer}"} for answer in answers]:
        found["reply"] = {"channel": {"$ref": channel}, "messages": replies}
    return key, found


def _told(gateway: Contract, packet: str) -> list[str]:
    """Return the payloads of the errors that arrive as this packet."""
    return [refusal.payload for refusal in gateway.refusals if packet and refusal.packet.split(",")[0] == packet]


def _key(name: str) -> str:
    return _NO_KEY.sub("_", name).strip("_")
