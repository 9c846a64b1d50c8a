"""The direct contract with the real `socket.io-client`: the token is in the Authorization header.

A browser sets extra headers on polling alone: what it says there has to hold after the upgrade.
"""

from typing import Any

import pytest

from e2e.harness import javascript
from e2e.harness.direct import DirectClient, fails
from e2e.harness.match import equals, has, must, says
from e2e.harness.people import People
from e2e.javascript.conftest import Browse

EVENTS = ("pong", "message", "unreceived messages", "all messages", "error")


def options(token: str, where: str) -> dict[str, Any]:
    """Return the options of a client that has its token in the header: of Node.js, or as a browser can set it."""
    header = {"extraHeaders": {"Authorization": token}}
    sent = header if where == "node" else {"transportOptions": {"polling": header}}
    return {"path": DirectClient.PATH, "query": {}, **sent}


@pytest.mark.requirement("DIRECT-CONNECT-001", "DIRECT-CONNECT-004", "DIRECT-AUTH-001")
@pytest.mark.parametrize("where", ["node", "browser"])
async def test_the_whole_contract_in_a_browser(people: People, browse: Browse, where: str):
    """A JavaScript client polls with the header, upgrades, and does all that the document says."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    url = people.deployment.servers[0].url
    alice_device = await alice.connect(DirectClient)
    waiting = await alice_device.send(bob.id, "while you were away")

    browser = await browse(bob, url, events=EVENTS, **options(f"Bearer {bob.token}", where))
    await browser.expect("OPEN", equals({"transport": "polling"}))
    await browser.expect("CONNECT")
    await browser.expect("UPGRADE", equals("websocket"))
    await browser.emit("ping")
    await browser.expect("pong", equals("Hello World!"))
    await browser.emit("unreceived messages")
    await browser.expect("unreceived messages", equals([waiting]))
    await browser.emit("receive message", {"chatId": waiting["id"]})

    live = await alice_device.send(bob.id, "hello there 😀")
    await browser.expect("message", equals(live))
    must(await browser.call("receive message", {"chatId": live["id"]}), has(chatId=live["id"], received=True))
    await browser.emit("all messages")
    both = [{**chat, "received": True} for chat in (waiting, live)]
    await browser.expect("all messages", equals({alice.id: both}))

    chat = await browser.call("send message", {"receiver": alice.id, "message": "general greetings"})
    await alice_device.expect("message", equals(chat))
    await browser.emit("send message", {"receiver": alice.id})
    await browser.expect("error", fails(bob.id, naming=["message"]))
    await browser.disconnect()


@pytest.mark.requirement("DIRECT-CONNECT-001", "DIRECT-CONNECT-004")
@pytest.mark.parametrize("transports", [["polling"], ["websocket"]], ids=str)
@pytest.mark.parametrize("package", javascript.PACKAGES)
async def test_every_release_of_the_client_is_served(
    people: People, browse: Browse, package: str, transports: list[str]
):
    """The clients of protocol 5, old and new, connect by either transport with the header, send and receive."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    alice_device = await alice.connect(DirectClient)

    carried = {**options(bob.token, "node"), "transports": transports}
    browser = await browse(bob, people.deployment.servers[0].url, package=package, events=EVENTS, **carried)

    await browser.expect("CONNECT")
    await browser.emit("send message", {"receiver": alice.id, "message": "hello"})
    await alice_device.expect("message", says("hello"))
    await alice_device.send(bob.id, "and hello")
    await browser.expect("message", says("and hello"))
    await browser.disconnect()


@pytest.mark.requirement("DIRECT-AUTH-003", "DIRECT-AUTH-004")
@pytest.mark.parametrize(("token", "text"), [("", "Unauthorized"), ("garbage", "Invalid token")])
async def test_a_refused_browser_is_told_why(people: People, browse: Browse, token: str, text: str):
    """A JavaScript client that is refused gets one `connect_error` with the documented message."""
    alice = await people.new("Alice")

    browser = await browse(alice, people.deployment.servers[0].url, events=EVENTS, **options(token, "browser"))

    await browser.expect("CONNECT_ERROR", says(text))
    await browser.disconnect()
    assert len(browser.inbox.all("CONNECT_ERROR")) == 1
