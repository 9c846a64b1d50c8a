"""The internal gateway of the presence contract: services on a port of their own."""

from typing import Any

import aiohttp
import pytest

from e2e.harness.deployment import Deployment, Fresh
from e2e.harness.match import Check, equals, has, instant, keys, must, names, says
from e2e.harness.people import People, PeopleOf
from e2e.harness.presence import MISSING, Presence, PresenceClient, names_ids, reached

KEYS = {"INTERNAL_SERVICE_KEYS": "billing=a-key-of-billing, mail=a-key=of-mail, billing=its-next-key"}


def path_of(listener: str) -> str:
    return f"/{listener}/socket.io"


@pytest.mark.requirement("PRESENCE-INTERNAL-001", "PRESENCE-INTERNAL-002")
async def test_a_service_is_greeted(presence: Presence):
    """With its socket's id; its pings are acknowledged with the name of the gateway."""
    device = await presence.service(connected=False)

    sid = (await device.expect_next("CONNECT")).payload["sid"]
    greeting = {"message": "Connected to internal WebSocket service", "socketId": sid}
    await device.expect_next("connected", equals(greeting))
    answer = await device.call("ping")
    must(answer, keys("timestamp", "service"), has(service="internal_websocket"), instant("timestamp"))


@pytest.mark.requirement("PRESENCE-INTERNAL-003", "PRESENCE-INTERNAL-004")
async def test_a_service_reaches_users_everywhere(people: People, presence: Presence):
    """All their sessions on all servers; the acknowledgement is that of a user's message."""
    bob, carol, away = [await people.new(name) for name in ("Bob", "Carol", "Away")]
    devices = [await presence.connect(person) for person in (bob, bob, carol, carol)]
    service = await presence.service()
    metadata = {"source": "forged", "type": "notification", "serviceName": "billing"}

    answer = await service.send([bob, away, carol, bob], "pay", metadata=metadata)

    must(answer, reached([bob, carol], [away]), keys("status", "recipients", "timestamp"), instant("timestamp"))
    given = {**metadata, "source": "internal_service"}
    for device in devices:
        message = await device.expect_next("message", instant("timestamp"))
        must(message.payload, keys("recipientId", "message", "metadata", "timestamp", "senderId"))
        must(message.payload, has(message="pay", senderId="internal_service", metadata=given))


@pytest.mark.requirement("PRESENCE-INTERNAL-004")
@pytest.mark.parametrize("fields", [{}, {"metadata": None}, {"metadata": {}}])
async def test_what_a_service_sends_says_so(people: People, presence: Presence, fields: dict[str, Any]):
    """Also where it says nothing of what it sends."""
    bob = await people.new("Bob")
    device, service = await presence.connect(bob), await presence.service()

    await service.send([bob], "hello", **fields)

    await device.expect_next("message", has(metadata={"source": "internal_service"}))


@pytest.mark.requirement("PRESENCE-INTERNAL-003")
async def test_a_service_that_reaches_nobody_is_told_so(people: People, presence: Presence):
    """As a user is."""
    away, service = await people.new("Away"), await presence.service()
    must(
        await service.send([away, "nobody"], "hello"), reached([], [away, "nobody"]), has(error="No recipients online")
    )


@pytest.mark.requirement("PRESENCE-INTERNAL-003")
@pytest.mark.parametrize(
    ("payload", "error"),
    [
        *((broken, has(error=MISSING)) for broken in (None, 7, [], {})),
        ({"recipientIds": ["bob", ""], "message": "x"}, names_ids),
        ({"recipientIds": ["bob"], "message": "x", "metadata": "y"}, names("metadata", under="error")),
    ],
)
async def test_what_a_service_sends_broken_is_refused(presence: Presence, payload: object, error: Check):
    """It is told what is wrong, and goes on."""
    service = await presence.service()

    await service.emit("send_message")
    await service.emit("send_message", payload)
    must(await service.call("send_message", payload), has(status="error"), error, instant("timestamp"))

    await service.call("ping")


