"""`send_message` of the presence contract: who is handed it, and what its sender is told."""

from typing import Any

import pytest

from e2e.harness.client import TransportName
from e2e.harness.deployment import Fresh
from e2e.harness.match import Check, equals, has, instant, keys, lacks, must, names
from e2e.harness.people import People, PeopleOf
from e2e.harness.presence import MISSING, Presence, names_ids, reached, refuses


def text(message: str) -> Any:
    """Check that the payload is a message with this text."""
    return has(message=message)


@pytest.mark.requirement("PRESENCE-MESSAGE-001", "PRESENCE-MESSAGE-002")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_message_reaches_all_sessions_of_all_recipients(
    people: People, presence: Presence, transport: TransportName
):
    """On whichever servers they are, each with their own id in it; the acknowledgement names them."""
    alice, bob, carol = [await people.new(name) for name in ("Alice", "Bob", "Carol")]
    devices = {person: [await presence.connect(person, transport=transport) for _ in "12"] for person in (bob, carol)}
    sender = await presence.connect(alice, transport=transport)

    answer = await sender.send([bob, carol], "hello", metadata={"type": "chat"})

    must(answer, keys("status", "recipients", "timestamp"), reached([bob, carol]), instant("timestamp"))
    for person, theirs in devices.items():
        for device in theirs:
            message = await device.expect_next("message", instant("timestamp"))
            wanted = {"recipientId": person.id, "message": "hello", "metadata": {"type": "chat"}, "senderId": alice.id}
            must(message.payload, has(**wanted), keys(*wanted, "timestamp"))


@pytest.mark.requirement("PRESENCE-MESSAGE-001")
async def test_a_message_to_oneself_reaches_all_own_sessions(people: People, presence: Presence):
    """The socket that sent it is one of them."""
    alice = await people.new("Alice")
    phone, laptop = await presence.connect(alice), await presence.connect(alice)

    must(await phone.send([alice], "note"), reached([alice]))

    for device in (phone, laptop):
        await device.expect_next("message", has(message="note", senderId=alice.id))


@pytest.mark.requirement("PRESENCE-MESSAGE-002", "PRESENCE-MESSAGE-008")
async def test_a_sender_is_told_who_was_reached(people: People, presence: Presence):
    """Users who are not online, and names of nobody, are in `failed`, in the order in which they were named."""
    alice, bob, carol = [await people.new(name) for name in ("Alice", "Bob", "Carol")]
    sender, bob_device = await presence.connect(alice), await presence.connect(bob)

    answer = await sender.send(["nobody", carol, bob], "hello")

    must(answer, reached([bob], ["nobody", carol]), keys("status", "recipients", "timestamp"))
    await bob_device.expect_next("message", text("hello"))


@pytest.mark.requirement("PRESENCE-MESSAGE-003")
async def test_a_recipient_who_is_named_twice_is_handed_it_once(people: People, presence: Presence):
    """However an id is repeated, and whatever space is around it."""
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    sender, device = await presence.connect(alice), await presence.connect(bob)

    answer = await sender.send([bob, f" {bob.id}", bob, f"{bob.id}\n", f"\t{bob.id} "], "once")
    await sender.send([bob], "marker")

    must(answer, reached([bob]))
    await device.expect_next("message", has(message="once", recipientId=bob.id))
    await device.expect_next("message", text("marker"))


@pytest.mark.requirement("PRESENCE-MESSAGE-004")
@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"recipientIds": None}, has(error=MISSING)),
        ({"recipientIds": "{bob}"}, has(error=MISSING)),
        ({"recipientIds": {"0": "{bob}"}}, has(error=MISSING)),
        ({"recipientIds": []}, has(error=MISSING)),
        ({"message": None}, has(error=MISSING)),
        ({"message": ""}, has(error=MISSING)),
        ({"message": 7}, has(error=MISSING)),
        ({"message": {"text": "broken"}}, has(error=MISSING)),
        ({"recipientIds": ["{bob}", ""]}, names_ids),
        ({"recipientIds": ["{bob}", " "]}, names_ids),
        ({"recipientIds": ["{bob}", 7, None]}, names_ids),
        ({"recipientIds": ["{bob}", ["{bob}"]]}, names_ids),
        ({"recipientIds": [{"$ne": 1}]}, names_ids),
        ({"metadata": "text"}, names("metadata", under="error")),
        ({"metadata": [1]}, names("metadata", under="error")),
    ],
)
async def test_a_broken_message_is_handed_to_nobody(
    people: People, presence: Presence, broken: dict[str, Any], error: Check
):
    """The acknowledgement says what is wrong, and both go on."""
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    sender, device = await presence.connect(alice), await presence.connect(bob)
    payload = {"recipientIds": ["{bob}"], "message": "broken", **broken}

    answer = await sender.call("send_message", _filled(payload, bob.id))

    must(answer, keys("status", "error", "timestamp"), has(status="error"), error, instant("timestamp"))
    await sender.send([bob], "marker")
    await device.expect_next("message", text("marker"))


