"""Who is online and what is pending for whom, held against a model that is plain sets and lists.

Users are all friends of each other. They connect from any number of devices, say goodbye, lose connections, come back,
send, and confirm or not, in any order; the real roster and the real mailbox on a real store must agree with the model
after every step.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from app.cluster.local import LocalCluster
from app.domain.clock import Sequence
from app.domain.feed import Feed
from app.domain.mailbox import Mailbox
from app.domain.roster import Presence
from app.store.base import User
from app.store.sqlite import SQLiteStore
from tests.cluster.heard import Heard

USERS = ("ann", "bob", "eve")
T = TypeVar("T")


@dataclass(eq=False)
class Device:
    """A socket: the real feed, and what the model says it was given."""

    id: str
    user: str
    feed: Feed[str] = field(default_factory=Feed[str])
    given: list[str] = field(default_factory=list[str])


class Friends(RuleBasedStateMachine):
    devices = Bundle("devices")
    lost = Bundle("lost")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.graces: dict[str, asyncio.Future[None]] = {}
        self.losing = ""
        self.announced: list[tuple[str, str]] = []
        self.count = 0
        # the model
        self.connected: dict[str, list[Device]] = {user: [] for user in USERS}
        self.lingering: dict[str, list[str]] = {user: [] for user in USERS}
        self.pending: dict[str, list[str]] = {user: [] for user in USERS}
        self.expected: list[tuple[str, str]] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())

    async def _begin(self) -> None:
        self.store = SQLiteStore(None)
        await self.store.open()
        for user in USERS:
            await self.store.add_user(User(user, f"{user}@mail.com", "", user, "", (), 0))
        for one, other in (("ann", "bob"), ("bob", "eve"), ("eve", "ann")):
            await self.store.befriend(one, other)
        self.cluster = LocalCluster()
        await self.cluster.open(Heard())
        self.mailbox = Mailbox("friends", self.store, Sequence())
        self.presence = Presence("friends", self.cluster, 2.0, self._gone, self._grace)

    async def _gone(self, user: str) -> None:
        self.announced.append(("disconnected", user))

    async def _grace(self, _seconds: float) -> None:
        await self.graces.setdefault(self.losing, asyncio.get_running_loop().create_future())

    def here(self, user: str) -> bool:
        return bool(self.connected[user] or self.lingering[user])

    @rule(target=devices, user=st.sampled_from(USERS))
    def connect(self, user: str) -> Device:
        self.count += 1
        device = Device(f"device {self.count}", user)
        if not self.here(user):
            self.expected.append(("connected", user))
        if self.lingering[user]:
            del self.lingering[user][0]
        self.connected[user].append(device)
        self.run(self._connect(device))
        return device

    async def _connect(self, device: Device) -> None:
        if await self.presence.arrive(device.user, device.id):
            self.announced.append(("connected", device.user))
        entries = await self.mailbox.pending(device.user, 100)
        assert [entry.text for entry in reversed(entries)] == self.pending[device.user]
        device.given = [entry.text for entry in entries]
        assert device.feed.open(entry.id for entry in entries) == []

    @rule(device=consumes(devices))
    def say_goodbye(self, device: Device) -> None:
        self.connected[device.user].remove(device)
        if not self.here(device.user):
            self.expected.append(("disconnected", device.user))
        self.run(self.presence.goodbye(device.user, device.id))

    @rule(target=lost, device=consumes(devices))
    def lose_the_connection(self, device: Device) -> Device:
        self.connected[device.user].remove(device)
        self.lingering[device.user].append(device.id)
        self.losing = device.id
        self.run(self._lose(device))
        return device

    async def _lose(self, device: Device) -> None:
        await self.presence.lost(device.user, device.id)
        await asyncio.sleep(0)  # the wait for the end of the grace begins
        assert device.id in self.graces

    @rule(device=consumes(lost))
    def end_the_grace(self, device: Device) -> None:
        if device.id in self.lingering[device.user]:
            self.lingering[device.user].remove(device.id)
            if not self.here(device.user):
                self.expected.append(("disconnected", device.user))
        self.run(self._end_grace(device))

    async def _end_grace(self, device: Device) -> None:
        self.graces[device.id].set_result(None)
        for _ in range(5):
            await asyncio.sleep(0)

    @rule(sender=st.sampled_from(USERS))
    def send(self, sender: str) -> None:
        self.count += 1
        text = f"message {self.count}"
        message = self.run(self.mailbox.post(sender, text))
        assert message is not None
        for user in USERS:
            if user != sender:
                self.pending[user].append(text)
                for device in self.connected[user]:
                    assert device.feed.offer(message.id, text) is True
                    device.given.append(text)

    @rule(device=devices, stored=st.booleans())
    def answer_a_probe(self, device: Device, stored: bool) -> None:
        """Confirm what the client was given, if the store can record it."""
        if not device.feed.due:
            return
        device.feed.begin()
        arrived = device.feed.end()
        if stored:
            self.run(self.mailbox.confirm(device.user, arrived))
            device.feed.recorded()
            self.pending[device.user] = [text for text in self.pending[device.user] if text not in device.given]
            device.given = []
        else:
            device.feed.again()

    @invariant()
    def announcements_are_those_of_the_model(self) -> None:
        assert self.announced == self.expected

    @invariant()
    def presence_is_that_of_the_model(self) -> None:
        if hasattr(self, "presence"):
            assert self.run(self.presence.present(USERS)) == {user for user in USERS if self.here(user)}

    @invariant()
    def what_is_pending_is_that_of_the_model(self) -> None:
        for user in USERS if hasattr(self, "mailbox") else ():
            entries = self.run(self.mailbox.pending(user, 100))
            assert [entry.text for entry in reversed(entries)] == self.pending[user]

    def teardown(self) -> None:
        if hasattr(self, "presence"):
            self.run(self.presence.close())
            self.run(self.cluster.close())
            self.run(self.store.close())
        self.runner.close()


TestFriends = Friends.TestCase
TestFriends.settings = settings(max_examples=60, stateful_step_count=40)
