"""Who there is at a deployment for a run: made in each way that a profile knows, and removed where that can be."""

from __future__ import annotations

import asyncio
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pymongo import AsyncMongoClient

from e2e.verify.profile import FixedUser, Users
from load import population, world
from load.fleet import Fleet, RemoteFleet
from load.own_fleet import OwnFleet
from load.plan import PlanError
from load.world import World, WorldError
from tests.load.conftest import StartFleet, plan_of


async def friends_of(fleet: Fleet, made: World, number: int) -> list[int]:
    """Return whom the servers have for friends of a user, who proves with a token to be that."""
    headers = {"Authorization": f"Bearer {made.users[number].token}"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{fleet.rest[0]}/users/me/friends", headers=headers) as answer,
    ):
        assert answer.status == 200
        ids = {friend["_id"] for friend in await answer.json()}
    return [other for other, user in enumerate(made.users) if user.id in ids]


async def room_status(fleet: Fleet, room: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"{fleet.rest[0]}/api/v1/rooms/{room}/messages") as answer:
        return answer.status


@pytest.fixture
async def clustered(start_fleet: StartFleet) -> OwnFleet:
    return await start_fleet(plan_of(), clustered=True)


async def test_registered_users_are_the_friends_that_the_plan_has(start_fleet: StartFleet):
    """Over REST, on a server of their own database."""
    plan = plan_of(users=9, friends=4)
    fleet = await start_fleet(plan)
    made = await world.make(plan, fleet)
    assert made.friends == population.friends(plan.population)
    assert [await friends_of(fleet, made, number) for number in range(9)] == made.friends


async def test_inserted_users_are_the_friends_that_the_plan_has(clustered: OwnFleet):
    """With tokens that are signed here; in the database there are no others, and none after they were removed."""
    plan = plan_of(users=1200, friends=4, senders=3)
    made = await world.make(plan, clustered)
    assert made.friends == population.friends(plan.population)
    for number in (0, 1, 799, 1199):
        assert await friends_of(clustered, made, number) == made.friends[number]
    mongo = clustered.users.mongo
    assert mongo is not None
    async with AsyncMongoClient[dict[str, Any]](mongo.url) as client:
        users = client[mongo.database][mongo.collection]
        assert await users.count_documents({}) == 1200
        await world.remove(made, clustered)
        assert await users.count_documents({}) == 0


async def test_who_writes_to_anybody_has_no_friends(start_fleet: StartFleet):
    """The direct contract has users with tokens, and no friendships."""
    fleet = await start_fleet(plan_of("direct"))
    made = await world.make(plan_of("direct"), fleet)
    assert made.friends == ()
    assert await friends_of(fleet, made, 0) == []
    assert len({user.token for user in made.users}) == 8


async def test_rooms_are_opened_and_closed(start_fleet: StartFleet):
    """As many as the users need; whoever goes by a name in them has neither account nor token."""
    plan = plan_of("rooms", users=10, members=4)
    fleet = await start_fleet(plan)
    made = await world.make(plan, fleet)
    assert len(made.rooms) == 3
    assert {user.token for user in made.users} == {""}
    assert len({user.name for user in made.users}) == 10
    assert [await room_status(fleet, room) for room in made.rooms] == [200] * 3
    await world.remove(made, fleet)
    assert [await room_status(fleet, room) for room in made.rooms] == [403] * 3


async def test_nobody_is_made_who_is_taken_at_their_word(start_fleet: StartFleet):
    """Those of the notifications contract are ids and names."""
    plan = plan_of("notifications")
    made = await world.make(plan, RemoteFleet([], [], Users()))
    assert len({user.id for user in made.users}) == 8
    assert {user.token for user in made.users} == {""}


FIXED = (
    FixedUser("a", "Alice", "token a", friends=("b", "c")),
    FixedUser("b", "Bob", "token b", friends=("a",)),
    FixedUser("c", "Carol", "token c", friends=("a",)),
)


async def test_fixed_users_have_the_friends_that_they_have():
    """The first of the list, and of their friends those who are among them."""
    fleet = RemoteFleet([], [], Users("fixed", fixed=FIXED))
    made = await world.make(plan_of(users=2), fleet)
    assert [(user.id, user.token) for user in made.users] == [("a", "token a"), ("b", "token b")]
    assert made.friends == [[1], [0]]


async def test_more_users_than_a_list_has_are_refused():
    """With both numbers."""
    fleet = RemoteFleet([], [], Users("fixed", fixed=FIXED))
    with pytest.raises(WorldError, match="the profile has 3 fixed users, and tried needs 8"):
        await world.make(plan_of(), fleet)


async def test_friends_who_cannot_be_are_refused_before_anybody_is_made():
    """A server is not even asked."""
    with pytest.raises(PlanError, match="want an even number"):
        await world.make(plan_of(friends=3), RemoteFleet([], ["http://127.0.0.1:9"], Users()))


async def test_what_the_servers_would_not_have_is_told(start_fleet: StartFleet):
    """With their answer, or why there was none."""
    fleet = await start_fleet(plan_of())
    with pytest.raises(WorldError, match="was answered 404"):
        await world.make(plan_of(), RemoteFleet([], [f"{fleet.rest[0]}/nowhere"], Users()))
    with pytest.raises(WorldError, match="cannot be made: Cannot connect"):
        await world.make(plan_of(), RemoteFleet([], ["http://127.0.0.1:9"], Users()))


async def test_what_is_written_is_for_nobody_else(tmp_path: Path):
    """There are tokens and perhaps a secret in it."""
    fleet = RemoteFleet([], [], Users("fixed", secret="s3", fixed=FIXED))
    assert (await world.make(plan_of(users=2), fleet)).secret is None, "nobody needs it"
    expiring = plan_of("friends", {"name": "wave", "seconds": 1, "action": "expire"}, users=2)
    made = await world.make(expiring, fleet)
    path = tmp_path / "world.json"
    world.write(made, path)
    found = json.loads(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert found["users"][1] == {"id": "b", "name": "Bob", "email": "", "token": "token b"}
    assert (found["friends"], found["secret"], found["run"]) == ([[1], [0]], "s3", made.run)
    assert found["lent"] is True
    assert found["claims"] == {"sub": "id", "_id": "id", "email": "email"}
    world.write(replace(made, users=()), path)
    assert json.loads(path.read_text())["users"] == []


async def test_an_engine_that_answers_nobody_does_not_hold_up_the_end(
    clustered: OwnFleet, monkeypatch: pytest.MonkeyPatch
):
    """What was made stays then; the run has been judged by other things."""
    made = await world.make(plan_of(), clustered)
    assert clustered.mongo is not None
    monkeypatch.setattr(world, "_PATIENCE", 0.5)
    await clustered.mongo.pause()
    try:
        async with asyncio.timeout(3):
            await world.remove(made, clustered)
    finally:
        await clustered.mongo.resume()


async def test_a_server_that_wants_to_be_asked_later_is():
    """Limits are for each address, and a generator has one."""
    answers = [(429, {"Retry-After": "0"}), (503, {"Retry-After": "0"}), (201, {})]
    given: list[int] = []

    async def answer(request: web.Request) -> web.Response:
        status, headers = answers[len(given)]
        given.append(status)
        return web.json_response({}, status=status, headers=headers)

    app = web.Application()
    app.router.add_post("/api/v1/rooms", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        rest = f"http://127.0.0.1:{runner.addresses[0][1]}"
        made = await world.make(plan_of("rooms", users=4, members=4), RemoteFleet([], [rest], Users("rest")))
    finally:
        await runner.cleanup()
    assert len(made.rooms) == 1
    assert given == [429, 503, 201]
