"""Joining a cluster, or learning why not; and leaving it without a trace."""

import asyncio
import gc
import ssl
from pathlib import Path

import pytest
import trustme

from app.cluster.base import ClusterUnusableError
from app.cluster.redis import RedisCluster
from app.cluster.redis_address import Address
from app.domain.errors import Unavailable
from e2e.harness.engine import Engine
from e2e.harness.proxy import FaultProxy
from tests.cluster.fake_redis import INFO, fake_redis, info
from tests.cluster.heard import Heard
from tests.cluster.servers import Servers
from tests.waiting import until

SECRET = "s3cret-of-redis"


def ours() -> set[str]:
    """Return the names of the tasks that clusters have, not those of networks and fakes."""
    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]  (no task here is made of anything else)
    return {name for name in names if name.startswith(("Lifeline.", "Roster."))}


async def refusal(url: str, *kinds: type[Exception], timeout: float = 2.0) -> str:
    """Return what is said by a cluster that cannot be opened; nothing is left of the attempt."""
    cluster = RedisCluster(url, timeout=timeout)
    with pytest.raises(kinds) as raised:
        await cluster.open(Heard())
    assert ours() == set()
    assert SECRET not in str(raised.value)
    return str(raised.value)


# what cannot be used


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost",
        "http://localhost",
        f"redis://:{SECRET}@localhost:99x",
        f"redis://:{SECRET}@h?db=x",
        f"redis://:{SECRET}/hunter@localhost",
        f"redis://:{SECRET}#hunter@localhost",
        f"redis://:{SECRET}?hunter@localhost",
        f"redis://:{SECRET}[hunter@localhost",
        f"redis://user:12/{SECRET}@localhost",
        f"redis://user:12?{SECRET}@localhost",
        f"redis://user:12#{SECRET}@localhost",
        f"redis://localhost?{SECRET}=1",
        f"redis://localhost?socket_timeout={SECRET}",
    ],
)
async def test_a_url_that_says_nothing_is_refused(url: str):
    """At once, in a sentence without the password."""
    with pytest.raises(ClusterUnusableError, match=r"The Redis URL cannot be used: \S+") as raised:
        RedisCluster(url)
    assert SECRET not in str(raised.value)
    assert "hunter" not in str(raised.value)


@pytest.mark.parametrize("path", ["staging", "1x", "-1", "1/2", SECRET, "²"])
async def test_a_path_that_is_no_number_is_refused(path: str):
    """It would be taken for database 0, where another cluster may be."""
    with pytest.raises(ClusterUnusableError, match="must be the number of a database") as raised:
        RedisCluster(f"redis://localhost/{path}")
    assert SECRET not in str(raised.value)


async def test_certificates_that_are_not_there_are_refused():
    """The URL's options name files."""
    with pytest.raises(ClusterUnusableError, match="certificate"):
        RedisCluster("rediss://localhost?ssl_ca_certs=/nowhere.pem")


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ({"AUTH": "-WRONGPASS invalid username-password pair"}, "does not accept the user name and password"),
        ({"AUTH": "-ERR AUTH <password> called without any password configured"}, "does not accept the user name"),
        ({"INFO": info("redis_version:6.0.16\r\n")}, "is version 6.0.16; 6.2 is the oldest"),
        ({"INFO": info("memcached 1.6")}, "is not a Redis"),
        ({"INFO": info(INFO.replace("standalone", "cluster"))}, "is sharded"),
        ({"CLIENT": "+HTTP\r\nHTTP/1.1 400 Bad Request"}, "is not a Redis"),
        ({"SELECT": "-ERR DB index is out of range"}, "DB index is out of range"),
        ({"SCRIPT": "-NOPERM this user has no permissions"}, "no permissions"),
        ({"SUBSCRIBE parley:1:gap": "-NOPERM No permissions to access a channel"}, "&parley:* for channels"),
        ({"PUBLISH": "-NOPERM No permissions to access a channel"}, "&parley:* for channels"),
    ],
)
async def test_what_will_never_do_is_unusable(answers: dict[str, str], text: str):
    """The sentence names the place and what to change."""
    async with fake_redis(answers) as fake:
        said = await refusal(f"redis://user:{SECRET}@127.0.0.1:{fake.port}/1", ClusterUnusableError)
    assert text in said
    assert f"127.0.0.1:{fake.port}" in said


async def test_a_password_that_is_missing_is_named():
    """Redis wants one before anything else."""
    async with fake_redis({"CLIENT": "-NOAUTH Authentication required."}) as fake:
        assert "password" in await refusal(f"redis://127.0.0.1:{fake.port}", ClusterUnusableError)


