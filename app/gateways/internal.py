"""The internal gateway of the presence contract: services send messages to any users that are online."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

from app.cluster.base import Cluster
from app.config import Settings
from app.domain.clock import iso, now_ms
from app.domain.errors import ParleyError
from app.engine.base import Connection, Ending, Handshake, Refused
from app.gateways.contract import ContractGateway, Session, on
from app.gateways.courier import Courier
from app.gateways.presence_wire import SERVICE, Dispatch, refusal
from app.metrics import Metrics

__all__ = ["InternalGateway"]


class InternalGateway(ContractGateway):
    """Serves services, where keys are set only those that have one."""

    contract = "internal"

    def __init__(self, settings: Settings, courier: Courier, cluster: Cluster, metrics: Metrics) -> None:
        super().__init__(settings, cluster, metrics)
        self._courier = courier
        self._keys = [_proof(name, key) for name, keys in settings.service_keys.items() for key in keys]

    async def authorize(self, handshake: Handshake) -> Session:
        if self._keys and not self._knows(handshake.auth):
            raise Refused("Invalid service key")
        return Session("")

    def _knows(self, auth: Any) -> bool:
        """Tell whether a service has shown its key; that takes as long for any name and any key of a length."""
        fields = auth if isinstance(auth, dict) else {}
        name, key = fields.get("serviceName"), fields.get("serviceKey")
        if not (isinstance(name, str) and isinstance(key, str)):
            return False
        given = _proof(name, key)
        return sum(hmac.compare_digest(known, given) for known in self._keys) > 0  # a sum: all are compared

    async def connected(self, connection: Connection) -> None:
        connection.emit("connected", {"message": "Connected to internal WebSocket service", "socketId": connection.id})

    async def disconnected(self, connection: Connection, ending: Ending) -> None:
        self._forget(connection)

    def refused(self, connection: Connection, error: ParleyError) -> Any:
        return refusal(error.text)

    @on("ping")
    async def ping(self, connection: Connection, _: Any) -> Any:
        return {"timestamp": iso(now_ms()), "service": "internal_websocket"}

    @on("send_message")
    async def send_message(self, connection: Connection, payload: Any) -> Any:
        dispatch = Dispatch.read(payload, self._settings).of_service()
        return await dispatch.hand_to(self._courier, SERVICE)


def _proof(name: str, key: str) -> bytes:
    """Return what is the same for the same name and key alone, and as long for all."""
    return sha256(name.encode()).digest() + sha256(key.encode()).digest()
