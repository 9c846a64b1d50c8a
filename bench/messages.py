"""What a stored and delivered message of the friends contract costs the server.

    python -m bench.messages [--pairs 50] [--messages 6000] [--profile]

Starts `parley serve` on a database in a temporary directory, connects pairs of friends over websockets, and has the
first of each pair send: its next message goes out when the second has got the one before. First one pair sends, then
all do, so that the effect of the group commit shows. Server and clients run on different cores where there are two.

CPU is that of the server's process, from the kernel's accounting, split by thread: the event loop (socket and
gateway) and the store's. With `--profile` the loop's share is split further, by the module that the time was spent in;
a profiled server is slower, so take only the proportions from such a run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pstats
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from websockets.asyncio.client import ClientConnection, connect

TIMEOUT = 120
"""Seconds after which something is wrong: the run ends with an error."""

TICKS = os.sysconf("SC_CLK_TCK")
LAYERS = {
    "gateway": ("/app/gateways/", "/app/domain/", "/app/cluster/", "/app/metrics", "prometheus_client"),
    "store": ("/app/store/", "sqlite"),
}


@dataclass(frozen=True)
class Usage:
    """CPU seconds of a process so far, by what its threads are for."""

    loop: float
    store: float

    def __sub__(self, other: Usage) -> Usage:
        return Usage(self.loop - other.loop, self.store - other.store)

    @property
    def total(self) -> float:
        """Seconds of all threads."""
        return self.loop + self.store


def usage(pid: int) -> Usage:
    """Return the CPU time of a process, from /proc: its first thread runs the loop, the busy others are the store's."""
    spent = {True: 0.0, False: 0.0}
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        spent[task.name == str(pid)] += (int(fields[11]) + int(fields[12])) / TICKS
    return Usage(loop=spent[True], store=spent[False])


