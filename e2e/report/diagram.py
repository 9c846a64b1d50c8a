"""The transcript of a test as a sequence diagram: who told whom what, and when.

Clients have a lifeline each, the server has one between them. Time runs downwards, and a pause is as high as it is
long, within reason. Where anything stands is said in percent of the width, so that the diagram fits where it is put.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from e2e.harness.transcript import BREACH
from e2e.report.explanation import Explanation, explain
from e2e.report.legible import compact, indented, legible, one_line, shortened
from e2e.verify.result import Entry, TestResult
from e2e.verify.secrets import KEYS, masked

__all__ = ["Diagram", "Lane", "Step", "diagram"]

Kind = Literal["sent", "received", "called", "noted", "prepared", "omitted", "failed"]

MOST_STEPS = 300
"""A longer transcript loses its middle; the report's JSON has all of it."""
MOST_LANES = 9
"""Clients beyond that share a lifeline."""

_LONGEST_LABEL = 22
_LONGEST_LINE = 160
_WHOLE_LINE = 60
"""A line of at most so many characters is all that there is to show."""
_LONGEST_BLOCK = 6000
_HOUSEKEEPING = frozenset({"OPEN", "PING", "PONG", "NOOP", "UPGRADE"})
_CALL = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\S+) -> (\d{3}) ?(.*)", re.DOTALL)
"""How the transcript has a call of REST."""
_PAUSES = (0.02, 0.1, 0.5, 2.0)
"""Seconds from which on a pause is the next size."""
_TOLD_PAUSE = 0.5
"""Seconds from which on a pause is told in words."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A lifeline.

    Attributes:
        x: where it stands, in percent of the width.

    """

    name: str
    x: float
    is_server: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the diagram.

    Attributes:
        at: seconds since the test began, None for what has no instant.
        start, end: the lifelines that the arrow connects, in percent; the same for what is no arrow.
        told: in words who did what, for those who do not see the arrow.
        label: what is written on the arrow.
        line: what was said, on one line.
        block: all of it, None where the line has all.
        pause: how long nothing happened before it, 0 (hardly) to 4 (very).
        silence: that in words, "" unless it is worth some.
        quiet: whether it is mere housekeeping.
        after: whether it was after the test had failed.
        why: what was wrong with it, where the test looked at it in vain.
        breach: whether it says that what came before it is not in the contract.

    """

    kind: Kind
    at: float | None
    start: float
    end: float
    told: str
    label: str
    line: str
    block: str | None = None
    pause: int = 0
    silence: str = ""
    quiet: bool = False
    after: bool = False
    why: str | None = None
    breach: bool = False

    @property
    def middle(self) -> float:
        """Where the label is, in percent."""
        return round((self.start + self.end) / 2, 2)


@dataclass(frozen=True, slots=True)
class Diagram:
    """A whole diagram."""

    lanes: tuple[Lane, ...]
    steps: tuple[Step, ...]


def diagram(test: TestResult, servers: int = 1) -> Diagram | None:
    """Return the diagram of a failed test, None if no client did anything."""
    if not test.transcript or test.failure is None:
        return None
    told = explain(test.failure)
    entries = sorted(test.transcript, key=lambda entry: entry.at)
    preparing, entries = _split(entries)
    failed_at = entries[-1].at if test.failure.at is None else test.failure.at
    who = test.failure.who or next((it for it in _clients(entries) if told.message.startswith(f"{it}:")), None)
    lanes = _lanes(_clients(entries), who, servers)
    drawing = _Drawing(lanes, told, failed_at)
    before = [drawing.step(entry) for entry in entries if entry.at <= failed_at]
    if preparing:
        before.insert(0, drawing.preparation(preparing))
    after = [drawing.step(entry) for entry in entries if entry.at > failed_at]
    return Diagram(lanes, (*_paced([*_cut(before), drawing.failure(who)]), *_cut(after)))


class _Drawing:
    """Makes steps of entries."""

    def __init__(self, lanes: Sequence[Lane], told: Explanation, failed_at: float) -> None:
        self._places = {lane.name: lane.x for lane in lanes}
        self._others = next((lane for lane in lanes if lane.name.startswith("+")), None)
        self._server = next(lane for lane in lanes if lane.is_server)
        self._told = told
        self._failed_at = failed_at

    def step(self, entry: Entry) -> Step:
        """Return the step of an entry."""
        call = _CALL.fullmatch(entry.label) if entry.way == "noted" else None
        if call:
            return self._called(entry, *call.groups())
        here, there = self._x(entry.who), self._server.x
        breach = entry.way == "noted" and entry.label.startswith(BREACH)
        label = "not in the contract" if breach else legible(entry.label)
        if entry.namespace != "/":
            label = f"{label} {legible(entry.namespace)}"
        asked = "" if entry.ack is None else f" #{entry.ack}"
        said = " ".join(compact(arg) for arg in entry.args)
        if breach:
            said = legible(entry.label.removeprefix(BREACH))
        line = said if len(label) <= _LONGEST_LABEL else f"{label} {said}"
        return Step(
            kind=entry.way,
            at=entry.at,
            start=there if entry.way == "received" else here,
            end=there if entry.way == "sent" else here,
            told=_told(entry, self._server.name),
            label=shortened(one_line(label), _LONGEST_LABEL) + asked,
            line=self._line(entry, line),
            block=_block(said if breach else entry.args, line),
            quiet=entry.label in _HOUSEKEEPING,
            after=entry.at > self._failed_at,
            why=self._why(entry),
            breach=breach,
        )

    def preparation(self, entries: Sequence[Entry]) -> Step:
        """Return the step that has all calls before anybody connected."""
        calls = "\n".join(f"{entry.at:.3f}  {legible(entry.who)}: {legible(entry.label)}" for entry in entries)
        line = f"{len(entries)} call{'s' if len(entries) > 1 else ''} over HTTP before anybody connected"
        x = self._server.x
        return Step("prepared", entries[0].at, x, x, "Preparation", "preparation", line, calls[:_LONGEST_BLOCK])

    def failure(self, who: str | None) -> Step:
        """Return the step that marks the moment at which the test failed."""
        x = self._x(who) if who else self._server.x
        line = shortened(legible(self._told.message.split("\n")[0]), 400)
        return Step("failed", self._failed_at, x, x, "The test failed here", "", line)

    def _called(self, entry: Entry, method: str, path: str, status: str, body: str) -> Step:
        exchange = entry.args[0] if entry.args and isinstance(entry.args[0], dict) else {}
        said = exchange.get("body")
        line = one_line(f"{path} {body}" if said is None else f"{path} {_written(said)} → {body}")
        return Step(
            kind="called",
            at=entry.at,
            start=self._x(entry.who),
            end=self._server.x,
            told=f"{legible(entry.who)} called the {self._server.name} over HTTP, which answered {status}",
            label=f"{method} → {status}",
            line=self._line(entry, line),
            block=_exchange(f"{method} {path}", status, body, exchange) if exchange else _block(body, line),
            after=entry.at > self._failed_at,
        )

    def _line(self, entry: Entry, line: str) -> str:
        """Return what was said on one line, by whom where the lifeline is not theirs alone."""
        whose = "" if entry.who in self._places else f"{entry.who}: "
        return shortened(one_line(whose + line), _LONGEST_LINE)

    def _x(self, who: str) -> float:
        if who in self._places:
            return self._places[who]
        return (self._others or self._server).x

    def _why(self, entry: Entry) -> str | None:
        """Return what was wrong with an entry, None if nothing is known to be."""
        if found := next((it for it in self._told.rejected if it.is_of(entry)), None):
            return legible(found.why)
        if entry.at <= self._failed_at and self._told.has_fault(entry):
            return legible(self._told.headline)
        return None


def _split(entries: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the calls before anybody connected, by which a test makes its users, and the rest.

    Where nobody connected, the calls are what the test is about.
    """
    connected = next((at for at, entry in enumerate(entries) if entry.way != "noted"), 0)
    return entries[:connected], entries[connected:]


