"""`e2e.verify.target`, and what a deployment makes of it: where a device connects, and what skips a test."""

from __future__ import annotations

import pytest

from e2e.harness.deployment import RemoteDeployment
from e2e.verify.profile import FixedUser, Place, Profile, ProfileError
from e2e.verify.target import circles, target_of

ONE, OTHER = "http://one:3000", "http://other:3000"


def deployment_of(profile: Profile, *urls: str) -> RemoteDeployment:
    return RemoteDeployment(target_of(profile, urls or (ONE,), "direct"))


def place_of(profile: Profile, listener: str | None = None, path: str | None = None) -> tuple[str, str]:
    deployment = deployment_of(profile, ONE)
    return deployment.place("direct", "/direct/socket.io", deployment.servers[0], listener, path)


def test_without_a_profile_a_contract_is_where_parley_has_it():
    """At its own path, on the target."""
    assert place_of(Profile()) == (ONE, "/direct/socket.io")


def test_a_profile_says_where_a_contract_is():
    """With a URL of its own at `/socket.io`, or wherever it says."""
    own = Profile(contracts={"direct": Place(("http://one:3100",), "/socket.io")})
    elsewhere = Profile(contracts={"direct": Place((), "/chat")})

    assert place_of(own) == ("http://one:3100", "/socket.io")
    assert place_of(own, "direct") == ("http://one:3100", "/socket.io")
    assert place_of(elsewhere) == (ONE, "/chat")


def test_each_target_has_its_own_place():
    """In the order of the targets; another number of them is refused."""
    profile = Profile(contracts={"direct": Place(("http://one:3100", "http://other:3100"), "/socket.io")})
    deployment = deployment_of(profile, ONE, OTHER)

    places = [deployment.place("direct", "/direct/socket.io", server)[0] for server in deployment.servers]

    assert places == ["http://one:3100", "http://other:3100"]
    with pytest.raises(ProfileError, match=r"contracts\.direct\.url has 2 for 1 targets"):
        deployment_of(profile, ONE)


def test_the_gateway_for_services_may_be_named_by_its_port():
    """It is on the host of the contract, or of the target."""
    for urls, host in (((), "one"), (("http://chat:3001",), "chat")):
        deployment = deployment_of(Profile(contracts={"presence": Place(urls, "/socket.io", (4000,))}))
        server = deployment.servers[0]
        assert deployment.place("internal", "/socket.io", server, "internal") == (f"http://{host}:4000", "/socket.io")


@pytest.mark.parametrize(
    ("listener", "path", "why"),
    [
        ("rooms", None, "on which port rooms listens is not known"),
        (None, "/direct/socket.io", "does not offer mounts"),
    ],
)
def test_a_place_of_which_nobody_knows_skips_a_test(listener: str | None, path: str | None, why: str):
    """It is no failure of the target."""
    profile = Profile(contracts={"direct": Place(("http://one:3100",), "/socket.io")}, lacks=frozenset({"mounts"}))

    with pytest.raises(pytest.skip.Exception, match=why):
        place_of(profile, listener, path)


@pytest.mark.parametrize(
    ("lacks", "feature", "skips"),
    [
        ((), "history", False),
        (("history",), "history", True),
        (("history",), "users", False),
        (("rest",), "history", True),
        (("rest",), "mounts", False),
    ],
)
def test_a_feature_that_is_not_offered_skips_a_test(lacks: tuple[str, ...], feature: str, skips: bool):
    """Without REST there is nothing that is over REST."""
    deployment = deployment_of(Profile(lacks=frozenset(lacks)))

    if skips:
        with pytest.raises(pytest.skip.Exception, match="does not offer"):
            deployment.require(feature)
    else:
        deployment.require(feature)


def test_a_secret_that_nobody_told_skips_a_test_that_needs_it():
    """What is signed with another key, or not at all, needs none."""
    mint = deployment_of(Profile()).mint

    assert mint.unsigned(sub="7").endswith(".")
    assert mint.token(secret="another", sub="7").count(".") == 2
    with pytest.raises(pytest.skip.Exception, match="what the target signs tokens with is not known"):
        mint.token(sub="7")


def test_friends_stay_together_when_users_are_shared_out():
    """A circle is everybody whom friendships join, the largest first."""
    users = [
        FixedUser("1", "Alice", "t"),
        FixedUser("2", "Alice", "t", friends=("3", "4")),
        FixedUser("3", "Bob", "t", friends=("2",)),
        FixedUser("4", "Carol", "t", friends=("2",)),
    ]

    assert [sorted(user.id for user in circle) for circle in circles(users)] == [["2", "3", "4"], ["1"]]
