"""The fault suite's own parts: what it reads from a transcript, what it draws, what it measures."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from e2e.faults.fault import FaultKind, together
from e2e.faults.random import drawn
from e2e.faults.stage import Stage
from e2e.faults.traffic import Device, Traffic
from e2e.faults.vitals import busy
from e2e.harness.deadline import eventually
from e2e.harness.history import Delivered, Refused, Sent
from e2e.harness.transcript import Transcript
from tests.harness.test_deployment import READY, pretend

NOBODY: Any = None


def message(text: str, number: int) -> dict[str, str]:
    return {"message": text, "username": "Alice", "id": f"{number:024}"}


@pytest.fixture
def transcript() -> Transcript:
    transcript = Transcript()
    transcript.add("Bob#2", "received", "exception", {"status": "error"})
    transcript.add("Bob#2", "received", "unseen_messages", [message("two", 2), message("one", 1)])
    transcript.add("Alice", "received", "unseen_messages", [])
    transcript.add("Alice", "sent", "message", "three")
    transcript.add("Alice", "received", "exception", {"status": "error"})
    transcript.add("Bob#2", "received", "message", message("three", 3))
    transcript.add("Bob#2", "received", "CLOSED", "reset")
    return transcript


def test_a_history_is_read_from_a_transcript(transcript: Transcript):
    """Sockets, what they sent and got, and their exceptions are read; what came before a list is none of a history."""
    history = Traffic(NOBODY, transcript).history()
    at = [record.at for record in transcript.records]

    assert history.sent == [Sent("three", "Alice", at[3])]
    assert history.refused == [Refused("Alice", at[4])]
    assert history.delivered == [
        Delivered("Bob#2", f"{2:024}", "two", at[1], "unseen"),
        Delivered("Bob#2", f"{1:024}", "one", at[1], "unseen"),
        Delivered("Bob#2", f"{3:024}", "three", at[5], "live"),
    ]
    assert history.person_of("Bob#2") == "Bob"
    assert (history.sockets["Bob#2"].opened, history.sockets["Bob#2"].closed) == (at[1], at[6])
    assert history.sockets["Alice"].closed is None


def test_a_message_before_the_list_is_an_error(transcript: Transcript):
    """A live message that comes before `unseen_messages` is noticed at once."""
    transcript.add("Carol", "received", "message", message("early", 4))

    with pytest.raises(AssertionError, match="Carol was given a message before unseen_messages"):
        Traffic(NOBODY, transcript).history()


def test_a_disconnection_is_allowed_to_some(transcript: Transcript):
    """A connection that ended is named, unless it was to a server whose clients may be disconnected."""
    traffic = Traffic(NOBODY, transcript)
    traffic.devices.append(Device(NOBODY, 1, sockets={"Bob#2": 1}))

    (stray,) = traffic.strays(frozenset({0}))

    assert stray.startswith("Bob#2 on server 1 at ")
    assert traffic.strays(frozenset({1})) == []


def test_who_was_last_announced_as_gone_is_known():
    """At each device that is connected; what was heard before something else does not count."""
    transcript = Transcript()
    for who, event, name in (
        ("Bob", "disconnected", "Alice"),
        ("Bob", "connected", "Alice"),
        ("Bob", "connected", "Carol"),
        ("Bob", "disconnected", "Carol"),
        ("Dave", "disconnected", "Carol"),
    ):
        transcript.add(who, "received", event, {"username": name})
    traffic = Traffic(NOBODY, transcript)
    for who, ended in (("Bob", False), ("Dave", True)):
        client: Any = SimpleNamespace(who=who, inbox=SimpleNamespace(ended=ended))
        traffic.devices.append(Device(NOBODY, 0, client))

    assert traffic.rumours() == ["Bob heard last that Carol disconnected"]


def test_a_round_is_drawn_from_its_seed_alone():
    """The same seed draws the same faults, another one others, and each lasts for some time."""
    rounds = [[(kind.name, seconds) for kind, seconds in drawn(random.Random(seed))] for seed in (*range(200), 0)]

    assert rounds[0] == rounds[-1]
    assert len({str(drawn) for drawn in rounds}) > 150
    assert all(0 < seconds < 13 for drawn in rounds for _, seconds in drawn)


def test_faults_at_the_same_time_never_have_the_same_victim():
    """Of faults at the same time at most one is of Redis, of MongoDB and of a server, and that of a server is last."""
    for seed in range(300):
        for kind, _ in drawn(random.Random(seed)):
            victims = [name.split(" ")[0].removesuffix("s") for name in kind.name.split(" + ")]
            assert len(victims) == len(set(victims)), kind.name
            assert "server" not in victims[:-1], kind.name


async def test_faults_at_the_same_time_begin_and_end_in_order():
    """Faults that are put together are begun and ended one after the other, and cost what any of them costs."""
    done: list[str] = []

    def fault(name: str, moves: frozenset[int]) -> FaultKind:
        async def begin(stage: Stage) -> None:
            done.append(f"begin {name}")

        async def end(stage: Stage) -> None:
            done.append(f"end {name}")

        return FaultKind(name, begin, end, moves)

    both = together(fault("one", frozenset()), fault("two", frozenset({1})))
    await both.begin(NOBODY)
    await both.end(NOBODY)

    assert done == ["begin one", "begin two", "end one", "end two"]
    assert (both.name, both.moves) == ("one + two", {1})


SPIN = "import threading\n\ndef spin():\n    while True:\n        pass\n\nthreading.Thread(target=spin).start()\n"


async def test_a_server_that_spins_is_seen(tmp_path: Path):
    """A server that computes without pause is told from one that waits, however little of a busy machine it gets."""
    idle = pretend(_made(tmp_path / "idle"), READY)
    spinning = pretend(
        _made(tmp_path / "spinning"), READY.replace("server.serve_forever", f"{SPIN}server.serve_forever")
    )
    await idle.start()
    await spinning.start()

    async def shares() -> tuple[float, float]:
        return await busy(idle, 0.5), await busy(spinning, 0.5)

    await eventually(shares, lambda found: None if found[0] <= 0.15 < found[1] else f"idle and spinning: {found}")

    await idle.kill()
    await spinning.kill()


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory
