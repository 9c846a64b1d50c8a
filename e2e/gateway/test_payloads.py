"""What a client sends that it should not, and what it may send though it looks odd."""

import io
from typing import Any

import aiohttp
import pytest

from e2e.harness.deployment import Fresh
from e2e.harness.friends import FriendsClient
from e2e.harness.match import has, must, present, says, texts
from e2e.harness.people import People, PeopleOf, Person
from e2e.harness.transcript import Record

WRONG_TYPES: list[Any] = [7, 7.5, True, False, {}, {"message": "x"}, [], ["x"], {"toString": "x"}]

GARBAGE = [
    "",
    "4",
    "42",
    "42[",
    "42[]",
    "42{}",
    '42["message"',
    '42["message",]',
    '42[7,"x"]',
    '42["message","x"]]',
    "49",
    "9",
    "hello",
    '43["nobody asked"]',
    '4399999999999999999999["x"]',
    "45",
    '451-["message",{"_placeholder":true,"num":0}]',
    '4599999-["message"]',
    '42["message",' + "[" * 500 + "]" * 500 + "]",
    '42["message",NaN]',
    '42["message",1e999]',
    '42/nowhere,["message","x"]',
    '42["connect",{}]',
    '42["disconnect","x"]',
    '42["connect_error",{}]',
    '42["*","x"]',
    '42["__proto__",{"a":1}]',
    "40",
    "44",
]


async def must_go_on(people: People, alice: Person, bob_device: FriendsClient, marker: str) -> Record:
    """Show that nothing of Alice's reached Bob before a message that a device of hers sends now."""
    device = await alice.connect()
    await device.say(marker)
    return await bob_device.expect_next("message", says(marker), ignoring=["connected", "disconnected"])


@pytest.mark.requirement("FRIENDS-MESSAGE-007")
@pytest.mark.parametrize("payload", WRONG_TYPES, ids=repr)
async def test_a_payload_that_is_no_string_is_refused(people: People, payload: object):
    """A payload that is no string is answered with `exception`, not stored and not delivered."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.say(payload)
    await alice_device.expect_next("exception", has(status="error"), present("message"), ignoring=["connected"])
    await alice_device.say("marker")

    await bob_device.expect_next("message", says("marker"))
    assert texts(await alice.history()) == ["marker"]


@pytest.mark.requirement("FRIENDS-MESSAGE-007")
async def test_bytes_are_refused(people: People):
    """A binary payload is answered with `exception` or ends its sender's connection, and is not delivered."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.send_raw('451-["message",{"_placeholder":true,"num":0}]')
    await alice_device.send_raw(b"bytes")
    await alice_device.expect(("exception", "CLOSED"))

    await must_go_on(people, alice, bob_device, "marker")


@pytest.mark.requirement("FRIENDS-MESSAGE-008")
@pytest.mark.parametrize("letter", ["x", "é", "漢"])
async def test_the_longest_message_is_delivered_and_a_longer_one_refused(people: People, letter: str):
    """4,096 characters are delivered; 4,097 are answered with `exception`, neither stored nor delivered."""
    longest = people.deployment.message_length
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.say(letter * (longest + 1))
    await alice_device.say(letter * longest)

    await alice_device.expect_next("exception", has(status="error"), present("message"), ignoring=["connected"])
    await bob_device.expect_next("message", says(letter * longest))
    assert texts(await bob.history()) == [letter * longest]


@pytest.mark.requirement("FRIENDS-MESSAGE-008")
async def test_the_longest_message_can_be_set(fresh_deployment: Fresh, people_of: PeopleOf):
    """`MAX_MESSAGE_LENGTH` sets how many characters a message may have."""
    people = people_of(await fresh_deployment("--memory", MAX_MESSAGE_LENGTH="5"))
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.say("123456")
    await alice_device.say("12345")

    await alice_device.expect_next("exception", has(status="error"), ignoring=["connected"])
    await bob_device.expect_next("message", says("12345"))


@pytest.mark.requirement("FRIENDS-MESSAGE-008")
async def test_a_message_near_the_packet_limit_is_refused(people: People):
    """A message far too long, but within a packet's limit, is answered with `exception`; the sender stays."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.say("x" * (alice_device.handshake["maxPayload"] - 100))
    await alice_device.expect_next("exception", has(status="error"), ignoring=["connected"])
    await alice_device.say("marker")

    await bob_device.expect_next("message", says("marker"))


@pytest.mark.requirement("FRIENDS-MESSAGE-011")
@pytest.mark.parametrize("beyond", [1, 1_000_000])
async def test_a_packet_beyond_the_limit_harms_only_its_sender(people: People, beyond: int):
    """A packet beyond the limit is answered with `exception` or ends its sender's connection; others go on."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.say("x" * (alice_device.handshake["maxPayload"] + beyond))
    await alice_device.expect(("exception", "CLOSED"))

    await must_go_on(people, alice, bob_device, "marker")


