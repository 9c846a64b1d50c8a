"""Stands in for the generator: it reads and writes what that does, and loads nobody.

python stand_in.py [holds MOST | busy MOST | breaks MOST] [lose] [hang] [fail] [forget] [tear]
    holds MOST  lose a message if the rate, or where nobody speaks the number of users, is more
    busy MOST   have used all of a core then
    breaks MOST fail then
    lose        lose a message
    hang        never end, and start a child that does not either
    fail        say why, and exit with 3
    forget      leave no result
    tear        leave half a result
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from load import result as results
from load.plan import Plan
from load.result import Latency, Phase, Result, Sample, Second, Series, Verdict


def main(arguments: list[str]) -> None:
    """Do what the arguments say."""
    directory = Path(os.environ["PARLEY_LOAD"])
    plan = Plan.parse(json.loads((directory / "plan.json").read_text()))
    world = json.loads((directory / "world.json").read_text())
    if "hang" in arguments:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (directory / "child").write_text(str(child.pid))
        note(directory, {**news("ramp"), "users": 1})
        time.sleep(600)

    def exceeds(word: str) -> bool:
        return arguments[:1] == [word] and load_of(plan) > float(arguments[1])

    if "fail" in arguments or exceeds("breaks"):
        sys.exit("it rained into the generator")
    began = time.time()
    for phase in plan.phases:
        told = {"action": phase.action, "share": phase.share, "seconds": phase.seconds, "measured": phase.measured}
        note(directory, {"phase": phase.name, **told})
        note(directory, {**news(phase.name), "at": time.time() - began, "users": len(world["users"])})
        time.sleep(phase.seconds)
    if "forget" not in arguments:
        found = measured(plan, world["run"], began, lost="lose" in arguments or exceeds("holds"), busy=exceeds("busy"))
        results.dump(found, directory / "measured.json")
    if "tear" in arguments:
        os.truncate(directory / "measured.json", 500)


def load_of(plan: Plan) -> float:
    return plan.traffic.rate if any(phase.rate for phase in plan.phases) else plan.population.users


def news(phase: str) -> dict[str, object]:
    """Return what it says in a second in which nothing happens."""
    return {
        "phase": phase,
        "at": 0.0,
        "users": 0,
        "sent": 0,
        "delivered": 0,
        "expected": 0,
        "p99": 0.0,
        "cpu": 0.0,
        "lag": 0.0,
    }


def note(directory: Path, line: dict[str, object]) -> None:
    with (directory / "progress.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def measured(plan: Plan, run: str, began: float, *, lost: bool, busy: bool) -> Result:
    """Return what it claims to have found."""
    latency = Latency(10, 2.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    phases = [
        Phase(
            it.name, 0.0, 20.0, plan.population.users, plan.traffic.rate, it.measured, it.action, None, latency, latency
        )
        for it in plan.phases
    ]
    looks = [Sample(float(at), at * (1.0 if busy else 0.1), 50_000_000, 1.0) for at in range(21)]
    seconds = [Second(at, plan.population.users, 1, 1, 1, 1, latency) for at in range(20)]
    verdict = Verdict(sent=20, stored=20, expected=20, delivered=20 - lost, lost=lost)
    series = [Series("generator 0", "generator", looks)]
    return Result(run, began, plan.dump(), {}, phases, seconds, verdict, latency, processes=series)


if __name__ == "__main__":
    main(sys.argv[1:])