@pytest.mark.requirement("PRESENCE-INTERNAL-005")
async def test_a_service_shows_its_key(fresh_deployment: Fresh, people_of: PeopleOf):
    """Where keys are set, a name without its key is refused, and so is no name at all; users need none.

    What is sent all the same reaches nobody. A service that has two keys is taken with either.
    """
    people = people_of(await fresh_deployment("--memory", **KEYS))
    presence = Presence(people)
    bob = await people.new("Bob")
    device = await presence.connect(bob)
    refused: list[Any] = [
        None, {}, [], "text", {"serviceName": "billing"}, {"serviceKey": "a-key-of-billing"},
        {"serviceName": "billing", "serviceKey": ""}, {"serviceName": "billing", "serviceKey": "a-key-of-billin"},
        {"serviceName": "billing", "serviceKey": "a-key=of-mail"}, {"serviceName": "", "serviceKey": ""},
        {"serviceName": "mail", "serviceKey": "its-next-key"}, {"serviceName": "mail=a-key", "serviceKey": "of-mail"},
        {"serviceName": "nobody", "serviceKey": "a-key-of-billing"}, {"serviceName": "mail", "serviceKey": "a-key"},
        {"serviceName": 7, "serviceKey": ["a-key-of-billing"]}, {"serviceName": "billing", "serviceKey": True},
        {"token": bob.token}, {"serviceName": "é", "serviceKey": "é🎈"},
    ]  # fmt: skip

    for auth in refused:
        stranger = await presence.service(auth, connected=False)
        refusal = await stranger.expect_next(("CONNECT_ERROR", "CLOSED"))
        if not isinstance(auth, list | str):
            must(refusal.payload, says("Invalid service key"))
        for event in ("ping", "send_message"):
            await stranger.emit(event, {"recipientIds": [bob.id], "message": "of nobody"})

    for name, key in (("billing", "a-key-of-billing"), ("mail", "a-key=of-mail"), ("billing", "its-next-key")):
        service = await presence.service({"serviceName": name, "serviceKey": key})
        must(await service.send([bob], f"from {name}"), reached([bob]))
        await device.expect_next("message", has(message=f"from {name}"))


@pytest.mark.requirement("PRESENCE-INTERNAL-006")
async def test_users_events_are_not_served_to_services(people: People, presence: Presence):
    """A service that says it is a user is no user, and is shown nobody."""
    bob = await people.new("Bob")
    service = await presence.service()

    for event in ("authenticate", "get_online_users", "get_all_online_users", "get_detailed_online_users"):
        await service.emit(event, {"token": bob.token}, ack=9)

    await service.emit("ping", ack=10)
    answer = await service.expect_next("ACK")
    assert answer.ack == 10


@pytest.mark.requirement("PRESENCE-INTERNAL-006", "PRESENCE-CONNECT-001")
async def test_the_internal_gateway_is_nowhere_else(deployment: Deployment, people: People, presence: Presence):
    """No path of another port leads to it, and none of its port to another contract; a user is greeted by neither."""
    urls = deployment.servers[0].urls
    if "internal" not in urls:
        pytest.skip("the addresses of a target's listeners are not known")
    deployment.require("mounts")
    async with aiohttp.ClientSession() as http:

        async def status(listener: str, path: str) -> int:
            async with http.get(f"{urls[listener]}{path}/?EIO=4&transport=polling") as answer:
                return answer.status

        for listener in urls:
            assert await status(listener, path_of("internal")) == 404
            if listener != "internal":
                assert await status("internal", path_of(listener)) == 404
                assert await status(listener, PresenceClient.PATH) == 200
        assert await status("internal", "/socket.io") == 200

    device = await presence.dial(server=0, listener="presence", path="/socket.io")
    await device.emit("authenticate", {"token": (await people.new("Alice")).token})
    await device.expect_next("connected", keys("user"))


@pytest.mark.requirement("PRESENCE-INTERNAL-007")
async def test_the_internal_gateway_listens_where_it_is_told(fresh_deployment: Fresh, people_of: PeopleOf):
    """On the loopback address, wherever the server listens, unless another is set."""
    everywhere = await fresh_deployment("--memory", "--host", "0.0.0.0")
    urls = everywhere.servers[0].urls
    assert urls["presence"].startswith("http://0.0.0.0:")
    assert urls["internal"].startswith("http://127.0.0.1:")

    elsewhere = await fresh_deployment("--memory", INTERNAL_HOST="127.0.0.2")
    assert elsewhere.servers[0].urls["internal"].startswith("http://127.0.0.2:")
    await Presence(people_of(elsewhere)).service()


STRANGE = [{"Origin": "https://example.com"}, {"Origin": "null"}, {"Host": "example.com"}, {"Host": "10.0.0.1:4000"}]


@pytest.mark.requirement("PRESENCE-INTERNAL-009")
async def test_without_keys_the_gateway_is_for_this_machine(fresh_deployment: Fresh, people_of: PeopleOf):
    """No page of another site uses it, on either transport, nor one whose name points here; with keys all may."""
    keyless = (await fresh_deployment("--memory")).servers[0].urls["internal"]
    keyed = (await fresh_deployment("--memory", **KEYS)).servers[0].urls["internal"]
    polling, websocket = (f"/socket.io/?EIO=4&transport={transport}" for transport in ("polling", "websocket"))

    async with aiohttp.ClientSession() as session:
        for headers in STRANGE:
            for url, wanted in ((keyless, 403), (keyed, 200)):
                async with session.get(url + polling, headers=headers) as answer:
                    assert (answer.status, headers) == (wanted, headers)
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(keyless + websocket, headers=headers)
            assert refused.value.status == 403
            await (await session.ws_connect(keyed + websocket, headers=headers)).close()
        for headers in ({"Origin": "http://localhost:3001"}, {"Host": "localhost"}):
            async with session.get(keyless + polling, headers=headers) as answer:
                assert answer.status == 200
