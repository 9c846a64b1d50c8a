"""What all example pages have in common: phones, keyboards, screen readers, and machines without a network."""

from __future__ import annotations

import itertools

import pytest
from playwright.async_api import expect

from e2e.examples.conftest import Open
from e2e.harness.browser import DESKTOP, PHONE
from e2e.harness.match import present
from e2e.harness.people import People
from e2e.harness.rest import Rest

USER_PAGES = ("friends.html", "direct.html", "rooms.html", "notifications.html", "user.html")
PAGES = ("", *USER_PAGES, "internal.html")

pytestmark = pytest.mark.embedded("how a page looks and is handled is the same whatever is behind it")

UNNAMED = """
() => [...document.querySelectorAll("input, select, textarea, button, ol[tabindex]")]
    .filter((it) => !it.labels?.length && !it.ariaLabel && !it.getAttribute("aria-labelledby") && !it.textContent)
    .map((it) => it.outerHTML)
"""
"""What a person who does not see the page could not tell from another."""

SMALL = """
() => [...document.querySelectorAll("button, select, input:not([type=checkbox]), nav a")]
    .filter((it) => it.checkVisibility() && it.getBoundingClientRect().height < 31)
    .map((it) => it.outerHTML)
"""
"""What a finger would miss."""


BRIGHTNESS = "Math.max(...getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number))"

