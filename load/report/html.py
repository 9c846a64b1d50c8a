"""`report.html`: one file that needs nothing else, neither a network nor a script.

Its own Content-Security-Policy allows the one style that is in it, by its hash, and nothing else. Whatever a server
said is escaped: the template has autoescape.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from e2e.report.template import digest, environment, style_of
from load import compare
from load.report.plots import plots
from load.report.words import day, lead, number, settings, span, told
from load.result import Phase, Result
from load.thresholds import outcome

__all__ = ["VERDICTS", "page"]

_PAGE = Path(__file__).parent / "page"

_OUTCOMES = {"passed": "passed", "failed": "failed", "invalid": "not valid"}

VERDICTS = {
    "sent": "written to a connection",
    "unsent": "due while their sender had no connection: nobody could have sent them",
    "stored": "of the sent, known to be stored: acknowledged, or come to somebody",
    "refused": "of the sent, those that the server said had failed",
    "unknown": "of the sent, those of which nothing came, and whose sender lost its connection before it could be told",
    "expected": "deliveries that are owed for the stored ones: each message once for each person",
    "delivered": "of these, those that were made",
    "lost": "owed and not delivered, or sent, not refused, and delivered to nobody",
    "duplicated": "came twice over one connection",
    "repeated": "came again over another connection, as a contract may allow",
    "reordered": "came over one connection after a later one of the same sender",
    "late": "came more than ten seconds after it could have: it was sent, its receiver was there, no fault was on",
    "unexpected": "came to somebody whom it was not for, or of nobody",
}


def page(result: Result, baseline: Result | None = None) -> str:
    """Return the page of a run that is judged, beside an earlier one if it is given."""
    style = style_of(_PAGE)
    found = compare.rows(result, baseline)
    return (
        _environment()
        .get_template("report.html")
        .render(
            result=result,
            baseline=baseline,
            plan=result.plan,
            outcome=outcome(result),
            words=_OUTCOMES[outcome(result)],
            failed=compare.failed(result),
            groups=list(compare.groups(found)),
            differences=compare.differences(result, baseline) if baseline else [],
            plots=plots(result),
            lead=lead(result),
            settings=settings(result.setting),
            verdicts=[(name, getattr(result.verdict, name), meaning) for name, meaning in VERDICTS.items()],
            style=Markup(style),
            policy=_policy(style),
        )
    )


@cache
def _environment() -> Environment:
    filled = environment(_PAGE)
    filled.filters.update(day=day, done=_done, number=number, span=span)
    filled.globals.update(told=told)
    return filled


def _done(phase: Phase) -> str:
    """Return what was done in a phase, in words."""
    return phase.action.replace("-", " ") if phase.action else ""


def _policy(style: str) -> str:
    return f"default-src 'none'; style-src '{digest(style)}'; base-uri 'none'; form-action 'none'"
