"""The engines that tests of the store, of the cluster and of whole deployments share.

They are found or started once for the run (`e2e/harness/engines.py` says where they are looked for, and
`PARLEY_TEST_ENGINES` forces the choice). Whoever uses one takes a database or a key prefix of its own.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.harness.run_engines import RunEngines

_ROOT = Path(__file__).parent
_USES = ("store", "cluster", "harness", "load", "test_server.py", "verify/test_made_users.py")
_USERS = [_ROOT / "e2e", *(_ROOT / "tests" / name for name in _USES)]

_engines = pytest.StashKey[RunEngines]()


@pytest.fixture(autouse=True)
def nothing_is_left_unasked(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test during which asyncio says that something went wrong of which nobody has heard.

    That is known when the task is collected, so it may be of the test before.
    """
    yield
    records = [record for phase in ("setup", "call", "teardown") for record in caplog.get_records(phase)]
    told = [record.getMessage() for record in records if record.name == "asyncio" and record.levelno >= logging.ERROR]
    assert not told, "\n".join(told)


def pytest_configure(config: pytest.Config) -> None:
    """Start the engines, unless no test that was asked for uses them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # as a shell has it in the background: every program that a test starts, and interrupts, would ignore it too
        signal.signal(signal.SIGINT, signal.default_int_handler)
    paths = [(config.invocation_params.dir / argument.split("::")[0]).resolve() for argument in config.args]
    used = any(path.is_relative_to(user) or user.is_relative_to(path) for path in paths for user in _USERS)
    wanted = used and not config.getoption("--target", default=None)
    config.stash[_engines] = RunEngines(config, wanted=wanted)
    config.pluginmanager.register(config.stash[_engines], "engines")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that may take longer than others: at the end of a run all workers wait for such a one."""
    items.sort(key=lambda item: -max((it.args[0] for it in item.iter_markers("timeout")), default=0))


@pytest.fixture(scope="session")
def redis_url(pytestconfig: pytest.Config) -> str:
    """Return the URL of a Redis that answers."""
    return pytestconfig.stash[_engines].url("redis")


@pytest.fixture(scope="session")
def mongo_url(pytestconfig: pytest.Config) -> str:
    """Return the URL of a MongoDB that answers, without a database unless `MONGO_URL` names one."""
    return pytestconfig.stash[_engines].url("mongo")
