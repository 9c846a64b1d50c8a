"""Users that `parley verify` makes in the database of a server, with tokens that it signs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from e2e.harness.cluster import Cluster, Route
from e2e.harness.deployment import SECRET
from tests.verify.conftest import Verify

PROFILE = """
[users]
source = "jwt"
secret = "{secret}"
claims = {{ sub = "id" }}
mongo = {{ url = "{url}", database = "{database}" }}
[features]
users = false
"""


@pytest.mark.timeout(120)
async def test_users_are_made_in_the_database_and_removed(
    verify: Verify, mongo_url: str, redis_url: str, tmp_path: Path
):
    """A server that registers nobody is judged with users in the shapes that it reads, and has none of them after."""
    engines = Route(redis_url, mongo_url)
    cluster = Cluster(tmp_path / "cluster", engines, [engines])
    await cluster.start()
    await cluster.seed()
    try:
        (tmp_path / "profile.toml").write_text(PROFILE.format(secret=SECRET, url=mongo_url, database=cluster.database))
        target = ("--target", cluster.servers[0].url, "--profile", str(tmp_path / "profile.toml"))
        done = await verify(*target, "-k", "FRIENDS-MESSAGE-001", "-k", "FRIENDS-USER-001", "-k", "FRIENDS-CONNECT-007")
        async with AsyncMongoClient[dict[str, Any]](mongo_url) as mongo:
            left = await mongo[cluster.database]["users"].count_documents({})
    finally:
        await cluster.close()

    assert done.code == 0, done
    assert done.verdict("FRIENDS-MESSAGE-001") == "PASS"
    assert done.verdict("FRIENDS-CONNECT-007") == "PASS"
    assert done.verdict("FRIENDS-USER-001") == "NOT-APPLICABLE"
    assert left == 3, "those of the seed"
