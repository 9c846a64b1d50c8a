"""What survives of a room: a kill, a stop, and an engine that is away."""

import asyncio

import pytest

from e2e.harness.deployment import Fresh
from e2e.harness.match import has
from e2e.harness.people import PeopleOf
from e2e.harness.rooms import history, new_room, visit


@pytest.mark.requirement("ROOMS-ORDER-005", "ROOMS-ORDER-001")
async def test_a_kill_amid_a_burst_loses_nothing(fresh_deployment: Fresh, people_of: PeopleOf):
    """After `kill -9` everything is there that was acknowledged or heard, in its order, and the order goes on."""
    deployment = await fresh_deployment()
    people = people_of(deployment)
    room_id = await new_room(people.rest())
    dhoni = await visit(people, "Dhoni", room_id, server=0)
    kohli = await visit(people, "Kohli", room_id, server=0)

    async def burst() -> None:
        for number in range(2000):
            await dhoni.emit("exchanges", {"roomId": room_id, "username": "Dhoni", "content": str(number)}, ack=number)
            await asyncio.sleep(0)

    bursting = asyncio.create_task(burst())
    await kohli.expect("exchanges", has(content="150"))
    await deployment.kill()
    bursting.cancel()
    for device in (dhoni, kohli):
        await device.expect("CLOSED")
    await deployment.restart()

    shown = await history(people.rest(), room_id)
    stored = {message["order"]: message["content"] for message in shown}
    told = {record.payload["order"]: record.payload["content"] for record in dhoni.inbox.all("ACK")}
    heard = {message["order"]: message["content"] for message in kohli.heard}
    assert list(stored) == list(range(1, len(stored) + 1))
    assert list(stored.values()) == [str(number) for number in range(len(stored))]
    assert told.items() | heard.items() <= stored.items()
    again = await visit(people, "Dhoni", room_id)
    assert (await again.say(room_id, "and on"))["order"] == len(stored) + 1


@pytest.mark.requirement("ROOMS-ORDER-005", "ROOMS-REST-012")
async def test_a_restart_loses_nothing(fresh_deployment: Fresh, people_of: PeopleOf):
    """After a stop and a start rooms are open or closed as before, and all that was said is there."""
    deployment = await fresh_deployment()
    people = people_of(deployment)
    rest = people.rest()
    kept, closed = await new_room(rest), await new_room(rest)
    dhoni = await visit(people, "Dhoni", kept, closed)
    for number in range(5):
        await dhoni.say(kept, str(number))
    await dhoni.say(closed, "gone")
    await rest.delete(f"/api/v1/rooms/{closed}")
    before = await history(rest, kept)

    await deployment.restart()

    assert await history(rest, kept) == before
    (await rest.get(f"/api/v1/rooms/{closed}/messages")).must(403)
    (await rest.post("/api/v1/rooms", {"roomId": closed, "creatorUsername": "Dhoni"})).must(201)
    assert await history(rest, closed) == []


@pytest.mark.requirement("ROOMS-LIST-001", "ROOMS-ORDER-005")
async def test_who_was_there_comes_back_after_a_restart(fresh_deployment: Fresh, people_of: PeopleOf):
    """Whoever joins again is there, and speaks behind all that was said before."""
    deployment = await fresh_deployment()
    people = people_of(deployment)
    room_id = await new_room(people.rest())
    before = [await visit(people, name, room_id) for name in ("Dhoni", "Kohli")]
    await before[0].say(room_id, "before")

    await deployment.restart()
    dhoni, kohli = [await visit(people, name, room_id) for name in ("Dhoni", "Kohli")]
    said = await dhoni.say(room_id, "after")

    assert said["order"] == 2
    await kohli.hears(has(content="after", order=2))
