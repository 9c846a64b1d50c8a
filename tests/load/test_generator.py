"""The child that makes the load: how it is started, followed and ended. A stand-in plays its part."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from load.generator import Generator, GeneratorError, Progress, locust
from load.processes import usage
from tests.load.conftest import STAND_IN, plan_of
from tests.waiting import until


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a directory of a run."""
    (tmp_path / "plan.json").write_text(json.dumps(plan_of().dump()))
    (tmp_path / "world.json").write_text(json.dumps({"run": "0123abcd", "users": []}))
    return tmp_path


async def ended(generator: Generator) -> None:
    async with asyncio.timeout(20):
        while generator.running:  # noqa: ASYNC110  (it sets no event)
            await asyncio.sleep(0.01)


async def test_a_generator_leaves_a_result(directory: Path):
    """It is told by the environment where, and it runs there."""
    generator = Generator(directory, STAND_IN)
    await generator.start()
    assert len(generator.pids) == 1
    await ended(generator)
    generator.check()
    await generator.close()
    assert generator.measured.exists()
    assert generator.pids == []


async def test_what_it_said_last_is_told_when_it_fails(directory: Path):
    """With its exit code, and whatever the code is where it has left no result."""
    for argument, code, said in (("fail", 1, "it rained into the generator"), ("forget", 0, "")):
        generator = Generator(directory, [*STAND_IN, argument])
        await generator.start()
        await ended(generator)
        with pytest.raises(GeneratorError, match=f"exit code {code} and no result:\n.*{said}"):
            generator.check()
        await generator.close()


async def test_all_of_it_is_ended(directory: Path):
    """What it has started too, such as the processes that Locust makes."""
    generator = Generator(directory, [*STAND_IN, "hang"])
    await generator.start()
    await until(lambda: len(generator.pids) == 2)
    pids = generator.pids
    await generator.close()
    assert not generator.running
    await until(lambda: usage(pids[1:]) is None)


async def test_one_that_does_not_heed_a_sigterm_is_killed(directory: Path, monkeypatch: pytest.MonkeyPatch):
    """After a while."""
    monkeypatch.setattr("load.generator._STOP", 0.2)
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    generator = Generator(directory, [sys.executable, "-c", deaf])
    await generator.start()
    await until(lambda: "deaf" in generator.log_tail())
    await generator.close()
    assert not generator.running


def test_one_process_is_locust_alone_and_more_are_its_own_workers():
    """Without a page, and over our file; what they tell each other nobody else hears."""
    alone = locust(1)
    assert alone[1:4] == ["-m", "locust", "-f"]
    assert Path(alone[4]).name == "locustfile.py"
    assert "--headless" in alone
    assert "--processes" not in alone
    several = locust(4)
    assert several[several.index("--processes") + 1] == "4"
    for option in ("--master-bind-host", "--master-host"):
        assert several[several.index(option) + 1] == "127.0.0.1"
    assert several[several.index("--master-bind-port") + 1] == several[several.index("--master-port") + 1] != "5557"


def test_news_are_read_once_they_are_whole(tmp_path: Path):
    """A line that is half written comes with the next look, and none comes twice."""
    progress, path = Progress(tmp_path), tmp_path / "progress.jsonl"
    assert progress.news() == []
    lines: list[Any] = [{"phase": "ramp"}, {"phase": "höld"}]
    first, second = (json.dumps(it, ensure_ascii=False).encode() + b"\n" for it in lines)
    path.write_bytes(first + second[:12])
    assert progress.news() == lines[:1]
    assert progress.news() == []
    path.write_bytes(first + second)
    assert progress.news() == lines[1:]
