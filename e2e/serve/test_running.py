"""A server that runs: what it prints, how it ends, what it leaves on disk."""

import asyncio
import os
import re
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from e2e.harness.deadline import SECOND, eventually
from e2e.harness.deployment import Deployment, Fresh
from e2e.harness.match import has
from e2e.harness.people import PeopleOf
from e2e.harness.process import ServerProcess

JWT = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")


def process_of(deployment: Deployment) -> ServerProcess:
    server = deployment.servers[0]
    assert isinstance(server, ServerProcess)
    return server


@pytest.mark.requirement("FRIENDS-SERVE-001")
@pytest.mark.embedded("a cluster does not seed, and knows nobody at its start")
async def test_the_server_prints_where_it_is_and_whom_it_knows(fresh_deployment: Fresh, people_of: PeopleOf):
    """A start prints the listener, the docs, and each seeded user with a token that works."""
    deployment = await fresh_deployment("--memory")
    people = people_of(deployment)
    printed = process_of(deployment).announced

    assert any("friends" in line and deployment.servers[0].url in line for line in printed)
    assert any(f"{deployment.servers[0].url}/docs" in line for line in printed)
    for email in ("obi@mail.com", "han@mail.com", "anakin@mail.com"):
        (line,) = [line for line in printed if email in line]
        (token,) = JWT.findall(line)
        (await people.rest().bearing(token, email).get("/users/me")).must(200, has(email=email))


@pytest.mark.requirement("FRIENDS-SERVE-002")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_server_with_clients_connected(
    fresh_deployment: Fresh, people_of: PeopleOf, number: signal.Signals
):
    """SIGTERM and SIGINT end the server with exit code 0 within seconds, and every client is told."""
    deployment = await fresh_deployment()
    alice, bob = await people_of(deployment).friendship("Alice", "Bob")
    devices = [
        await alice.connect(server=0),
        await bob.connect(server=0),
        await bob.connect(server=0, transport="polling"),
    ]

    await process_of(deployment).stop(number)

    for device in devices:
        await device.expect(("CLOSED", "DISCONNECT"))


@pytest.mark.requirement("FRIENDS-SERVE-002", "FRIENDS-OFFLINE-011")
async def test_a_client_that_does_not_read_cannot_hold_up_the_end(fresh_deployment: Fresh, people_of: PeopleOf):
    """SIGTERM ends the server though a client takes nothing that it is sent any more."""
    deployment = await fresh_deployment("--memory")
    alice, bob = await people_of(deployment).friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect(server=0, small_buffer=True)
    await bob_device.stop_reading()
    for number in range(300):
        await alice_device.say(f"{number} {'x' * 4000}")
    await alice_device.say(7)
    await alice_device.expect("exception")

    await deployment.stop()


@pytest.mark.requirement("FRIENDS-SERVE-002")
async def test_a_server_can_be_started_again_at_once(fresh_deployment: Fresh, people_of: PeopleOf):
    """The address of a server that ended can be taken again at once, by the next start."""
    deployment = await fresh_deployment()
    alice = await people_of(deployment).new("Alice")
    address = deployment.servers[0].url
    await alice.connect(server=0)

    await deployment.restart()

    assert deployment.servers[0].url == address
    await alice.connect(server=0)


@pytest.mark.requirement("FRIENDS-SERVE-009")
@pytest.mark.embedded("a cluster keeps nothing on a disk of its own")
async def test_memory_keeps_nothing_on_disk(fresh_deployment: Fresh, tmp_path: Path):
    """With `--memory` no file is made in the data directory."""
    directory = tmp_path / "data"
    await fresh_deployment("--memory", DATA_DIR=str(directory))

    assert not list(directory.glob("*"))


@pytest.mark.requirement("FRIENDS-AUTH-013", "FRIENDS-SERVE-009")
@pytest.mark.embedded("a cluster does not seed by itself")
async def test_a_second_start_seeds_nothing_anew(fresh_deployment: Fresh, people_of: PeopleOf):
    """What was changed in a seeded user stays so over a restart."""
    deployment = await fresh_deployment()
    people = people_of(deployment)
    login = {"email": "han@mail.com", "password": "123456"}
    han = people.known((await people.rest().post("/auth/login", login)).must(200), "123456")
    alice = await people.new("Alice")
    await people.friends(han, alice)

    await deployment.restart()

    assert alice.id in (await han.rest.get("/users/me")).must(200)["friends"]


@pytest.mark.requirement("FRIENDS-SERVE-001")
async def test_a_start_warns_of_what_is_unwise(fresh_deployment: Fresh):
    """A secret that can be found by trying is used, and told of on standard error."""
    deployment = await fresh_deployment("--memory", JWT_SECRET="short")

    assert "parley: warning: JWT_SECRET is shorter than 32 bytes" in process_of(deployment).log.read_text()


@pytest.mark.requirement("FRIENDS-SERVE-001")
@pytest.mark.embedded("takes a user out of the database's file")
async def test_users_are_seeded_beside_a_running_server(fresh_deployment: Fresh, people_of: PeopleOf, tmp_path: Path):
    """`seed` adds a seeded user who is missing to the file of a server that runs, and it knows the user then."""
    directory = tmp_path / "data"
    people = people_of(await fresh_deployment(DATA_DIR=str(directory)))
    with closing(sqlite3.connect(directory / "parley.db")) as database, database:
        database.execute("DELETE FROM friendships WHERE user_id = (SELECT id FROM users WHERE email = 'han@mail.com')")
        database.execute("DELETE FROM users WHERE email = 'han@mail.com'")
    login = {"email": "han@mail.com", "password": "123456"}
    (await people.rest().post("/auth/login", login)).must(401)

    seeding = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app",
        "seed",
        env={**os.environ, "DATA_DIR": str(directory)},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await asyncio.wait_for(seeding.communicate(), 15 * SECOND)

    assert (seeding.returncode, printed.splitlines()[0].split()[:2]) == (0, [b"added", b"han@mail.com"])
    (await people.rest().post("/auth/login", login)).must(200)


@pytest.mark.requirement("FRIENDS-SERVE-002")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.embedded("locks the database's file")
async def test_a_second_signal_ends_the_server_at_once(
    fresh_deployment: Fresh, people_of: PeopleOf, tmp_path: Path, number: signal.Signals
):
    """A server whose end is held up, here by a file that another program has locked, ends with 128 + the signal."""
    directory = tmp_path / "data"
    deployment = await fresh_deployment(DATA_DIR=str(directory), DRAIN_TIMEOUT="600")
    people = people_of(deployment)
    await (await people.new("Alice")).connect()
    server = process_of(deployment)
    process = server._process
    assert process is not None
    with closing(sqlite3.connect(directory / "parley.db", isolation_level=None)) as locking:
        locking.execute("BEGIN IMMEDIATE")
        process.send_signal(signal.SIGTERM)
        await eventually(
            lambda: people.rest().get("/readyz"), lambda answer: None if answer.status == 503 else f"{answer}"
        )
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 15 * SECOND) == 128 + number