class Server:
    """A server in a process of its own.

    Args:
        settings: its environment; where its data goes is in it.
        profile: where the profile of its loop goes, None for no profile.

    """

    def __init__(self, settings: Mapping[str, str], profile: Path | None = None) -> None:
        self.started = time.perf_counter()
        runner = ["-m", "cProfile", "-o", str(profile)] if profile else []
        given = {"CONTRACTS": "friends", "PORT": "0", "PASSWORD_ROUNDS": "4", "LOG_LEVEL": "warning", **settings}
        self.process = subprocess.Popen(
            [sys.executable, *runner, "-m", "app", "serve"],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | given,
        )
        assert self.process.stdout
        line = ""
        while not (found := re.match(r"\s+friends\s+(http://\S+)", line)):
            line = self.process.stdout.readline()
            assert line, "the server did not start"
        self.url = found[1]

    async def ready(self, http: aiohttp.ClientSession) -> float:
        """Wait until the server is ready and return how long its start took, in seconds."""
        while True:
            try:
                async with http.get(f"{self.url}/readyz") as answer:
                    if answer.status == 200:
                        return time.perf_counter() - self.started
            except aiohttp.ClientError:
                await asyncio.sleep(0.005)

    async def commits(self, http: aiohttp.ClientSession) -> tuple[float, float]:
        """Return the commits of the store so far, and the writes that they were made of."""
        text = await (await http.get(f"{self.url}/metrics")).text()
        commits, operations = (
            float(re.search(rf"^parley_store_{name}_total (\S+)", text, re.MULTILINE)[1])  # pyright: ignore  (None ends the benchmark)
            for name in ("commits", "operations")
        )
        return commits, operations

    def stop(self) -> None:
        """End the server and wait for it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        if self.process.stdout:
            self.process.stdout.close()


async def register(server: Server, http: aiohttp.ClientSession) -> tuple[str, str]:
    """Add a user and return id and token."""
    body = {"email": f"{secrets.token_hex(8)}@mail.com", "password": "123456", "name": "Ann"}
    async with http.post(f"{server.url}/users", json=body) as answer:
        made = await answer.json()
    return made["user"]["_id"], made["token"]


async def connected(server: Server, token: str) -> ClientConnection:
    """Connect to the gateway and take what comes before anything live."""
    url = server.url.replace("http", "ws") + f"/socket.io/?EIO=4&transport=websocket&token={token}"
    client = await connect(url, compression=None, max_queue=None)
    await client.recv()
    await client.send("40")
    while not str(await client.recv()).startswith('42["unseen_messages"'):
        pass
    return client


async def pair(
    server: Server, http: aiohttp.ClientSession, elsewhere: Server | None = None
) -> tuple[ClientConnection, ClientConnection]:
    """Return the connections of two users who are friends, the second to another server if one is given."""
    (one, token), (other, other_token) = await register(server, http), await register(server, http)
    url, headers = f"{server.url}/users/{one}/friends", {"Authorization": f"Bearer {token}"}
    async with http.post(url, json={"friendId": other}, headers=headers) as answer:
        assert answer.status == 200
    return await connected(server, token), await connected(elsewhere or server, other_token)


async def talk(sender: ClientConnection, receiver: ClientConnection, messages: int) -> None:
    """Send messages, each after the one before has arrived."""

    async def answer_pings() -> None:
        async for packet in sender:
            if packet == "2":
                await sender.send("3")

    pongs = asyncio.create_task(answer_pings())
    for number in range(messages):
        await sender.send("42" + json.dumps(["message", f"message {number}, of ordinary length"]))
        while not (packet := str(await receiver.recv())).startswith('42["message"'):
            if packet == "2":
                await receiver.send("3")
    pongs.cancel()


async def run(server: Server, pairs: int, messages: int) -> None:
    """Measure with one sender and with all, and print a line for each."""
    async with aiohttp.ClientSession() as http:
        print(f"start-up until ready: {await server.ready(http):.2f} s")
        connections = [await pair(server, http) for _ in range(pairs)]
        for senders in (1, pairs):
            share = messages // senders if senders > 1 else messages // 3
            before, commits = usage(server.process.pid), await server.commits(http)
            began = time.perf_counter()
            async with asyncio.timeout(TIMEOUT):
                await asyncio.gather(*(talk(one, other, share) for one, other in connections[:senders]))
            seconds = time.perf_counter() - began
            spent, after = usage(server.process.pid) - before, await server.commits(http)
            sent = share * senders
            print(
                f"{senders:>3} senders: {sent} messages in {seconds:.1f} s ({sent / seconds:.0f}/s), "
                f"{sent / spent.total:.0f} messages per CPU-second, {spent.total / sent * 1e6:.0f} us each "
                f"(loop {spent.loop / sent * 1e6:.0f}, store {spent.store / sent * 1e6:.0f}), "
                f"{(after[1] - commits[1]) / (after[0] - commits[0]):.1f} writes a commit"
            )
        for connection in (end for both in connections for end in both):
            await connection.close()


def proportions(profile: Path) -> str:
    """Return how the loop's time is split between the layers, by the module in which it was spent."""
    spent = {"socket": 0.0, "gateway": 0.0, "store": 0.0}
    for (file, _, name), (_, _, own, _, _) in pstats.Stats(str(profile)).stats.items():  # pyright: ignore  (pstats' types lack it)
        if "poll" not in name and "run_until_complete" not in name:
            layer = next((layer for layer, places in LAYERS.items() if any(p in f"{file} {name}" for p in places)), "")
            spent[layer or "socket"] += own
    total = sum(spent.values())
    return ", ".join(f"{layer} {seconds / total:.0%}" for layer, seconds in spent.items())


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--messages", type=int, default=6000)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as directory:
        profile = Path(directory) / "profile" if arguments.profile else None
        os.sched_setaffinity(0, cores[:1])
        server = Server({"DATA_DIR": directory}, profile)
        os.sched_setaffinity(0, cores[1:] or cores)
        try:
            asyncio.run(run(server, arguments.pairs, arguments.messages))
        finally:
            server.stop()
        if profile:
            print("the loop's time:", proportions(profile))


if __name__ == "__main__":
    main()
