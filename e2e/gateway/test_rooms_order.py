"""One order for all members over all servers."""

import asyncio
from typing import Any

import pytest

from e2e.harness.deadline import DEADLINE
from e2e.harness.match import Check, has
from e2e.harness.people import People
from e2e.harness.rest import Rest
from e2e.harness.rooms import RoomsClient, history, new_room, visit

WRITERS = 50
EACH = 8


@pytest.mark.requirement("ROOMS-ORDER-001", "ROOMS-ORDER-002", "ROOMS-ORDER-003")
async def test_many_writers_on_all_servers_have_one_order(people: People, rest: Rest):
    """Fifty people say eight things each, as fast as they can: every one of them hears 1..400, in that order.

    What each was told is what everybody heard, and what each said is in the order in which it was said.
    """
    room_id = await new_room(rest)
    writers = [await visit(people, f"Writer {number}") for number in range(WRITERS)]
    await asyncio.gather(*(writer.enter(room_id) for writer in writers))
    told: dict[int, str] = {}

    async def write(number: int) -> None:
        for i in range(EACH):
            said = await writers[number].say(room_id, f"{number} {i}")
            told[said["order"]] = said["content"]

    await asyncio.gather(*map(write, range(WRITERS)))

    everything = list(range(1, WRITERS * EACH + 1))
    for writer in writers:
        await writer.expect("exchanges", has(order=everything[-1]), within=2 * DEADLINE)
        assert writer.orders(room_id) == everything
        assert {message["order"]: message["content"] for message in writer.heard} == told
    shown = await history(rest, room_id)
    assert [(message["order"], message["content"]) for message in shown] == sorted(told.items())
    for number in range(WRITERS):
        mine = [content for _, content in sorted(told.items()) if content.split()[0] == str(number)]
        assert mine == [f"{number} {i}" for i in range(EACH)]


@pytest.mark.requirement("ROOMS-ORDER-003")
async def test_what_one_socket_sends_without_waiting_keeps_its_order(people: People, rest: Rest):
    """Two hundred messages in a row, of which none waits for the answer to another."""
    room_id = await new_room(rest)
    dhoni, kohli = await visit(people, "Dhoni", room_id), await visit(people, "Kohli", room_id)

    for number in range(200):
        await dhoni.emit("exchanges", {"roomId": room_id, "username": "Dhoni", "content": str(number)})

    for number in range(200):
        await kohli.hears(has(content=str(number), order=number + 1))


@pytest.mark.requirement("ROOMS-ORDER-001", "ROOMS-ORDER-002")
async def test_rooms_are_counted_apart(people: People, rest: Rest):
    """While many speak in several rooms at once, each room has orders of its own, without a gap."""
    rooms = [await new_room(rest) for _ in range(4)]
    members = [await visit(people, f"Member {number}", *rooms) for number in range(4)]

    async def speak(number: int) -> None:
        for i in range(40):
            await members[number].say(rooms[(number + i) % 4], "x")

    await asyncio.gather(*map(speak, range(4)))

    for member in members:
        for room_id in rooms:
            await member.expect("exchanges", has(roomId=room_id, order=40))
            assert member.orders(room_id) == list(range(1, 41))


@pytest.mark.requirement("ROOMS-ORDER-002")
async def test_who_comes_and_goes_hears_a_part_without_a_gap(people: People, rest: Rest):
    """While others speak, whoever is there hears orders that follow each other, from some order on."""
    room_id = await new_room(rest)
    dhoni, kohli = await visit(people, "Dhoni", room_id), await visit(people, "Kohli", room_id)
    over = asyncio.Event()

    async def speak(device: RoomsClient) -> None:
        while not over.is_set():
            await device.say(room_id, "x")

    speaking = [asyncio.create_task(speak(device)) for device in (dhoni, kohli)]
    for number in range(10):
        guest = await visit(people, f"Guest {number}", room_id)
        await guest.expect("exchanges", has(roomId=room_id))
        await guest.call("leave", {"roomId": room_id})
        before = guest.orders(room_id)
        await guest.enter(room_id)
        await guest.expect("exchanges", beyond(before[-1]))
        for part in (before, guest.orders(room_id)[len(before) :]):
            assert part == list(range(part[0], part[0] + len(part)))
        await guest.goodbye()
    over.set()
    await asyncio.gather(*speaking)


def beyond(order: int) -> Check:
    """Check that the payload is a message of a greater order."""

    def check(payload: Any) -> str | None:
        return None if isinstance(payload, dict) and payload["order"] > order else f"want an order beyond {order}"

    return check
