"""The examples of a contract, `contracts/<name>/examples/*.json`: each is a whole exchange, as a transcript has it.

    {"title": "...", "requirements": ["DIRECT-..."],
     "people": {"Alice": {"id": "...", "email": "...", "token": "..."}},   users, by their first name
     "friends": [["Alice", "Bob"]],
     "chosen": ["3XX"],                 what the clients have chosen, and what has to be new each time
     "made": ["18f29b46...", 17143...], what the server made: its first occurrence stands for whatever comes there
     "repeats": ["users"],              events that may come more often than it is written
     "optional": ["id"],                keys that a server need not send
     "exchange": [{"who": "Alice", "way": "sent", "label": "CONNECT", "query": {"token": "..."}},
                  {"who": "Alice", "way": "received", "label": "CONNECT", "args": [{"sid": "..."}]},
                  {"who": "Alice", "way": "sent", "label": "send message", "args": [{...}], "ack": 0}, ...]}

A label is the name of an event, a packet of Socket.IO in capitals, a request such as `POST /api/v1/rooms`, or the
status that answers it. A payload may have more keys than are written. `"broken": true` marks what is sent against the
contract; `"among": true` a list that has others too; `"gateway": "internal"` a connection to the gateway for services.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from e2e.harness.requirements import CONTRACTS
from e2e.harness.transcript import Record

__all__ = ["Example", "Step", "Values", "load"]


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody sends, or receives.

    Attributes:
        gateway: which one a CONNECT is for.
        query: of a CONNECT's handshake.
        headers: of a CONNECT's handshake, or of a request.

    """

    who: str
    way: str
    label: str
    args: tuple[Any, ...] = ()
    ack: int | None = None
    gateway: str = ""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    broken: bool = False
    among: bool = False

    @property
    def rest(self) -> bool:
        """Whether it is a request, or an answer to one."""
        return self.label.isdigit() or self.label.partition(" ")[0] in ("GET", "POST", "DELETE")

    @property
    def record(self) -> Record:
        """The same as a record of a transcript."""
        return Record(0.0, self.who, "sent" if self.way == "sent" else "received", self.label, self.args, self.ack)


@dataclass(frozen=True, slots=True)
class Example:
    """A whole exchange.

    Attributes:
        contract: whose it is.
        name: of its file.

    """

    contract: str
    name: str
    title: str
    requirements: tuple[str, ...]
    people: Mapping[str, Mapping[str, str]]
    friends: Sequence[Sequence[str]]
    chosen: Sequence[str]
    made: Sequence[Any]
    repeats: Sequence[str]
    optional: Sequence[str]
    exchange: tuple[Step, ...]


def load(contracts: Path = CONTRACTS) -> list[Example]:
    """Return the examples of all contracts."""
    return [_read(path) for path in sorted(contracts.glob("*/examples/*.json"))]


def _read(path: Path) -> Example:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    contract = path.parent.parent.name
    written: list[dict[str, Any]] = found.pop("exchange")
    exchange = [Step(**cast("Any", {**step, "args": tuple(step.get("args", ()))})) for step in written]
    given: dict[str, Any] = {
        "people": {},
        "friends": [],
        "chosen": [],
        "made": [],
        "repeats": [],
        "optional": [],
        **found,
    }
    given["requirements"] = tuple(given["requirements"])
    return Example(contract=contract, name=path.stem, exchange=tuple(exchange), **given)


class Values:
    """What the values of an example stand for in one run of it.

    Args:
        made: those that the server makes.
        optional: keys that may be missing in what comes.

    """

    def __init__(self, made: Sequence[Any], optional: Sequence[str] = ()) -> None:
        self._made = {_key(value) for value in made}
        self._optional = frozenset(optional)
        self._known: dict[str, Any] = {}

    def learn(self, value: Any, meaning: Any) -> None:
        """Have a value of the example stand for another."""
        self._known[_key(value)] = meaning

    def filled(self, value: Any) -> Any:
        """Return what the example says with what is known in it."""
        if isinstance(value, dict):
            found = cast("dict[str, Any]", value)
            return {self.filled(key): self.filled(inner) for key, inner in found.items()}
        if isinstance(value, list | tuple):
            return [self.filled(inner) for inner in cast("list[Any]", value)]
        if (known := _key(value)) in self._known:
            return self._known[known]
        return self._within(value) if isinstance(value, str) else value

    def _within(self, text: str) -> str:
        """Return a text with what is known in it, such as a token after `Bearer `."""
        for known, meaning in self._known.items():
            if isinstance(meaning, str):
                text = text.replace(json.loads(known), meaning)
        return text

    def problem(self, wanted: Any, got: Any, *, among: bool = False) -> str | None:
        """Return how what came differs from what the example says, None if it does not.

        What the server made is then known.
        """
        before = dict(self._known)
        problem = self._compare(wanted, got, among, "it")
        if problem:
            self._known = before
        return problem

    def _compare(self, wanted: Any, got: Any, among: bool, where: str) -> str | None:
        if isinstance(wanted, dict) and isinstance(got, dict):
            return self._compare_objects(cast("dict[str, Any]", wanted), cast("dict[str, Any]", got), among, where)
        if isinstance(wanted, list) and isinstance(got, list):
            return self._compare_lists(cast("list[Any]", wanted), cast("list[Any]", got), among, where)
        if (key := _key(wanted)) in self._made and key not in self._known and _of_one_type(wanted, got):
            self._known[key] = got
            return None
        known = self.filled(wanted)
        return None if _of_one_type(known, got) and known == got else f"{where} is {got!r}, want {known!r}"

    def _compare_objects(self, wanted: dict[str, Any], got: dict[str, Any], among: bool, where: str) -> str | None:
        known = {self.filled(key): inner for key, inner in wanted.items()}
        if missing := known.keys() - got.keys() - self._optional:
            return f"{where} has no {', '.join(sorted(missing))}"
        problems = (self._compare(known[key], got[key], among, f"{where}[{key!r}]") for key in known if key in got)
        return next((problem for problem in problems if problem), None)

    def _compare_lists(self, wanted: list[Any], got: list[Any], among: bool, where: str) -> str | None:
        if among:
            missing = (one for one in wanted if all(self.problem(one, other) for other in got))
            return next((f"{where} has no {self.filled(one)!r}" for one in missing), None)
        if len(wanted) != len(got):
            return f"{where} has {len(got)} entries, want {len(wanted)}"
        pairs = zip(wanted, got, strict=True)
        problems = (self._compare(*pair, among, f"{where}[{index}]") for index, pair in enumerate(pairs))
        return next((problem for problem in problems if problem), None)


def _of_one_type(one: Any, other: Any) -> bool:
    return type(one) is type(other)


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
