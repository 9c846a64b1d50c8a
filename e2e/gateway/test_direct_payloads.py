"""What a client of the direct contract sends that it should not, and what it may send though it looks odd."""

from typing import Any

import pytest

from e2e.gateway.test_payloads import GARBAGE
from e2e.harness.client import TransportName
from e2e.harness.deployment import Fresh
from e2e.harness.direct import DirectClient, fails
from e2e.harness.match import equals, has, must, says
from e2e.harness.people import People, PeopleOf

NO_OBJECT: list[Any] = [None, 7, 7.5, True, "", "text", [], ["x"], [{"receiver": "x", "message": "y"}]]

NO_TEXT: list[Any] = [None, 7, True, {}, [], ["x"], {"$ne": ""}]

NO_PAGE: list[tuple[Any, list[str]]] = [
    ("text", []),
    (7, []),
    ([], []),
    ({"before": "x"}, ["sender"]),
    ({"sender": 7}, ["sender"]),
    ({"sender": ""}, ["sender"]),
    ({"sender": "x", "before": 7}, ["before"]),
    ({"sender": "x", "limit": 0}, ["limit"]),
    ({"sender": "x", "limit": "10"}, ["limit"]),
    ({"sender": "x", "limit": True}, ["limit"]),
    ({"sender": "x", "limit": 1001}, ["limit"]),
]


@pytest.mark.requirement("DIRECT-EVENT-002")
@pytest.mark.parametrize("event", ["send message", "receive message"])
@pytest.mark.parametrize("payload", NO_OBJECT, ids=repr)
async def test_a_payload_that_is_no_object_is_an_error(people: People, event: str, payload: object):
    """A payload that is no object, or none at all, is answered with `error`; the session goes on."""
    alice = await people.new("Alice")
    device = await alice.connect(DirectClient)

    await device.emit(event, payload)
    await device.emit(event)

    for _ in range(2):
        await device.expect_next("error", fails(alice.id))
    assert await device.call("ping") == "Hello World!"


@pytest.mark.requirement("DIRECT-EVENT-002")
@pytest.mark.parametrize("value", NO_TEXT, ids=repr)
@pytest.mark.parametrize("field", ["receiver", "message"])
async def test_a_message_of_wrong_types_is_an_error(people: People, field: str, value: object):
    """A receiver or a message that is no string is answered with `error`, neither stored nor delivered."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)

    await alice_device.emit("send message", {"receiver": bob.id, "message": "hello", field: value})
    await alice_device.expect_next("error", fails(alice.id, naming=[field]))
    chat = await alice_device.send(bob.id, "marker")

    await bob_device.expect_next("message", equals(chat))
    assert await bob_device.unreceived() == [chat]


@pytest.mark.requirement("DIRECT-EVENT-002", "DIRECT-SEND-009")
@pytest.mark.parametrize(
    ("payload", "wrong"),
    [
        ({}, ["receiver", "message"]),
        ({"receiver": "x"}, ["message"]),
        ({"message": "x"}, ["receiver"]),
        ({"receiver": "", "message": ""}, ["receiver", "message"]),
        ({"receiver": "x" * 65, "message": "y"}, ["receiver"]),
        ({"receiver": "x", "message": "y" * 4097}, ["message"]),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_message_that_lacks_or_exceeds_something_is_an_error(people: People, payload: Any, wrong: list[str]):
    """The error names every field that is wrong."""
    if wrong == ["message"] and "message" in payload:
        people.deployment.require_message_length(4096)
    alice = await people.new("Alice")
    device = await alice.connect(DirectClient)

    await device.emit("send message", payload)

    await device.expect_next("error", fails(alice.id, naming=wrong))


@pytest.mark.requirement("DIRECT-EVENT-002")
@pytest.mark.parametrize("value", NO_TEXT, ids=repr)
async def test_an_acknowledgement_of_a_wrong_type_is_an_error(people: People, value: object):
    """A chat's id that is no string is answered with `error`."""
    alice = await people.new("Alice")
    device = await alice.connect(DirectClient)

    await device.emit("receive message", {"chatId": value})
    await device.emit("receive message", {"id": "x"})

    await device.expect_next("error", fails(alice.id, naming=["chatId"]))
    await device.expect_next("error", fails(alice.id, naming=["chatId"]))


@pytest.mark.requirement("DIRECT-EVENT-002", "DIRECT-ALL-003")
@pytest.mark.parametrize(("payload", "wrong"), NO_PAGE, ids=lambda value: repr(value)[:40])
async def test_a_page_that_is_none_is_an_error(people: People, payload: Any, wrong: list[str]):
    """A payload of `all messages` that asks for nothing sensible is answered with `error`."""
    alice = await people.new("Alice")
    device = await alice.connect(DirectClient)

    await device.emit("all messages", payload)

    await device.expect_next("error", fails(alice.id, naming=wrong))


@pytest.mark.requirement("DIRECT-UNRECEIVED-001", "DIRECT-ALL-001")
@pytest.mark.parametrize("payload", [None, {}, {"a": 1}, 7, "text", []], ids=repr)
async def test_what_needs_no_payload_takes_any(people: People, payload: Any):
    """`unreceived messages` looks at no payload; for `all messages` an empty one is none."""
    alice = await people.new("Alice")
    device = await alice.connect(DirectClient)

    await device.emit("unreceived messages", payload)
    await device.expect_next("unreceived messages", equals([]))
    if payload in (None, {}):
        await device.emit("all messages", payload)
        await device.expect_next("all messages", equals({}))