@pytest.mark.requirement("FRIENDS-MESSAGE-011")
async def test_a_polling_request_beyond_the_limit_is_answered(people: People):
    """A polling request beyond the limit is refused with 400 or 413, and others go on."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(transport="polling"), await bob.connect()
    body = b"4" * (alice_device.handshake["maxPayload"] + 1)
    session = alice_device.handshake["sid"]

    url = alice_device.address.url("polling", session)
    async with aiohttp.ClientSession() as http, http.post(url, data=io.BytesIO(body)) as answer:
        status = answer.status

    assert status in (400, 413)
    await must_go_on(people, alice, bob_device, "marker")


@pytest.mark.requirement("FRIENDS-MESSAGE-009")
@pytest.mark.parametrize(
    "text",
    [
        "😀👩‍👩‍👧‍👦🇹🇷",
        "a\x00b",
        "\x00",
        " ",
        "\n\r\t",
        "\x1e",
        "\u2028\u2029\ufeff",
        "שלום عالم",
        '"; DROP TABLE messages; --',
        "<script>alert(1)</script>",
        '42["message","x"]',
        "\\ud800",
        "e\u0301 and \u00e9",
        "\U0001d4b3" * 2048,
    ],
    ids=ascii,
)
async def test_any_text_arrives_as_it_was_sent(people: People, text: str):
    """A message arrives unchanged live, in `unseen_messages` and in the history, whatever characters it has."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.say(text)

    await bob_device.expect_next("message", says(text))
    assert texts(await carol.peek()) == [text]
    assert texts(await bob.history()) == [text]


@pytest.mark.requirement("FRIENDS-MESSAGE-010")
@pytest.mark.parametrize("escaped", [r"\ud800", r"a\udfffb", r"\udc00\ud800", r"\uD83D"])
async def test_a_lone_surrogate_is_never_delivered(people: People, escaped: str):
    """Half of a surrogate pair is answered with `exception` or ends its sender's connection; nobody gets it."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.send_raw(f'42["message","{escaped}"]')
    await alice_device.expect(("exception", "CLOSED"))

    await must_go_on(people, alice, bob_device, "marker")
    assert texts(await carol.peek()) == ["marker"]
    assert texts(await bob.history()) == ["marker"]


@pytest.mark.requirement("FRIENDS-MESSAGE-007")
async def test_an_unknown_event_is_ignored(people: People):
    """An event that the contract does not know has no effect, and events only the server sends reach nobody."""
    alice, bob = await people.friendship("Alice", "Bob")
    bob_device, alice_device = await bob.connect(), await alice.connect()
    await bob_device.expect_next("connected")

    for event in ("nope", "connected", "disconnected", "unseen_messages", "exception", "join", "leave"):
        await alice_device.emit(event, {"message": "x", "username": "Bob", "createdAt": "2022-04-03T21:23:31.964Z"})
    await alice_device.say("marker")

    await bob_device.expect_next("message", says("marker"))


@pytest.mark.requirement("FRIENDS-MESSAGE-013")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: ascii(garbage[:32]))
async def test_garbage_disturbs_nobody_else(people: People, garbage: str, transport: Any):
    """A packet that is none ends neither the server nor another client's session, and reaches nobody."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(transport=transport), await bob.connect()

    await alice_device.send_raw(garbage)

    message = await must_go_on(people, alice, bob_device, "marker")
    must(message.payload, has(username="Alice"))


@pytest.mark.requirement("FRIENDS-MESSAGE-013")
@pytest.mark.parametrize("frame", [b"", b"\x00", b"4", b"\xff" * 100])
async def test_a_stray_binary_frame_disturbs_nobody_else(people: People, frame: bytes):
    """Binary frames that belong to no packet end neither the server nor another client's session."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    await alice_device.send_raw(frame)

    await must_go_on(people, alice, bob_device, "marker")


@pytest.mark.requirement("FRIENDS-MESSAGE-007")
async def test_refused_payloads_leave_the_session_as_it_was(people: People):
    """After many refused payloads the same socket still sends and receives."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    for payload in WRONG_TYPES:
        await alice_device.say(payload)
    await alice_device.say("still here")

    await bob_device.expect_next("message", says("still here"))
    await bob_device.say("so am I")
    await alice_device.expect("message", says("so am I"))
    assert alice_device.count("exception") == len(WRONG_TYPES)
