"""What the notifications contract takes and says, without a server."""

import json
from typing import Any

import orjson
import pytest

from app.domain.errors import Invalid
from app.domain.mailbox import Entry
from app.gateways.notifications_wire import NewNotification, notification, strings


def refusal(payload: Any, longest: int = 10, largest: int = 1_000) -> str:
    """Return why a payload is no notification."""
    with pytest.raises(Invalid) as caught:
        NewNotification.read(payload, longest, largest)
    return caught.value.text


def test_a_notification_is_kept_as_it_was_sent():
    """All keys, in their order, and who it is for."""
    payload = {"b": [1, None, {"é": 2.5}], "userId": "ann", "message": "hello", "a": True}
    new = NewNotification.read(payload, 10, 1_000)
    assert new.user == "ann"
    assert list(json.loads(new.text).items()) == list(payload.items())


def test_what_the_server_says_of_a_notification_goes_before_what_was_sent():
    """`id` and `createdAt` are the server's; what the sender called so is gone."""
    text = orjson.dumps({"message": "hello", "userId": "ann", "id": 7, "createdAt": "never"}).decode()
    assert notification(Entry("1a", text, "", "", 1_714_392_000_000)) == {
        "message": "hello",
        "userId": "ann",
        "id": "1a",
        "createdAt": "2024-04-29T12:00:00.000Z",
    }


@pytest.mark.parametrize("payload", [None, "text", 7, [], [{"message": "hello", "userId": "ann"}], b"bytes"])
def test_what_is_no_object_lacks_everything(payload: Any):
    """Its fields are empty and no strings, in the order in which they were asked for."""
    with pytest.raises(Invalid) as caught:
        strings(payload, b=1, a=1)
    assert caught.value.broken == (
        "b should not be empty",
        "b must be a string",
        "a should not be empty",
        "a must be a string",
    )


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"x": b"bytes"}, "notification must be JSON that every client can read"),
        ({"x": "\ud800"}, "notification must be JSON that every client can read"),
        ({"x": -(2**64)}, "notification must be JSON that every client can read"),
        ({"x": "y" * 1_000}, "notification must be at most 1000 bytes"),
    ],
)
def test_what_no_client_could_read_is_no_notification(more: dict[str, Any], why: str):
    """Whichever way it came."""
    assert refusal({"message": "hello", "userId": "ann", **more}) == why


def test_a_notification_has_a_depth():
    """63 levels are taken, one more is not."""
    deep: Any = []
    for _ in range(61):
        deep = [deep]
    NewNotification.read({"message": "hello", "userId": "ann", "x": deep}, 10, 1_000)
    assert refusal({"message": "hello", "userId": "ann", "x": [deep]}) == (
        "notification must be nested at most 63 levels deep"
    )
