"""`parley report`: files in, a table and a page out."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import main
from e2e.report.files import write
from e2e.verify.result import Report, dump, load
from tests.report.reports import report, requirement, with_every_verdict


@pytest.fixture
def saved(tmp_path: Path):
    """Return what saves a report under a name."""

    def saved(found: Report, name: str = "report.json") -> str:
        dump(found, tmp_path / name)
        return str(tmp_path / name)

    return saved


def test_a_report_is_shown(saved, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Without any setting of the server, even where those are wrong."""
    monkeypatch.setenv("PORT", "many")
    assert main(["report", saved(with_every_verdict())]) == 0
    assert "A server does not conform to the friends contract" in capsys.readouterr().out


def test_two_reports_stand_side_by_side_on_a_page_too(saved, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """The table says what differs, and so does the file."""
    ours = saved(report(requirement(), label="Ours"), "a.json")
    theirs = saved(report(requirement("AREA-001", "FAIL"), label="Theirs"), "b.json")

    assert main(["report", ours, theirs, "--html", str(tmp_path / "both.html")]) == 0
    assert "1 of 1 requirements differ" in capsys.readouterr().out
    page = (tmp_path / "both.html").read_text()
    assert "Ours" in page
    assert "Theirs" in page


def test_reports_of_different_contracts_are_not_compared(saved, capsys: pytest.CaptureFixture[str]):
    """They have no requirement in common."""
    assert main(["report", saved(report(), "a.json"), saved(report(contract="rooms"), "b.json")]) == 2
    assert "one report is of friends, another of rooms" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["/nowhere.json"], []], ids=["a missing file", "no file"])
def test_what_cannot_be_shown_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    """Exit code 2, and a line that says why."""
    try:
        code = main(["report", *arguments])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert "parley" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_said(saved, capsys: pytest.CaptureFixture[str]):
    """By the name of the file."""
    assert main(["report", saved(report()), "--html", "/nowhere/page.html"]) == 2
    assert "/nowhere/page.html" in capsys.readouterr().err


def test_a_run_leaves_four_files(tmp_path: Path):
    """In a directory that is made for them."""
    found = with_every_verdict()
    paths = write(found, tmp_path / "deep" / "reports")

    assert [path.name for path in paths] == ["report.json", "report.html", "junit.xml", "badge.json"]
    assert all(path.stat().st_size for path in paths)
    assert load(paths[0]) == found
