"""Fixtures of every suite: the deployment under test, the transcript, and people.

Every test runs over each kind of deployment, or those that `--deployment` (repeatable) names. `--target URL`
(repeatable) runs the suites against servers that run already, `--target-secret` is what those sign tokens with.
`E2E_NO_SKIP=1` turns every skip into a failure, `E2E_TIMEOUT_SCALE` stretches every deadline.
"""

from __future__ import annotations

import http.client
import itertools
import os
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from e2e.harness import requirements
from e2e.harness.cluster import Cluster, Route
from e2e.harness.deadline import SECOND
from e2e.harness.deployment import Deployment, Fresh, RemoteDeployment, RemoteServer, Target, embedded
from e2e.harness.people import People, PeopleOf
from e2e.harness.presence import Presence
from e2e.harness.process import Exit, ServerProcess
from e2e.harness.rest import Rest
from e2e.harness.tokens import Mint
from e2e.harness.transcript import Transcript
from e2e.harness.users import RegisteredUsers, Users

FAST = {"PRESENCE_GRACE": str(SECOND), "CONFIRM_INTERVAL": "0.2"}

KINDS = ("embedded", "cluster-1", "cluster-2")
"""The kinds of deployment: a server with nothing beside it, and so many servers over MongoDB and Redis."""

FORGET_EVERY = 20
"""Tests after which what they stored is removed: the stand-in for MongoDB looks through all of it for most requests."""

Build = Callable[..., Deployment]

_KIND = "deployment"

FAULT = "fault"
"""The property under which a test keeps a line that the end of the run is to say."""

FAULT_ENGINES = "fault engines"
"""The property under which a test keeps what the engines were that it hurt."""

TRANSCRIPT = pytest.StashKey[Transcript]()
"""The transcript of a test."""

USERS = pytest.StashKey[Callable[[], Users]]()
"""Of a run: makes what users of its target come from, where they are not registered over REST."""

TARGET = pytest.StashKey[Target]()
"""Of a run: what is known of the servers that `--target` names, where a plugin knows more than their addresses."""

