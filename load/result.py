"""What a run has found, as it is written to `result.json`: everything that thresholds and reports are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["SCHEMA", "Latency", "Measured", "Phase", "Result", "Sample", "Second", "Series", "Verdict", "dump", "load"]

SCHEMA = "parley-load/1"


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from sending to arrival, three digits of them. All 0 where nothing arrived."""

    count: int = 0
    mean: float = 0.0
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    p999: float = 0.0
    max: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the messages.

    Attributes:
        sent: how many were written to a connection.
        unsent: how many were due while their sender had no connection: nobody could have sent them.
        stored: how many of the sent are known to be stored: acknowledged, or come to somebody.
        refused: how many the server said of that they failed.
        unknown: how many of which nothing came, and whose sender lost its connection before it could have been told.
        expected: deliveries that the stored ones are owed, each message once for each person.
        delivered: how many of these were made.
        lost: owed and not delivered, or sent, not refused and delivered to nobody.
        duplicated: came twice over one connection.
        repeated: came again over another connection, as every contract but presence and rooms allows.
        reordered: came over one connection after a later one of the same sender.
        late: came more than ten seconds after it was sent, and after the last fault, and after its receiver was there.
        unexpected: came to somebody whom it was not for, or of nobody.
        examples: of what is wrong, a sentence each, not all of them.

    """

    sent: int = 0
    unsent: int = 0
    stored: int = 0
    refused: int = 0
    unknown: int = 0
    expected: int = 0
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0
    repeated: int = 0
    reordered: int = 0
    late: int = 0
    unexpected: int = 0
    examples: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase as it was run.

    Attributes:
        began: seconds since the run began; likewise `ended`.
        ready: seconds from the beginning of its action until 99 of a hundred of those whom it concerned were connected
            again and had been told what they missed; None where no action was, or they never were.
        intended: latency from when a message was due.
        actual: latency from when it was written.

    """

    name: str
    began: float
    ended: float
    users: int
    rate: float
    measured: bool
    action: str
    ready: float | None
    intended: Latency
    actual: Latency


@dataclass(frozen=True, slots=True)
class Second:
    """A second of the run; messages count in the second in which they were due.

    Attributes:
        at: of the clock's seconds, counted from 0, the one in which the run began.
        users: connected.
        sent: messages that were due.
        expected: deliveries owed for these, also for those that could not be sent.
        delivered: how many of these were made, ever.
        arrived: deliveries that were made in this second.

    """

    at: int
    users: int
    sent: int
    expected: int
    delivered: int
    arrived: int
    intended: Latency

    @property
    def reach(self) -> float:
        """What part of what was owed was delivered, 1 where nothing was."""
        return self.delivered / self.expected if self.expected else 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A look at a process.

    Attributes:
        at: seconds since the run began.
        cpu: seconds of processor time since it began, user's and system's; a process started anew begins at 0.
        rss: bytes.
        lag: milliseconds by which a timer was late, at worst since the last look (generators).
        tasks: asyncio tasks (servers that tell, else 0).
        queued: bytes that wait for slow clients (servers that tell, else 0).
        connections: Socket.IO connections (servers that tell, else 0).

    """

    at: float
    cpu: float
    rss: int
    lag: float = 0.0
    tasks: int = 0
    queued: int = 0
    connections: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """Looks at one process, a second or so apart.

    Attributes:
        kind: `server`, `generator`, `engine` or `proxy`.

    """

    name: str
    kind: str
    samples: Sequence[Sample]


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure and what is demanded of it.

    Attributes:
        limit: None where nothing is demanded (or the run was too short for it); `value` None where it could not be had.
        ok: whether it holds; a figure that is demanded and could not be had does not.

    """

    name: str
    value: float | None
    limit: float | None
    ok: bool


@dataclass(frozen=True, slots=True)
class Result:
    """A run.

    Attributes:
        run: its id.
        began: seconds since 1970.
        plan: the scenario in the size in which it was run (`load.plan.Plan.dump`).
        setting: what is to be known to read the figures: commit, versions, targets, servers, proxy, engines, cores,
            memory, limits, kernel, Python; texts and numbers by name.
        connects: milliseconds from dialling to CONNECT.
        failures: what went wrong with connections and requests, how often.
        troubles: what servers and engines did that nobody asked of them, such as to end, a sentence each.
        cut: whether deliveries still came when the drain ended, and some were owed still.
        operations: what the engines did during the measured phases, by name, such as `redis commands`.
        figures: what thresholds are about (`load.thresholds`).
        invalid: why nothing may be concluded from it, a sentence each: the generator was the bottleneck, or the like.
        passed: valid, and every demand met.

    """

    run: str
    began: float
    plan: Mapping[str, Any]
    setting: Mapping[str, str | int | float]
    phases: Sequence[Phase]
    seconds: Sequence[Second]
    verdict: Verdict
    connects: Latency
    failures: Mapping[str, int] = field(default_factory=dict[str, int])
    processes: Sequence[Series] = ()
    troubles: Sequence[str] = ()
    cut: bool = False
    operations: Mapping[str, float] = field(default_factory=dict[str, float])
    figures: Sequence[Measured] = ()
    invalid: Sequence[str] = ()
    passed: bool = False


def dump(result: Result, path: Path) -> None:
    """Write a result."""
    path.write_text(json.dumps({"schema": SCHEMA, **asdict(result)}, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Result:
    """Read a result. Raise `ValueError` for a file that holds none of this version."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or found.pop("schema", None) != SCHEMA:
        raise ValueError(f"{path} is no result of {SCHEMA}")
    return parse(found)


def parse(found: Mapping[str, Any]) -> Result:
    """Return the result that a table holds."""
    return Result(
        **{
            **found,
            "phases": [_phase(it) for it in found["phases"]],
            "seconds": [Second(**{**it, "intended": Latency(**it["intended"])}) for it in found["seconds"]],
            "verdict": Verdict(**found["verdict"]),
            "connects": Latency(**found["connects"]),
            "processes": [
                Series(it["name"], it["kind"], [Sample(**sample) for sample in it["samples"]])
                for it in found["processes"]
            ],
            "figures": [Measured(**it) for it in found["figures"]],
        }
    )


def _phase(found: Mapping[str, Any]) -> Phase:
    latencies = {key: Latency(**found[key]) for key in ("intended", "actual")}
    return Phase(**{**found, **latencies})
