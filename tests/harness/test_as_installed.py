"""A server of the suites has what it would have where nothing else is installed."""

import subprocess
import sys

import pytest

from e2e.harness.as_installed import ABSENT


def measured(statement: str) -> subprocess.CompletedProcess[str]:
    """Run a statement, by a module of the library that takes one."""
    return subprocess.run(
        [sys.executable, "-m", "e2e.harness.as_installed", "timeit", "-n1", "-r1", statement],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ABSENT)
def test_what_the_harness_needs_cannot_be_imported(name: str):
    """Though it is there."""
    __import__(name)
    done = measured(f"import {name}")
    assert done.returncode != 0
    assert f"import of {name} halted" in done.stdout + done.stderr


def test_a_server_has_all_that_it_needs():
    """Nothing of the backend needs the harness."""
    done = measured("import app.__main__, app.server")
    assert done.returncode == 0, done.stderr
    assert "loop" in done.stdout, "the module was given its arguments"
