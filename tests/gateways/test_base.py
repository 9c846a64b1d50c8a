"""`app.gateways.base`: envelopes, and where a credential is found."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.base import Handshake
from app.gateways.base import Envelope, credential


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
