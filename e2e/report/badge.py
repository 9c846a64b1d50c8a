"""`badge.json`: what the endpoint badge of shields.io shows."""

from __future__ import annotations

import json

from e2e.report.legible import one_line
from e2e.report.matrix import matrix, status
from e2e.verify.result import Report

__all__ = ["badge"]


def badge(report: Report) -> str:
    """Return the document: `friends 1.0 | conforms`, or how many requirements are not met."""
    statuses = [status(report, it) for it in report.requirements]
    broken = sum(it in ("FAIL", "XPASS") for it in statuses)
    if report.outcome == "nothing ran":
        message, color = "nothing ran", "lightgrey"
    elif report.exit:
        message, color = f"{broken} of {len(statuses)} not met", "red"
    elif warnings := statuses.count("WARN"):
        message, color = f"conforms, {warnings} warning{'s' if warnings > 1 else ''}", "yellowgreen"
    else:
        message, color = "conforms", "brightgreen"
    if (selected := matrix([report]).selected) < len(statuses):
        message, color = f"{message} ({selected} of {len(statuses)} tried)", "red" if report.exit else "lightgrey"
    shown = {
        "schemaVersion": 1,
        "label": one_line(f"{report.contract} {report.contracts}"),
        "message": message,
        "color": color,
        "isError": bool(report.exit),
    }
    return json.dumps(shown) + "\n"
