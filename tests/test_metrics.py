"""`app.metrics`: the figures of `GET /metrics`, as the server counts them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import ClientConnection, connect

from app.engine.admission import LIMITS
from app.engine.session import ENDINGS
from app.listeners import Listener
from app.server import Server
from app.store.base import User
from tests.engine.served import received
from tests.serving import POLLING, get, hanging, running, settings
from tests.waiting import until

Figures = dict[tuple[str, ...], float]


async def figures(listener: Listener) -> Figures:
    """Return what `/metrics` shows: the values by name and labels, in the order of the labels' names."""
    status, _, text = await get(f"{listener.url}/metrics")
    assert status == 200
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@asynccontextmanager
async def connected(server: Server, listener: Listener, user: User) -> AsyncIterator[ClientConnection]:
    """Connect a user, and read up to what was unseen."""
    url = listener.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    async with connect(url, compression=None) as client:
        await received(client)
        await client.send(f"40{json.dumps({'token': server.users.token(user)})}")
        await until_received(client, '42["unseen_messages"')
        yield client


async def until_received(client: ClientConnection, beginning: str) -> None:
    """Read up to a packet that begins like this, answering each PING."""
    while not (packet := str(await received(client))).startswith(beginning):
        if packet == "2":
            await client.send("3")


async def test_a_new_server_shows_every_figure_at_zero():
    """Each limit and each ending has its line from the start, so that a rate of it can be taken."""
    async with running(settings()) as (_, (listener,)):
        shown = await figures(listener)
    assert shown["parley_connections", "friends"] == 0
    assert {limit for name, *labels in shown if name == "parley_refusals_total" for limit in labels[1:]} == set(LIMITS)
    endings = {why for name, *labels in shown if name == "parley_session_endings_total" for why in labels[1:]}
    assert endings == set(ENDINGS)
    assert not any(value for (name, *labels), value in shown.items() if "friends" in labels)


async def test_the_figures_of_the_process_are_shown():
    """Memory and processor time are the first that somebody asks for."""
    async with running(settings()) as (_, (listener,)):
        shown = await figures(listener)
    assert shown[("process_resident_memory_bytes",)] > 0
    assert any(name == "python_info" for name, *_ in shown)


async def test_connections_are_those_that_there_are_now():
    """A connection counts until it ends, and then its session among the endings."""
    async with running(settings()) as (server, (listener,)):
        han = (await server.plant())[0]
        async with connected(server, listener, han), connected(server, listener, han):
            assert (await figures(listener))["parley_connections", "friends"] == 2
        engine = server._engines["friends"]
        await until(lambda: engine.connections == 0)
        shown = await figures(listener)
    assert shown["parley_connections", "friends"] == 0
    assert shown["parley_session_endings_total", "friends", "lost"] == 2
    assert shown["parley_session_endings_total", "friends", "slow"] == 0


async def test_bytes_wait_for_a_client_until_it_takes_them():
    """A long-polling client that asks for nothing has all of it waiting, and nothing once it has asked."""
    async with running(settings()) as (server, (listener,)):
        engine = server._engines["friends"]
        url = f"{listener.url}/socket.io/?{POLLING}"
        _, _, opening = await get(url)
        session = engine._engine.sessions[json.loads(opening[1:])["sid"]]  # pyright: ignore[reportAttributeAccessIssue]  (the engine of this server is ours)
        session.send(engine.prepare(b"4" + b"x" * 999))
        waiting = await figures(listener)
        await get(f"{url}&sid={session.id}")
        taken = await figures(listener)
    assert waiting["parley_queued_bytes", "friends"] == 1000
    assert taken["parley_queued_bytes", "friends"] == 0


async def test_tasks_are_those_that_there_are_now():
    """One that is started is one more, until it has ended."""
    async with running(settings()) as (_, (listener,)):
        before = (await figures(listener))[("parley_tasks",)]
        idle = [asyncio.create_task(asyncio.Event().wait()) for _ in range(100)]
        meanwhile = (await figures(listener))[("parley_tasks",)]
        for task in idle:
            task.cancel()
        await asyncio.wait(idle)
        after = (await figures(listener))[("parley_tasks",)]
    assert meanwhile - before >= 90, "a few others may come and go"
    assert meanwhile - after >= 90


async def test_refusals_are_counted_by_limit():
    """A session that is one too many is refused under the name of the limit."""
    async with running(settings(max_connections=1)) as (_, (listener,)):
        answers = [await get(f"{listener.url}/socket.io/?{POLLING}") for _ in range(3)]
        shown = await figures(listener)
    assert [status for status, _, _ in answers] == [200, 503, 503]
    assert shown["parley_refusals_total", "friends", "connections"] == 2
    assert shown["parley_refusals_total", "friends", "unauthenticated"] == 0


async def test_messages_and_deliveries_are_counted_by_contract():
    """One message to two devices of a friend is one message and two deliveries."""
    async with running(settings()) as (server, (listener,)):
        users = {user.name: user for user in await server.plant()}
        han, obi = users["Han"], users["Obivan"]
        async with (
            connected(server, listener, han) as ship,
            connected(server, listener, obi) as one,
            connected(server, listener, obi) as other,
        ):
            await ship.send('42["message","Kid, I\'m in"]')
            for client in (one, other):
                await until_received(client, '42["message"')
            shown = await figures(listener)
    assert shown["parley_messages_total", "friends"] == 1
    assert shown["parley_deliveries_total", "friends"] == 2


async def test_what_the_store_did_is_counted():
    """Commits and the calls in them, counters as their names say: they end in `_total` and only grow."""
    async with running(settings()) as (server, (listener,)):
        before = await figures(listener)
        with hanging(server):
            together = [asyncio.ensure_future(server.store.ping()) for _ in range(5)]
            await asyncio.sleep(0)
        await asyncio.gather(*together)
        after = await figures(listener)
        commits, operations = server.store.commits, server.store.operations
    assert before[("parley_store_commits_total",)] < after[("parley_store_commits_total",)] == commits
    assert before[("parley_store_operations_total",)] < after[("parley_store_operations_total",)] == operations
    assert operations > commits
    assert not [name for name, *_ in after if name.endswith("_created")]


async def test_two_servers_of_one_process_count_apart():
    """A server's figures are its own."""
    async with running(settings()) as (server, (listener,)), running(settings()) as (_, (other,)):
        han = (await server.plant())[0]
        async with connected(server, listener, han):
            assert (await figures(listener))["parley_connections", "friends"] == 1
            assert (await figures(other))["parley_connections", "friends"] == 0
