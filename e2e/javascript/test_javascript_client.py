"""The main flow with the real `socket.io-client` and its default options, as a browser would run it."""

import pytest

from e2e.harness import javascript
from e2e.harness.deadline import DEADLINE, eventually
from e2e.harness.deployment import Fresh
from e2e.harness.match import equals, has, says, texts
from e2e.harness.people import People, PeopleOf
from e2e.javascript.conftest import Browse


@pytest.mark.requirement("FRIENDS-CONNECT-009", "FRIENDS-OFFLINE-001", "FRIENDS-MESSAGE-001")
async def test_the_main_flow_in_a_browser(people: People, browse: Browse):
    """A JavaScript client polls, upgrades, gets its unseen messages in a listener made on connect, and live ones."""
    obi, han = await people.friendship("Obivan", "Han")
    url = people.deployment.servers[0].url
    han_device = await han.connect()
    await han_device.say("while you were away")
    await han_device.say(7)
    await han_device.expect("exception")

    browser = await browse(obi, url)
    await browser.expect("OPEN", equals({"transport": "polling"}))
    await browser.expect("CONNECT")
    unseen = await browser.expect("unseen_messages")
    assert texts(unseen.payload) == ["while you were away"]
    await browser.expect("UPGRADE", equals("websocket"))

    await han_device.say("hello there")
    await browser.expect("message", has(message="hello there", username="Han"))
    await han_device.expect("connected", has(username="Obivan"))
    await browser.emit("message", "general greetings")
    await han_device.expect("message", has(message="general greetings", username="Obivan"))
    await eventually(obi.peek, equals([]))
    await browser.disconnect()
    await han_device.expect("disconnected", has(username="Obivan"))


@pytest.mark.requirement("FRIENDS-CONNECT-009", "FRIENDS-PRESENCE-001", "FRIENDS-PRESENCE-002")
async def test_two_browsers_see_each_other(people: People, browse: Browse):
    """JavaScript clients see each other come, write and go, at the contract's own path too."""
    alice, bob = await people.friendship("Alice", "Bob")
    url = people.deployment.servers[0].url
    first = await browse(alice, url)
    await first.expect("unseen_messages")

    second = await browse(bob, url, path="/friends/socket.io")
    await first.expect("connected", has(username="Bob", message="Bob connected now."))
    await second.emit("message", "hello 😀")
    await first.expect("message", says("hello 😀"))
    await second.disconnect()

    await first.expect("disconnected", has(username="Bob", message="Bob disconnected now."))


@pytest.mark.requirement("FRIENDS-CONNECT-005", "FRIENDS-CONNECT-009")
@pytest.mark.parametrize("transports", ["", "polling", "websocket"])
@pytest.mark.parametrize("package", javascript.PACKAGES)
async def test_every_release_of_the_client_is_served(people: People, browse: Browse, package: str, transports: str):
    """The clients of protocol 5, old and new, connect by every transport, send and receive."""
    alice, bob = await people.friendship("Alice", "Bob")
    alice_device = await alice.connect()
    carried = {"transports": [transports]} if transports else {}

    browser = await browse(bob, people.deployment.servers[0].url, package=package, **carried)

    await browser.expect("unseen_messages", equals([]))
    await alice_device.say("hello 😀")
    await browser.expect("message", says("hello 😀"))
    await browser.emit("message", "and hello")
    await alice_device.expect("message", says("and hello"))
    await browser.disconnect()
    await alice_device.expect("disconnected", has(username="Bob"))


@pytest.mark.requirement("FRIENDS-CONNECT-001", "FRIENDS-CONNECT-002")
@pytest.mark.parametrize(("token", "text"), [("", "Unauthorized"), ("garbage", "Invalid token")])
async def test_a_refused_browser_is_told_why(people: People, browse: Browse, token: str, text: str):
    """A JavaScript client that is refused gets one `connect_error` with the documented message."""
    alice = await people.new("Alice")
    alice.token = token

    browser = await browse(alice, people.deployment.servers[0].url)

    await browser.expect("CONNECT_ERROR", says(text))
    await browser.disconnect()
    assert len(browser.inbox.all("CONNECT_ERROR")) == 1


@pytest.mark.requirement("FRIENDS-SERVE-010", "FRIENDS-OFFLINE-016")
async def test_a_browser_comes_back_after_a_restart(fresh_deployment: Fresh, people_of: PeopleOf, browse: Browse):
    """A JavaScript client reconnects by itself when the server is back, and gets what it missed."""
    deployment = await fresh_deployment()
    alice, bob = await people_of(deployment).friendship("Alice", "Bob")
    browser = await browse(bob, deployment.servers[0].url)
    await browser.expect("unseen_messages", equals([]))

    await deployment.restart()
    await browser.expect("DISCONNECT")
    alice_device = await alice.connect()
    await alice_device.say("welcome back")

    await browser.expect("CONNECT")
    await browser.expect("CONNECT", within=3 * DEADLINE)
    seen = await browser.expect(("unseen_messages", "message"))
    received = seen.payload if seen.label == "unseen_messages" else [seen.payload]
    if not received:
        received = [(await browser.expect("message")).payload]
    assert texts(received) == ["welcome back"]
