"""Starts that cannot work: each ends with exit code 2 and says why, in one line for each reason, before it listens."""

import socket
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from e2e.harness.deployment import Fresh
from e2e.harness.people import PeopleOf
from e2e.harness.process import Exit

Refused = Callable[..., Awaitable[Exit]]


def must_refuse(ended: Exit, *reasons: str) -> None:
    """Show that a server gave exactly these reasons, each in a line of its own, and printed nothing else."""
    assert ended.code == 2, ended
    assert "Traceback" not in ended.errors, ended.errors
    lines = [line for line in ended.errors.splitlines() if line.strip() and "warning" not in line.lower()]
    assert len(lines) == len(reasons), ended.errors
    for reason in reasons:
        assert sum(reason in line for line in lines) == 1, f"{reason}: {ended.errors}"
    assert "http://" not in ended.output


@pytest.mark.requirement("FRIENDS-SERVE-003")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("MODE", "test"),
        ("JWT_EXPIRATION", "soon"),
        ("JWT_EXPIRATION", "0"),
        ("JWT_EXPIRATION", "-1h"),
        ("MAX_MESSAGE_LENGTH", "0"),
        ("MAX_MESSAGE_LENGTH", "many"),
        ("UNSEEN_LIMIT", "-5"),
        ("CONFIRM_INTERVAL", "-1"),
        ("CONFIRM_INTERVAL", "nan"),
        ("PRESENCE_GRACE", "-1"),
        ("PING_INTERVAL", "0"),
        ("PING_TIMEOUT", "inf"),
        ("PASSWORD_ROUNDS", "99"),
        ("AUTH_UNIFORM_ERRORS", "perhaps"),
    ],
)
async def test_an_unusable_setting_ends_the_start(refused_start: Refused, name: str, value: str):
    """A setting that cannot be used ends the start with exit code 2 and one line that names it."""
    must_refuse(await refused_start(**{name: value}), name)


@pytest.mark.requirement("FRIENDS-SERVE-003")
async def test_every_unusable_setting_is_told_at_once(refused_start: Refused):
    """Several unusable settings are told in one start, a line for each."""
    ended = await refused_start(PORT="http", MODE="test", UNSEEN_LIMIT="-5")

    must_refuse(ended, "PORT", "MODE", "UNSEEN_LIMIT")


@pytest.mark.requirement("FRIENDS-SERVE-003")
async def test_a_secret_is_not_printed(refused_start: Refused):
    """No secret is in what the server says of unusable settings."""
    ended = await refused_start(PORT="http", JWT_SECRET="do not tell anybody, not even here")

    assert "do not tell" not in ended.output + ended.errors


@pytest.mark.requirement("FRIENDS-SERVE-003")
@pytest.mark.parametrize("arguments", [("--contract", "nope"), ("--port-offset", "x"), ("--nonsense",)])
async def test_unusable_arguments_end_the_start(refused_start: Refused, arguments: tuple[str, ...]):
    """Arguments that cannot be used end the start with exit code 2 and without a traceback."""
    ended = await refused_start(*arguments)

    assert ended.code == 2, ended
    assert "Traceback" not in ended.errors
    assert arguments[-1] in ended.errors


@pytest.mark.requirement("FRIENDS-SERVE-004")
async def test_a_port_in_use_ends_the_start(refused_start: Refused):
    """A port that somebody listens on ends the start with exit code 2 and a line that names it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        must_refuse(await refused_start(PORT=port), port)


@pytest.mark.requirement("FRIENDS-SERVE-004")
async def test_an_offset_is_added_to_the_port(refused_start: Refused):
    """With `--port-offset N` the port that is listened on is N more; here it is in use, and the line names it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        must_refuse(await refused_start("--port-offset", "7", PORT=str(port - 7)), f"port {port} ")


@pytest.mark.requirement("FRIENDS-SERVE-003")
async def test_a_host_that_is_not_ours_ends_the_start(refused_start: Refused):
    """An address that this machine does not have ends the start with exit code 2 and a line that names it."""
    must_refuse(await refused_start("--host", "192.0.2.1"), "192.0.2.1")


@pytest.mark.requirement("FRIENDS-SERVE-005")
async def test_an_unwritable_data_directory_ends_the_start(refused_start: Refused, tmp_path: Path):
    """A data directory that cannot be made ends the start with exit code 2 and a line that names it."""
    (tmp_path / "file").touch()
    directory = tmp_path / "file" / "data"

    must_refuse(await refused_start(DATA_DIR=str(directory)), str(directory))


@pytest.mark.requirement("FRIENDS-SERVE-006")
@pytest.mark.embedded("is about the database's file")
async def test_a_newer_database_ends_the_start(fresh_deployment: Fresh, refused_start: Refused, tmp_path: Path):
    """A database that a newer version wrote ends the start with exit code 2, and stays as it is."""
    directory = tmp_path / "data"
    deployment = await fresh_deployment(DATA_DIR=str(directory))
    await deployment.stop()
    file = directory / "parley.db"
    _set_version(file, 999)
    before = file.read_bytes()

    must_refuse(await refused_start(DATA_DIR=str(directory)), str(file))

    assert file.read_bytes() == before


@pytest.mark.requirement("FRIENDS-SERVE-007")
@pytest.mark.parametrize("content", [b"this is no database " * 500, b"SQLite format 3\x00" + b"\xff" * 8000])
async def test_a_file_that_is_no_database_ends_the_start(refused_start: Refused, tmp_path: Path, content: bytes):
    """A file that is no database ends the start with exit code 2, and stays as it is."""
    file = tmp_path / "parley.db"
    file.write_bytes(content)

    must_refuse(await refused_start(DATA_DIR=str(tmp_path)), str(file))

    assert file.read_bytes() == content


@pytest.mark.requirement("FRIENDS-SERVE-007")
async def test_a_foreign_database_ends_the_start(refused_start: Refused, tmp_path: Path):
    """A SQLite database of another program ends the start with exit code 2, and keeps what it has."""
    file = tmp_path / "parley.db"
    foreign = sqlite3.connect(file)
    foreign.execute("CREATE TABLE users (shoe_size INTEGER)")
    foreign.commit()
    foreign.close()

    must_refuse(await refused_start(DATA_DIR=str(tmp_path)), str(file))


@pytest.mark.requirement("FRIENDS-SERVE-008")
@pytest.mark.embedded("is about the database's file")
async def test_a_second_server_on_one_file_ends_its_start(
    fresh_deployment: Fresh, people_of: PeopleOf, refused_start: Refused, tmp_path: Path
):
    """A second server on a database that a server uses ends with exit code 2; the first goes on undisturbed."""
    directory = tmp_path / "data"
    people = people_of(await fresh_deployment(DATA_DIR=str(directory)))
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device, bob_device = await alice.connect(), await bob.connect()

    must_refuse(await refused_start(DATA_DIR=str(directory)), str(directory))

    await alice_device.say("undisturbed")
    await bob_device.expect_next("message")


def _set_version(file: Path, version: int) -> None:
    database = sqlite3.connect(file)
    database.execute(f"PRAGMA user_version = {version}")
    database.commit()
    database.close()
