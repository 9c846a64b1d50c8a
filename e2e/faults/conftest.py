"""Fixtures of the fault suite: engines of this worker's own, a stage, and what runs a trial on it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from e2e.conftest import DEPLOYMENTS, FAULT, FAULT_ENGINES
from e2e.faults.fault import FaultKind
from e2e.faults.stage import Engines, Stage
from e2e.faults.traffic import Traffic
from e2e.faults.trial import Trial
from e2e.harness.engines import Engines as EngineFinder
from e2e.harness.engines import NoEngineError
from e2e.harness.people import PeopleOf
from e2e.harness.transcript import Transcript

Suffer = Callable[[FaultKind, float], Awaitable[None]]


@pytest_asyncio.fixture(scope="session")
async def own_engines(pytestconfig: pytest.Config) -> AsyncIterator[Engines]:
    """Return engines that this worker may freeze and kill, whatever the other tests run over."""
    if pytestconfig.getoption("--target"):
        pytest.skip("hurts its servers and their engines, and those of a target are not ours")
    finder = EngineFinder()
    try:
        yield Engines(await finder.redis(of_our_own=True), await finder.mongo(of_our_own=True))
    except NoEngineError as error:
        refuse = pytest.fail if os.environ.get("E2E_NO_SKIP") == "1" else pytest.skip
        refuse(str(error))
    finally:
        await finder.close()


@pytest_asyncio.fixture
async def stage(own_engines: Engines, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Return two servers between which and their engines the network can fail."""
    request.node.user_properties.append((FAULT_ENGINES, str(own_engines)))
    stage = await Stage.set_up(own_engines, tmp_path)
    request.node.stash[DEPLOYMENTS] = [stage.cluster]
    yield stage
    await stage.clear()


@pytest.fixture
def suffer(
    stage: Stage,
    people_of: PeopleOf,
    transcript: Transcript,
    record_property: Callable[[str, object], None],
) -> Suffer:
    """Return what runs one fault of so many seconds through a trial, and fails unless all went as promised."""

    async def suffer(kind: FaultKind, seconds: float) -> None:
        outcome = await Trial(stage, Traffic(people_of(stage.cluster), transcript)).run([(kind, seconds)])
        more = f", and {len(outcome.problems)} more problems" if outcome.problems else ""
        record_property(FAULT, f"{kind.name}, {seconds:g} s: {outcome.verdict.summary}{more}")
        assert outcome.sound, str(outcome)

    return suffer
