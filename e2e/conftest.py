"""Fixtures of every suite: the deployment under test, the transcript, and people.

Options: `--target URL` (repeatable) runs the suites against servers that run already, `--target-secret` is what those
sign tokens with. `E2E_NO_SKIP=1` turns every skip into a failure, `E2E_TIMEOUT_SCALE` stretches every deadline.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from e2e.harness import requirements
from e2e.harness.deadline import SECOND
from e2e.harness.deployment import Deployment, Fresh, embedded, remote
from e2e.harness.people import People, PeopleOf
from e2e.harness.process import Exit, ServerProcess
from e2e.harness.rest import Rest
from e2e.harness.tokens import Mint
from e2e.harness.transcript import Transcript

FAST = {"PRESENCE_GRACE": str(SECOND), "CONFIRM_INTERVAL": "0.2"}

_transcript = pytest.StashKey[Transcript]()
_deployments = pytest.StashKey[list[Deployment]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("e2e")
    group.addoption("--target", action="append", metavar="URL", help="a server that runs already (repeatable)")
    group.addoption("--target-secret", metavar="SECRET", help="what the targets sign tokens with")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(*ids): the requirements of contracts/ that the test proves")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    claims = {item.nodeid: [it for mark in item.iter_markers("requirement") for it in mark.args] for item in items}
    if problems := requirements.unknown(claims, requirements.load()):
        raise pytest.UsageError("tests claim to prove requirements that are in no contract:\n" + "\n".join(problems))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("E2E_NO_SKIP") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, and E2E_NO_SKIP=1 allows no skip: {report.longrepr}"
    if report.failed:
        if _transcript in item.stash and str(item.stash[_transcript]) not in str(report.longrepr):
            report.sections.append(("transcript", str(item.stash[_transcript])))
        report.sections += [("server log", it.log_tail()) for it in item.stash.get(_deployments, [])]
    return report


@pytest_asyncio.fixture(scope="session")
async def shared_deployment(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Deployment]:
    """Return the servers of `--target`, or one server of this worker's own."""
    if targets := pytestconfig.getoption("--target"):
        yield remote(targets, pytestconfig.getoption("--target-secret"))
        return
    deployment = embedded(tmp_path_factory.mktemp("shared"), FAST)
    await deployment.start()
    yield deployment
    await deployment.close()


@pytest.fixture
def deployment(shared_deployment: Deployment, request: pytest.FixtureRequest) -> Deployment:
    """Return the deployment that all tests share: none may change it."""
    request.node.stash.setdefault(_deployments, []).append(shared_deployment)
    return shared_deployment


@pytest_asyncio.fixture
async def fresh_deployment(
    pytestconfig: pytest.Config, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Fresh]:
    """Return a factory of deployments that a test may kill, and which are stopped (exit code 0) at its end."""
    if pytestconfig.getoption("--target"):
        pytest.skip("needs a server of its own, and a target cannot be restarted from here")
    started: list[Deployment] = request.node.stash.setdefault(_deployments, [])
    numbers = itertools.count(1)

    async def fresh(*arguments: str, **settings: str) -> Deployment:
        deployment = embedded(tmp_path / f"server-{next(numbers)}", {**FAST, **settings}, arguments)
        started.append(deployment)
        await deployment.start()
        return deployment

    yield fresh
    for deployment in started:
        await deployment.close()


@pytest.fixture
def refused_start(pytestconfig: pytest.Config, tmp_path: Path) -> Callable[..., Awaitable[Exit]]:
    """Return what runs a server, with these arguments of `serve` and settings, that is to end by itself."""
    if pytestconfig.getoption("--target"):
        pytest.skip("needs a server of its own, and a target cannot be started from here")
    numbers = itertools.count(1)

    async def run(*arguments: str, **settings: str) -> Exit:
        return await ServerProcess(tmp_path / f"refused-{next(numbers)}", settings, arguments).run()

    return run


@pytest.fixture
def mint(deployment: Deployment) -> Mint:
    """Return what signs tokens that the shared deployment believes."""
    if deployment.secret is None:
        pytest.skip("the secret of the target is not known: --target-secret")
    return deployment.mint


@pytest.fixture
def transcript(request: pytest.FixtureRequest) -> Transcript:
    """Return the transcript of this test."""
    return request.node.stash.setdefault(_transcript, Transcript())


@pytest_asyncio.fixture
async def people_of(transcript: Transcript) -> AsyncIterator[PeopleOf]:
    """Return what makes people on a deployment; their devices are closed at the end of the test."""
    made: list[People] = []
    async with aiohttp.ClientSession() as http:

        def people_of(deployment: Deployment) -> People:
            made.append(People(deployment, transcript, http))
            return made[-1]

        yield people_of
        for people in made:
            await people.release()


@pytest.fixture
def people(deployment: Deployment, people_of: PeopleOf) -> People:
    """Return what makes people on the shared deployment."""
    return people_of(deployment)


@pytest.fixture
def rest(people: People) -> Rest:
    """Return REST on the shared deployment, without a credential."""
    return people.rest()
