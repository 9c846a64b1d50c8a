"""The wheel carries everything that a server needs."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_a_wheel_finds_its_data_without_the_checkout(tmp_path: Path):
    """Contracts, examples and seed are found from a checkout, and from a wheel, where they lie inside the package."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    unpacked = tmp_path / "unpacked"
    zipfile.ZipFile(next(tmp_path.glob("*.whl"))).extractall(unpacked)
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
