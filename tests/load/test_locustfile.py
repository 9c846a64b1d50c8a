"""Plain Locust, as the README of the load has it: by itself, and with workers."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2e.harness.deployment import embedded
from e2e.harness.engine_process import free_port
from load.plan import SCENARIOS
from load.result import load

ROOT = Path(__file__).parents[2]
UNKNOWN = Path(__file__).with_name("unknown.toml")
CONCLUDED = (0, 1, 3)


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    deployment = embedded(tmp_path / "server", {}, ["--memory"])
    await deployment.start()
    yield deployment.servers[0].url
    await deployment.close()


async def locust(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "locust", "-f", str(ROOT / "load" / "locustfile.py"), *arguments),
        env={name: value for name, value in os.environ.items() if name != "PARLEY_LOAD"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def printed(process: asyncio.subprocess.Process) -> str:
    try:
        async with asyncio.timeout(90):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    return output.decode()


@pytest.mark.timeout(120)
async def test_locust_alone_makes_users_and_judges(url: str, tmp_path: Path):
    """What is written is what `parley load` writes, and the exit code says what came of it."""
    process = await locust(
        *("--headless", "--only-summary", "--scenario", "friends-10", "--small"),
        *("--host", url, "--report", str(tmp_path / "report")),
    )
    told = await printed(process)
    assert process.returncode in CONCLUDED, told
    found = load(tmp_path / "report" / "result.json")
    assert found.verdict.lost == 0
    assert found.verdict.delivered == found.verdict.expected > 0
    assert [found.setting[key] for key in ("servers", "deployment", "targets")] == [1, "target", url]
    assert found.setting["cores"] == os.cpu_count()
    assert (tmp_path / "report" / "report.html").exists()
    assert "friends-10: Friends, ten each" in told


@pytest.mark.timeout(120)
async def test_workers_share_the_users(url: str, tmp_path: Path):
    """However many; and what each of them remembers is judged together."""
    scenario = tmp_path / "odd.toml"
    scenario.write_text(
        (SCENARIOS / "direct-steady.toml").read_text().replace("users = 30", "users = 31").replace("= 0.03", "= 0.1")
    )
    port = str(free_port())
    workers = [await locust("--worker", "--master-port", port) for _ in range(2)]
    master = await locust(
        *("--master", "--master-bind-port", port, "--expect-workers", "2", "--headless", "--only-summary"),
        *("--scenario", str(scenario), "--small", "--target", url, "--report", str(tmp_path / "report")),
    )
    told = await printed(master)
    for worker in workers:
        await printed(worker)
    assert master.returncode in CONCLUDED, told
    found = load(tmp_path / "report" / "result.json")
    assert found.connects.count == 31
    assert found.phases[-1].users == 31
    assert max(second.users for second in found.seconds[:3]) < 31, "it is known how many there are while they come"
    assert found.verdict.delivered == found.verdict.expected > 0
    assert len([it for it in found.processes if it.kind == "generator"]) == 2


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "--scenario and --host, or --target, are needed"),
        (["--scenario", "nope", "--host", "http://127.0.0.1:9"], "there is no scenario 'nope'"),
        (["--scenario", "friends-10", "--host", "http://127.0.0.1:9"], "http://127.0.0.1:9"),
        (["--scenario", str(UNKNOWN), "--host", "http://127.0.0.1:9"], "thresholds.p99 is not known"),
    ],
    ids=["nothing", "no such scenario", "nobody there", "an unknown demand"],
)
async def test_what_cannot_be_run_is_refused_in_a_sentence(arguments: list[str], why: str):
    """With exit code 2."""
    process = await locust("--headless", "--only-summary", *arguments)
    told = await printed(process)
    assert process.returncode == 2, told
    assert why in told
    assert "Traceback" not in told
