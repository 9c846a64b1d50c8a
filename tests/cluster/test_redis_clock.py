"""A server whose clock is off says so in its log."""

import asyncio

import pytest

from app.cluster.redis_clock import SKEW_MS, Clock
from app.domain.clock import now_ms
from tests.cluster.servers import Servers
from tests.waiting import until


@pytest.mark.parametrize(
    ("asked", "told", "now", "said"),
    [
        (0, SKEW_MS, 0, None),
        (SKEW_MS, 0, SKEW_MS, None),
        (0, 0, 60_000, None),  # held up between the question and the look at the answer
        (0, 60_000, 60_000, None),
        (0, SKEW_MS + 100, 0, "5.1 s behind that of Redis"),
        (20_000, 0, 20_000, "20.0 s ahead of that of Redis"),
    ],
)
def test_a_clock_that_is_off_is_told_of_once(
    caplog: pytest.LogCaptureFixture, asked: int, told: int, now: int, said: str | None
):
    """By more than a few seconds, however long Redis took to answer."""
    clock = Clock(lambda: now)
    for _ in range(3):
        clock.compare(asked, told)
    assert [record.getMessage().partition(" is ")[2].partition(":")[0] for record in caplog.records] == (
        [said] if said else []
    )


async def test_a_server_compares_its_clock_with_that_of_redis(servers: Servers, caplog: pytest.LogCaptureFixture):
    """At a beat."""
    one, two = [await servers.start_hasty() for _ in range(2)]
    one.cluster._roster._clock.now = lambda: now_ms() - 11_000
    await until(lambda: caplog.records)
    await asyncio.gather(one.cluster.ping(), two.cluster.ping())
    assert [record.getMessage().partition(",")[0][:36] for record in caplog.records] == [
        "the clock of this server is 11.0 s b"
    ]
