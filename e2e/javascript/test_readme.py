"""The examples of README.md, run as they stand there but for the address, with the real client."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from e2e.harness.deadline import eventually
from e2e.harness.direct import DirectClient
from e2e.harness.javascript import Script
from e2e.harness.match import equals, has, says
from e2e.harness.notifications import PATHS, Guest
from e2e.harness.people import People, Person
from e2e.harness.presence import Presence
from e2e.harness.rooms import new_room, path_of, visit
from e2e.harness.transcript import Transcript

README = Path(__file__).resolve().parents[2] / "README.md"

_EXAMPLE = re.compile(r"^### (\w+)\n\n```js\n(.*?)```$", re.MULTILINE | re.DOTALL)
_CONTRACT = re.compile(r"^\| \[`(\w+)`\]\(contracts/.*?\| (\d+) \|", re.MULTILINE)
_ADDRESS = re.compile(r"http://localhost:(\d+)")

Example = Callable[..., Awaitable[Script]]


def examples() -> dict[str, str]:
    """Return the example of each contract."""
    return dict(_EXAMPLE.findall(README.read_text(encoding="utf-8")))


@pytest_asyncio.fixture
async def example(node: None, people: People, transcript: Transcript) -> AsyncIterator[Example]:
    """Return what runs a contract's example for a person, with some values by name beside the token."""
    scripts: list[Script] = []

    async def example(contract: str, person: Person, **values: str | list[str]) -> Script:
        url = people.deployment.servers[0].urls.get(contract)
        if url is None:
            pytest.skip("the ports of the target are not known")
        known = "".join(f"const {name} = {value!r};\n" for name, value in {"token": person.token, **values}.items())
        source = 'import { io } from "socket.io-client";\n' + known + _ADDRESS.sub(url, examples()[contract])
        scripts.append(Script(f"{person.name} (js)", transcript))
        await scripts[-1].start(source)
        return scripts[-1]

    yield example
    for script in scripts:
        await script.release()


@pytest.mark.requirement("FRIENDS-CONNECT-009", "DIRECT-CONNECT-004")
def test_every_contract_has_an_example_of_five_lines():
    """Each contract of the table has one, with the port that the table says."""
    ports = dict(_CONTRACT.findall(README.read_text(encoding="utf-8")))
    found = examples()

    assert found.keys() == ports.keys()
    for contract, code in found.items():
        assert len(code.splitlines()) <= 5, contract
        assert ports[contract] in _ADDRESS.findall(code), contract


@pytest.mark.requirement("FRIENDS-CONNECT-009")
async def test_the_example_of_friends(people: People, example: Example):
    """It prints what was said before it came, says hello, and prints what is said then."""
    alice, bob = await people.friendship("Alice", "Bob")
    device = await alice.connect()
    await device.say("before")
    await device.say(7)
    await device.expect("exception")

    script = await example("friends", bob)

    await script.prints("unseen: before")
    await device.expect("message", has(message="Hello there.", username="Bob"))
    await device.say("hello yourself")
    await script.prints("Alice: hello yourself")


@pytest.mark.requirement("DIRECT-CONNECT-004")
async def test_the_example_of_direct(people: People, example: Example):
    """It prints and acknowledges what waited for it and what comes, and sends hello."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    device = await alice.connect(DirectClient)
    before = await device.send(bob.id, "before")

    script = await example("direct", bob, receiver=alice.id)

    await script.prints("got: before")
    hello = (await device.expect("message", says("Hello there."))).payload
    await script.prints(f"stored: {hello['id']}")
    live = await device.send(bob.id, "hello yourself")
    await script.prints("got: hello yourself")
    reader = await bob.connect(DirectClient)
    await eventually(reader.unreceived, equals([]))
    assert await reader.all() == {alice.id: [{**chat, "received": True} for chat in (before, live)]}


@pytest.mark.requirement("ROOMS-CONNECT-005")
async def test_the_example_of_rooms(people: People, example: Example):
    """It joins by its handshake, says hello, and prints what is said, who is there, and the end of the room."""
    alice, rest = await people.new("Alice"), people.rest()
    room_id = await new_room(rest)
    bob = await visit(people, "Bob", room_id)

    script = await example("rooms", alice, roomId=room_id)

    await bob.expect("exchanges", has(username="Han", content="Hello there.", order=1))
    for line in ("here: 2", "1. Han: Hello there.", "stored: 1"):
        await script.prints(line)
    await bob.say(room_id, "hello yourself")
    await script.prints("2. Bob: hello yourself")
    (await rest.delete(path_of(room_id))).must(204)
    await script.prints("closed")


@pytest.mark.requirement("NOTIFICATIONS-CONNECT-011")
async def test_the_example_of_notifications(people: People, example: Example):
    """It prints and confirms what waited for it and what comes, who is here, and notifies itself."""
    alice = await people.new("Alice")
    guest, rest = Guest(people, "Alice", id=alice.id), people.rest()
    (await rest.post(PATHS[0], {"message": "before", "userId": alice.id})).must(201)

    script = await example("notifications", alice, userId=alice.id)

    await script.prints("told: before")
    await script.prints("told: Hello there.")
    (await rest.post(PATHS[1], {"message": "hello yourself", "userId": alice.id})).must(201)
    await script.prints("told: hello yourself")
    for line in ("here: ", "stored: "):
        await script.prints(line)

    async def pending() -> list[str]:
        device = await guest.connect()
        await device.notify("somebody else", "marker")
        return [record.payload["message"] for record in device.inbox.all("newNotification")]

    await eventually(pending, equals([]))


@pytest.mark.requirement("PRESENCE-CONNECT-006")
async def test_the_example_of_presence(people: People, example: Example):
    """It authenticates, says hello to who is online, and prints what comes and who comes."""
    alice, bob, carol = await people.friendship("Alice", "Bob", "Carol")
    presence = Presence(people)
    device = await presence.connect(bob)

    script = await example("presence", alice, recipientIds=[bob.id])

    await device.expect("message", has(message="Hello there.", senderId=alice.id))
    await script.prints("sent: 1")
    assert (await device.send([alice], "hello yourself"))["status"] == "sent"
    await script.prints(f"{bob.id}: hello yourself")
    await presence.connect(carol)
    await script.prints(f"{carol.email} is online")
