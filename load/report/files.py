"""Everything that a run leaves behind, in one directory."""

from __future__ import annotations

import json
from pathlib import Path

from load.report.html import page
from load.result import Result, dump
from load.thresholds import verdict

__all__ = ["write"]


def write(result: Result, directory: Path, baseline: Result | None = None) -> list[Path]:
    """Write `result.json`, `verdict.json` and `report.html` of a run that is judged, and return where they are.

    The directory is made if it must be. With a baseline, an earlier result, the page has its figures beside these.
    """
    directory.mkdir(parents=True, exist_ok=True)
    dump(result, directory / "result.json")
    (directory / "verdict.json").write_text(json.dumps(verdict(result), indent=1) + "\n", encoding="utf-8")
    (directory / "report.html").write_text(page(result, baseline), encoding="utf-8")
    return [directory / name for name in ("result.json", "verdict.json", "report.html")]
