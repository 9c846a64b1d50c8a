"""`app.gateways.presence_wire`: what `send_message` may carry, what recipients are given, what the sender is told."""

import json
from typing import Any

import pytest

from app.config import Settings
from app.domain.errors import Invalid
from app.gateways.presence_wire import MISSING, Dispatch, refusal

SETTINGS = Settings(max_recipients=3, max_message_length=10, max_metadata=50)


def payload(**fields: Any) -> dict[str, Any]:
    return {"recipientIds": ["ann"], "message": "hello", **fields}


@pytest.mark.parametrize(
    "broken",
    [
        None, 7, "text", [], {},
        {"message": "hello"}, {"recipientIds": ["ann"]},
        payload(recipientIds="ann"), payload(recipientIds={"0": "ann"}), payload(recipientIds=[]),
        payload(recipientIds=None), payload(message=""), payload(message=None), payload(message=7),
        payload(message={"text": "hello"}), payload(message=b"hello"),
    ],
)  # fmt: skip
def test_recipients_and_a_message_are_required(broken: Any):
    """Whatever else was sent, and of whatever type."""
    with pytest.raises(Invalid, match=r"^Missing required fields: recipientIds \(array\) and message$") as error:
        Dispatch.read(broken, SETTINGS)
    assert error.value.text == MISSING


@pytest.mark.parametrize(
    ("ids", "named"),
    [
        (["ann", ""], '""'),
        (["  \t", "ann"], '"  \\t"'),
        (["ann", 7, None, True, ["bob"], {"$ne": 1}], '7, null, true, ["bob"], {"$ne": 1}'),
        ([b"ann"], '"binary data"'),
        ([["x" * 100]], '["' + "x" * 48 + "..."),
        ([0] * 11, ", ".join(["0"] * 10 + ["..."])),
    ],
)
def test_an_id_that_is_no_text_is_named(ids: list[Any], named: str):
    """No more of them, and no more of each, than a reader needs."""
    with pytest.raises(Invalid) as error:
        Dispatch.read(payload(recipientIds=ids), SETTINGS)
    assert error.value.text == f"Invalid recipient IDs found: {named}"


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        (payload(recipientIds=["a", "b", "c", "d"]), "Too many recipients: at most 3"),
        (payload(message="x" * 11), "message must be at most 10 characters"),
        (payload(metadata="text"), "metadata must be an object"),
        (payload(metadata=["source"]), "metadata must be an object"),
        (payload(metadata=0), "metadata must be an object"),
        (payload(metadata={"key": "x" * 50}), "metadata must be at most 50 bytes"),
        (payload(metadata={"key": b"x"}), "metadata must be JSON, without binary data"),
    ],
)
def test_a_letter_is_bounded(broken: Any, text: str):
    """It is copied for every recipient."""
    with pytest.raises(Invalid) as error:
        Dispatch.read(broken, SETTINGS)
    assert error.value.text == text


def test_each_recipient_counts_once():
    """Ids are trimmed first, and repeats are not too many."""
    dispatch = Dispatch.read(payload(recipientIds=[" ann", "bob", "ann ", "\tann\n", "bob", "b ob"]), SETTINGS)
    assert dispatch.recipients == ("ann", "bob", "b ob")


@pytest.mark.parametrize("metadata", [{}, {"type": "chat", "nested": [1, {"": '""'}]}])
def test_each_recipient_is_given_their_own_packet(metadata: dict[str, Any]):
    """With their id, whatever it has in it, and all that was sent."""
    odd = '"},{"recipientId":"eve'
    dispatch = Dispatch.read(payload(recipientIds=["ann", odd], message='""', metadata=metadata), SETTINGS)
    packets = dispatch.packets("bob", "now")
    assert list(packets) == ["ann", odd]
    for recipient, packet in packets.items():
        assert packet[:2] == b"42"
        assert json.loads(packet[2:]) == [
            "message",
            {"recipientId": recipient, "message": '""', "metadata": metadata, "timestamp": "now", "senderId": "bob"},
        ]


@pytest.mark.parametrize("fields", [{}, {"metadata": None}])
def test_metadata_that_were_not_sent_are_not_given(fields: dict[str, Any]):
    """The key is missing then."""
    packet = Dispatch.read(payload(**fields), SETTINGS).packets("bob", "now")["ann"]
    assert "metadata" not in json.loads(packet[2:])[1]


def test_a_receipt_names_whom_a_letter_reached():
    """In the order in which they were named."""
    dispatch = Dispatch(("ann", "bob", "eve"), "hello", None)
    assert dispatch.receipt({"eve", "ann"}, "now") == {
        "status": "sent",
        "recipients": {"total": 3, "sent": ["ann", "eve"], "failed": ["bob"]},
        "timestamp": "now",
    }


def test_a_receipt_of_nobody_is_an_error():
    """Which says so."""
    assert Dispatch(("ann",), "hello", None).receipt((), "now") == {
        "status": "error",
        "error": "No recipients online",
        "recipients": {"total": 1, "sent": [], "failed": ["ann"]},
        "timestamp": "now",
    }


def test_a_refusal_says_why():
    """And when."""
    told = refusal("because")
    assert told.pop("timestamp").endswith("Z")
    assert told == {"status": "error", "error": "because"}
