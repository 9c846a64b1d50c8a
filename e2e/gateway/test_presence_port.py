"""The ports of the presence contract: the heartbeat, the greeting, and what every answer carries."""

import aiohttp
import pytest

from e2e.harness.deployment import Deployment, Fresh
from e2e.harness.match import has, must
from e2e.harness.people import People, PeopleOf
from e2e.harness.presence import Presence

HELMET = {
    "Content-Security-Policy": "default-src 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "X-Download-Options": "noopen",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-XSS-Protection": "0",
}
"""How the values begin that Helmet sends by default."""


def ports(deployment: Deployment) -> list[str]:
    """Return the base URLs of the ports of the contract, on all servers."""
    found = [
        server.urls[name] for server in deployment.servers for name in ("presence", "internal") if name in server.urls
    ]
    return found or pytest.skip("the addresses of a target's listeners are not known")


@pytest.mark.requirement("PRESENCE-CONNECT-002")
async def test_the_heartbeat_is_the_documented_one(presence: Presence):
    """Of users and of services."""
    for device in (await presence.dial(), await presence.service()):
        must(device.handshake, has(pingInterval=25000, pingTimeout=5000))


@pytest.mark.requirement("PRESENCE-CONNECT-002")
async def test_a_client_that_answers_no_ping_is_dropped(fresh_deployment: Fresh, people_of: PeopleOf):
    """One that does stays."""
    presence = Presence(people_of(await fresh_deployment("--memory", PING_INTERVAL="0.3", PING_TIMEOUT="0.5")))
    faithful, silent = await presence.dial(), await presence.dial(answers_pings=False)

    await silent.expect("CLOSED")
    await faithful.expect("PING")
    await faithful.call("ping")


@pytest.mark.requirement("PRESENCE-CONNECT-003", "PRESENCE-CONNECT-004")
async def test_the_ports_say_that_they_run(deployment: Deployment, people: People):
    """As text, with the security headers."""
    async with aiohttp.ClientSession() as http:
        for url in ports(deployment):
            async with http.get(f"{url}/") as answer:
                assert (answer.status, await answer.text()) == (200, "WebSocket Server is running!")
                assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.requirement("PRESENCE-CONNECT-004")
@pytest.mark.parametrize(
    "path",
    ["/", "/nowhere", "/users/me", "/socket.io/?EIO=4&transport=polling", "/socket.io/?EIO=3&transport=polling"],
)
async def test_every_answer_is_protected(deployment: Deployment, people: People, path: str):
    """Whatever its status, and whether it is Socket.IO's or not; nothing tells what the server is made of."""
    async with aiohttp.ClientSession() as http:
        for url in ports(deployment):
            async with http.get(f"{url}{path}") as answer:
                wrong = {
                    name: answer.headers.get(name)
                    for name, begin in HELMET.items()
                    if not answer.headers.get(name, "").startswith(begin)
                }
                assert not wrong
                assert not {"X-Powered-By", "Server"} & set(answer.headers)


@pytest.mark.requirement("PRESENCE-CONNECT-005")
async def test_a_browser_may_call_from_where_it_is_allowed(fresh_deployment: Fresh):
    """REST and long polling of both ports, from the origins that are set and no others."""
    deployment = await fresh_deployment("--memory", CORS_ORIGIN="https://chat.example")
    async with aiohttp.ClientSession() as http:
        for url in ports(deployment):
            for path in ("/", "/socket.io/?EIO=4&transport=polling"):
                for origin, allowed in (("https://chat.example", True), ("https://evil.example", False)):
                    async with http.get(f"{url}{path}", headers={"Origin": origin}) as answer:
                        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed
