"""Everything that a run leaves behind, in one directory."""

from __future__ import annotations

from pathlib import Path

from e2e.report.badge import badge
from e2e.report.html import page
from e2e.report.junit import junit
from e2e.verify.result import Report, dump

__all__ = ["write"]


def write(report: Report, directory: Path) -> list[Path]:
    """Write `report.json`, `report.html`, `junit.xml` and `badge.json`, and return where they are.

    The directory is made if it must be.
    """
    directory.mkdir(parents=True, exist_ok=True)
    dump(report, directory / "report.json")
    texts = {"report.html": page([report]), "junit.xml": junit(report), "badge.json": badge(report)}
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")
    return [directory / name for name in ("report.json", *texts)]
