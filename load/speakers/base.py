"""What users of all contracts have in common: a connection that is kept up, and an account of what goes over it."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import gevent
from gevent.event import Event
from locust import User, task
from locust.env import Environment

from e2e.harness.tokens import Mint
from load.crew import Closing, Crew
from load.ledger import BOUND, REFUSED, STORED, Book, Visit
from load.mark import Mark, read, write
from load.tally import now
from load.wire import Connection, DialError, Handshake

__all__ = ["Speaker"]

_LIFETIME = 86_400.0
_FIRST, _LONGEST = 0.5, 5.0
"""Seconds before a lost connection is tried again, the first time, and at most; half of it more or less by chance."""

_NEVER = 1 << 62
"""When a connection is opened over which its user cannot be reached."""

_REPEATED = 2000
"""How many of the last messages of a connection may come again over the next."""

crews: dict[Environment, Crew] = {}
"""The crew of each environment: Locust makes users without an argument of ours."""


def reason(refusal: object) -> str:
    """Return why a server refuses something, without what is of that one refusal alone."""
    words = [refusal.get(key) for key in ("message", "error")] if isinstance(refusal, dict) else [refusal]
    return str(next((it for it in words if it), refusal))[:80]


class Speaker(User):
    """A user with one device: it connects, tells who it is, answers as its contract asks, and speaks now and then.

    A subclass is a contract. Its methods `on_<event>` take the arguments of an event, spaces being underscores.

    Attributes:
        number: of the user, in the world.
        spare: whether it is nobody: Locust deals users to processes evenly, so one may be given more than it has.
        connection: None while there is none.

    """

    abstract = True
    reachable_at_once: ClassVar[bool] = True
    """Whether CONNECT means that it can be reached; else `reachable` is called when it can."""

    contract: ClassVar[str]
    number: int
    _heard: ClassVar[Sequence[str]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._heard = [name for name in dir(cls) if name.startswith("on_") and not hasattr(User, name)]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.crew = crews[environment]
        self.world = self.crew.share.world
        number = self.crew.number()
        self.spare = number is None
        self.number = 0 if number is None else number
        self.me: Mapping[str, str] = self.world["users"][self.number]
        self.token = self.me["token"]
        self.connection: Connection | None = None
        self.visit = Visit(self.number, 0)
        self._meant = Event()
        self._meant.set()
        self._stalled = False
        self._idle: set[int] = set()
        self._before: set[int] = set()
        self._book: Book | None = None
        self._handlers: dict[str, Callable[..., None]] = {
            name.removeprefix("on_"): getattr(self, name) for name in self._heard
        }
        if not self.spare:
            self.crew.join(self)

    # what a contract says

    @abstractmethod
    def handshake(self) -> Handshake:
        """Return what it shows when it connects."""

    @abstractmethod
    def greet(self) -> None:
        """Say what has to be said after CONNECT; `caught_up` is called once it knows what it missed."""

    @abstractmethod
    def audience(self) -> tuple[int, ...]:
        """Return the numbers of the users for whom the next message is."""

    @abstractmethod
    def speak(self, text: str, number: int, audience: tuple[int, ...]) -> None:
        """Send a message."""

    # its life

    @task
    def live(self) -> None:
        """Be connected until it is stopped."""
        if self.spare:
            Event().wait()
        pause = _FIRST
        while True:
            self._meant.wait()
            try:
                self._connect()
            except DialError as error:
                self.crew.tally.fail(f"connect: {error}")
                gevent.sleep(pause * random.uniform(0.5, 1.5))
                pause = min(pause * 2, _LONGEST)
                continue
            pause = _FIRST
            self._converse()
            if self._meant.is_set():
                gevent.sleep(pause * random.uniform(0.5, 1.5))

    def on_stop(self) -> None:
        """Leave for good."""
        if self.spare:
            return
        if self.connection is not None:
            self.connection.leave()
            self._closed()
        self.crew.quit(self.number)

    def _connect(self) -> None:
        targets = self.world["targets"]
        target = targets[self.number % len(targets)]
        began = now()
        connection = Connection(target["url"], target["path"], self.handshake())
        took = now() - began
        tally = self.crew.tally
        tally.connects.record(took)
        tally.connected += 1
        self.environment.stats.log_request("connect", self.contract, took / 1000, 0)
        self.visit = tally.ledger.visit(self.number, now() if self.reachable_at_once else _NEVER)
        self.connection = connection

    def _converse(self) -> None:
        assert self.connection is not None
        if self._stalled:
            self.connection.pause()
        connection = self.connection
        try:
            self.greet()
            connection.read(self._on_event)
        except Exception as error:  # a server may send anything
            self.crew.tally.ledger.strange[f"a packet that cannot be read ({type(error).__name__})"] += 1
            connection.drop()
        finally:
            self._closed()

    def _closed(self) -> None:
        if self.connection is None:
            return
        why, self.connection = self.connection.closed, None
        self.visit.closed, self.visit.left = now(), self.away
        self._before = set(self.visit.arrivals[-_REPEATED:])
        tally = self.crew.tally
        tally.connected -= 1
        if self._book is not None:
            self._book.doubt(now() - BOUND)
        if self._meant.is_set():
            self.crew.suffered(self.number)
            if why not in ("dropped", "vanished"):
                tally.fail(f"connection lost: {why}")

    def _on_event(self, event: str, arguments: Sequence[Any]) -> None:
        handler = self._handlers.get(event.replace(" ", "_"))
        if handler is None:
            return
        try:
            handler(*arguments)
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
            self.crew.tally.ledger.strange[f"an event `{event}` that cannot be read"] += 1

    # what it says and hears

    def say(self, due: int) -> None:
        """Send a message that is due at a time."""
        tally, audience = self.crew.tally, self.audience()
        if self.connection is None:
            tally.ledger.miss(due, len(audience))
            return
        if self._book is None:
            self._book = tally.ledger.book(self.number)
        sent = now()
        number = self._book.add(due, sent, audience)
        tally.sent += 1
        tally.expected += len(audience)
        mark = Mark(self.number, number, self.crew.phase, due, sent)
        self.speak(write(self.world["run"], mark, self.crew.share.plan.traffic.length), number, audience)

    def stored(self, number: int, audience: tuple[int, ...] | None = None) -> None:
        """Note that the server has a message, and for whom it was if only the server could tell."""
        assert self._book is not None
        if audience is not None:
            self.crew.tally.expected += len(audience) - len(self._book.audience(number))
        self._book.settle(number, STORED, audience)

    def refused(self, number: int, why: object) -> None:
        """Note that the server said of a message that it failed."""
        assert self._book is not None
        self._book.settle(number, REFUSED)
        self.crew.tally.fail(f"refused: {reason(why)}")

    def denied(self, number: int, users: Iterable[int]) -> None:
        """Note that the server said of users for whom a message was that they are not there."""
        assert self._book is not None
        self._book.denied += [(number, user) for user in users]

    def hear(self, text: object) -> None:
        """Note a message that came."""
        mark = read(self.world["run"], text)
        if mark is None and self.world["lent"]:
            self.crew.tally.failures["a message from before the run"] += 1  # nobody can empty their mailboxes
            return
        if mark is None:
            self.crew.tally.ledger.strange["a message that nobody of this run sent"] += 1
            return
        again = mark.sender << 32 | mark.number in self._before
        latency = self.crew.tally.arrive(self.visit, mark, again=again, excused=mark.phase in self._idle)
        self.environment.stats.log_request("deliver", self.contract, latency / 1000, 0)

    def caught_up(self) -> None:
        """Note that it knows what it missed."""
        self.crew.recovered(self.number)

    def reachable(self) -> None:
        """Note that from now on it can be reached, where CONNECT alone did not mean that."""
        self.visit.opened = now()
        self.caught_up()

    def another(self) -> int:
        """Return any other user, one on another server where that is the scenario's wish."""
        population, servers = self.crew.share.plan.population, len(self.world["targets"])
        across = population.spread == "across" and servers > 1
        while True:
            number = random.randrange(population.users)
            if number != self.number and not (across and number % servers == self.number % servers):
                return number

    def on_exception(self, *arguments: Any) -> None:
        """Note a failure of which nobody says what it is of."""
        self.crew.tally.fail(f"exception: {reason(arguments[0] if arguments else None)}")
        if self._book is not None:
            self._book.exceptions.append(now())

    # what is done to it

    def pass_over(self, phase: int) -> None:
        """Note that a phase begins: what comes of it later, while it is away or does not read, is nobody's delay."""
        if self._stalled or self.away:
            self._idle.add(phase)

    @property
    def away(self) -> bool:
        """Whether it is meant to be away."""
        return not self._meant.is_set()

    def drop(self) -> None:
        """Lose the connection, and connect anew."""
        if self.connection is not None:
            self.connection.drop()

    def vanish(self) -> Closing | None:
        """Lose the connection without the server hearing of it, and connect anew. Return what is left of the old."""
        return None if self.connection is None else self.connection.vanish()

    def depart(self) -> None:
        """Leave, and stay away."""
        self._meant.clear()
        self._idle.add(self.crew.phase)
        if self.connection is not None:
            self.connection.leave()

    def come_back(self) -> None:
        """Come back."""
        self._meant.set()
        self._idle.add(self.crew.phase)

    def stall(self) -> None:
        """Stop reading."""
        self._stalled = True
        self._idle.add(self.crew.phase)
        if self.connection is not None:
            self.connection.pause()

    def read_again(self) -> None:
        """Read again."""
        self._stalled = False
        self._idle.add(self.crew.phase)
        if self.connection is not None:
            self.connection.resume()

    def expire(self, seconds: float) -> None:
        """Come back with a token that lives so long, and with a new one when that has ended the connection."""
        self.token = self._signed(seconds)
        gevent.spawn_later(seconds, self._renew)
        self.drop()

    def _renew(self) -> None:
        self.token = self._signed(_LIFETIME)

    def _signed(self, lifetime: float) -> str:
        claims = {claim: self.me[attribute] for claim, attribute in self.world["claims"].items()}
        return Mint(self.world["secret"]).token(lifetime=lifetime, **claims)
