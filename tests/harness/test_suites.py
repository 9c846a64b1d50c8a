"""The suites keep their own rules: black box, no luck, no silent skip."""

import ast
import contextlib
import http.server
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path for path in (ROOT / "e2e").rglob("*.py") if "mutants" not in path.parts)
"""Of the suites and the harness; a mutant is a server, and knows its own code."""


def run_pytest(directory: Path, test: str, *options: str, **environment: str) -> str:
    """Run a test with the fixtures of the suites, in a process of its own, and return what pytest printed."""
    (directory / "test_it.py").write_text(test)
    (directory / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "e2e.conftest",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "-rs",
            *options,
            ".",
        ],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), "E2E_NO_SKIP": "", **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_suite_knows_nothing_of_the_server_s_code(file: Path):
    """No file of the suites imports `app`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        modules = [it.name for it in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [module for module in modules if module.split(".")[0] == "app"]


@pytest.mark.parametrize("file", [it for it in FILES if it.name.startswith("test_")], ids=lambda file: file.stem)
def test_a_test_never_sleeps_for_luck(file: Path):
    """No test sleeps for any time; giving way to other tasks (`sleep(0)`) is no sleep."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("asyncio.sleep", "time.sleep", "sleep"):
            assert ast.unparse(node) == "asyncio.sleep(0)"


@pytest.mark.parametrize("file", [it for it in FILES if it.name.startswith("test_")], ids=lambda file: file.stem)
def test_a_test_says_in_a_sentence_what_it_proves(file: Path):
    """Every test has a docstring that ends as a sentence does, and names a requirement."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and node.name.startswith("test_"):
            assert (ast.get_docstring(node) or "").rstrip().endswith("."), node.name
            marks = [ast.unparse(mark) for mark in node.decorator_list]
            assert any("mark.requirement(" in mark for mark in marks), node.name


def test_a_skip_can_be_made_a_failure(tmp_path: Path):
    """With `E2E_NO_SKIP=1` a skip fails and says so; without it, it is a skip."""
    test = "import pytest\ndef test_it():\n    pytest.skip('no node here')\n"

    assert "1 skipped" in run_pytest(tmp_path, test)
    forbidden = run_pytest(tmp_path, test, E2E_NO_SKIP="1")

    assert "1 failed" in forbidden
    assert "E2E_NO_SKIP=1 allows no skip" in forbidden
    assert "no node here" in forbidden


@pytest.mark.parametrize("target", ["http://127.0.0.1:1", "localhost", "http://[x"])
def test_a_target_that_does_not_answer_ends_the_run(tmp_path: Path, target: str):
    """It is noticed once, at the start, and not by each test."""
    printed = run_pytest(tmp_path, "def test_it(): pass", "--target", target)

    assert f"ERROR: --target {target}: nothing answers there" in printed
    assert "collected" not in printed


def test_faults_of_a_target_are_skipped_before_engines_are_asked_for(tmp_path: Path):
    """They would be started for nothing, or be missed."""
    test = """
        from e2e.faults.conftest import *
        def test_it(stage): pass
    """
    with serving() as target:
        printed = run_pytest(
            tmp_path, textwrap.dedent(test), "--target", target, PATH="/nowhere", DOCKER_HOST="unix:///x"
        )

    assert "1 skipped" in printed
    assert "No Redis" not in printed


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Serve something that is no Parley, at the URL returned."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_claim_of_no_requirement_ends_the_run(tmp_path: Path):
    """A test that claims what no contract requires ends the run before any test."""
    test = "import pytest\n@pytest.mark.requirement('FRIENDS-NOPE-001')\ndef test_it():\n    pass\n"

    printed = run_pytest(tmp_path, test)

    assert "FRIENDS-NOPE-001" in printed
    assert "passed" not in printed


def test_a_failure_shows_the_transcript(tmp_path: Path):
    """The report of a failed test has the transcript."""
    test = "def test_it(transcript):\n    transcript.add('Alice', 'sent', 'message', 'hello')\n    assert False\n"

    assert 'Alice        -> message "hello"' in run_pytest(tmp_path, test)


def test_a_target_cannot_be_restarted(tmp_path: Path):
    """With `--target` a test that needs a server of its own is skipped, and the reason says so."""
    test = "async def test_it(fresh_deployment):\n    pass\n"

    with serving() as target:
        printed = run_pytest(tmp_path, test, "--target", target)

    assert "1 skipped" in printed
    assert "a target cannot be restarted from here" in printed


def test_a_test_runs_over_every_kind_of_deployment(tmp_path: Path):
    """A test that has a deployment runs over each kind, or over those that `--deployment` names; the end says which."""
    test = "def test_it(deployment_kind):\n    pass\n"

    printed = run_pytest(tmp_path, test)
    chosen = run_pytest(tmp_path, test, PYTEST_ADDOPTS="--deployment cluster-2 --deployment embedded")

    assert "deployments: 1 over embedded, 1 over cluster-1, 1 over cluster-2" in printed
    assert "deployments: 1 over embedded, 1 over cluster-2" in chosen


def test_a_test_of_the_embedded_server_is_not_run_over_a_cluster(tmp_path: Path):
    """A test that is marked `embedded` runs over that kind, and is deselected, not skipped, where others are chosen."""
    test = "import pytest\n@pytest.mark.embedded('a file')\ndef test_it(deployment_kind):\n    pass\n"

    assert "deployments: 1 over embedded\n" in run_pytest(tmp_path, test)
    assert "1 deselected" in run_pytest(tmp_path, test, PYTEST_ADDOPTS="--deployment cluster-1")


@pytest.mark.parametrize(
    ("options", "outcome"), [("", "1 deselected"), ("--long", "1 passed"), ("-m long", "1 passed")]
)
def test_a_long_test_runs_when_it_is_asked_for(tmp_path: Path, options: str, outcome: str):
    """A test that is marked `long` is deselected, unless `--long` or `-m long` asks for it."""
    test = "import pytest\n@pytest.mark.long\ndef test_it():\n    pass\n"

    assert outcome in run_pytest(tmp_path, test, PYTEST_ADDOPTS=options)


def test_the_end_of_a_run_tells_of_every_fault(tmp_path: Path):
    """What a test of the fault suite has to say is said at the end, also of one that failed."""
    test = "def test_it(record_property):\n    record_property('fault', 'redis cut, 1 s: lost 0')\n    assert False\n"

    assert "fault: redis cut, 1 s: lost 0" in run_pytest(tmp_path, test)