def _filled(value: Any, user: str) -> Any:
    """Return a payload with the id of a user where it says so."""
    if isinstance(value, str):
        return value.replace("{bob}", user)
    if isinstance(value, list):
        return [_filled(one, user) for one in value]
    return {key: _filled(one, user) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.requirement("PRESENCE-MESSAGE-004", "PRESENCE-MESSAGE-012")
@pytest.mark.parametrize("payload", [None, [], "text", 7, {}])
async def test_no_message_at_all_is_refused(people: People, presence: Presence, payload: object):
    """With or without an acknowledgement, and in a frame without a payload; nobody is disturbed."""
    alice = await people.new("Alice")
    sender = await presence.connect(alice)

    must(await sender.call("send_message", payload), refuses(MISSING))
    await sender.emit("send_message", payload)
    await sender.emit("send_message")

    await sender.emit("send_message", {"recipientIds": [alice.id], "message": "marker"})
    await sender.expect_next("message", text("marker"))


@pytest.mark.requirement("PRESENCE-MESSAGE-004", "PRESENCE-MESSAGE-006")
async def test_a_binary_message_is_refused(people: People, presence: Presence):
    """Bytes are no text, and metadata are JSON."""
    alice = await people.new("Alice")
    sender = await presence.connect(alice)
    place = '{"_placeholder":true,"num":0}'

    for number, fields in enumerate((f'"message":{place}', f'"message":"x","metadata":{{"file":{place}}}'), 1):
        await sender.send_raw(f'451-{number}["send_message",{{"recipientIds":["{alice.id}"],{fields}}}]')
        await sender.send_raw(b"\x00\xff")
        must((await sender.expect_next("ACK")).payload, has(status="error"))
    await sender.send([alice], "marker")
    await sender.expect_next("message", text("marker"))


@pytest.mark.requirement("PRESENCE-MESSAGE-005")
async def test_a_message_is_bounded(fresh_deployment: Fresh, people_of: PeopleOf):
    """In recipients, of which each counts once, in length, and in what is said of it."""
    limits = {"MAX_RECIPIENTS": "3", "MAX_MESSAGE_LENGTH": "10", "MAX_METADATA": "20"}
    people = people_of(await fresh_deployment("--memory", **limits))
    presence = Presence(people)
    alice = await people.new("Alice")
    device = await presence.connect(alice)

    refused = has(status="error")

    must(await device.send([alice, "b", "c", "d"], "hello"), refused, names(under="error"))
    must(await device.send([alice], "x" * 11), refused, names("message", under="error"))
    must(await device.send([alice], "hello", metadata={"k": "x" * 20}), refused, names("metadata", under="error"))

    answer = await device.send([alice, "b", "c", "b", " c "], "x" * 10, metadata={"k": "x" * 10})
    must(answer, reached([alice], ["b", "c"]))
    await device.expect_next("message", text("x" * 10))


@pytest.mark.requirement("PRESENCE-MESSAGE-005", "PRESENCE-MESSAGE-002")
async def test_a_thousand_recipients_are_answered_for(people: People, presence: Presence):
    """A message may have so many; most are not there."""
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    sender, device = await presence.connect(alice), await presence.connect(bob)
    nobody = [f"nobody {number}" for number in range(999)]

    must(await sender.send([*nobody, bob], "hello"), reached([bob], nobody))
    await device.expect_next("message", text("hello"))
    must(await sender.send([*nobody, bob, "one more"], "hello"), has(status="error"), names(under="error"))


@pytest.mark.requirement("PRESENCE-MESSAGE-006")
@pytest.mark.parametrize("metadata", [{}, {"type": "chat", "deep": [{"": None}, 1.5, "é🎈"]}, {"message": '""'}])
async def test_metadata_is_handed_on_as_it_was_sent(people: People, presence: Presence, metadata: dict[str, Any]):
    """Whatever is in it."""
    alice = await people.new("Alice")
    device = await presence.connect(alice)
    await device.send([alice], "hello", metadata=metadata)
    must((await device.expect_next("message")).payload["metadata"], equals(metadata))


@pytest.mark.requirement("PRESENCE-MESSAGE-006")
@pytest.mark.parametrize("fields", [{}, {"metadata": None}])
async def test_metadata_that_was_not_sent_is_not_handed_on(people: People, presence: Presence, fields: dict[str, Any]):
    """The key is missing then."""
    alice = await people.new("Alice")
    device = await presence.connect(alice)
    await device.send([alice], "hello", **fields)
    await device.expect_next("message", keys("recipientId", "message", "timestamp", "senderId"), lacks("metadata"))


@pytest.mark.requirement("PRESENCE-MESSAGE-007")
async def test_a_user_is_no_service(people: People, presence: Presence):
    """A `source` of a user is dropped, and the sender is who sent it."""
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    sender, device = await presence.connect(alice), await presence.connect(bob)

    forged = {"source": "internal_service", "serviceName": "billing"}
    await sender.send([bob], "pay", metadata=forged, senderId=bob.id, source="internal_service")

    await device.expect_next(
        "message", has(senderId=alice.id, metadata={"serviceName": "billing"}), keys(*_SENT, "metadata")
    )


_SENT = ("recipientId", "message", "timestamp", "senderId")


@pytest.mark.requirement("PRESENCE-MESSAGE-009")
async def test_an_odd_id_reaches_nobody(people: People, presence: Presence):
    """Not by a socket's id, a room's name, a pattern, or a part of an id, however long it is."""
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    sender, device = await presence.connect(alice), await presence.connect(bob)
    odd = [
        device.inbox.all("CONNECT")[0].payload["sid"],
        *("*", "?", bob.id[:-1], f"{bob.id[:-1]}?", f"{bob.id}*", f"{bob.id}:", bob.id.upper() + "A"),
        *(f"user:{bob.id}", f"presence:user:{bob.id}", f"of:{alice.id}", bob.email, "Bob"),
        *("a b", "a:b", "a\nb", "\x00", "__proto__", "é🎈", "x" * 10_000),
    ]

    answer = await sender.send(odd, "stray")
    must(answer, reached([], odd), has(error="No recipients online"))

    await sender.send([bob], "marker")
    await device.expect_next("message", text("marker"))


@pytest.mark.requirement("PRESENCE-MESSAGE-010", "PRESENCE-MESSAGE-012")
async def test_messages_arrive_in_their_order(people: People, presence: Presence):
    """Though none waits for the answer to the one before, and on all devices."""
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    sender = await presence.connect(alice)
    devices = [await presence.connect(bob) for _ in range(3)]

    for number in range(50):
        await sender.emit("send_message", {"recipientIds": [bob.id], "message": str(number)})

    for device in devices:
        for number in range(50):
            await device.expect_next("message", text(str(number)))


@pytest.mark.requirement("PRESENCE-MESSAGE-012")
async def test_an_unknown_event_is_ignored(people: People, presence: Presence):
    """Also one that another contract has."""
    alice = await people.new("Alice")
    device = await presence.connect(alice)

    for event in ("message", "newNotification", "nothing"):
        await device.emit(event, {"recipientIds": [alice.id], "message": "stray"}, ack=9)
    must(await device.call("ping"), keys("timestamp"))


@pytest.mark.requirement("PRESENCE-MESSAGE-001", "PRESENCE-STATUS-004")
async def test_a_device_that_leaves_disturbs_no_other(people: People, presence: Presence):
    """Who has another one is reached, in whatever way the first has left."""
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    sender, staying = await presence.connect(alice), await presence.connect(bob)

    for leave in ("goodbye", "close_transport", "abort"):
        leaving = await presence.connect(bob)
        await getattr(leaving, leave)()
        must(await sender.send([bob], f"after {leave}"), reached([bob]))
        await staying.expect_next("message", text(f"after {leave}"))
