"""The generated types: what is right compiles with `tsc --strict`, and what is wrong does not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from app.contracts.registry import FOLDERS
from e2e.harness import javascript

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "types"
MODULES = javascript.FOLDER / "node_modules"
OPTIONS = {
    "strict": True,
    "noEmit": True,
    "exactOptionalPropertyTypes": True,
    "noUncheckedIndexedAccess": True,
    "target": "es2022",
    "lib": ["es2022", "dom"],
    "module": "esnext",
    "moduleResolution": "bundler",
    "types": [],
    "paths": {
        "contracts/*": [f"{ROOT}/contracts/*.d.ts"],
        "socket.io-client": [f"{MODULES}/socket.io-client/build/esm/index.d.ts"],
    },
}

pytestmark = [pytest.mark.skipif(javascript.missing() is not None, reason=str(javascript.missing()))]


def compile_(directory: Path, *files: Path, **options: object) -> list[str]:
    """Return what the compiler says of some files."""
    javascript.install()
    project = {"compilerOptions": {**OPTIONS, **options}, "files": [str(file) for file in files]}
    (directory / "tsconfig.json").write_text(json.dumps(project))
    command = ["node", str(MODULES / "typescript" / "bin" / "tsc"), "--project", str(directory)]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False).stdout.splitlines()


def test_the_types_compile_by_themselves(tmp_path: Path):
    """They need no library, and their own names are all there."""
    files = [ROOT / "contracts" / folder / "events.d.ts" for folder in FOLDERS]
    assert compile_(tmp_path, *files, skipLibCheck=False) == []


def test_a_client_compiles_where_it_keeps_the_contract_and_nowhere_else(tmp_path: Path):
    """A program for each contract uses every event rightly, and wrongly where `@ts-expect-error` says so."""
    programs = sorted(PROGRAMS.glob("*.ts"))
    assert {program.stem for program in programs} == set(FOLDERS)
    assert all(program.read_text().count("@ts-expect-error") >= 5 for program in programs)
    assert compile_(tmp_path, *programs, skipLibCheck=True) == []


def test_what_is_wrong_is_told_by_the_compiler(tmp_path: Path):
    """Without the comments that expect it, each of the wrong lines is an error."""
    programs: list[Path] = []
    expected = 0
    for program in PROGRAMS.glob("*.ts"):
        text = program.read_text()
        expected += text.count("// @ts-expect-error")
        programs.append(tmp_path / program.name)
        programs[-1].write_text(text.replace("// @ts-expect-error", "//"))
    told = compile_(tmp_path, *programs, skipLibCheck=True)
    places = {line.split(": error")[0].rsplit(",", 1)[0] for line in told if ": error" in line}
    assert len(places) >= expected


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_program_uses_every_event(folder: str):
    """Of both ways; `participants/3XX` is one of those that are named after a room."""
    program = (PROGRAMS / f"{folder}.ts").read_text()
    for contract in FOLDERS[folder]:
        for event in (*contract.sent, *contract.received):
            name = event.name.replace("{roomId}", "3XX")
            assert f'"{name}"' in program, name
