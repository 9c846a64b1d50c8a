"""Rate limits of the presence contract: of events, and of REST over all servers."""

import asyncio
import re
from typing import Any

import pytest

from e2e.harness.deadline import eventually
from e2e.harness.deployment import Fresh
from e2e.harness.match import equals, has, instant, keys, must
from e2e.harness.people import PeopleOf
from e2e.harness.presence import Presence
from e2e.harness.process import Exit

HINT = re.compile(r"Too many requests: try again in \d+ s")


def told_when(answer: Any) -> None:
    """Check that an acknowledgement says when to try again."""
    must(answer, has(status="error"), instant("timestamp"))
    assert HINT.fullmatch(answer["error"]), answer


@pytest.mark.requirement("PRESENCE-LIMIT-001")
async def test_an_event_too_many_is_refused(fresh_deployment: Fresh, people_of: PeopleOf):
    """With an error beside the keys that the answer always has; other sockets are not concerned."""
    people = people_of(await fresh_deployment("--memory", RATE_LIMIT_EVENTS="4/60s"))
    presence = Presence(people)
    alice, bob = [await people.new(name) for name in ("Alice", "Bob")]
    sender, device, service = await presence.connect(alice), await presence.connect(bob), await presence.service()

    for _ in range(3):
        must(await sender.call("ping"), keys("timestamp"))  # authenticate was the first
    told_when(await sender.call("ping"))
    told_when(await sender.send([bob], "too many"))
    for query in ("get_online_users", "get_online_friends_only"):
        answer = await sender.call(query)
        told_when(answer)
        must(answer, has(users=[]))
    for query in ("get_all_online_users", "get_detailed_online_users"):
        answer = await sender.call(query)
        told_when(answer)
        must(answer, has(users=[], total=0))
    for _ in range(4):
        await service.send([bob], "marker")
        await device.expect_next("message", has(message="marker"))
    told_when(await service.send([bob], "too many"))
    told_when(await service.call("ping"))


@pytest.mark.requirement("PRESENCE-LIMIT-001")
async def test_who_connects_again_may_send_no_more(fresh_deployment: Fresh, people_of: PeopleOf):
    """Over the same transport; events that nobody takes count as well, and are ignored still."""
    people = people_of(await fresh_deployment("--memory", RATE_LIMIT_EVENTS="2/60s"))
    device = await Presence(people).dial()
    must(await device.call("ping"), keys("timestamp"))
    for _ in range(2):
        await device.emit("no such event")

    for packet in ("41", "40"):
        await device.send_raw(packet)
    await device.expect_next("CONNECT")

    told_when(await device.call("ping"))


@pytest.mark.requirement("PRESENCE-LIMIT-001")
async def test_who_authenticates_too_often_is_told_so(fresh_deployment: Fresh, people_of: PeopleOf):
    """By the event that tells of it; the socket stays for its AUTH_TIMEOUT, and may try again."""
    people = people_of(await fresh_deployment("--memory", RATE_LIMIT_EVENTS="1/1s"))
    device = await Presence(people).dial()
    alice = await people.new("Alice")
    await device.call("ping")

    answer = await device.call("authenticate", {"token": alice.token})

    assert HINT.fullmatch(answer["message"]), answer
    await device.expect_next("authentication_error", has(message=answer["message"]))
    await eventually(lambda: device.call("authenticate", {"token": alice.token}), keys("user"))


@pytest.mark.requirement("PRESENCE-LIMIT-002")
async def test_a_request_too_many_is_refused(fresh_deployment: Fresh, people_of: PeopleOf):
    """Whichever servers they went to, however many came at once; and told when to come back."""
    people = people_of(await fresh_deployment("--memory", RATE_LIMIT_REST="5/60s"))

    answers = await asyncio.gather(*(people.rest().get("/users/me") for _ in range(8)))

    assert sorted(answer.status for answer in answers) == [401] * 5 + [429] * 3
    refused = (await people.rest().post("/users", {})).must(429, has(errorName="TooManyRequestsException"))
    assert HINT.fullmatch(refused["message"])
    again = await people.rest().get("/")
    assert again.status == 429
    assert 0 < int(again.headers["Retry-After"]) <= 60
    for probe in ("/healthz", "/readyz", "/metrics"):
        assert (await people.rest().get(probe)).status == 200


@pytest.mark.requirement("PRESENCE-LIMIT-002")
async def test_a_client_may_ask_again_when_it_was_told(fresh_deployment: Fresh, people_of: PeopleOf):
    """The count begins anew; and connected clients are not concerned."""
    people = people_of(await fresh_deployment("--memory", RATE_LIMIT_REST="2/1s"))
    presence = Presence(people)
    device = await presence.connect(await people.new("Alice"))

    async def until(status: int) -> None:
        await eventually(lambda: people.rest().get("/users/me"), lambda answer: equals(status)(answer.status))
        await device.call("ping")

    await until(429)
    await until(401)


@pytest.mark.requirement("PRESENCE-LIMIT-002")
async def test_clients_behind_a_proxy_are_told_apart(fresh_deployment: Fresh, people_of: PeopleOf):
    """By the address that a trusted proxy says they come from; nobody else's word counts."""
    people = people_of(await fresh_deployment("--memory", RATE_LIMIT_REST="1/60s", TRUSTED_PROXIES="127.0.0.0/8"))

    async def status(forwarded: str) -> int:
        return (await people.rest().get("/users/me", headers={"X-Forwarded-For": forwarded})).status

    assert [await status(address) for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1")] == [401, 401, 429]
    assert await status("10.0.0.3, 10.0.0.2") == 429
    assert await status("10.0.0.2:1111") == 429, "a port is no part of an address"
    assert [await status(address) for address in ("2001:db8::1", "2001:db8::2", "[2001:db8:0:1::1]:80")] == [
        401,
        429,
        401,
    ]


@pytest.mark.requirement("PRESENCE-LIMIT-004")
async def test_who_has_not_authenticated_counts_as_nobody(fresh_deployment: Fresh, people_of: PeopleOf):
    """A socket that is connected and says nothing takes the place of another, until it has authenticated or is gone."""
    people = people_of(await fresh_deployment("--memory", MAX_UNAUTHENTICATED="1"))
    presence, alice = Presence(people), await people.new("Alice")
    device = await presence.dial(server=0)

    async def opened() -> int:
        return (await people.rest(0).get("/presence/socket.io/?EIO=4&transport=polling")).status

    assert await opened() == 503
    must(await device.call("authenticate", {"token": "garbage"}), has(message="Invalid token"))
    await device.expect("CLOSED")
    device = await presence.dial(server=0)
    assert await opened() == 503
    await device.emit("authenticate", {"token": alice.token})
    await device.expect_next("connected")

    assert await opened() == 200
    await device.call("ping")


@pytest.mark.requirement("PRESENCE-LIMIT-003", "PRESENCE-INTERNAL-008")
async def test_what_cannot_be_read_ends_the_start(refused_start: Any):
    """With a line for each that shows how it is written; keys are not shown, and the gateway is not left open."""
    settings = {"RATE_LIMIT_REST": "100", "RATE_LIMIT_EVENTS": "many/60s"}
    done: Exit = await refused_start("--memory", **settings)
    keyless: Exit = await refused_start("--memory", INTERNAL_SERVICE_KEYS="billing=sesame,mail")

    assert (done.code, keyless.code) == (2, 2)
    for name in settings:
        assert f"{name}: should be a count, a slash and a duration, such as 100/60s" in done.errors
    assert "INTERNAL_SERVICE_KEYS: should be name=key,name=key" in keyless.errors
    assert "sesame" not in keyless.errors + keyless.output
