"""One trial: steady traffic, a fault, its end, the drain, and then what was promised is looked at.

What is promised: nothing is lost, doubled, made up or put out of order; the sender of a message that is not stored is
told; everything that is stored arrives within a bound of the end of the fault, at clients that need do nothing for it;
service resumes; and the servers are as they were.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp

from e2e.faults.fault import FaultKind
from e2e.faults.stage import GRACE, SERVER_TIMEOUT, Stage
from e2e.faults.traffic import Traffic
from e2e.faults.vitals import Vitals, busy, vitals
from e2e.harness.checker import BOUND, Verdict, judge
from e2e.harness.deadline import SECOND, eventually
from e2e.harness.history import Fault

__all__ = ["Outcome", "Step", "Trial"]

Step = tuple[FaultKind, float]
"""A fault and the seconds that it lasts."""

_BOUND = BOUND * SECOND
_SWEEP = (SERVER_TIMEOUT + GRACE + 3) * SECOND
_SPARE = 12
"""Descriptors that a server may have open beyond those of steady traffic: pools keep what a burst needed."""

_LOOK = 0.3
_IDLE = 2.0
_BUSY = 0.15


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial went.

    Attributes:
        verdict: on what the clients saw.
        problems: what else was not as promised, a line each.

    """

    verdict: Verdict
    problems: Sequence[str]

    @property
    def sound(self) -> bool:
        """Whether all was as promised."""
        return not self.problems and not self.verdict.defects

    def __str__(self) -> str:
        return "\n".join([str(self.verdict), *self.problems])


class Trial:
    """A trial on a stage.

    Args:
        stage: with servers that are ready.
        traffic: not started yet.

    """

    def __init__(self, stage: Stage, traffic: Traffic) -> None:
        self._stage = stage
        self._traffic = traffic
        self._before: Sequence[Vitals] = ()

    async def run(self, steps: Sequence[Step]) -> Outcome:
        """Run through the faults, one after the other, and return how all went.

        Raise `AssertionError` where it could not be seen: nobody could talk to begin with, or nothing can be read.
        """
        await self._traffic.start()
        self._before = [await vitals(server) for server in self._stage.cluster.processes]
        moves: frozenset[int] = frozenset()
        for kind, seconds in steps:
            await self._inflict(kind, seconds)
            moves |= kind.moves
        resumed = await _objection(self._traffic.flows(self._traffic.now, within=_BOUND))
        await self._traffic.stop()
        await self._drained()
        problems = [
            resumed and f"service did not resume within {_BOUND:g} s: {resumed}",
            *(f"was disconnected: {stray}" for stray in self._traffic.strays(moves)),
            await _objection(self._presence(online=True)),
            await _objection(self._announced()),
            *await self._computing(),
        ]
        verdict = judge(await self._traffic.judged(), _BOUND)
        left = datetime.now(UTC)
        await self._traffic.leave()
        problems += [await _objection(self._presence(online=False)), await _objection(self._released())]
        problems.append(await _objection(self._seen(left)))
        return Outcome(verdict, [problem for problem in problems if problem])

    async def _inflict(self, kind: FaultKind, seconds: float) -> None:
        fault = Fault(kind.name, self._traffic.note(f"{kind.name}, for {seconds:g} s"))
        self._traffic.faults.append(fault)
        await kind.strike(self._stage, seconds)
        fault.ended = self._traffic.note(f"{kind.name}: over")

    async def _drained(self) -> None:
        """Return when nothing more is awaited, or at the bound: what is missing then, the verdict has."""

        async def missing() -> str | None:
            await asyncio.sleep(_LOOK)  # each look reads everybody's history
            verdict = judge(await self._traffic.judged(), _BOUND)
            return str(verdict) if verdict.count("lost") or verdict.count("untold") else None

        await _objection(_none_left(missing, _BOUND))

    async def _presence(self, *, online: bool) -> None:
        """Return when everybody's friends are online, or nobody's, as each server says."""

        async def wrong() -> str | None:
            for server in range(len(self._stage.cluster.processes)):
                for person in self._traffic.people.values():
                    friends = (await person.on(server).get("/users/me/friends")).must(200)
                    if odd := [friend["name"] for friend in friends if friend["online"] is not online]:
                        return f"{', '.join(odd)} {'offline' if online else 'online'} as server {server} says"
            return None

        await _none_left(wrong, _SWEEP)

    async def _announced(self) -> None:
        """Return when what every device was last told of each friend is that the friend is there."""

        async def wrong() -> str | None:
            return "; ".join(self._traffic.rumours()) or None

        await _none_left(wrong, _SWEEP)

    async def _seen(self, left: datetime) -> None:
        """Return when everybody was last seen no earlier than when all left."""

        async def wrong() -> str | None:
            for person in self._traffic.people.values():
                for friend in (await person.rest.get("/users/me/friends")).must(200):
                    if datetime.fromisoformat(friend["lastSeen"]) < left - timedelta(milliseconds=1):
                        return f"{friend['name']} was last seen at {friend['lastSeen']}, and left after {left}"
            return None

        await _none_left(wrong, _BOUND)

    async def _released(self) -> None:
        """Return when no server has a connection left, nor more descriptors open than in steady traffic."""

        async def held() -> str | None:
            for number, server in enumerate(self._stage.cluster.processes):
                now, then = await vitals(server), self._before[number]
                if now.connections:
                    return f"server {number} still has {now.connections} connections"
                if now.pid == then.pid and now.descriptors > then.descriptors + _SPARE:
                    return f"server {number} has {now.descriptors} descriptors open, and had {then.descriptors}"
            return None

        await _none_left(held, _BOUND)

    async def _computing(self) -> list[str]:
        """Return which servers compute although nobody asks them anything."""
        servers = self._stage.cluster.processes
        shares = await asyncio.gather(*(busy(server, _IDLE) for server in servers))
        return [
            f"server {number} computes {share:.0%} of the time while it is idle"
            for number, share in enumerate(shares)
            if share > _BUSY
        ]


async def _none_left(problem: Callable[[], Awaitable[str | None]], within: float) -> None:
    """Look again and again until there is no problem; an answer that is none, or an error, is one."""

    async def look() -> str | None:
        try:
            return await problem()
        except (AssertionError, OSError, TimeoutError, aiohttp.ClientError) as error:
            return str(error) or type(error).__name__

    await eventually(look, lambda why: why, within)


async def _objection(condition: Awaitable[object]) -> str | None:
    """Return why a condition did not come about, None if it did."""
    try:
        await condition
    except AssertionError as error:
        return str(error)
    return None
