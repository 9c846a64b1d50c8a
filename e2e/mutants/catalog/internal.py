"""Servers that are wrong about the presence contract, at the gateway for services."""

from e2e.mutants.mutant import Change, Mutant

__all__ = ["MUTANTS"]

GATEWAY = "app/gateways/internal.py"

MUTANTS = (
    Mutant(
        "accepts-the-key-of-another-service",
        "any key that some service has is good for every name",
        "PRESENCE-INTERNAL-005",
        (
            Change(
                GATEWAY,
                "    return sha256(name.encode()).digest() + sha256(key.encode()).digest()",
                "    return sha256(key.encode()).digest()",
            ),
        ),
    ),
    Mutant(
        "serves-services-everywhere",
        "the internal gateway is on every port, at a path of its own",
        "PRESENCE-INTERNAL-006",
        (
            Change(
                "app/server.py",
                ' for contract, engine in self._engines.items() if contract != "internal"\n',
                " for contract, engine in self._engines.items()\n",
            ),
        ),
    ),
    Mutant(
        "listens-to-everybody",
        "the internal gateway listens on all addresses",
        "PRESENCE-INTERNAL-007",
        (
            Change(
                "app/config/serving.py",
                'internal_host: str = option("127.0.0.1",',
                'internal_host: str = option("0.0.0.0",',
            ),
        ),
    ),
    Mutant(
        "believes-the-source-of-a-service",
        "metadata.source is what the service says",
        "PRESENCE-INTERNAL-004",
        (
            Change(
                "app/gateways/presence_wire.py",
                '{**(self.metadata or {}), "source": SERVICE}',
                '{"source": SERVICE, **(self.metadata or {})}',
            ),
        ),
    ),
    Mutant(
        "answers-a-ping-as-to-a-user",
        "the acknowledgement of ping does not name the gateway",
        "PRESENCE-INTERNAL-002",
        (
            Change(
                GATEWAY, '{"timestamp": iso(now_ms()), "service": "internal_websocket"}', '{"timestamp": iso(now_ms())}'
            ),
        ),
    ),
    Mutant(
        "does-not-greet-services",
        "a service that connects is sent nothing",
        "PRESENCE-INTERNAL-001",
        (
            Change(
                GATEWAY,
                '        connection.emit("connected", {"message": "Connected to internal WebSocket service", '
                '"socketId": connection.id})',
                "        pass",
            ),
        ),
    ),
)
