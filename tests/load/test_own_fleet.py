"""Servers that are started for a run: what kind, where clients connect, and that nothing of them is left."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import aiohttp
import pytest

from e2e.harness.engine_container import EngineContainer
from e2e.harness.engine_process import EngineProcess
from load.fleet import FleetError
from load.nginx import installed
from load.own_fleet import OwnFleet, Wanted, raise_descriptors
from load.processes import usage
from tests.load.conftest import StartFleet, plan_of
from tests.waiting import until

NGINX = pytest.mark.skipif(installed() is None, reason="there is no nginx on this machine")


def processes(fleet: OwnFleet) -> list[int]:
    return [pid for member in fleet.members() for pid in member.pids]


async def ready(url: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/readyz") as answer:
        return answer.status


async def test_one_server_is_embedded_and_asked_directly(start_fleet: StartFleet):
    """It needs no engines and no proxy, and offers the contract of the plan at `/socket.io`."""
    fleet = await start_fleet(plan_of("direct"))
    assert [(it.name, it.kind) for it in fleet.members()] == [("server 1", "server")]
    assert [it.path for it in fleet.targets] == ["/socket.io"]
    assert await ready(fleet.targets[0].url) == 200
    assert fleet.users.source == "rest"
    assert fleet.setting() == {"servers": 1, "deployment": "embedded", "proxy": "none", "engines": "none"}


@NGINX
async def test_several_servers_are_a_cluster_behind_nginx(start_fleet: StartFleet):
    """Over engines of their own; clients are told of nginx alone, and REST of the servers."""
    fleet = await start_fleet(plan_of(), servers=2)
    assert [it.name for it in fleet.members()] == ["server 1", "server 2", "redis", "mongo", "nginx"]
    assert all(it.pids for it in fleet.members())
    assert len(fleet.targets) == 1
    assert fleet.targets[0].url not in fleet.rest
    assert await ready(fleet.targets[0].url) == 200
    assert (fleet.users.source, fleet.setting()["proxy"]) == ("jwt", "nginx")


async def test_whoever_must_be_on_a_known_server_is_told_of_each(start_fleet: StartFleet):
    """Friends on other servers only: no proxy divides the clients."""
    fleet = await start_fleet(plan_of(spread="across"), servers=2)
    assert [it.url for it in fleet.targets] == fleet.rest
    assert len(set(fleet.rest)) == 2


async def test_a_plan_that_pauses_an_engine_has_engines(start_fleet: StartFleet):
    """Also one server then."""
    fleet = await start_fleet(plan_of("friends", {"name": "pause", "seconds": 1, "action": "pause-redis"}))
    assert [it.name for it in fleet.members()] == ["server 1", "redis", "mongo"]


async def test_nothing_of_a_fleet_is_left(start_fleet: StartFleet):
    """Neither of one with a frozen engine, a dead one, and a dead server."""
    fleet = await start_fleet(plan_of(), servers=2, proxy=False)
    pids = processes(fleet)
    assert fleet.redis is not None
    assert fleet.mongo is not None
    await fleet.servers[0].kill()
    await fleet.redis.pause()
    await fleet.mongo.kill()
    await fleet.close()
    assert len(pids) == 4
    assert usage(pids) is None
    assert processes(fleet) == []


async def test_a_server_that_ends_by_itself_is_told(start_fleet: StartFleet):
    """One that was meant to be away is not, and one that has come back is told still."""
    fleet = await start_fleet(plan_of())
    fleet.asked.add(0)
    await fleet.servers[0].stop()
    assert fleet.casualties() == []
    await fleet.servers[0].start()
    fleet.asked.clear()
    assert fleet.casualties() == []
    os.kill(fleet.servers[0].pid, signal.SIGKILL)
    await until(lambda: not fleet.servers[0].running)
    assert fleet.casualties() == ["server 1 has ended by itself"]
    await fleet.servers[0].kill()
    await fleet.servers[0].start()
    assert len(fleet.casualties()) == 1


async def test_an_engine_that_ends_by_itself_is_told(start_fleet: StartFleet):
    """One that stands still is not."""
    fleet = await start_fleet(plan_of(), clustered=True)
    assert fleet.redis is not None
    await fleet.redis.pause()
    assert fleet.casualties() == []
    await fleet.redis.resume()
    assert fleet.redis.pid is not None
    os.kill(fleet.redis.pid, signal.SIGKILL)
    await until(fleet.casualties)
    assert fleet.casualties() == ["redis has ended by itself"]


async def test_an_engine_that_cannot_be_seen_is_no_casualty(start_fleet: StartFleet, monkeypatch: pytest.MonkeyPatch):
    """It may be in a container of another machine."""
    for kind in (EngineProcess, EngineContainer):
        monkeypatch.setattr(kind, "pid", None)
    fleet = await start_fleet(plan_of(), clustered=True)
    assert [it.pids for it in fleet.members() if it.kind == "engine"] == [[], []]
    assert fleet.casualties() == []


async def test_engines_that_cannot_be_had_are_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """And nothing was started then."""
    monkeypatch.setenv("PARLEY_TEST_ENGINES", "found")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FleetError, match="No Redis that may be killed is to be had"):
        await OwnFleet.start(tmp_path, plan_of(), Wanted(servers=2))


async def test_a_server_that_does_not_start_is_told_with_its_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The others are ended."""
    monkeypatch.setenv("E2E_SERVER", "json.tool")
    with pytest.raises(FleetError, match="did not become ready"):
        await OwnFleet.start(tmp_path, plan_of(), Wanted())


def test_the_limit_of_open_files_is_raised_as_far_as_it_may_be():
    """Children have it too."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[0], 256), before[1]))
        assert raise_descriptors() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
