"""Connecting to the rooms contract: transports, ports, and a handshake that names a room."""

from typing import Any

import pytest

from e2e.harness.client import TransportName
from e2e.harness.match import equals, has
from e2e.harness.people import People
from e2e.harness.rest import Rest
from e2e.harness.rooms import FORBIDDEN, RoomsClient, lists, new_room, refuses, visit


@pytest.mark.requirement("ROOMS-CONNECT-001")
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_both_transports_carry_the_contract(people: People, rest: Rest, transport: TransportName):
    """Messages, lists and acknowledgements go both ways over either transport, without a credential."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id, transport=transport)
    kohli = await visit(people, "Kohli", room_id, transport=transport)

    said = await dhoni.say(room_id, "hello")

    await kohli.hears(equals(said))
    assert await kohli.call("leave", {"roomId": room_id}) == {"roomId": room_id}
    await dhoni.expect(f"participants/{room_id}", lists(Dhoni=True, Kohli=False))


@pytest.mark.requirement("ROOMS-CONNECT-001", "ROOMS-ORDER-002")
async def test_a_session_is_upgraded_without_a_loss(people: People, rest: Rest):
    """A session that moves from polling to a websocket hears every message once and in order."""
    room_id = await new_room(rest)
    dhoni = await visit(people, "Dhoni", room_id)
    kohli = await visit(people, "Kohli", room_id, transport="polling")
    assert kohli.handshake["upgrades"] == ["websocket"]

    for number in range(5):
        await dhoni.say(room_id, f"before {number}")
    await kohli.upgrade()
    for number in range(5):
        await dhoni.say(room_id, f"after {number}")

    for order in range(1, 11):
        await kohli.hears(has(order=order))


@pytest.mark.requirement("ROOMS-CONNECT-002")
async def test_the_contract_is_on_its_own_port_and_at_its_path_on_every_port(people: People, rest: Rest):
    """A device on the contract's port, at `/socket.io`, hears one at `/rooms/socket.io` of any port, and is heard."""
    listeners = people.deployment.servers[0].urls
    if "rooms" not in listeners:
        pytest.skip("the ports of the target are not known")
    room_id = await new_room(rest)
    drop_in = await visit(people, "Dhoni", room_id, listener="rooms", path="/socket.io")

    for listener in (name for name in listeners if name != "internal"):
        device = await visit(people, listener, room_id, listener=listener)
        await device.hears(equals(await drop_in.say(room_id, f"to {listener}")))
        said = await device.say(room_id, f"from {listener}")
        await drop_in.hears()
        await drop_in.hears(equals(said))
        await device.goodbye()


@pytest.mark.requirement("ROOMS-CONNECT-003")
async def test_a_handshake_may_join_a_room(people: People, rest: Rest):
    """Who connects with a room and a name is in the room, without another word."""
    room_id = await new_room(rest)

    kohli = await visit(people, "Kohli", auth={"roomId": room_id, "username": "Kohli"})
    await kohli.expect(f"participants/{room_id}", equals([{"roomId": room_id, "username": "Kohli", "connected": True}]))

    said = await (await visit(people, "Dhoni")).say(room_id, "hello")
    await kohli.expect("exchanges", equals(said))


@pytest.mark.requirement("ROOMS-CONNECT-003", "ROOMS-JOIN-002")
@pytest.mark.parametrize(
    ("auth", "refused"),
    [
        ({"roomId": "no such room: *", "username": "Dhoni"}, has(**FORBIDDEN)),
        ({"roomId": "3XX"}, refuses("username")),
        ({"roomId": "", "username": 7}, refuses("roomId")),
        ({"roomId": [], "username": {}}, refuses("roomId", "username")),
    ],
)
async def test_a_handshake_that_joins_nothing_leaves_the_socket_connected(
    people: People, rest: Rest, auth: Any, refused: Any
):
    """It is told so by `exception`, after CONNECT, and may join as if it had said nothing."""
    device = await visit(people, "Dhoni", auth=auth)

    await device.expect_next("exception", refused)

    await device.enter(await new_room(rest))


@pytest.mark.requirement("ROOMS-CONNECT-003")
@pytest.mark.parametrize("auth", [{"token": "x"}, {}, {"username": "Dhoni"}])
async def test_a_handshake_of_another_kind_joins_nothing(people: People, rest: Rest, auth: Any):
    """Nothing comes of it but CONNECT."""
    device = await people.dial("Dhoni", RoomsClient, auth=auth)
    await device.arrive()

    await device.call("leave", {"roomId": await new_room(rest)})

    assert [record.label for record in device.inbox.received] == ["OPEN", "CONNECT", "ACK"]
