"""Requirements: well formed, and each proved by a test."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.harness.requirements import LEVELS, Requirement, load, unknown

SUITES = Path(__file__).resolve().parents[2] / "e2e"


def claimed(tree: ast.AST) -> Iterator[str]:
    """Yield every id that stands in a `requirement` mark."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "requirement":
            yield from (it.value for it in node.args if isinstance(it, ast.Constant) and isinstance(it.value, str))


def test_every_requirement_is_well_formed():
    """Every requirement has a level, one sentence, a source and a version."""
    for requirement in load().values():
        assert requirement.level in LEVELS, requirement
        assert requirement.text.endswith("."), requirement
        assert requirement.source.startswith(("seed: ", "decision")), requirement
        assert requirement.since.count(".") == 1, requirement


def test_every_requirement_has_a_test_and_every_claim_a_requirement():
    """Each requirement is claimed by a test of the suites, and nothing else is claimed."""
    proved = {it for path in SUITES.rglob("test_*.py") for it in claimed(ast.parse(path.read_text(encoding="utf-8")))}

    assert proved == set(load())


def test_an_unknown_claim_is_named():
    """A test that claims what is no requirement is named, with the claim."""
    known = {"A-1": Requirement("A-1", "MUST", "It works.", "decision", "1.0")}

    assert unknown({"test_one": ["A-1"], "test_two": ["A-1", "A-2"]}, known) == ["test_two: A-2"]


def test_an_id_given_twice_is_refused(tmp_path: Path):
    """Two requirements of one id are refused, also in different contracts."""
    for contract in ("one", "two"):
        (tmp_path / contract).mkdir()
        (tmp_path / contract / "requirements.yaml").write_text(
            'requirements: [{id: A-1, level: MUST, text: It works., source: decision, since: "1.0"}]'
        )

    with pytest.raises(ValueError, match="A-1 is given twice"):
        load(tmp_path)
