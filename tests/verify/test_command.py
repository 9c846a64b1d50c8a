"""`parley verify` as a process, against servers on real sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.harness.deployment import Deployment
from tests.verify.conftest import Stranger, Verify

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(120)


async def test_a_server_that_keeps_a_requirement_conforms(parley: Deployment, verify: Verify):
    """Exit code 0; the requirement passed, its tests are in the report, and nothing else was run."""
    done = await verify("--target", parley.servers[0].url, "-k", "FRIENDS-CONNECT-001", "--strict")

    assert done.code == 0, done
    report = done.report
    assert (report.outcome, report.counts["PASS"], report.counts["FAIL"]) == ("conforms", 1, 0)
    (judged,) = [it for it in report.requirements if it.verdict == "PASS"]
    assert judged.id == "FRIENDS-CONNECT-001"
    assert len([test for test in judged.tests if test.outcome == "passed"]) == 6
    assert "conforms to the friends contract" in done.output
    assert sorted(path.name for path in done.directory.iterdir()) == [
        "badge.json", "junit.xml", "report.html", "report.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("contract", "requirement"),
    [
        ("direct", "DIRECT-CONNECT-001"),
        ("rooms", "ROOMS-JOIN-001"),
        ("notifications", "NOTIFICATIONS-SEND-001"),
        ("presence", "PRESENCE-AUTH-001"),
    ],
)
async def test_every_contract_can_be_judged(parley: Deployment, verify: Verify, contract: str, requirement: str):
    """At the path that it has on every port."""
    done = await verify("--target", parley.servers[0].url, "-k", requirement, contract=contract)

    assert done.code == 0, done
    assert done.verdict(requirement) == "PASS"


async def test_a_server_of_somebody_else_is_judged_as_it_is(stranger: Stranger, verify: Verify):
    """Exit code 1: what it does right passes, what it does wrong fails with a transcript, and what it has not is said.

    Its users are a list; it has no REST, and was not written for the suites.
    """
    done = await verify(
        *("--target", stranger.url, "--profile", stranger.profile),
        *("-k", "FRIENDS-CONNECT-001", "-k", "FRIENDS-MESSAGE-007"),
        *("-k", "FRIENDS-AUTH-001"),
    )

    assert done.code == 1, done
    assert done.verdict("FRIENDS-CONNECT-001") == "PASS"
    assert done.verdict("FRIENDS-AUTH-001") == "NOT-APPLICABLE"
    assert done.verdict("FRIENDS-MESSAGE-007") == "FAIL"
    failed = next(it for it in done.report.requirements if it.verdict == "FAIL")
    test = next(it for it in failed.tests if it.failure)
    assert test.failure is not None
    assert str(test.failure.where).startswith("e2e/gateway/test_payloads.py:")
    assert [it.label for it in test.transcript if it.way == "sent"][:2] == ["OPEN", "CONNECT"]
    assert "does not conform" in done.output
    assert failed.text.split()[0] in done.output


async def test_a_failure_that_is_expected_is_no_failure_and_one_that_passes_is(
    stranger: Stranger, verify: Verify, tmp_path: Path
):
    """XFAIL lets the server conform, XPASS does not."""
    expecting = stranger.expecting(tmp_path, "FRIENDS-MESSAGE-007", "FRIENDS-CONNECT-001")
    target = ("--target", stranger.url, "--profile", expecting)

    known = await verify(*target, "-k", "FRIENDS-MESSAGE-007")
    mended = await verify(*target, "-k", "FRIENDS-CONNECT-001")

    assert (known.code, known.verdict("FRIENDS-MESSAGE-007")) == (0, "XFAIL"), known
    assert (mended.code, mended.verdict("FRIENDS-CONNECT-001")) == (1, "XPASS"), mended
    assert "known since the first day" in mended.output


def test_the_factor_is_known_before_the_harness_is():
    """The harness reads it once, when it is imported: that must not be before the profile was read."""
    program = "import sys, e2e.verify.command; print('e2e.harness.deadline' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


async def test_where_nothing_can_be_run_nothing_is_said_of_the_server(parley: Deployment, verify: Verify):
    """Exit code 3, and why."""
    done = await verify("--target", parley.servers[0].url, "-k", "FRIENDS-SERVE-002", "--all")

    assert done.code == 3, done
    assert done.report.outcome == "nothing ran"
    assert "needs a server of its own, and stops it" in " ".join(done.output.split())


async def test_a_target_that_does_not_answer_is_no_verdict(verify: Verify):
    """Exit code 2, one sentence, and no report."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

    done = await verify("--target", url)

    assert done.code == 2
    assert done.errors.startswith(f"parley: {url}: nothing answers there")
    assert len(done.errors.splitlines()) == 1
    assert not done.directory.exists()


