"""What a message, a delivery, a connection cost, from measured runs.

The model: a message costs the servers something, each of its deliveries does, and each other server does that it
has to go to. Which of the three can be told apart depends on how different the runs are; as few are used as explain
them. Idle connections and connecting are measured in the phases in which nobody speaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from load import figures as of
from load.result import Phase, Result

__all__ = ["Costs", "Point", "costs", "hops", "points"]

_MILLION = 1_000_000
_STEADY = 1.05
"""Users who become more by less than this stay: the last of a ramp come a moment later."""

_EXPLANATIONS = ((1,), (2,), (1, 2), (0,), (0, 1), (0, 2), (0, 1, 2))
"""Which of message, delivery and other server explain runs, in the order of preference."""

_ENOUGH = 1.02
"""Another cost is only told apart if without it the error is larger by more than this."""


@dataclass(frozen=True, slots=True)
class Point:
    """The measured phases of a run, in which users spoke.

    Attributes:
        name: of the run.
        servers: how many.
        connections: at a time.
        messages: stored, a second; likewise `deliveries`.
        others: servers other than the sender's own that a message has to go to, on average.
        cores: of the servers together.
        memory: bytes, of the servers together, at the end.
        redis: commands a second, None without a Redis that tells; likewise `mongo`.

    """

    name: str
    servers: int
    connections: float
    messages: float
    deliveries: float
    others: float
    cores: float
    memory: float
    redis: float | None
    mongo: float | None


@dataclass(frozen=True, slots=True)
class Costs:
    """What things cost the servers; microseconds of processor time, and bytes.

    Attributes:
        message: of taking and storing one.
        delivery: of handing it to one connection.
        other: of each other server that it has to go to.
        connect: of coming; likewise `redis_connect` and `mongo_connect`, in operations of the engines.
        base: of a server in a second, of what it does by itself.
        idle: of a connection in a second in which nobody speaks.
        connection: bytes of one.
        server: bytes of a server without connections.
        redis: commands for each message; likewise `mongo`.
        assumed: names of those that no run has shown.

    """

    message: float = 0.0
    delivery: float = 0.0
    other: float = 0.0
    connect: float = 1000.0
    base: float = 0.0
    idle: float = 5.0
    connection: float = 50_000.0
    server: float = 80_000_000.0
    redis: float = 3.0
    mongo: float = 3.0
    redis_connect: float = 10.0
    mongo_connect: float = 3.0
    assumed: tuple[str, ...] = ()

    def cores(self, connections: float, messages: float, fan: float, others: float) -> float:
        """Return how many cores servers need for so much in a second, besides what they do by themselves."""
        each = self.message + self.delivery * fan + self.other * others
        return (messages * each + connections * self.idle) / _MILLION


def hops(servers: float, fan: float, *, across: bool = False) -> float:
    """Return how many other servers have one of so many receivers, on average, if users are dealt to servers evenly.

    Across: none of the receivers is on the sender's server.
    """
    if servers <= 1:
        return 0.0
    among = servers - 1 if across else servers
    return (servers - 1) * (1 - (1 - 1 / among) ** fan)


def points(results: Iterable[Result]) -> list[Point]:
    """Return what runs have shown of messages; those in which nobody spoke while it was measured show none."""
    return [found for found in (_point(result) for result in results) if found is not None]


def _point(result: Result) -> Point | None:
    servers, phases = of.of_kind(result, "server"), of.measured(result)
    stored, seconds = of.stored(result), sum(phase.ended - phase.began for phase in phases)
    cores = of.total(of.spent(one, phase.began, phase.ended) for one in servers for phase in phases)
    if not servers or not stored or cores is None:
        return None
    fan = of.arrived(result) / stored
    population = result.plan["population"]
    users = [second.users for phase in phases for second in of.within(result, phase)]
    redis, mongo = of.operations(result, "redis"), of.operations(result, "mongo")
    return Point(
        name=f"{result.plan['name']}, {len(servers)} server{'s' if len(servers) > 1 else ''}, run {result.run}",
        servers=len(servers),
        connections=sum(users) / max(1, len(users)),
        messages=stored / seconds,
        deliveries=of.arrived(result) / seconds,
        others=hops(len(servers), fan, across=population["spread"] == "across"),
        cores=cores / seconds,
        memory=of.resident(servers, phases[-1].ended),
        redis=None if redis is None else redis / seconds,
        mongo=None if mongo is None else mongo / seconds,
    )


def costs(results: Sequence[Result]) -> Costs:
    """Return what the runs have shown; what none has shown is assumed."""
    default = Costs()
    base, idle = _quiet(results, default.idle)
    found: dict[str, float | None] = {
        "base": base,
        "idle": idle,
        "connect": _mean(_connecting(result, base or default.base) for result in results),
        "redis_connect": _mean(_asked(result, "redis") for result in results),
        "mongo_connect": _mean(_asked(result, "mongo") for result in results),
        "connection": _crowded(results),
        "server": _mean(_empty(result) for result in results),
    }
    shown = points(results)
    for engine in ("redis", "mongo"):
        told = [(it.messages, getattr(it, engine)) for it in shown if getattr(it, engine) is not None]
        found[engine] = sum(count for _, count in told) / sum(count for count, _ in told) if told else None
    known = {name: value for name, value in found.items() if value is not None}
    assumed = tuple(name for name in found if name not in known)
    quiet = replace(default, base=known.get("base", default.base), idle=known.get("idle", default.idle))
    message, delivery, other = _explained(shown, quiet)
    return Costs(message=message, delivery=delivery, other=other, assumed=assumed, **known)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


# phases in which nobody speaks


def _silent(result: Result, *, rising: bool) -> list[tuple[Phase, int, int]]:
    """Return the phases without messages and actions, with the users before and after: who come, or who stay."""
    found: list[tuple[Phase, int, int]] = []
    before = 0
    for phase in result.phases:
        came = phase.users > before * _STEADY
        stayed = before and before <= phase.users <= before * _STEADY
        if not phase.rate and not phase.action and (came if rising else stayed):
            found.append((phase, before, phase.users))
        before = phase.users
    return found


def _quiet(results: Sequence[Result], assumed: float) -> tuple[float | None, float | None]:
    """Return the microseconds of a server, and of a connection, in a second in which nobody comes, goes or speaks.

    Where there are not two such phases with different numbers the connections are taken to cost what is assumed.
    """
    rows: list[tuple[int, int]] = []
    wanted: list[float] = []
    for result in results:
        servers = of.of_kind(result, "server")
        for phase, _, users in _silent(result, rising=False):
            spent = of.total(of.spent(it, phase.began, phase.ended) for it in servers)
            if spent:
                rows.append((len(servers), users))
                wanted.append(spent * _MILLION / (phase.ended - phase.began))
    if not rows:
        return None, None
    both = _solved([[part / want for part in row] for row, want in zip(rows, wanted, strict=True)])
    if both is not None and min(both) >= 0:
        return both[0], both[1]
    left = [max(0.0, want - users * assumed) / servers for (servers, users), want in zip(rows, wanted, strict=True)]
    return sum(left) / len(left), None


def _connecting(result: Result, base: float) -> float | None:
    """Return the microseconds of coming."""
    phases, servers = _silent(result, rising=True), of.of_kind(result, "server")
    spent = of.total(of.spent(it, phase.began, phase.ended) for it in servers for phase, *_ in phases)
    if spent is None:
        return None
    by_themselves = sum(phase.ended - phase.began for phase, *_ in phases) * len(servers) * base
    return max(0.0, spent * _MILLION - by_themselves) / sum(after - before for _, before, after in phases)


def _asked(result: Result, engine: str) -> float | None:
    """Return what an engine does for one who comes, if nothing else was measured."""
    phases = _silent(result, rising=True)
    count = of.operations(result, engine)
    if not phases or count is None or of.measured(result) != [phase for phase, *_ in phases]:
        return None
    return count / sum(after - before for _, before, after in phases)


def _crowded(results: Sequence[Result]) -> float | None:
    """Return the bytes of a connection, of the run that had most: the more there are, the less does all else matter."""
    fullest = max(results, key=lambda it: max((second.users for second in it.seconds), default=0), default=None)
    return of.per_connection(fullest) if fullest is not None else None


def _empty(result: Result) -> float | None:
    """Return the bytes of a server before anybody came."""
    servers = of.of_kind(result, "server")
    return sum(it.samples[0].rss for it in servers) / len(servers) if servers else None


# phases in which users speak


def _explained(shown: Sequence[Point], quiet: Costs) -> tuple[float, float, float]:
    """Return what a message, a delivery and another server cost, by the least squares of the errors' parts.

    As few of the three are used as explain the runs as well.
    """
    rows = [(it.messages, it.deliveries, it.messages * it.others) for it in shown]
    by_themselves = [it.connections * quiet.idle + it.servers * quiet.base for it in shown]
    wanted = [max(1.0, it.cores * _MILLION - less) for it, less in zip(shown, by_themselves, strict=True)]
    best, least = (0.0, 0.0, 0.0), float("inf")
    for some in _EXPLANATIONS:
        if len(some) > len(rows) or (1 not in some and len(rows) == 1):
            continue
        values = _solved([[row[at] / want for at in some] for row, want in zip(rows, wanted, strict=True)])
        if values is None or min(values) < 0:
            continue
        full = [0.0, 0.0, 0.0]
        for at, value in zip(some, values, strict=True):
            full[at] = value
        error = sum(
            (sum(a * b for a, b in zip(full, row, strict=True)) / want - 1) ** 2
            for row, want in zip(rows, wanted, strict=True)
        )
        if error * _ENOUGH + 1e-9 < least:
            best, least = (full[0], full[1], full[2]), error
    return best


def _solved(rows: Sequence[Sequence[float]]) -> list[float] | None:
    """Return the factors with which columns add up to 1 in every row, as nearly as they can; None if none are best."""
    size = len(rows[0])
    table = [
        [*(sum(row[one] * row[other] for row in rows) for other in range(size)), sum(row[one] for row in rows)]
        for one in range(size)
    ]
    for at in range(size):
        pivot = max(range(at, size), key=lambda row: abs(table[row][at]))
        if abs(table[pivot][at]) <= 1e-9 * sum(abs(it[at]) for it in rows) ** 2:
            return None
        table[at], table[pivot] = table[pivot], table[at]
        for row in range(size):
            if row != at:
                factor = table[row][at] / table[at][at]
                table[row] = [a - factor * b for a, b in zip(table[row], table[at], strict=True)]
    return [table[at][size] / table[at][at] for at in range(size)]
