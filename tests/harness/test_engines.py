"""Engines: where they are looked for, what is said without any, verbs that do what they say, and no orphans."""

import asyncio
import configparser
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import RedisError

from e2e.harness import engines as engines_module
from e2e.harness.deadline import eventually
from e2e.harness.engine import Engine, EngineNotOursError, EngineRefusedError
from e2e.harness.engine_container import EngineContainer, unusable
from e2e.harness.engine_kind import MONGO, REDIS, Kind, at, named
from e2e.harness.engine_process import program
from e2e.harness.engines import CHOICE, Engines, NamedEngineError, NoEngineError

ROOT = Path(__file__).resolve().parents[2]

KILLED = """
import asyncio, os, signal
from e2e.harness.engines import Engines

async def main():
    engine = await Engines().redis(of_our_own=True)
    print(engine.url, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def ways() -> list[str]:
    """Return the ways in which an engine of our own is to be had on this machine."""
    images = [os.environ.get(kind.image_variable) or kind.image for kind in (REDIS, MONGO)]
    contained = not any(unusable(image) for image in images)
    installed = program(REDIS) and program(MONGO)
    return [way for way, usable in (("docker", contained), ("found", installed)) if usable]


@pytest_asyncio.fixture(params=ways())
async def engines(request: pytest.FixtureRequest) -> AsyncIterator[Engines]:
    engines = Engines({**os.environ, CHOICE: request.param})
    yield engines
    await engines.close()


async def do(engine: Engine, *command: str) -> object:
    async with Redis.from_url(engine.url, socket_timeout=0.2, socket_connect_timeout=0.2) as client:
        return await client.execute_command(*command)


async def answers(engine: Engine) -> bool:
    try:
        return await do(engine, "PING") is True
    except RedisError:
        return False


async def test_an_engine_of_our_own_obeys(engines: Engines):
    """An engine can be frozen, thawed, killed and started, each at the same URL."""
    engine = await engines.redis(of_our_own=True)
    url = engine.url
    assert await answers(engine)

    await engine.pause()
    assert not await answers(engine)
    await engine.resume()
    assert await answers(engine)
    await engine.pause()
    await engine.kill()
    assert not await answers(engine)
    await engine.start()

    assert await answers(engine)
    assert engine.url == url


async def test_an_engine_is_mended_whatever_was_done_to_it(engines: Engines):
    """An engine that was frozen, killed, or nothing of it, or that ended by itself, answers once it is mended."""
    engine = await engines.redis(of_our_own=True)

    async def end_by_itself() -> None:
        with contextlib.suppress(RedisError):
            await do(engine, "SHUTDOWN", "NOSAVE")
        while await answers(engine):
            pass

    for harm in (engine.pause, engine.kill, engine.resume, end_by_itself):
        await engine.mend()
        await harm()
        await engine.mend()

        assert await answers(engine)


async def test_a_restart_keeps_or_forgets(engines: Engines):
    """A restart keeps the data, unless it is to be empty."""
    engine = await engines.redis(of_our_own=True)

    await do(engine, "SET", "key", "value")

    await engine.restart(empty=False)
    assert await do(engine, "GET", "key") == b"value"
    await engine.restart(empty=True)
    assert await do(engine, "GET", "key") is None


async def test_both_kinds_say_what_they_are(engines: Engines):
    """The description has name and version as the engine gives them, says where it is, and calls a stand-in one."""
    redis, mongo = await engines.redis(), await engines.mongo()

    assert redis.description.startswith(("Redis ", "Valkey "))
    assert mongo.description.startswith(("MongoDB ", "FerretDB "))
    assert ("a stand-in for MongoDB" in mongo.description) == mongo.description.startswith("FerretDB")
    for engine in (redis, mongo):
        assert "container" in engine.description or "found on this machine" in engine.description


async def test_an_engine_that_is_given_is_not_ours(engines: Engines):
    """An engine that a variable names is used as it is, and refuses every verb."""
    engine = await engines.redis(of_our_own=True)
    given = Engines({"REDIS_URL": engine.url})

    found = await given.redis()

    assert (found.url, found.ours) == (engine.url, False)
    for verb in (found.start, found.pause, found.resume, found.kill):
        with pytest.raises(EngineNotOursError):
            await verb()
    await given.close()
    assert await answers(engine)


async def test_without_any_a_sentence_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch):
    """Where no engine is to be had, the text says what was tried and what would help."""
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(NoEngineError, match=r"no mongod and no ferretdb on this machine\. Install mongod\.$"):
        await Engines({CHOICE: "found"}).mongo()


@pytest.mark.parametrize(
    ("refused", "remedy"),
    [("no Docker engine answers (x)", "Start Docker, or install redis-server."), ("x", "Set TEST_REDIS_IMAGE, or")],
)
async def test_for_an_engine_of_our_own_no_url_helps(monkeypatch: pytest.MonkeyPatch, refused: str, remedy: str):
    """The sentence names what does: Docker where it does not answer, an image where that is what is wrong."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(engines_module, "unusable", lambda _: refused)
    for environment in ({}, {CHOICE: "url", "REDIS_URL": "redis://127.0.0.1:1"}):
        with pytest.raises(NoEngineError) as raised:
            await Engines(environment).redis(of_our_own=True)
        assert remedy in str(raised.value)
        assert "No Redis that may be killed" in str(raised.value)
        assert "REDIS_URL" not in str(raised.value)


