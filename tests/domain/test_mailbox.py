"""`app.domain.mailbox`: what it asks its store for."""

from typing import Any

import pytest

from app.domain.clock import Sequence, least_id, now_ms
from app.domain.errors import NotSent, Unavailable
from app.domain.mailbox import LATE_MS, Mailbox, late
from app.store.base import Owed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what the clock shows, in milliseconds."""
    shown = [now_ms()]
    monkeypatch.setattr("app.domain.mailbox.now_ms", lambda: shown[0])
    return shown


async def test_what_was_sent_in_the_last_minute_is_recent_on_whichever_clock(clock: list[int]):
    """The clock of the server that made its id may be behind this one's."""
    asked: list[str] = []

    class Store:
        async def owed(self, mailbox: str, user_ids: list[str], after: str, limit: int) -> list[Owed]:
            asked.append(after)
            return []

    store: Any = Store()
    await Mailbox("friends", store, Sequence()).backlogs(["ann"], 10)
    assert asked == [least_id(clock[0] - 60_000 - LATE_MS)]


async def test_users_who_are_too_many_for_one_request_are_looked_up_in_several():
    """What does not answer in time for all may for some; what does not for one, or is not asked, is not."""
    asked: list[int] = []

    class Store:
        most = 2

        async def owed(self, mailbox: str, user_ids: list[str], after: str, limit: int) -> list[Owed]:
            asked.append(len(user_ids))
            if len(user_ids) > self.most:
                raise Unavailable if self.most >= 0 else NotSent
            return []

    store: Any = Store()
    mailbox = Mailbox("friends", store, Sequence())
    users = ["ann", "bob", "eve", "joe", "kim"]
    assert sorted(await mailbox.backlogs(users, 10)) == users
    assert asked == [5, 2, 3, 1, 2]
    asked.clear()
    for most, times in ((0, [2, 1]), (-1, [2])):
        store.most = most
        with pytest.raises(Unavailable):
            await mailbox.backlogs(users[:2], 10)
        assert asked == times
        asked.clear()


def test_a_message_is_late_after_a_while(clock: list[int]):
    """Its id says when it was sent."""
    message = least_id(clock[0])
    clock[0] += LATE_MS
    assert not late(message)
    clock[0] += 1
    assert late(message)
