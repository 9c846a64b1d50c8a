"""A process that has users: it takes its share of a run, tells how far it is, and hands over what it remembers."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Mapping
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import LocalRunner, WorkerRunner

from load import messages
from load.crew import Crew, Share
from load.histogram import Histogram
from load.plan import Plan
from load.speakers.base import crews
from load.tally import CURVE

__all__ = ["Worker"]

_TICK = 0.02
"""Seconds of the timer whose lateness tells that the process has more to do than it can."""

_PART = 200
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Worker:
    """The part of this process in a run."""

    def __init__(self, environment: Environment) -> None:
        assert isinstance(environment.runner, LocalRunner | WorkerRunner)
        self._environment = environment
        self._runner = environment.runner
        self._crew: Crew | None = None
        self._lag = 0.0
        self._reporting: gevent.Greenlet | None = None
        self._runner.register_message(messages.SHARE, self._on_share)
        self._runner.register_message(messages.PHASE, self._on_phase)
        self._runner.register_message(messages.FINISH, self._on_finish)
        gevent.spawn(self._watch)

    def _on_share(self, environment: Environment, msg: Any, **_: Any) -> None:
        found: Mapping[str, Any] = msg.data
        if self._crew is not None:
            self._crew.end()
        share = Share(Plan.parse(found["plan"]), found["world"], found["index"], found["count"])
        self._crew = crews[environment] = Crew(share)
        if self._reporting is None:
            self._reporting = gevent.spawn(self._report)

    def _on_phase(self, environment: Environment, msg: Any, **_: Any) -> None:
        if self._crew is not None:
            self._crew.begin(msg.data)

    def _on_finish(self, environment: Environment, msg: Any, **_: Any) -> None:
        assert self._crew is not None
        for part in self._crew.tally.ledger.pack(_PART):
            self._runner.send_message(messages.LEDGER, part)
            gevent.sleep(0)
        self._runner.send_message(messages.LEDGER, {"tally": self._crew.tally.pack(), "process": self._name})

    @property
    def _name(self) -> str:
        return f"generator {self._runner.worker_index}"

    def _report(self) -> None:
        before, cpu = time.monotonic(), _processor_seconds()
        while True:
            gevent.sleep(1.0)
            assert self._crew is not None
            tally, at, spent = self._crew.tally, time.monotonic(), _processor_seconds()
            lag, self._lag = self._lag, 0.0
            second = tally.curve.get(int(time.time()) - 1, Histogram(CURVE))
            self._runner.send_message(
                messages.TALLY,
                {
                    "process": self._name,
                    "connected": tally.connected,
                    "sent": tally.sent,
                    "expected": tally.expected,
                    "delivered": tally.delivered,
                    "recent": list(second.counts.items()),
                    "share": (spent - cpu) / (at - before),
                    "sample": (time.time(), round(spent, 2), _resident(), round(lag * 1000, 1)),
                },
            )
            before, cpu = at, spent

    def _watch(self) -> None:
        while True:
            began = time.monotonic()
            gevent.sleep(_TICK)
            self._lag = max(self._lag, time.monotonic() - began - _TICK)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * _PAGE
