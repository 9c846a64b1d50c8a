"""How many servers and shards so many users need: `python -m load.sizing result.json ... [--users N ...]`.

Exit codes: 0 told, 2 a file is no result, or shows nothing of messages.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from math import ceil
from pathlib import Path
from typing import Any

from load.costs import Costs, costs, hops, points
from load.report.words import number
from load.result import Result, load

__all__ = ["Assumptions", "Need", "main", "need"]

USERS = (10_000, 1_000_000, 100_000_000)
DAY = 86_400
_MB = 1_000_000
_TB = 1_000_000_000_000


def _set(value: float, meaning: str) -> Any:
    return field(default=value, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What no run can tell. Each is an option of the command, with its meaning."""

    online: float = _set(0.2, "of the users, connected at the busiest moment")
    messages: float = _set(40, "that a user sends in a day")
    connects: float = _set(8, "how often a user comes in a day")
    peak: float = _set(3, "times the mean of the day is the busiest moment")
    fan: float = _set(10, "connections that a message is delivered to")
    utilisation: float = _set(0.5, "of cores, memory and engines, that is planned for")
    spare: float = _set(0.34, "of the servers, that may be lost at once; one at least")
    memory: float = _set(2_000, "megabytes that a server may use")
    most: float = _set(30_000, "connections of a server: descriptors, and ports of the proxy before it")
    redis: float = _set(
        100_000, "operations a second of one Redis; a publication counts once more for each server it goes to"
    )
    mongo: float = _set(10_000, "operations a second of one MongoDB shard")
    size: float = _set(800, "bytes of a stored message with its indexes")
    days: float = _set(365, "that messages are kept")
    disk: float = _set(2, "terabytes of a MongoDB shard")


@dataclass(frozen=True, slots=True)
class Need:
    """What so many users need.

    Attributes:
        connections: at the busiest moment; likewise `messages`, `deliveries` and `connects` a second.
        servers: processes, each with a core, with those that may be lost.
        bound: what decides how many.
        redis: shards, without their replicas; likewise `mongo`.
        mongo_bound: what decides how many of these.
        back: seconds until all are back if all lose their connections at once, by the servers' processors.

    """

    users: int
    connections: float
    messages: float
    deliveries: float
    connects: float
    servers: int
    bound: str
    redis: int
    mongo: int
    mongo_bound: str
    back: float


def need(users: int, cost: Costs, given: Assumptions) -> Need:
    """Return what so many users need."""
    connections = users * given.online
    messages = users * given.messages / DAY * given.peak
    connects = users * given.connects / DAY * given.peak
    servers, bound, others = 1.0, "", 0.0
    while True:  # the more servers, the more of them a message has to go to; this grows no further than the fan-out
        others = hops(servers, given.fan)
        cores = cost.cores(connections, messages, given.fan, others) + connects * cost.connect / 1_000_000
        room = given.memory * _MB * given.utilisation - cost.server
        wants = {
            "processor": cores / max(0.01, given.utilisation - cost.base / 1_000_000),
            "memory": connections * cost.connection / max(1.0, room),
            "connections": connections / given.most,
        }
        bound = max(wants, key=lambda name: wants[name])
        enough = ceil(max(1.0, wants[bound]))
        if enough <= servers:
            break
        servers = enough
    redis = messages * (cost.redis + others) + connects * cost.redis_connect
    mongo = messages * cost.mongo + connects * cost.mongo_connect
    shards = {
        "operations": mongo / (given.mongo * given.utilisation),
        "disk": users * given.messages * given.size * given.days / (given.disk * _TB),
    }
    mongo_bound = max(shards, key=lambda name: shards[name])
    everybody = connections * cost.connect / 1_000_000
    return Need(
        users=users,
        connections=connections,
        messages=messages,
        deliveries=messages * given.fan,
        connects=connects,
        servers=max(ceil(servers) + 1, ceil(servers / (1 - given.spare))),
        bound=bound,
        redis=ceil(max(1.0, redis / (given.redis * given.utilisation))),
        mongo=ceil(max(1.0, shards[mongo_bound])),
        mongo_bound=mongo_bound,
        back=everybody / servers,
    )


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        results = [load(path) for path in arguments.results]
        checks = [load(path) for path in arguments.check]
        used = _usable(results)
        if not points(used):
            raise ValueError("no run among them is valid and shows what a message costs")
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"load.sizing: {error}", file=sys.stderr)
        return 2
    given = Assumptions(**{it.name: getattr(arguments, it.name) for it in fields(Assumptions)})
    cost = costs(used)
    print(
        "\n".join([*_told(cost), "", *_assumed(given), "", *_table([need(it, cost, given) for it in arguments.users])])
    )
    print("\n".join(["", *_beside(cost, used, checks)]))
    return 0


