"""`parley load` as a process: with Locust, on servers of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from app.cli import main
from load.command import _servers
from load.plan import names, read
from load.processes import family, usage
from tests.waiting import until

ROOT = Path(__file__).parents[2]


async def started(directory: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "load", *arguments),
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def under_way(directory: Path) -> asyncio.subprocess.Process:
    """Return a run that has said how far it is."""
    process = await started(directory, "friends-10", "--users", "12", "--report", "report")
    assert process.stdout is not None
    async for line in process.stdout:
        if b"users" in line and b"sent" in line:
            return process
    raise AssertionError("it never said how far it is")


@pytest.mark.timeout(120)
async def test_a_small_run_passes_and_leaves_its_report(tmp_path: Path):
    """Every message is accounted for, and the servers have been looked at."""
    process = await started(tmp_path, "direct-steady", "--small", "--users", "12", "--report", "report")
    output, errors = await process.communicate()
    assert process.returncode == 0, output.decode() + errors.decode()
    verdict = json.loads((tmp_path / "report" / "verdict.json").read_text())
    result = json.loads((tmp_path / "report" / "result.json").read_text())
    assert verdict["outcome"] == "passed"
    assert result["verdict"]["delivered"] == result["verdict"]["expected"] > 50
    assert {it["kind"] for it in result["processes"]} == {"server", "generator"}
    assert b"PASSED" in output
    assert errors == b""
    assert (tmp_path / "report" / "report.html").is_file()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_run_ends_all_that_it_started(tmp_path: Path, number: signal.Signals):
    """With exit code 2 and a sentence."""
    process = await under_way(tmp_path)
    pids = family(process.pid)
    assert len(pids) > 3, "itself, a server, the generator, and what would end them"
    process.send_signal(number)
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert errors.decode() == "parley: interrupted: nothing is said of the servers\n"
    await until(lambda: usage(pids) is None)
    assert not list((tmp_path / "report").glob("run-*"))


@pytest.mark.timeout(120)
async def test_a_run_that_is_killed_leaves_no_process(tmp_path: Path):
    """It cannot end what it started; somebody else does."""
    process = await under_way(tmp_path)
    pids = family(process.pid)
    process.kill()
    await process.communicate()
    await until(lambda: usage(pids) is None)


def test_without_a_scenario_they_are_listed(capsys: pytest.CaptureFixture[str]):
    """Each with its title."""
    assert main(["load"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert "Friends, ten each" in "\n".join(lines)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nothing"], "there is no scenario 'nothing'; there is"),
        (["friends-10", "--users", "5"], "of 5 users nobody has so many others"),
        (["friends-10", "--profile", "nowhere.toml"], "nowhere.toml: No such file"),
        (["friends-10", "--target", "http://127.0.0.1:9"], "nothing answers there"),
        (["rolling-kill", "--target", "http://127.0.0.1:9"], "without --target it starts its own"),
    ],
)
def test_what_cannot_be_run_is_refused(
    arguments: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """With exit code 2 and a sentence, and nothing is left of it."""
    monkeypatch.chdir(tmp_path)
    assert main(["load", *arguments]) == 2
    assert why in capsys.readouterr().err
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".log"]


@pytest.mark.parametrize(
    "arguments",
    [["friends-10", "--users", "0"], ["friends-10", "--rate", "x"], ["x", "--baseline", "none.json"], ["--nonsense"]],
)
def test_a_command_line_that_is_wrong_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    """As every command does."""
    with pytest.raises(SystemExit) as end:
        main(["load", *arguments])
    assert end.value.code == 2
    assert "parley load: error" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("scenario", "servers"), [("friends-10", 1), ("cross-server", 2), ("redis-pause", 2), ("reconnect-storm", 1)]
)
def test_a_scenario_about_several_servers_has_two(scenario: str, servers: int):
    """Where the command line does not say how many."""
    assert _servers(read(scenario)) == servers