def test_tox_passes_on_what_chooses_the_engines():
    """What is said to the run is heard in it."""
    told = configparser.ConfigParser(interpolation=None)
    told.read(ROOT / "tox.ini")
    passed = told["testenv"]["pass_env"].split()
    for variable in (
        *("REDIS_URL", "MONGO_URL", CHOICE, "DOCKER_HOST", "RYUK_CONTAINER_IMAGE"),
        *(kind.image_variable for kind in (REDIS, MONGO)),
    ):
        assert any(fnmatch(variable, pattern) for pattern in passed), variable


@pytest.mark.parametrize("choice", ["url", "sandwich"])
async def test_a_choice_is_final(choice: str):
    """A choice that cannot be met is an error, even where another way would do."""
    with pytest.raises(NoEngineError, match=choice):
        await Engines({CHOICE: choice}).redis()


async def test_a_url_at_which_nothing_answers_is_an_error():
    """An engine that is named and does not answer is not silently replaced by another."""
    with pytest.raises(NoEngineError, match=r"REDIS_URL names 127\.0\.0\.1:1, and nothing answers there"):
        await Engines({"REDIS_URL": "redis://:secret@127.0.0.1:1/0"}).redis()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1", "redis://u:12/s3cret@h", "mongodb://u:12/s3cret@h/db", "mongodb://[s3cret", "redis://:s3cret"],
)
@pytest.mark.parametrize("kind", [REDIS, MONGO])
async def test_a_url_that_cannot_be_one_is_an_error_without_the_password(kind: Kind, url: str):
    """Whatever it is that cannot be read."""
    engines = Engines({kind.variable: url})

    with pytest.raises(NamedEngineError, match=f"^{kind.variable} ") as raised:
        await (engines.redis() if kind is REDIS else engines.mongo())

    assert "s3cret" not in str(raised.value)


async def test_an_image_whose_container_dies_is_passed_over(monkeypatch: pytest.MonkeyPatch):
    """What is installed is used then, unless a container is what was asked for."""

    async def die(_: EngineContainer) -> None:
        raise EngineRefusedError("the container has ended: exec format error")

    monkeypatch.setattr(engines_module, "unusable", lambda _: None)
    monkeypatch.setattr(EngineContainer, "start", die)
    engines = Engines({})
    if program(REDIS):
        assert "found on this machine" in (await engines.redis()).description
    await engines.close()
    with pytest.raises(NoEngineError, match=r"PARLEY_TEST_ENGINES=docker\): the container has ended"):
        await Engines({CHOICE: "docker"}).redis()


@pytest.mark.parametrize("choice", ways())
async def test_engines_do_not_outlive_a_process_that_was_killed(choice: str):
    """When the process that started an engine is killed, the engine ends."""
    dead = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED],
        env={**os.environ, CHOICE: choice, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert dead.returncode == -signal.SIGKILL, dead.stderr

    async def alive() -> bool:
        return await REDIS.ask(dead.stdout.strip()) is not None

    await eventually(alive, lambda lives: "it lives" if lives else None)


def test_a_url_can_be_of_another_address_and_database():
    """Address and database of a URL can be changed; a login stays."""
    url = "mongodb://user:password@one:1/?directConnection=true"

    assert at(url, "two", 2) == "mongodb://user:password@two:2/?directConnection=true"
    assert named(url, "parley") == "mongodb://user:password@one:1/parley?directConnection=true"