@pytest.mark.parametrize(
    "answers",
    [{"SCRIPT": "-LOADING Redis is loading"}, {"INFO": info(INFO.replace("master", "slave"))}, {"CLIENT": ""}],
)
async def test_what_may_do_later_is_unavailable(answers: dict[str, str]):
    """A Redis that loads, one that is a replica, one that says nothing."""
    async with fake_redis(answers) as fake:
        await refusal(f"redis://127.0.0.1:{fake.port}", Unavailable, timeout=0.3)


async def test_what_is_not_there_is_unavailable():
    """Refused, or swallowed."""
    proxy = await FaultProxy.start("127.0.0.1", 1)
    try:
        proxy.cut()
        await refusal(f"redis://127.0.0.1:{proxy.port}", Unavailable)
        proxy.blackhole()
        await refusal(f"redis://127.0.0.1:{proxy.port}", Unavailable, timeout=0.2)
    finally:
        await proxy.stop()
    await refusal("unix:///nowhere/redis.sock", Unavailable)


# what can


async def test_a_url_says_who_and_which_database():
    """In the order that Redis wants to hear it."""
    async with fake_redis() as fake:
        address = Address(f"redis://user:{SECRET}@127.0.0.1:{fake.port}/3")
        wire = await address.dial(2)
        await wire.close()
    assert fake.asked[:2] == [f"AUTH user {SECRET}", "SELECT 3"]
    assert SECRET not in str(address)


async def test_a_redis_on_a_unix_socket_is_found(tmp_path: Path):
    """Its path stands in the URL."""
    path = tmp_path / "redis.sock"
    async with fake_redis(path=str(path)) as fake:
        wire = await Address(f"unix://:{SECRET}@{path}?db=2").dial(2)
        await wire.close()
    assert fake.asked[:2] == [f"AUTH {SECRET}", "SELECT 2"]


async def test_a_redis_behind_tls_is_found(tmp_path: Path):
    """If its certificate is good."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with fake_redis(tls=context) as fake:
        wire = await Address(f"rediss://127.0.0.1:{fake.port}?ssl_ca_certs={tmp_path}/ca.pem").dial(2)
        await wire.close()
        assert fake.asked
        with pytest.raises(ClusterUnusableError, match="TLS"):
            await Address(f"rediss://127.0.0.1:{fake.port}").dial(2)


async def test_a_redis_without_tls_is_not_found_behind_it():
    """The sentence says that it is TLS that failed."""
    async with fake_redis() as fake:
        said = await refusal(f"rediss://127.0.0.1:{fake.port}", ClusterUnusableError, Unavailable)
    assert "TLS" in said or said == Unavailable().text


# leaving


async def test_after_close_nothing_is_left(redis_url: str):
    """No task, no connection, no timer."""
    cluster = RedisCluster(redis_url, "test-close")
    await cluster.open(Heard())
    await cluster.subscribe("room")
    await cluster.arrive("friends", "ann", "s1")
    await cluster.leave("friends", "ann", "s1")
    wires = [cluster._link._wire, cluster._subscriber._wire]
    await cluster.close()
    assert ours() == set()
    for wire in wires:
        assert wire
        assert wire.lost.done()
        assert wire._timer
        assert wire._timer.cancelled()
    gc.collect()  # a socket that was left open would warn


@pytest.mark.parametrize("fault", ["cut", "blackhole"])
async def test_a_cluster_whose_redis_is_gone_is_closed_in_time(servers: Servers, fault: str):
    """It waits for no answer that does not come, also where a connection is being made."""
    for pause in (0.0, 0.8):
        one = await servers.start(timeout=0.5)
        await one.cluster.arrive("friends", "ann", "s1")
        getattr(one.proxy, fault)()
        await asyncio.sleep(pause)  # whatever the link is at then
        async with asyncio.timeout(1.5):
            await one.cluster.close()
        await one.proxy.stop()
    assert ours() == set()


async def test_publications_before_close_are_sent(servers: Servers):
    """What was published reaches the others, though the publisher has gone."""
    one, two = [await servers.start() for _ in range(2)]
    await two.cluster.subscribe("room")
    for number in range(1000):
        one.cluster.publish("room", str(number).encode())
    await one.cluster.close()
    await until(lambda: len(two.heard.deliveries) == 1000)


async def test_ping_needs_both_connections(own_servers: Servers, own_redis: Engine):
    """A link that is half there is not there."""
    one = await own_servers.start_hasty()
    await one.cluster.ping()
    await own_redis.pause()
    with pytest.raises(Unavailable):
        await one.cluster.ping()
    await own_redis.resume()
    await until(lambda: one.whole)
    await one.cluster.ping()
