"""The registry: every event has a shape that its examples have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from app.contracts.asyncapi import document
from app.contracts.contract import REFUSED, Contract, Event
from app.contracts.registry import CONTRACTS, FOLDERS
from app.contracts.schemas import Types
from app.contracts.shapes import TEXT, Shape, record

EVENTS = [(contract, event) for contract in CONTRACTS for event in (*contract.sent, *contract.received)]
"""Every event of both ways, and whose it is."""


def named(value: Any) -> str:
    return value.name if isinstance(value, Contract | Event) else str(value)


def problems(shape: Shape, text: str) -> list[str]:
    """Return what is wrong with a JSON text."""
    return [error.message for error in jsonschema_rs.Draft7Validator(shape).iter_errors(json.loads(text))]


@pytest.mark.parametrize(("contract", "event"), EVENTS, ids=named)
def test_the_example_of_an_event_has_its_shape(contract: Contract, event: Event):
    """So has that of its acknowledgement; an event without a payload has no example."""
    assert (event.shape is None) == (event.example == "")
    if event.shape is not None:
        assert problems(event.shape, event.example) == []
    if event.answer:
        assert event in contract.sent
        assert problems(event.answer.shape, event.answer.example) == []


def shapes_of(contract: Contract, packet: str) -> Iterator[Shape]:
    """Yield the shapes that what arrives as this packet may have."""
    if packet == "connect_error":
        yield REFUSED
    elif packet == contract.failure.event:
        assert contract.failure.shape is not None
        yield contract.failure.shape
    elif packet == "acknowledgement":
        assert contract.failure.acknowledged is not None
        yield contract.failure.acknowledged


@pytest.mark.parametrize("contract", CONTRACTS, ids=named)
def test_the_example_of_an_error_has_its_shape(contract: Contract):
    """Each arrives as a packet that the contract has for errors."""
    for refusal in contract.refusals:
        shapes = list(shapes_of(contract, refusal.packet.split(",")[0]))
        assert shapes, refusal.packet
        for shape in shapes:
            assert problems(shape, refusal.payload) == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_two_types_of_a_folder_have_one_name(folder: str):
    """The document can be made, and each type is in it once."""
    assert document(FOLDERS[folder], "1.0")["components"]["schemas"]


def test_two_types_of_one_name_are_refused():
    """A title that stands for two shapes would be one of them at random."""
    types = Types()
    types.refer(record("Thing", name=TEXT))
    with pytest.raises(ValueError, match="two types Thing"):
        types.refer(record("Thing", text=TEXT))