BELOW = """
() => document.documentElement.scrollHeight - document.querySelector("main").getBoundingClientRect().bottom - scrollY
"""
"""How far the page goes on below what is on it."""


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
@pytest.mark.parametrize("page", PAGES)
async def test_a_page_fits_a_phone(show: Open, page: str):
    """At 360 pixels nothing is wider than the window, a finger hits every control, and each of them has a name."""
    window = await show(page, size=PHONE)

    assert await window.overflow() <= 0
    assert await window.page.evaluate(SMALL) == []
    assert await window.page.evaluate(UNNAMED) == []


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
async def test_a_page_is_light_or_dark_as_its_reader_has_it(show: Open):
    """The ground is bright in the one colour scheme, and dark in the other."""
    light, dark = await show("", scheme="light"), await show("", scheme="dark")

    assert await light.page.evaluate(BRIGHTNESS) > 200
    assert await dark.page.evaluate(BRIGHTNESS) < 50


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_what_is_said_fits_too(people: People, show: Open, size: tuple[int, int]):
    """A word without end, in a message and in the log, makes no page wider, and a full log none longer."""
    alice, bob = await people.friendship("Alice", "Bob")
    window = await show("friends.html", size=size)
    await window.log_in(alice)
    device = await bob.connect()

    await device.say("endless" * 100)
    for number in range(30):
        await device.say(f"message {number}")
    await window.sees(window.talk, "endless")
    await window.sees(window.talk, "message 29")

    assert await window.overflow() <= 0
    assert await window.page.evaluate(BELOW) <= 1


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
@pytest.mark.parametrize("page", USER_PAGES)
async def test_a_seeded_user_is_chosen_by_keyboard(show: Open, page: str):
    """Tab, letters and Enter are enough to log in as a seeded user; what has the focus can be seen."""
    window = await show(page)
    keyboard = window.page.keyboard

    await keyboard.press("Tab")
    await expect(window.page.get_by_role("link", name="Skip to the page")).to_be_in_viewport()
    user = window.page.get_by_role("combobox", name="User", exact=True)
    for _ in range(20):
        if await user.evaluate("it => it === document.activeElement"):
            break
        await keyboard.press("Tab")
    await expect(user).to_be_focused()
    assert await user.evaluate("it => getComputedStyle(it).outlineStyle") == "solid"
    await keyboard.type("Anakin")
    await keyboard.press("Tab")  # the options of the connection
    await keyboard.press("Tab")
    await keyboard.press("Enter")

    await window.sees(window.state, "Connected as Anakin")


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
async def test_a_wrong_password_is_told(people: People, show: Open):
    """The answer of the login is shown, and nothing is connected."""
    alice = await people.new("Alice")
    window = await show("friends.html")
    window.expects_failures()

    await window.choose("User", "Somebody else…")
    await window.write("E-mail", alice.email)
    await window.page.get_by_label("Password").fill("wrong password")
    await window.press("Connect")

    await window.sees(window.state, "Not logged in: Wrong password!")
    await expect(window.page.get_by_role("button", name="Send", exact=True)).to_be_disabled()


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
async def test_who_logs_in_next_is_shown_their_own_alone(people: People, show: Open):
    """Nothing of what the user before was shown stays, and the copies of a message are two users' own."""
    bob, alice, carol = await people.friendship("Bob", "Alice", "Carol")
    await (await bob.connect()).say("to both")
    window = await show("friends.html")

    for person in (alice, carol):
        await window.log_in(person)
        await expect(window.talk.locator("li p")).to_have_text(["to both"])
        await window.sees(window.people, "Bob Tester")
    await window.sees_event("received", "unseen_messages", "to both")
    assert alice.id not in await window.page.locator("main").inner_text()


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
async def test_who_logs_in_again_is_shown_what_was(people: People, show: Open):
    """A window that was disconnected goes on where it was."""
    alice, bob = await people.friendship("Alice", "Bob")
    window = await show("friends.html")
    await window.log_in(alice)
    await (await bob.connect()).say("before")
    await window.sees(window.talk, "before")

    await window.press("Disconnect")
    await window.log_in(alice)

    await window.sees_event("received", "unseen_messages")
    await expect(window.talk.locator("li p")).to_have_text(["before"])


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
@pytest.mark.parametrize("page", ["friends.html", "internal.html"])
async def test_a_page_that_is_not_told_where_its_contract_is_says_so(people: People, show: Open, page: str):
    """Where that matters, which is to services alone; nothing else of the page fails."""
    window = await show("")
    await window.page.context.route("**/examples/server.json", lambda route: route.abort())
    window.expects_failures()

    await window.page.goto(f"{people.deployment.servers[0].url}/examples/{page}")

    await window.sees_event("notes", "GET /examples/server.json")
    if page == "internal.html":
        await window.sees(window.warning, "The server did not say where services connect")
    else:
        await window.log_in(await people.new("Alice"))


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
async def test_no_secret_is_in_the_log(people: People, show: Open):
    """Neither the password nor the token is shown, so that a window can be."""
    alice = await people.new("Alice", password="a password of her own")
    window = await show("friends.html")

    await window.log_in(alice)

    await window.sees_event("received", "200 POST /auth/login", '"token": "(token)"')
    text = await window.page.locator("main").inner_text()
    assert alice.password not in text
    assert "eyJ" not in text


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
async def test_the_log_is_filtered_and_cleared(people: People, show: Open):
    """By words of the name and the payload, and by direction."""
    alice, bob = await people.friendship("Alice", "Bob")
    window = await show("friends.html")
    await window.log_in(alice)
    device = await bob.connect()
    await window.write("To all your friends", "needle", submit=True)
    await device.say("haystack")
    await window.sees_event("received", "message", "haystack")
    entries = window.page.locator("#log li:visible")

    await window.page.get_by_role("searchbox", name="Filter").fill("NEEDLE")
    await expect(entries).to_have_count(1)
    await window.choose("Show", "received")
    await expect(entries).to_have_count(0)
    await window.page.get_by_role("searchbox", name="Filter").fill("")
    await window.sees_event("received", "message", "haystack")
    await expect(window.page.locator("#log li.sent:visible")).to_have_count(0)
    await window.press("Clear")

    await expect(window.page.locator("#log li")).to_have_count(0)


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
@pytest.mark.parametrize("transports", ["polling, then websocket", "websocket only", "polling only"])
@pytest.mark.parametrize("page", ["friends.html", "direct.html"])
async def test_every_transport_can_be_chosen(people: People, show: Open, page: str, transports: str):
    """The credential is sent in a way that a browser has with each transport."""
    alice = await people.new("Alice")
    window = await show(page)
    await window.page.get_by_text("Where and how").click()

    await window.choose("Transports", transports)
    await window.log_in(alice)

    await window.sees_event("notes", "connect", "websocket" if transports == "websocket only" else "")


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
async def test_a_page_talks_to_another_port_of_its_host(people: People, show: Open):
    """What is served on one port reaches the contract at `/socket.io` of another."""
    deployment = people.deployment
    listeners = (await people.rest(0).get("/examples/server.json")).must(200, present("listeners"))["listeners"]
    if "direct" not in listeners:
        pytest.skip("the target serves no other contract")
    alice = await people.new("Alice")
    window = await show("direct.html")
    await window.page.get_by_text("Where and how").click()
    host = deployment.servers[0].url.rpartition(":")[0]

    await window.write("Address and path of Socket.IO", f"{host}:{listeners['direct']}/socket.io")
    await window.log_in(alice)
    await window.press("Ping")

    await window.sees_event("received", "pong", '"Hello World!"')


@pytest.mark.requirement("FRIENDS-EXAMPLE-002")
async def test_a_page_that_has_no_library_says_so(people: People, show: Open):
    """Where the library cannot be had, the page tells why nothing can be connected."""
    window = await show("")
    await window.page.context.route("**/socket.io/socket.io.js", lambda route: route.abort())
    window.expects_failures()

    await window.page.goto(f"{people.deployment.servers[0].url}/examples/friends.html")

    await window.sees(window.warning, "The Socket.IO library could not be loaded")
    await expect(window.page.get_by_role("button", name="Connect", exact=True)).to_be_disabled()


@pytest.mark.requirement("FRIENDS-EXAMPLE-003")
async def test_the_library_is_where_pages_expect_it(rest: Rest):
    """Each path of a contract has the library, or names it, and a copy is not sent twice to one who has it."""
    for path, build in itertools.product(("/socket.io", "/friends/socket.io"), ("socket.io.js", "socket.io.min.js")):
        answer = await rest.get(f"{path}/{build}")
        assert answer.status == 200, answer
        assert answer.headers["Content-Type"].startswith("application/javascript")
        known = await rest.get(f"{path}/{build}", headers={"If-None-Match": answer.headers["ETag"]})
        assert known.status == 304, known
