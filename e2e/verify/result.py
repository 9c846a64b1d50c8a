"""What a run of `parley verify` found: the one definition of `report.json`.

`dump` writes it, `load` reads it, also one of another implementation's CI. Whatever is in it may have been chosen by
a server under test: strings are data, never markup. Credentials are masked on the way to the file.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from e2e.verify.secrets import KEYS, masked, unsigned

__all__ = [
    "SCHEMA",
    "UNSELECTED",
    "VERDICTS",
    "Entry",
    "Failure",
    "Outcome",
    "Report",
    "ReportError",
    "RequirementResult",
    "TestOutcome",
    "TestResult",
    "Tool",
    "Verdict",
    "count",
    "dump",
    "load",
]

SCHEMA = "parley-report/1"
"""Which keys there are and what they mean; another number if one changes or goes."""

Verdict = Literal["PASS", "FAIL", "XFAIL", "XPASS", "NOT-APPLICABLE", "NOT-RUN"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

UNSELECTED = "was not selected"
"""Why a requirement was not run that `-k` left out."""

_DEEPEST = 100
"""So many levels of what a server sent are kept, which is more than a reader wants."""

Outcome = Literal["conforms", "does not conform", "nothing ran"]
TestOutcome = Literal["passed", "failed", "skipped", "error"]


class ReportError(Exception):
    """A file is no report that this version reads; the text says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a client sent, received or noted (`e2e.harness.transcript.Record`).

    Attributes:
        at: seconds since the test began.
        who: the client's name, such as `Alice` or `Alice#2`.
        label: the name of a Socket.IO event, or the kind of any other packet in capitals; of a call over HTTP, which
            is noted, `METHOD /path -> status body`.
        args: the arguments, as JSON; of a call one object: `asked` and `answered` are headers, `body` was sent.
        ack: the id under which an event asks for an ack, or which an ack answers.

    """

    at: float
    who: str
    way: Literal["sent", "received", "noted"]
    label: str
    args: tuple[Any, ...] = ()
    ack: int | None = None
    namespace: str = "/"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a test failed.

    Attributes:
        message: the assertion in words, without the transcript.
        expected: what was to happen, None if the assertion does not say.
        got: what happened instead, None if the assertion does not say.
        where: `file:line` of the test.
        at: when it failed, on the clock of the transcript; None if nobody looked.
        who: the client that waited, None if it was none.
        details: the whole of it as the test runner says it, for those who know the suite.
        check: the statement of the test that failed, as it is written there.

    """

    message: str
    expected: str | None = None
    got: str | None = None
    where: str | None = None
    at: float | None = None
    who: str | None = None
    details: str | None = None
    check: str | None = None


@dataclass(frozen=True, slots=True)
class TestResult:
    """What became of one test.

    Attributes:
        id: pytest's node id.
        title: the first sentence of its docstring.
        seconds: how long it took.
        failure: why it failed, None unless it did.
        transcript: what all clients did, oldest first; of failed tests only.

    """

    __test__ = False

    id: str
    title: str
    outcome: TestOutcome
    seconds: float
    failure: Failure | None = None
    transcript: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """The verdict on one requirement, and the tests that led to it.

    Attributes:
        reason: why it is not applicable, was not run or is expected to fail.

    """

    id: str
    level: Literal["MUST", "SHOULD", "MAY"]
    text: str
    source: str
    since: str
    verdict: Verdict
    reason: str | None = None
    tests: tuple[TestResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """What wrote the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Report:
    """One run of one contract against one implementation.

    Attributes:
        tool: what wrote it.
        contracts: the version of the contracts.
        targets: the URLs of the servers, which formed one cluster.
        label: the name of the implementation.
        started: when it began, ISO-8601 UTC.
        profile: the profile of the target, without secrets.
        counts: how many requirements have each verdict; every verdict is a key.
        warnings: ids of the requirements that are not fulfilled and do not count (a SHOULD, unless strict).

    """

    tool: Tool
    contracts: str
    contract: str
    targets: tuple[str, ...]
    label: str
    started: str
    seconds: float
    strict: bool
    outcome: Outcome
    exit: int
    counts: dict[Verdict, int]
    requirements: tuple[RequirementResult, ...]
    warnings: tuple[str, ...] = ()
    profile: dict[str, Any] = field(default_factory=dict[str, Any])
    schema: str = SCHEMA


_READER = TypeAdapter(Report)


def count(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    """Return how often there is each verdict, 0 for those that there are not."""
    counted = Counter(verdicts)
    return {verdict: counted[verdict] for verdict in VERDICTS}


def dump(report: Report, path: Path) -> None:
    """Write a report, in which no credential can be used."""
    found = {"schema": report.schema} | _plain(report)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(path: Path) -> Report:
    """Read a report. Raise `ReportError` for a file that is none, or one of another version."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{path}: is no JSON ({error})") from None
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        raise ReportError(f"{path}: schema is {schema!r}, want {SCHEMA!r}")
    try:
        return _READER.validate_python(_plain(found))
    except ValidationError as error:
        raise ReportError(f"{path}: {_told(error)}") from None


def _plain(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON in UTF-8 can have it: a server may have sent lone surrogates, bytes, NaN, an abyss."""
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, str):
        return unsigned(value).encode("utf-8", "backslashreplace").decode()
    if is_dataclass(value):
        return {it.name: _plain(getattr(value, it.name), depth + 1) for it in fields(value)}
    if isinstance(value, dict):
        return {_plain(str(key)): _plain(_shown(key, inner), depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1) for inner in value]
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return repr(value)


def _shown(key: Any, value: Any) -> Any:
    return masked(value) if key in KEYS and isinstance(value, str) else value


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