def _usable(results: Sequence[Result]) -> list[Result]:
    """Return the runs from which costs are taken, and say of the others why they are not.

    A server that is embedded does itself what the engines do for others: the two have no costs in common.
    """
    clustered = any(it.setting.get("deployment") == "clustered" for it in results)
    found: list[Result] = []
    for result in results:
        if result.invalid:
            print(f"run {result.run} is left out: {'; '.join(result.invalid)}", file=sys.stderr)
        elif clustered and result.setting.get("deployment") == "embedded":
            print(f"run {result.run} is left out: its server was embedded, others were clustered", file=sys.stderr)
        else:
            found.append(result)
    return found


_WORDS = {
    "message": ("message", "µs"),
    "delivery": ("delivery of it", "µs"),
    "other": ("other server it goes to", "µs"),
    "connect": ("connect", "µs"),
    "base": ("server by itself, a second", "µs"),
    "idle": ("idle connection, a second", "µs"),
    "connection": ("memory of a connection", "bytes"),
    "server": ("memory of an empty server", "bytes"),
    "redis": ("Redis commands a message", ""),
    "mongo": ("MongoDB operations a message", ""),
    "redis_connect": ("Redis commands a connect", ""),
    "mongo_connect": ("MongoDB operations a connect", ""),
}


def _told(cost: Costs) -> Iterator[str]:
    yield "What it costs"
    for name, (words, unit) in _WORDS.items():
        value = f"{number(float(f'{getattr(cost, name):.3g}'))} {unit}".strip()
        yield f"  {words:<32}{value:>18}{'   assumed: no run shows it' if name in cost.assumed else ''}"


def _assumed(given: Assumptions) -> Iterator[str]:
    yield "Assumed of users and machines (an option each)"
    for it in fields(given):
        yield f"  --{it.name:<14}{number(getattr(given, it.name)):>10}  {it.metadata['meaning']}"


def _table(needs: Sequence[Need]) -> Iterator[str]:
    rows = [
        ("users", [number(it.users) for it in needs]),
        ("connections", [number(round(it.connections)) for it in needs]),
        ("messages a second", [_about(it.messages) for it in needs]),
        ("deliveries a second", [_about(it.deliveries) for it in needs]),
        ("connects a second", [_about(it.connects) for it in needs]),
        ("servers, of one core each", [number(it.servers) for it in needs]),
        ("  as many for their", [it.bound for it in needs]),
        ("Redis shards", [number(it.redis) for it in needs]),
        ("MongoDB shards", [number(it.mongo) for it in needs]),
        ("  as many for their", [it.mongo_bound for it in needs]),
        ("all back after, seconds", [_about(it.back) for it in needs]),
    ]
    yield "What is needed at the busiest moment"
    for words, cells in rows:
        yield f"  {words:<28}" + "".join(f"{cell:>16}" for cell in cells)
    if any(it.redis > 1 for it in needs):
        yield "  A server uses one Redis: where more are needed, publications have to be dealt to them by room first."


def _beside(cost: Costs, used: Sequence[Result], checks: Sequence[Result]) -> Iterator[str]:
    """Yield predictions beside what was measured."""
    yield f"Prediction beside measurement{'' if checks else ', of the runs that the costs are from'}"
    yield f"  {'':<50}{'cores':>18}{'MB':>18}{'Redis/s':>18}{'MongoDB/s':>18}"
    for point in points(checks or used):
        fan = point.deliveries / point.messages
        cells = [
            _pair(
                cost.cores(point.connections, point.messages, fan, point.others)
                + point.servers * cost.base / 1_000_000,
                point.cores,
            ),
            _pair((point.servers * cost.server + point.connections * cost.connection) / _MB, point.memory / _MB),
            _pair(point.messages * cost.redis, point.redis),
            _pair(point.messages * cost.mongo, point.mongo),
        ]
        yield f"  {point.name:<50}" + "".join(f"{cell:>18}" for cell in cells)


def _pair(predicted: float, measured: float | None) -> str:
    return "-" if measured is None else f"{_about(predicted)} | {_about(measured)}"


def _about(value: float) -> str:
    return number(float(f"{value:.3g}"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m load.sizing", description="Say how many servers and shards so many users need."
    )
    parser.add_argument(
        "results", nargs="+", type=Path, metavar="RESULT", help="a result.json; the more differ, the better"
    )
    parser.add_argument(
        "--check",
        nargs="+",
        type=Path,
        default=[],
        metavar="RESULT",
        help="of other runs, to put beside what is predicted",
    )
    parser.add_argument("--users", nargs="+", type=int, default=list(USERS), metavar="N")
    for it in fields(Assumptions):
        parser.add_argument(f"--{it.name}", type=float, default=it.default, metavar="X", help=it.metadata["meaning"])
    return parser


if __name__ == "__main__":
    sys.exit(main())
