"""Tokens: what proves who somebody is, and what does not. Over REST and over Socket.IO the same rules hold."""

from collections.abc import Callable
from typing import Any

import pytest

from e2e.harness.deadline import SECOND
from e2e.harness.deployment import Fresh
from e2e.harness.match import has, present, says
from e2e.harness.people import People, PeopleOf, Person
from e2e.harness.tokens import Mint

STRANGER = "0123456789abcdef01234567"

FORGERIES: dict[str, Callable[[Mint, Person], str]] = {
    "expired": lambda mint, alice: mint.token(sub=alice.id, lifetime=-5),
    "alg none": lambda mint, alice: mint.unsigned(sub=alice.id),
    "signed with another key": lambda mint, alice: mint.token(
        sub=alice.id, secret="another secret, and long enough as well"
    ),
    "RS256 header over an HS256 signature": lambda mint, alice: mint.confused(sub=alice.id),
    "HS384": lambda mint, alice: mint.other_algorithm("HS384", sub=alice.id),
    "HS512": lambda mint, alice: mint.other_algorithm("HS512", sub=alice.id),
    "altered claims": lambda mint, alice: mint.altered(alice.token, exp=9999999999),
    "no signature": lambda mint, alice: alice.token.rpartition(".")[0] + ".",
    "cut off": lambda mint, alice: alice.token[:-3],
    "no claim that names a user": lambda mint, alice: mint.token(email=alice.email),
    "a number as the user": lambda mint, alice: mint.token(sub=7),
    "a user who does not exist": lambda mint, alice: mint.token(sub=STRANGER),
    "a user id of another form": lambda mint, alice: mint.token(sub="../" + alice.id),
    "no token at all": lambda mint, alice: "garbage",
    "not even ASCII": lambda mint, alice: "ключ.🔑.\x7f",
}


@pytest.mark.requirement("FRIENDS-AUTH-009", "FRIENDS-CONNECT-002")
@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_bad_token_is_refused_by_the_gateway(people: People, mint: Mint, forgery: str):
    """A bad token is refused with `Invalid token`, whatever is wrong with it."""
    alice = await people.new("Alice")

    device = await alice.dial(token=FORGERIES[forgery](mint, alice))

    await device.expect_next("CONNECT_ERROR", says("Invalid token"))


@pytest.mark.requirement("FRIENDS-AUTH-009", "FRIENDS-REST-011")
@pytest.mark.parametrize("forgery", [name for name in FORGERIES if name != "not even ASCII"])
async def test_a_bad_token_is_refused_by_rest(people: People, mint: Mint, forgery: str):
    """A bad token is answered 401 `Invalid token` by every endpoint that needs one."""
    alice = await people.new("Alice")
    thief = alice.rest.bearing(FORGERIES[forgery](mint, alice), "thief")

    for path in ("/users/me", "/users/me/friends", "/messages"):
        (await thief.get(path)).must(401, has(errorName="UnauthorizedException", message="Invalid token"))


@pytest.mark.requirement("FRIENDS-AUTH-010")
@pytest.mark.parametrize("claim", ["sub", "id", "uuid", "userId", "_id"])
async def test_the_user_may_be_named_by_any_of_five_claims(people: People, mint: Mint, claim: str):
    """A token needs only one of `sub`, `id`, `uuid`, `userId`, `_id`."""
    alice = await people.new("Alice")
    named: dict[str, Any] = {claim: alice.id}
    token = mint.token(**named)

    await alice.connect(token=token)

    (await alice.rest.bearing(token, "Alice").get("/users/me")).must(200, has(_id=alice.id))


@pytest.mark.requirement("FRIENDS-AUTH-010")
async def test_the_first_claim_that_is_a_string_names_the_user(people: People, mint: Mint):
    """Of several claims the first string among `sub`, `id`, `uuid`, `userId`, `_id` counts."""
    alice, bob = await people.new("Alice"), await people.new("Bob")

    named: list[dict[str, Any]] = [{"id": alice.id, "userId": bob.id}, {"id": 7, "uuid": alice.id, "_id": bob.id}]
    for claims in named:
        token = mint.token(**claims)
        (await alice.rest.bearing(token, "Alice").get("/users/me")).must(200, has(_id=alice.id))


@pytest.mark.requirement("FRIENDS-AUTH-011")
async def test_a_gateway_takes_a_token_after_bearer(people: People):
    """A gateway takes a token raw or after `Bearer `, wherever it stands."""
    alice = await people.new("Alice")

    for credential in ("query", "auth", "header"):
        await alice.connect(credential=credential, token=f"Bearer {alice.token}" if credential != "header" else None)


@pytest.mark.requirement("FRIENDS-CONNECT-007")
async def test_a_token_that_expires_ends_its_socket(people: People, mint: Mint):
    """A socket whose token expires is told so with `exception` and disconnected; another of the user stays."""
    alice = await people.new("Alice")
    lasting = await alice.connect()

    device = await alice.connect(token=mint.token(sub=alice.id, lifetime=2.5 * SECOND))
    await device.expect_next("exception", has(status="error"), present("message"))
    await device.expect_next(("DISCONNECT", "CLOSED"))

    await lasting.say(7)
    await lasting.expect_next("exception")


@pytest.mark.requirement("FRIENDS-CONNECT-007", "FRIENDS-PRESENCE-003")
async def test_friends_are_told_when_a_token_expires(people: People, mint: Mint):
    """A user whose only socket ended because its token expired is announced gone."""
    alice, bob = await people.friendship("Alice", "Bob")
    bob_device = await bob.connect()
    await alice.connect(token=mint.token(sub=alice.id, lifetime=2.5 * SECOND))

    await bob_device.expect_next("connected", has(username="Alice"))
    await bob_device.expect_next("disconnected", has(username="Alice"))


@pytest.mark.requirement("FRIENDS-AUTH-009")
@pytest.mark.embedded("a restart of a cluster forgets nobody")
async def test_a_token_of_a_user_who_is_gone_is_refused(fresh_deployment: Fresh, people_of: PeopleOf):
    """A token that was good is refused once its user does not exist any more."""
    deployment = await fresh_deployment("--memory")
    alice = await people_of(deployment).new("Alice")
    await deployment.restart()

    device = await alice.dial()

    await device.expect_next("CONNECT_ERROR", says("Invalid token"))
    (await alice.rest.get("/users/me")).must(401, has(message="Invalid token"))
