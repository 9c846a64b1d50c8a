"""The users of one process: who is who, what they do in a phase, and who speaks when.

Messages are due at random, at the rate of the phase, whether or not the servers keep up (an open model): one greenlet
draws the times, and any of the senders who are meant to be there may be the next.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import gevent
from gevent.event import Event

from load.plan import SERVER_ACTIONS, Phase, Plan
from load.population import senders
from load.tally import Tally, now

__all__ = ["Crew", "Member", "Share"]

_STAYS_AWAY = 1.0, 3.0
"""Seconds that a client of a churn stays away, at least and at most."""


class Closing(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Close it."""
        ...


class Member(Protocol):
    """A user, as its crew sees it."""

    number: int

    def say(self, due: int) -> None:
        """Send a message that is due at a time, microseconds since 1970."""
        ...

    def pass_over(self, phase: int) -> None:
        """Note that a phase begins."""
        ...

    def drop(self) -> None:
        """Lose the connection, and connect anew."""
        ...

    def vanish(self) -> Closing | None:
        """Lose the connection without the server hearing of it, and connect anew. Return what is left of the old."""
        ...

    def depart(self) -> None:
        """Leave, and stay away."""
        ...

    def come_back(self) -> None:
        """Come back."""
        ...

    def stall(self) -> None:
        """Stop reading."""
        ...

    def read_again(self) -> None:
        """Read again."""
        ...

    def expire(self, seconds: float) -> None:
        """Come back with a token that lives so long, and with a new one when that has ended the connection."""
        ...

    @property
    def away(self) -> bool:
        """Whether it is meant to be away."""
        ...


@dataclass(frozen=True, slots=True)
class Share:
    """What a process has to do: of all users those with number `index`, `index + count` and so on.

    Attributes:
        world: who there is (`load.world`).

    """

    plan: Plan
    world: Mapping[str, Any]
    index: int
    count: int


class Crew:
    """The users of one process.

    Attributes:
        share: what this process has to do.
        tally: what it counts.
        phase: number of the phase, -1 before the first and after the last.

    """

    def __init__(self, share: Share) -> None:
        self.share = share
        self.tally = Tally()
        self.phase = -1
        self._members: dict[int, Member] = {}
        users = share.plan.population.users
        self._free = list(range(share.index, users, share.count))[::-1]
        everywhere = senders(share.plan.population)
        self._senders = [number for number in everywhere if number % share.count == share.index]
        self._part = len(self._senders) / len(everywhere)
        self._rate = 0.0
        self._changed = Event()
        self._began = 0
        self._concerned: dict[int, tuple[int, int]] = {}  # by user: in which phase, and when that began
        self._speaking = gevent.spawn(self._speak)
        self._churning: gevent.Greenlet | None = None
        self._left: list[Closing] = []

    def number(self) -> int | None:
        """Return the number of a user who comes new, None if all of this process's are there."""
        return self._free.pop() if self._free else None

    def join(self, member: Member) -> None:
        """Have a user take part."""
        self._members[member.number] = member

    def quit(self, number: int) -> None:
        """Have the number of a user who is no more given to the next."""
        del self._members[number]
        self._free.append(number)

    def begin(self, number: int) -> None:
        """Begin a phase; -1 for the time after the last."""
        for left in self._left:
            left.close()
        self._left.clear()
        plan = self.share.plan
        self.phase, self._began = number, now()
        if self._churning is not None:
            self._churning.kill()
            self._churning = None
        phase = plan.phases[number] if number >= 0 else Phase("drain", 0)
        self._rate = plan.traffic.rate * phase.rate * self._part
        self._changed.set()
        for member in self._members.values():
            member.pass_over(number)
        self._act(phase)

    def end(self) -> None:
        """Stop speaking."""
        self._speaking.kill()

    # who is well

    def suffered(self, number: int) -> None:
        """Note that a user has lost a connection that it was meant to have."""
        if self.phase >= 0 and self.share.plan.phases[self.phase].action in (*SERVER_ACTIONS, "expire"):
            self._concern(number)

    def recovered(self, number: int) -> None:
        """Note that a user is connected and was told what it had missed."""
        if number in self._concerned:
            phase, began = self._concerned.pop(number)
            self.tally.ready[phase].append(now() - began)

    def _concern(self, number: int) -> None:
        if number in self._concerned:
            return  # it is not well yet of what was done first
        self._concerned[number] = self.phase, self._began
        self.tally.concerned[self.phase] += 1

    # what is done

    def _act(self, phase: Phase) -> None:
        match phase.action:
            case "drop":
                for member in self._drawn(phase.share):
                    self._concern(member.number)
                    member.drop()
            case "vanish":
                for member in self._drawn(phase.share):
                    self._concern(member.number)
                    left = member.vanish()
                    if left is not None:
                        self._left.append(left)
            case "away":
                for member in self._drawn(phase.share, silent=True):
                    member.depart()
            case "back":
                for member in [it for it in self._members.values() if it.away]:
                    self._concern(member.number)
                    member.come_back()
            case "stall":
                for member in self._drawn(phase.share, silent=True):
                    member.stall()
            case "read":
                for member in self._members.values():
                    member.read_again()
            case "expire":
                for member in self._drawn(phase.share):
                    member.expire(phase.seconds * random.uniform(0.2, 0.7))
            case "churn":
                self._churning = gevent.spawn(self._churn, phase.share)

    def _drawn(self, share: float, *, silent: bool = False) -> Sequence[Member]:
        """Return a part of the users; of those who never speak, where there are any, if they are to be `silent`."""
        senders = set(self._senders)
        members = list(self._members.values())
        if silent and len(senders) < len(members):
            members = [member for member in members if member.number not in senders]
        return random.sample(members, round(len(members) * share))

    def _churn(self, share: float) -> None:
        while True:
            gevent.sleep(1 / max(1.0, share * len(self._members)))
            here = [member for member in self._members.values() if not member.away]
            if here:
                member = random.choice(here)
                member.depart()
                gevent.spawn_later(random.uniform(*_STAYS_AWAY), member.come_back)

    def _speak(self) -> None:
        due = time.time()
        while True:
            if self._rate <= 0:
                self._changed.wait()
            if self._changed.is_set():
                self._changed.clear()
                due = time.time()
                continue
            due += random.expovariate(self._rate)
            wait = due - time.time()
            self._changed.wait(max(0.0, wait))  # who is behind lets the others go on too
            if self._changed.is_set():
                continue
            member = self._members.get(random.choice(self._senders))
            if member is not None and not member.away:
                member.say(int(due * 1_000_000))
