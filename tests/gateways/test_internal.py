"""`app.gateways.internal`: what a wrong key costs; e2e shows the rest."""

import hmac
from typing import Any

import pytest
from pydantic import SecretStr

from app.cluster.local import LocalCluster
from app.config import Settings
from app.engine.base import Handshake, Refused
from app.gateways import internal
from app.gateways.courier import Courier
from app.gateways.internal import InternalGateway
from app.metrics import Metrics

KEYS = "billing=sesame,mail=open,billing=next"


@pytest.fixture
def gateway() -> InternalGateway:
    settings, cluster, metrics = Settings(internal_service_keys=SecretStr(KEYS)), LocalCluster(), Metrics()
    return InternalGateway(settings, Courier("presence", cluster, metrics, 1), cluster, metrics)


@pytest.mark.parametrize(
    ("name", "key", "known"),
    [("billing", "sesame", True), ("billing", "next", True), ("mail", "open", True)]
    + [(name, key, False) for name in ("billing", "nobody", "") for key in ("open", "s", "sesame" * 1000, "é🎈")],
)
async def test_what_is_compared_tells_nothing(
    gateway: InternalGateway, monkeypatch: pytest.MonkeyPatch, name: str, key: str, known: bool
):
    """For any name and any key as many bytes are compared as for any other, in constant time."""
    compared: list[tuple[int, int]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(internal, "hmac", type("Hmac", (), {"compare_digest": staticmethod(compare)}))
    handshake = Handshake({}, {}, {"serviceName": name, "serviceKey": key}, "127.0.0.1")
    refused: Any = None
    try:
        await gateway.authorize(handshake)
    except Refused as error:
        refused = error.text
    assert refused == (None if known else "Invalid service key")
    assert compared == [(64, 64)] * 3
