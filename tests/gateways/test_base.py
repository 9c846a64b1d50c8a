"""`app.gateways.base`: envelopes, who hears the news of the cluster, and where a credential is found."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.base import Handshake
from app.gateways.base import Envelope, Hub, credential


@given(st.binary(), st.from_regex(r"\A[0-9a-f]{24}\Z|\A\Z"), st.from_regex(r"\A(began|ended) [0-9a-f]{24}\Z|\A\Z"))
def test_an_envelope_is_read_as_it_was_written(packet: bytes, message: str, note: str):
    """A packet may hold any bytes, also those that separate the parts."""
    envelope = Envelope(packet, message, note)
    assert Envelope.decode(envelope.encode()) == envelope


@pytest.mark.parametrize(
    ("query", "auth", "headers", "found"),
    [
        ({"token": "q"}, {"token": "a"}, {"authorization": "h"}, "q"),
        ({}, {"token": "a"}, {"authorization": "h"}, "a"),
        ({"token": ""}, {}, {"authorization": "Bearer h"}, "Bearer h"),
        ({}, {}, {}, None),
        ({}, ["token"], {}, None),
        ({}, {"token": 7}, {}, "7"),
        ({}, {"token": None}, {}, None),
    ],
)
def test_a_credential_is_in_the_query_the_auth_or_the_header(
    query: dict[str, str], auth: Any, headers: dict[str, str], found: str | None
):
    """The first that is given counts."""
    assert credential(Handshake(query, headers, auth, "127.0.0.1")) == found


class Told:
    """A gateway that keeps what it is told."""

    def __init__(self, contract: str) -> None:
        self.contract = contract
        self.news: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.news.append((name, *arguments))


@pytest.fixture
def told() -> dict[str, Told]:
    return {contract: Told(contract) for contract in ("friends", "direct")}


@pytest.fixture
def hub(told: dict[str, Told]) -> Hub:
    hub = Hub()
    for gateway in told.values():
        stand_in: Any = gateway
        hub.add(stand_in)
    return hub


def test_news_go_to_the_contract_that_they_concern(hub: Hub, told: dict[str, Told]):
    """By the name of the room or of the roster; what is nobody's is dropped."""
    for contract in ("direct", "rooms"):
        hub.deliver(f"{contract}:user:ann", Envelope(b"packet").encode())
        hub.arrived(contract, "ann")
        hub.departed(contract, "ann")
    assert told["friends"].news == []
    assert told["direct"].news == [
        ("deliver", "direct:user:ann", Envelope(b"packet")),
        ("arrived", "ann"),
        ("departed", "ann"),
    ]


def test_a_gap_goes_to_the_contracts_whose_rooms_it_names(hub: Hub, told: dict[str, Told]):
    """Each hears of its own rooms; of a gap in all of them everybody hears."""
    hub.resync(["direct:a", "rooms:b", "direct:c"])
    assert (told["friends"].news, told["direct"].news) == ([], [("resync", ["direct:a", "direct:c"])])
    hub.resync(None)
    assert told["friends"].news == [("resync", None)]


def test_a_friendship_concerns_every_contract(hub: Hub, told: dict[str, Told]):
    """Each gateway follows it in its own way."""
    hub.friendship("ann", "bob", True)
    assert [gateway.news for gateway in told.values()] == [[("friendship", "ann", "bob", True)]] * 2
