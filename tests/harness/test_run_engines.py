"""The engines of a run: known to every worker, named at its begin and end, and missed loudly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PLUGIN = """
import pytest
from e2e.harness.run_engines import RunEngines

def pytest_configure(config):
    config.pluginmanager.register(RunEngines(config, wanted=True), "engines")
"""

TEST = """
def test_it(pytestconfig):
    assert pytestconfig.pluginmanager.get_plugin("engines").url("redis").startswith("redis://")
"""


def run_pytest(directory: Path, *options: str, **environment: str) -> str:
    """Run a test that uses Redis, in a process of its own, and return what pytest printed."""
    (directory / "engines_of_a_run.py").write_text(PLUGIN)
    (directory / "test_it.py").write_text(TEST)
    (directory / "pytest.ini").touch()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "engines_of_a_run", "-p", "no:cacheprovider", "-rs", *options, "."],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{directory}", "E2E_NO_SKIP": "", "REDIS_URL": "", **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return done.stdout + done.stderr


NOTHING = {"PATH": "/nowhere", "DOCKER_HOST": "unix:///nowhere"}


def test_the_run_says_what_it_used(tmp_path: Path, redis_url: str):
    """The header and the end of a run name the engine, and each worker of xdist is told its URL."""
    printed = run_pytest(tmp_path, "-n", "2", REDIS_URL=redis_url, PARLEY_TEST_ENGINES="")

    assert "1 passed" in printed
    assert printed.count("redis: Redis 7") + printed.count("redis: Redis 8") + printed.count("redis: Valkey") == 2


def test_without_an_engine_a_test_is_skipped_and_the_run_says_why(tmp_path: Path):
    """Where there is no engine its tests are skipped, with a sentence that says how to get one."""
    printed = run_pytest(tmp_path, **NOTHING, PARLEY_TEST_ENGINES="")

    assert "1 skipped" in printed
    assert "Set REDIS_URL, start Docker, or install redis-server." in printed


def test_without_an_engine_a_test_fails_where_no_skip_is_allowed(tmp_path: Path):
    """With `E2E_NO_SKIP=1` a test that has no engine fails."""
    assert "1 failed" in run_pytest(tmp_path, **NOTHING, PARLEY_TEST_ENGINES="", E2E_NO_SKIP="1")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "http://127.0.0.1:1"])
def test_an_engine_that_is_named_and_not_there_ends_the_run(tmp_path: Path, url: str):
    """What was meant to be tested would be skipped, or tested over something else."""
    printed = run_pytest(tmp_path, PARLEY_TEST_ENGINES="", REDIS_URL=url)

    assert "ERROR: REDIS_URL " in printed
    assert "collected" not in printed


@pytest.mark.parametrize("choice", ["docker", "found", "url"])
def test_a_choice_that_cannot_be_met_ends_the_run(tmp_path: Path, choice: str):
    """A forced choice that cannot be met ends the run before any test."""
    printed = run_pytest(tmp_path, **NOTHING, PARLEY_TEST_ENGINES=choice)

    assert f"No Redis is to be had (PARLEY_TEST_ENGINES={choice})" in printed
    assert "collected" not in printed