@pytest.mark.requirement("DIRECT-EVENT-004")
async def test_keys_beyond_the_contract_are_dropped(people: People):
    """What a client says of a chat that is not its to say has no effect and reaches nobody."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)

    chat = await alice_device.call(
        "send message",
        {
            "receiver": bob.id, "message": "hello", "id": "forged", "sender": bob.id, "createdAt": 0, "received": True,
            "__proto__": {"x": 1}, "more": [[[]]],
        },
    )  # fmt: skip

    assert (chat["sender"], chat["received"]) == (alice.id, False)
    await bob_device.expect_next("message", equals(chat))
    answer = await bob_device.call("receive message", {"chatId": chat["id"], "x": 1})
    must(answer, has(chatId=chat["id"], received=True))


@pytest.mark.requirement("DIRECT-SEND-008")
@pytest.mark.parametrize(
    "text",
    [
        " ",
        "\n\r\t",
        "\x00",
        "😀👩‍👩‍👧‍👦🇹🇷",
        "\u2028\u2029\ufeff",
        "שלום عالم",
        "e\u0301 and \u00e9",
        "<script>alert(1)</script>",
        '42["message","x"]',
        "\U0001d4b3" * 2048,
    ],
    ids=ascii,
)
async def test_any_text_arrives_as_it_was_sent(people: People, text: str):
    """A message arrives unchanged, live and in both lists, also where it is white space alone."""
    if len(text) > 100:
        people.deployment.require_message_length(len(text.encode("utf-16-le")) // 2)  # as some count them
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)

    chat = await alice_device.send(bob.id, text)

    assert chat["message"] == text
    await bob_device.expect_next("message", equals(chat))
    assert await bob_device.unreceived() == [chat]
    assert await bob_device.all() == {alice.id: [chat]}


@pytest.mark.requirement("DIRECT-EVENT-002", "DIRECT-SEND-008")
@pytest.mark.parametrize("field", ["receiver", "message"])
async def test_a_lone_surrogate_is_never_delivered(people: People, field: str):
    """Half of a surrogate pair is answered with `error` or ends its sender's connection; nobody gets it."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)

    await alice_device.emit("send message", {"receiver": bob.id, "message": "x", field: "\ud800"})
    await alice_device.expect(("error", "CLOSED"))
    await (await alice.connect(DirectClient)).send(bob.id, "marker")

    await bob_device.expect_next("message", says("marker"))


@pytest.mark.requirement("DIRECT-EVENT-005")
async def test_an_unknown_event_is_ignored(people: People):
    """An event that the contract does not know has no effect, and events that only the server sends reach nobody."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(DirectClient), await bob.connect(DirectClient)

    for event in ("nope", "pong", "message", "error", "join", "Ping", "send_message"):
        await alice_device.emit(event, {"receiver": bob.id, "message": "x"})
    await alice_device.send(bob.id, "marker")

    await bob_device.expect_next("message", says("marker"))
    assert alice_device.count("error") == 0


@pytest.mark.requirement("DIRECT-EVENT-005")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: ascii(garbage[:32]))
async def test_garbage_disturbs_nobody_else(people: People, garbage: str, transport: TransportName):
    """A packet that is none ends neither the server nor another client's session, and reaches nobody."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device, bob_device = await alice.connect(DirectClient, transport=transport), await bob.connect(DirectClient)

    await alice_device.send_raw(garbage)
    await (await alice.connect(DirectClient)).send(bob.id, "marker")

    await bob_device.expect_next("message", says("marker"))


@pytest.mark.requirement("DIRECT-SEND-009")
async def test_the_longest_message_can_be_set(fresh_deployment: Fresh, people_of: PeopleOf):
    """`MAX_MESSAGE_LENGTH` sets how many characters a message may have."""
    people = people_of(await fresh_deployment("--memory", MAX_MESSAGE_LENGTH="5"))
    alice = await people.new("Alice")
    device = await alice.connect(DirectClient)

    await device.emit("send message", {"receiver": alice.id, "message": "123456"})
    await device.expect_next("error", fails(alice.id, naming=["message"]))

    for longest in ("12345", "\N{DOG}" * 5):
        assert (await device.send(alice.id, longest))["message"] == longest


@pytest.mark.requirement("DIRECT-EVENT-006")
async def test_events_beyond_the_rate_limit_are_errors(fresh_deployment: Fresh, people_of: PeopleOf):
    """With `RATE_LIMIT_EVENTS` a socket's further events are refused with a hint when to try again; others are not."""
    people = people_of(await fresh_deployment("--memory", RATE_LIMIT_EVENTS="3/1h"))
    alice, bob = await people.new("Alice"), await people.new("Bob")
    device, other, bob_device = [await it.connect(DirectClient) for it in (alice, alice, bob)]

    for number in range(3):
        await device.send(bob.id, f"{number}")
    refused = await device.call("send message", {"receiver": bob.id, "message": "too many"})

    must(refused, fails(alice.id))
    assert "3600" in refused["message"], "it says when to try again"
    await other.send(bob.id, "from another socket")
    for text in ("0", "1", "2", "from another socket"):
        await bob_device.expect_next("message", says(text))
