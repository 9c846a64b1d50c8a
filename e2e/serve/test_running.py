"""A server that runs: what it prints, how it ends, what it leaves on disk."""

import re
import signal
from pathlib import Path

import pytest

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
    devices = [await alice.connect(), await bob.connect(), await bob.connect(transport="polling")]

    await process_of(deployment).stop(number)

    for device in devices:
        await device.expect(("CLOSED", "DISCONNECT"))


@pytest.mark.requirement("FRIENDS-SERVE-002", "FRIENDS-OFFLINE-011")
async def test_a_client_that_does_not_read_cannot_hold_up_the_end(fresh_deployment: Fresh, people_of: PeopleOf):
    """SIGTERM ends the server though a client takes nothing that it is sent any more."""
    deployment = await fresh_deployment("--memory")
    alice, bob = await people_of(deployment).friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect(small_buffer=True)
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
    await alice.connect()

    await deployment.restart()

    assert deployment.servers[0].url == address
    await alice.connect()


@pytest.mark.requirement("FRIENDS-SERVE-009")
async def test_memory_keeps_nothing_on_disk(fresh_deployment: Fresh, tmp_path: Path):
    """With `--memory` no file is made in the data directory."""
    directory = tmp_path / "data"
    await fresh_deployment("--memory", DATA_DIR=str(directory))

    assert not list(directory.glob("*"))


@pytest.mark.requirement("FRIENDS-AUTH-013", "FRIENDS-SERVE-009")
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
