"""The stranger's server under load: all is well while nothing happens, and messages are lost once something does."""

from __future__ import annotations

from pathlib import Path

import pytest

from load.result import Result, load
from tests.stranger import over, stranger


async def loaded(directory: Path, url: str, scenario: str) -> Result:
    """Load the server by a scenario in its small size, and return what was found."""
    _, printed = await over(url, directory, "load", scenario, "--small", "--report", scenario)
    assert (directory / scenario / "result.json").exists(), printed
    return load(directory / scenario / "result.json")


@pytest.mark.timeout(180)
async def test_a_strangers_server_loses_what_was_written_to_a_dead_connection(tmp_path: Path):
    """Nothing is lost in quiet, and every loss of the other scenario is a message that somebody was owed."""
    async with stranger() as url:
        quiet = await loaded(tmp_path, url, "friends-10")
        assert quiet.verdict.lost == 0
        assert quiet.verdict.delivered == quiet.verdict.expected > 0

        broken = await loaded(tmp_path, url, "network-loss")
    assert broken.verdict.lost > 0
    assert broken.verdict.delivered + broken.verdict.lost == broken.verdict.expected
    assert not broken.passed
    assert (broken.verdict.duplicated, broken.verdict.unexpected) == (0, 0)
    assert any(example.startswith("lost: message ") for example in broken.verdict.examples)