DEPLOYMENTS = pytest.StashKey[list[Deployment]]()
"""The deployments of a test: their logs are in the report if it fails."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("e2e")
    group.addoption("--deployment", action="append", choices=KINDS, help="over which the tests run (repeatable; all)")
    group.addoption("--long", action="store_true", help="also run the tests that are marked long")
    group.addoption("--target", action="append", metavar="URL", help="a server that runs already (repeatable)")
    group.addoption("--target-secret", metavar="SECRET", help="what the targets sign tokens with")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(*ids): the requirements of contracts/ that the test proves")
    config.addinivalue_line("markers", "embedded(why): the test is about the embedded deployment alone")
    config.addinivalue_line("markers", "faults: the test has a cluster of two of its own, and hurts it")
    config.addinivalue_line("markers", "long: the test runs with `--long` or `-m long` only")
    if not hasattr(config, "workerinput"):
        for target in config.getoption("--target") or ():
            _reach(target)


def _reach(target: str) -> None:
    """Raise `UsageError` unless something answers at a target, be it that it is not well."""
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"{target.rstrip('/')}/livez", timeout=5 * SECOND
        )
    except urllib.error.HTTPError:
        pass
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise pytest.UsageError(f"--target {target}: nothing answers there ({error})") from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test over every kind of deployment."""
    if "deployment_kind" in metafunc.fixturenames and not metafunc.config.getoption("--target"):
        embedded_only = metafunc.definition.get_closest_marker("embedded") is not None
        kinds = ["embedded"] if embedded_only else _chosen(metafunc.config)
        metafunc.parametrize("deployment_kind", kinds, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    not_chosen = {item for item in items if _kind_of(item) not in (None, *_chosen(config))}
    if not config.getoption("--long") and "long" not in config.option.markexpr:
        not_chosen |= {item for item in items if item.get_closest_marker("long")}
    config.hook.pytest_deselected(items=list(not_chosen))
    items[:] = [item for item in items if item not in not_chosen]
    claims = {item.nodeid: [it for mark in item.iter_markers("requirement") for it in mark.args] for item in items}
    if problems := requirements.unknown(claims, requirements.load()):
        raise pytest.UsageError("tests claim to prove requirements that are in no contract:\n" + "\n".join(problems))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test whose clients received what their contract does not have."""
    transcript = pyfuncitem.stash.get(TRANSCRIPT, Transcript())
    try:
        result = yield
    finally:
        breaches = list(transcript.breaches)
        transcript.breaches.clear()
    _allow_none(breaches, transcript)
    return result


def _allow_none(breaches: list[str], transcript: Transcript) -> None:
    __tracebackhide__ = True
    if breaches:
        raise AssertionError("\n".join(["received what the contract does not have:", *breaches, "", str(transcript)]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if kind := _kind_of(item):
        report.user_properties.append((_KIND, kind))
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("E2E_NO_SKIP") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, and E2E_NO_SKIP=1 allows no skip: {report.longrepr}"
    if report.failed:
        if TRANSCRIPT in item.stash and str(item.stash[TRANSCRIPT]) not in str(report.longrepr):
            report.sections.append(("transcript", str(item.stash[TRANSCRIPT])))
        report.sections += [("server log", it.log_tail()) for it in item.stash.get(DEPLOYMENTS, [])]
    return report


@pytest.fixture(scope="session")
def deployment_kind(request: pytest.FixtureRequest) -> str:
    """Return the kind of deployment that the test runs over: one of `KINDS`, or `target`."""
    return getattr(request, "param", "target")


@pytest.fixture(scope="session")
def build(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Build:
    """Return what makes a deployment of a kind, not started yet."""

    def build(kind: str, directory: Path, settings: dict[str, str], arguments: Sequence[str] = ()) -> Deployment:
        settings = {**FAST, **settings}
        if kind == "target":
            return RemoteDeployment(_target(pytestconfig))
        if kind == "embedded":
            return embedded(directory, settings, arguments)
        engines = Route(request.getfixturevalue("redis_url"), request.getfixturevalue("mongo_url"))
        # a test that says --memory needs nothing kept, and is quicker so; a cluster has no such choice
        rest = [argument for argument in arguments if argument != "--memory"]
        return Cluster(directory, engines, [engines] * int(kind.removeprefix("cluster-")), settings, rest)

    return build


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran over each kind of deployment."""
    reports = [it for reports in terminalreporter.stats.values() for it in reports if getattr(it, "when", "") == "call"]
    counts = Counter(value for report in reports for key, value in report.user_properties if key == _KIND)
    if counts:
        told = ", ".join(f"{counts[kind]} over {kind}" for kind in KINDS if counts[kind])
        terminalreporter.write_line(f"deployments: {told}")
    for engines in sorted(
        {value for report in reports for key, value in report.user_properties if key == FAULT_ENGINES}
    ):
        terminalreporter.write_line(f"faults: engines of their own, as others may not be hurt: {engines}")
    for line in sorted(value for report in reports for key, value in report.user_properties if key == FAULT):
        terminalreporter.write_line(f"fault: {line}")


@pytest_asyncio.fixture(scope="session")
async def shared_deployments(
    build: Build, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Callable[[str], Awaitable[Deployment]]]:
    """Return what has the one deployment of a kind that all tests of this worker share, and starts it if it must."""
    started: dict[str, Deployment] = {}
    uses = Counter[str]()

    async def shared(kind: str) -> Deployment:
        if kind not in started:
            deployment = build(kind, tmp_path_factory.mktemp("shared"), {})
            started[kind] = deployment
            await deployment.start()
            await deployment.seed()
        uses[kind] += 1
        if uses[kind] % FORGET_EVERY == 0:
            await started[kind].forget()
        return started[kind]

    yield shared
    for deployment in started.values():
        await deployment.close()


@pytest_asyncio.fixture
async def deployment(
    deployment_kind: str,
    shared_deployments: Callable[[str], Awaitable[Deployment]],
    request: pytest.FixtureRequest,
) -> Deployment:
    """Return the deployment that all tests share: none may change it."""
    deployment = await shared_deployments(deployment_kind)
    request.node.stash.setdefault(DEPLOYMENTS, []).append(deployment)
    return deployment


@pytest_asyncio.fixture
async def fresh_deployment(
    deployment_kind: str, build: Build, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Fresh]:
    """Return a factory of deployments that a test may kill, and which are stopped (exit code 0) at its end."""
    if deployment_kind == "target":
        pytest.skip("needs a server of its own, and a target cannot be restarted from here")
    started: list[Deployment] = request.node.stash.setdefault(DEPLOYMENTS, [])
    numbers = itertools.count(1)

    async def fresh(*arguments: str, **settings: str) -> Deployment:
        deployment = build(deployment_kind, tmp_path / f"deployment-{next(numbers)}", settings, arguments)
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
    """Return what signs tokens that the shared deployment believes, and bad ones; some need its secret."""
    return deployment.mint


@pytest.fixture
def transcript(request: pytest.FixtureRequest) -> Iterator[Transcript]:
    """Return the transcript of this test, and look at what came after the test's last word too."""
    transcript = request.node.stash.setdefault(TRANSCRIPT, Transcript())
    yield transcript
    _allow_none(transcript.breaches, transcript)


@pytest_asyncio.fixture(scope="session")
async def users(pytestconfig: pytest.Config) -> AsyncIterator[Users]:
    """Return where users come from."""
    users = pytestconfig.stash.get(USERS, RegisteredUsers)()
    yield users
    await users.close()


@pytest_asyncio.fixture
async def people_of(transcript: Transcript, users: Users) -> AsyncIterator[PeopleOf]:
    """Return what makes people on a deployment; their devices are closed at the end of the test."""
    made: list[People] = []
    async with aiohttp.ClientSession() as http:

        def people_of(deployment: Deployment) -> People:
            made.append(People(deployment, transcript, http, users))
            return made[-1]

        yield people_of
        for people in made:
            await people.release()


@pytest.fixture
def people(deployment: Deployment, people_of: PeopleOf) -> People:
    """Return what makes people on the shared deployment."""
    return people_of(deployment)


@pytest.fixture
def presence(people: People) -> Presence:
    """Return what connects people, on the shared deployment, to the presence contract."""
    return Presence(people)


@pytest.fixture
def rest(people: People) -> Rest:
    """Return REST on the shared deployment, without a credential."""
    return people.rest()


def _target(config: pytest.Config) -> Target:
    servers = tuple(RemoteServer(url.rstrip("/")) for url in config.getoption("--target") or ())
    return config.stash.get(TARGET, Target(servers, config.getoption("--target-secret")))


def _chosen(config: pytest.Config) -> Sequence[str]:
    return config.getoption("--deployment") or KINDS


def _kind_of(item: pytest.Item) -> str | None:
    """Return the kind of deployment that a test runs over, None if it has none, or a target."""
    if item.get_closest_marker("faults"):
        return "cluster-2"
    call: Any = getattr(item, "callspec", None)
    return None if call is None else call.params.get("deployment_kind")