def _clients(entries: Sequence[Entry]) -> list[str]:
    """Return the clients in the order of their first packet; devices of one person stand together."""
    found = list(dict.fromkeys(entry.who for entry in entries))
    people = list(dict.fromkeys(who.split("#")[0] for who in found))
    return sorted(found, key=lambda who: people.index(who.split("#")[0]))


def _lanes(clients: list[str], who: str | None, servers: int) -> tuple[Lane, ...]:
    """Return the lifelines: clients on both sides of the server."""
    if len(clients) > MOST_LANES:
        shown = [*dict.fromkeys([*([who] if who in clients else []), *clients])][:MOST_LANES]
        clients = [*(it for it in clients if it in shown), f"+{len(clients) - len(shown)} others"]
    left = max(1, len(clients) // 2)
    server = "server" if servers == 1 else f"{servers} servers"
    names = [*((it, False) for it in clients[:left]), (server, True), *((it, False) for it in clients[left:])]
    return tuple(Lane(name, _percent(index, len(names)), is_server) for index, (name, is_server) in enumerate(names))


def _percent(index: int, of: int) -> float:
    return round(100 * (index + 0.5) / of, 2)


def _told(entry: Entry, server: str) -> str:
    who, label = legible(entry.who), legible(entry.label)
    if entry.way == "sent":
        return f"{who} sent the {server} {label}"
    return f"the {server} sent {who} {label}" if entry.way == "received" else f"{who}: {label}"


def _block(value: str | Sequence[Any], line: str) -> str | None:
    """Return all that was said, None if it is on the line."""
    if len(line) <= _WHOLE_LINE:
        return None
    if isinstance(value, str):
        text = legible(value)
    else:
        args = (
            value if isinstance(value, tuple) and len(value) != 1 else value[0] if isinstance(value, tuple) else value
        )
        text = indented(args)
    return text if len(text) <= _LONGEST_BLOCK else f"{text[:_LONGEST_BLOCK]}\n… ({len(text)} characters)"


def _exchange(request: str, status: str, body: str, exchange: Mapping[str, Any]) -> str:
    """Return a call over HTTP as it went: the request, then the answer, each with its headers and its body."""
    lines: list[str] = []
    for first, headers, content in (
        (request, exchange.get("asked"), _written(exchange.get("body"))),
        (f"→ {status}", exchange.get("answered"), body),
    ):
        told = (
            [f"{name}: {_public(name, value)}" for name, value in headers.items()] if isinstance(headers, dict) else []
        )
        lines += ["", first, *told, *(["", content] if content else [])]
    text = legible("\n".join(lines[1:]))
    return text if len(text) <= _LONGEST_BLOCK else f"{text[:_LONGEST_BLOCK]}\n… ({len(text)} characters)"


def _public(header: str, value: object) -> str:
    return masked(str(value)) if header in KEYS else str(value)


def _written(body: Any) -> str:
    return body if isinstance(body, str) else "" if body is None else compact(body)


def _cut(steps: list[Step]) -> list[Step]:
    """Return steps without the middle of what is too long."""
    if len(steps) <= MOST_STEPS:
        return steps
    first, last = steps[: MOST_STEPS // 5], steps[-4 * MOST_STEPS // 5 :]
    left_out = len(steps) - len(first) - len(last)
    words = f"{left_out} packets are left out here; report.json has them"
    return [*first, Step("omitted", None, 50, 50, "", "", words), *last]


def _paced(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps with the pauses before them."""
    last = steps[0].at or 0.0
    for step in steps:
        pause = (step.at if step.at is not None else last) - last
        last += pause
        silence = f"{pause:.2f} s later" if pause >= _TOLD_PAUSE else ""
        yield replace(step, pause=sum(pause >= least for least in _PAUSES), silence=silence)
