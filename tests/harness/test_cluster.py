"""A cluster of the suites: its servers share what nobody else has, and leave nothing behind."""

import json
from pathlib import Path

import pymongo
import pytest
from redis.asyncio import Redis

from e2e.harness.cluster import Cluster, Route
from tests.harness.test_deployment import READY

TELLING = f"import json, os, sys\nprint(json.dumps(dict(os.environ)), flush=True)\n{READY}"

SEEDING = "import sys\nif sys.argv[1] == 'seed':\n    sys.exit(3)\n"


def pretend(directory: Path, engines: Route, routes: list[Route], program: str = TELLING) -> Cluster:
    """Return a cluster whose servers' program is this one."""
    for number in range(len(routes)):
        app = directory / f"server-{number}" / "app"
        app.mkdir(parents=True)
        (app / "__init__.py").touch()
        (app / "__main__.py").write_text(program)
    return Cluster(directory, engines, routes, {"UNSEEN_LIMIT": "7"})


def settings_of(cluster: Cluster) -> list[dict[str, str]]:
    return [json.loads(server.announced[0]) for server in cluster.processes]


async def test_servers_share_a_database_and_a_prefix_of_their_own(tmp_path: Path, redis_url: str, mongo_url: str):
    """All servers get the same database and prefix and secret, each its own way there; the next cluster gets others."""
    engines = Route(redis_url, mongo_url)
    routes = [engines, Route("redis://127.0.0.1:1/0", "mongodb://127.0.0.1:2/")]
    clusters = [pretend(tmp_path / name, engines, routes) for name in ("one", "two")]

    for cluster in clusters:
        await cluster.start()
    (first, second), (other, _) = map(settings_of, clusters)
    for cluster in clusters:
        await cluster.close()

    assert first["REDIS_PREFIX"] == second["REDIS_PREFIX"] != other["REDIS_PREFIX"]
    assert first["JWT_SECRET"] == second["JWT_SECRET"]
    assert (first["REDIS_URL"], second["REDIS_URL"]) == (redis_url, "redis://127.0.0.1:1/0")
    assert second["MONGO_URL"].startswith("mongodb://127.0.0.1:2/parley_test_")
    assert first["MONGO_URL"].rpartition("/")[2] == second["MONGO_URL"].rpartition("/")[2]
    assert first["MONGO_URL"] != other["MONGO_URL"]
    assert first["UNSEEN_LIMIT"] == "7"


async def test_a_cluster_leaves_nothing_behind(tmp_path: Path, redis_url: str, mongo_url: str):
    """At its end a cluster's database and keys are dropped, and no others."""
    engines = Route(redis_url, mongo_url)
    cluster = pretend(tmp_path, engines, [engines])
    await cluster.start()
    (settings,) = settings_of(cluster)
    prefix, database = settings["REDIS_PREFIX"], settings["MONGO_URL"].rpartition("/")[2]
    with pymongo.MongoClient[dict[str, object]](mongo_url) as mongo:
        async with Redis.from_url(redis_url) as redis:
            await redis.set(f"{prefix}:key", "value")
            await redis.set(f"not-{prefix}", "value", ex=60)
            mongo[database]["things"].insert_one({})

            await cluster.close()

            assert await redis.keys(f"*{prefix}*") == [f"not-{prefix}".encode()]
            assert database not in mongo.list_database_names()


async def test_a_seed_that_fails_is_told(tmp_path: Path, redis_url: str, mongo_url: str):
    """A `seed` that ends with another code than 0 fails, with what it printed."""
    engines = Route(redis_url, mongo_url)
    cluster = pretend(tmp_path, engines, [engines], SEEDING)

    with pytest.raises(AssertionError, match="exit code 3"):
        await cluster.seed()
