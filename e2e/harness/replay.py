"""Plays an example of a contract against a deployment: sends what its clients send, and waits for what they receive."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, cast

from e2e.harness.client import Client
from e2e.harness.direct import DirectClient
from e2e.harness.examples import Example, Step, Values
from e2e.harness.friends import FriendsClient
from e2e.harness.notifications import NotificationsClient
from e2e.harness.people import People, Place
from e2e.harness.presence import PresenceClient, ServiceClient
from e2e.harness.rest import Answer
from e2e.harness.rooms import RoomsClient

__all__ = ["replay"]

_INTERNAL = "internal"

_KINDS: Mapping[str, type[Client]] = {
    "friends": FriendsClient,
    "direct": DirectClient,
    "rooms": RoomsClient,
    "notifications": NotificationsClient,
    "presence": PresenceClient,
    _INTERNAL: ServiceClient,
}


async def replay(example: Example, people: People) -> None:
    """Raise `AssertionError` unless everything comes that the example says, and nothing else."""
    __tracebackhide__ = True
    run = _Run(example, people)
    await run.prepare()
    for step in example.exchange:
        await (run.send(step) if step.way == "sent" else run.receive(step))
    run.look_for_more()


class _Run:
    def __init__(self, example: Example, people: People) -> None:
        self._example = example
        self._people = people
        self._values = Values(example.made, example.optional)
        self._devices: dict[str, Client] = {}
        self._answers: dict[str, Answer] = {}

    async def prepare(self) -> None:
        """Register the people, and choose what has to be new."""
        known = {name: await self._people.new(name) for name in self._example.people}
        for name, facts in self._example.people.items():
            if known[name].name != name:  # users of a target have names of their own
                self._values.learn(name, known[name].name)
            for fact, value in facts.items():
                self._values.learn(value, getattr(known[name], fact))
        for one, other in self._example.friends:
            await self._people.friends(known[one], known[other])
        for value in self._example.chosen:
            self._values.learn(value, uuid.uuid4().hex)

    async def send(self, step: Step) -> None:
        """Do what the example says that a client does."""
        args = self._values.filled(step.args)
        if step.rest:
            method, _, path = str(self._values.filled(step.label)).partition(" ")
            headers = cast("dict[str, str]", self._values.filled(step.headers))
            self._answers[step.who] = await self._people.rest().call(method, path, *args, headers=headers)
        elif step.label == "CONNECT":
            self._devices[step.who] = await self._dial(step, args[0] if args else None)
        elif step.label == "DISCONNECT":
            await self._devices[step.who].goodbye()
        else:
            await self._devices[step.who].emit(step.label, *args, ack=step.ack)

    async def _dial(self, step: Step, auth: Any) -> Client:
        kind = _KINDS[step.gateway or self._example.contract]
        place: Place = {"listener": _INTERNAL, "server": 0} if step.gateway == _INTERNAL else {}
        query = cast("dict[str, str]", self._values.filled(step.query))
        headers = cast("dict[str, str]", self._values.filled(step.headers))
        return await self._people.dial(step.who, kind, query=query, auth=auth, headers=headers, **place)

    async def receive(self, step: Step) -> None:
        """Wait for what the example says that a client receives."""
        __tracebackhide__ = True
        if step.rest:
            self._answered(step)
            return
        label = str(self._values.filled(step.label))

        def check(payload: Any) -> str | None:
            if not step.args:
                return None if payload is None else f"got {payload!r}, want nothing"
            return self._values.problem(step.args[0], payload, among=step.among)

        await self._devices[step.who].inbox.expect(label, check, ack=step.ack)

    def _answered(self, step: Step) -> None:
        answer = self._answers[step.who]
        assert str(answer.status) == step.label, f"want {step.label}, got {answer}"
        if step.args:
            problem = self._values.problem(step.args[0], answer.json, among=step.among)
            assert problem is None, f"{problem}: {answer}"
        else:
            assert answer.text == "", f"want nothing, got {answer}"

    def look_for_more(self) -> None:
        """Raise `AssertionError` if a client has received something that the example does not have."""
        __tracebackhide__ = True
        repeats = {self._values.filled(label) for label in self._example.repeats}
        for who, device in self._devices.items():
            more = [str(record) for record in device.inbox.unread if record.label not in {*repeats, "CLOSED"}]
            assert not more, f"{who} received more than the example has:\n" + "\n".join(more)
