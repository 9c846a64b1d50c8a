"""docs/report.md says what there is."""

from dataclasses import fields
from pathlib import Path

import pytest

from e2e.verify.result import VERDICTS, Entry, Failure, Report, RequirementResult, TestResult

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "part", [Report, RequirementResult, TestResult, Failure, Entry], ids=lambda part: part.__name__
)
def test_every_key_of_the_schema_is_there(part: type):
    """A key that is added is told."""
    schema = TEXT.rpartition("```\nschema")[2]
    assert [it.name for it in fields(part) if it.name != "schema" and it.name not in schema] == []


def test_every_verdict_is_there():
    """With what it counts for."""
    assert [verdict for verdict in VERDICTS if verdict not in TEXT] == []
