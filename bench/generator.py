"""What a delivered message costs the load generator: the users of `load/` beside Locust's own `SocketIOUser`.

    python -m bench.generator [--users 200] [--rate 100] [--seconds 20]

Both kinds are Locust, in one process, and do the same at the same embedded server, one after the other, three times in
turn: so many users of the friends contract with ten friends each, and messages that come at random. CPU is that of the
generator's process, from the kernel's accounting, less what it uses while its users are connected and nobody speaks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from load import world
from load.own_fleet import OwnFleet, Wanted
from load.plan import Phase, Plan, Population, Traffic

ROOT = Path(__file__).parent.parent
FILES = {"own": "load/locustfile.py", "SocketIOUser": "bench/socketio_user.py"}
QUIET = 5.0
RAMP = 6.0
TICKS = os.sysconf("SC_CLK_TCK")


def plan_of(users: int, rate: float, seconds: float) -> Plan:
    """Return the plan of both kinds: silence, then talk."""
    phases = (Phase("ramp", RAMP), Phase("quiet", QUIET), Phase("talk", seconds, rate=1.0, measured=True))
    return Plan("bench", "bench", "", "friends", Population(users, 10), Traffic(rate), phases, drain=5.0)


def measure(kind: str, plan: Plan, url: str, directory: Path) -> float:
    """Return microseconds of CPU for each delivery, of which there are ten for each message."""
    users = plan.population.users
    process = subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", FILES[kind], "--headless", "--only-summary", "--loglevel", "ERROR",
         *([] if kind == "own" else ["--users", str(users), "--spawn-rate", str(users / RAMP)])],
        cwd=ROOT,
        env={**os.environ, "PARLEY_LOAD": str(directory)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        began = delivered(url)
        time.sleep(RAMP + 2)
        quiet = cpu(process.pid)
        time.sleep(QUIET - 3)
        idle = (cpu(process.pid) - quiet) / (QUIET - 3)
        while delivered(url) == began:
            time.sleep(0.05)
        spent, came, at = cpu(process.pid), delivered(url), time.monotonic()
        time.sleep(plan.phases[-1].seconds - 3)
        seconds = time.monotonic() - at
        return (cpu(process.pid) - spent - idle * seconds) / (delivered(url) - came) * 1e6
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def cpu(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def delivered(url: str) -> float:
    """Return how many messages the server has handed to connections."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("parley_deliveries_total{"))


async def main(arguments: argparse.Namespace) -> None:
    """Measure both kinds three times, in turn, and print the medians."""
    plan = plan_of(arguments.users, arguments.rate, arguments.seconds)
    found: dict[str, list[float]] = {kind: [] for kind in FILES}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        fleet = await OwnFleet.start(directory, plan, Wanted())
        try:
            for _ in range(3):
                for kind, results in found.items():
                    made = await world.make(plan, fleet)
                    world.write(made, directory / "world.json")
                    (directory / "plan.json").write_text(json.dumps(plan.dump()))
                    results.append(await asyncio.to_thread(measure, kind, plan, fleet.rest[0], directory))
        finally:
            await fleet.close()
    print("| generator | us of CPU for a delivery |\n|---|--:|")
    for kind, results in found.items():
        print(f"| {kind} | {statistics.median(results):.0f} ({min(results):.0f}-{max(results):.0f}) |")
    print(f"\nown/SocketIOUser: {statistics.median(found['own']) / statistics.median(found['SocketIOUser']):.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    asyncio.run(main(parser.parse_args()))
