"""The wheel carries everything that a server needs, and everything that it takes to judge one."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from e2e.harness.deployment import embedded
from tests.commands import parley

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the wheel has in it."""
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", directory, ROOT],
        check=True,
        capture_output=True,
    )
    zipfile.ZipFile(next(directory.glob("*.whl"))).extractall(directory / "unpacked")
    return directory / "unpacked"


def test_a_wheel_finds_its_data_without_the_checkout(unpacked: Path, tmp_path: Path):
    """Contracts, examples and seed are found from a checkout, and from a wheel, where they lie inside the package."""
    program = (
        "from app import resources, seed;"
        "print(len(seed.load()), (resources.path('contracts') / 'friends' / 'README.md').is_file(),"
        "(resources.path('examples') / 'index.html').is_file(), resources.__file__)"
    )
    for directory in (unpacked, ROOT):
        answer = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(directory)},
            check=True,
            capture_output=True,
            text=True,
        )
        assert answer.stdout.startswith(f"3 True True {directory}")


def test_a_wheel_has_the_suites(unpacked: Path, tmp_path: Path):
    """They are found beside the server, in a package of their own."""
    found = subprocess.run(
        [sys.executable, "-c", "from e2e.verify.catalogue import SUITES, read; print(SUITES, len(read()) > 400)"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert found.stdout.strip() == f"{unpacked / 'e2e'} True"


def test_a_wheel_has_the_scenarios(unpacked: Path, tmp_path: Path):
    """`parley load` lists them, and what Locust loads is there."""
    found = subprocess.run(
        [sys.executable, "-m", "app", "load"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert "Friends, ten each" in found.stdout
    assert (unpacked / "load" / "locustfile.py").is_file()


@pytest.mark.timeout(120)
async def test_a_wheel_judges_a_server_without_the_checkout(unpacked: Path, tmp_path: Path):
    """`parley verify` has its suites and contracts with it."""
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "PYTEST_ADDOPTS": "", "E2E_NO_SKIP": ""}
    server = embedded(tmp_path / "server", {}, ["--memory"])
    await server.start()
    arguments = ("--contract", "friends", "--target", server.servers[0].url, "-k", "FRIENDS-CONNECT-001")
    try:
        command = ("verify", *arguments, "--report", "report")
        code, printed = await parley(*command, directory=tmp_path, environment=environment)
    finally:
        await server.close()

    assert code == 0, printed
    assert (tmp_path / "report" / "report.html").is_file()