async def test_a_target_that_speaks_elsewhere_is_no_verdict(stranger: Stranger, verify: Verify):
    """The sentence names the part of the profile that says where."""
    done = await verify("--target", stranger.url, contract="direct")

    assert done.code == 2
    assert "nothing speaks Socket.IO at /direct/socket.io/ (HTTP status 404)" in done.errors
    assert "[contracts.direct]" in done.errors


async def test_a_contract_of_which_nobody_said_where_it_is_is_no_verdict(stranger: Stranger, verify: Verify):
    """Its usual place is one that the profile says there is none of: one sentence, and no traceback."""
    done = await verify("--target", stranger.url, "--profile", stranger.profile, contract="direct")

    assert done.code == 2
    assert done.errors.startswith("parley: the target does not offer mounts")
    assert "url and path of [contracts.direct]" in done.errors
    assert len(done.errors.splitlines()) == 1


async def test_a_report_that_cannot_be_written_is_no_verdict(parley: Deployment, verify: Verify):
    """The verdict is printed all the same, but exit code 1 would say that the server is wrong."""
    target = ("--target", parley.servers[0].url, "-k", "FRIENDS-CONNECT-001")
    done = await verify(*target, "--report", "/proc/self/nowhere/report")

    assert done.code == 2
    assert done.errors.startswith("parley: --report /proc/self/nowhere/report: ")
    assert len(done.errors.splitlines()) == 1


async def test_a_target_without_users_is_no_verdict(stranger: Stranger, verify: Verify):
    """The stranger has no `/users`: without its list every test would fail for that."""
    done = await verify("--target", stranger.url)

    assert done.code == 2
    assert "no users can be had (want 201, got POST /users -> 404" in done.errors
    assert "source of [users]" in done.errors


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-k", "FRIENDS-NOPE-001"], "'FRIENDS-NOPE-001' matches no requirement"),
        (["--profile", "nowhere.toml"], "nowhere.toml: No such file"),
        (["--strickt"], "unrecognized arguments"),
        (["--workers", "0"], "argument --workers: '0' is no number from 1 on"),
        (["--target", "localhost:3000"], "localhost:3000 is no URL such as http://localhost:3000"),
        (["--report", __file__], "is no directory in which files can be made"),
    ],
)
async def test_what_cannot_be_meant_ends_the_run(parley: Deployment, verify: Verify, arguments: list[str], told: str):
    """Exit code 2, before any test is run."""
    done = await verify("--target", parley.servers[0].url, *arguments)

    assert done.code == 2
    assert told in done.errors


@pytest.mark.parametrize("workers", ["1", "4"])
async def test_ctrl_c_ends_a_run_and_leaves_nothing(tmp_path: Path, workers: str):
    """Exit code 2 and one sentence, though a test was about to connect; no process is left, and no half report."""
    dialled = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.read(4096)
        if b"Upgrade: websocket" in request:  # it is never answered
            dialled.set()
            await reader.read()
        else:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "verify", "--contract", "notifications", "-k", "NOTIFICATIONS-CONNECT-*"),
            *("--target", f"http://127.0.0.1:{port}", "--workers", workers, "--report", str(tmp_path / "report")),
            cwd=tmp_path,
            env={**os.environ, "E2E_NO_SKIP": "", "PYTEST_ADDOPTS": "", "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # a group of its own, as a terminal gives a command
        )
        await asyncio.wait_for(dialled.wait(), 60)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = await asyncio.wait_for(process.communicate(), 30)

    assert (process.returncode, errors.decode()) == (2, "parley: interrupted: nothing is said of the server\n")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert not (tmp_path / "report").exists()


async def test_an_expected_failure_of_no_requirement_ends_the_run(stranger: Stranger, verify: Verify, tmp_path: Path):
    """It would excuse nothing, and nobody would know."""
    expecting = stranger.expecting(tmp_path, "FRIENDS-NOPE-*")

    done = await verify("--target", stranger.url, "--profile", expecting)

    assert done.code == 2
    assert "'FRIENDS-NOPE-*' matches no requirement" in done.errors
