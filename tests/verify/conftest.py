"""Servers to judge, and the command that judges them, each a process of its own."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from e2e.harness.deployment import Deployment, embedded
from e2e.verify.result import Report, load

STRANGER = Path(__file__).with_name("stranger.py")

CAST = {
    "Alice": ["Bob", "Carol"],
    "Bob": ["Alice"],
    "Carol": ["Alice"],
    "Bob 2": ["Alice 2", "Carol 2"],
    "Alice 2": ["Bob 2"],
    "Carol 2": ["Bob 2"],
    "Alice 3": [],
    "Stranger": [],
}
"""The users that docs/verify.md has in its example of a fixed list."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        directory: where its report is.

    """

    code: int
    output: str
    errors: str
    directory: Path

    @property
    def report(self) -> Report:
        """The report it wrote."""
        return load(self.directory / "report.json")

    def verdict(self, requirement: str) -> str:
        """Return the verdict on a requirement."""
        return next(it.verdict for it in self.report.requirements if it.id == requirement)


Verify = Callable[..., Awaitable[Outcome]]


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    """Return what runs `parley verify` with these arguments."""

    async def verify(*arguments: str, contract: str = "friends") -> Outcome:
        directory = tmp_path / secrets.token_hex(4)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "verify", "--contract", contract, "--report", str(directory), *arguments),
            cwd=tmp_path,
            env={**os.environ, "E2E_NO_SKIP": "", "PYTEST_ADDOPTS": "", "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        assert process.returncode is not None
        return Outcome(process.returncode, output.decode(), errors.decode(), directory)

    return verify


@pytest_asyncio.fixture(scope="session")
async def parley(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """Return Parley, with nothing beside it."""
    deployment = embedded(tmp_path_factory.mktemp("parley"), {}, ["--memory"])
    await deployment.start()
    yield deployment
    await deployment.close()


@dataclass(frozen=True, slots=True)
class Stranger:
    """A server that nobody wrote for the suites.

    Attributes:
        profile: what is to be known of it.

    """

    url: str
    profile: str

    def expecting(self, directory: Path, *failures: str) -> str:
        """Return the path of a profile that has these requirements as expected failures."""
        known = (f'[[expected_failures]]\nid = "{it}"\nreason = "known since the first day"\n' for it in failures)
        path = directory / "expecting.toml"
        path.write_text("\n".join([Path(self.profile).read_text(), *known]))
        return str(path)


@pytest_asyncio.fixture(scope="session")
async def stranger(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stranger]:
    """Return the stranger's server, with the users of the example."""
    directory = tmp_path_factory.mktemp("stranger")
    users = {
        hashlib.sha256(key.encode()).hexdigest(): {"id": key, "name": key.split()[0], "friends": friends}
        for key, friends in CAST.items()
    }
    (directory / "users.json").write_text(json.dumps(users))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(STRANGER), str(directory / "users.json")),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    found = re.search(r"http://[\d.]+:\d+", line.decode())
    assert found is not None, line
    yield Stranger(found[0], _profile_of(directory, users))
    process.terminate()
    await process.wait()


def _profile_of(directory: Path, users: dict[str, dict[str, object]]) -> str:
    tables = [
        ["[[users.fixed]]", f'token = "{token}"', *(f"{key} = {json.dumps(value)}" for key, value in user.items())]
        for token, user in users.items()
    ]
    lines = ['name = "stranger"', "[features]", "rest = false", "mounts = false", "[users]", 'source = "fixed"']
    text = "\n".join([*lines, *(line for table in tables for line in table), ""])
    (directory / "profile.toml").write_text(text)
    return str(directory / "profile.toml")
