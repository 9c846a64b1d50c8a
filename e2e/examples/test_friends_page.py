"""The page of the friends contract."""

import pytest
from playwright.async_api import expect

from e2e.examples.conftest import Open
from e2e.harness.people import People


@pytest.mark.requirement("FRIENDS-EXAMPLE-001")
async def test_two_windows_talk(people: People, show: Open):
    """Friends see each other come, write and go, and every event of both directions, on different servers."""
    alice, bob = await people.friendship("Alice", "Bob")
    first, second = await show("friends.html", server=0), await show("friends.html", server=1)
    await first.log_in(alice)
    await first.sees(first.people, "Bob Testeroffline")

    await second.log_in(bob)
    await first.sees_event("received", "connected", '"username": "Bob"')
    await first.sees(first.people, "Bob Testeronline")
    await second.sees(second.people, "Alice Testeronline")
    await first.write("To all your friends", "hello 😀", submit=True)
    await second.sees(second.talk, "hello 😀")
    await second.write("To all your friends", "and hello", submit=True)

    await first.sees(first.talk, "and hello")
    await first.sees_event("sent", "message", '"hello 😀"')
    await second.sees_event("received", "message", '"message": "hello 😀"')
    await second.press("Disconnect")
    await second.sees(second.state, "Not connected")
    await first.sees_event("received", "disconnected", "Bob disconnected now.")
    await first.sees(first.people, "Bob Testeroffline")


@pytest.mark.requirement("FRIENDS-EXAMPLE-001")
async def test_what_was_said_meanwhile_is_shown_in_order(people: People, show: Open):
    """Who comes back reads what was said, the oldest first."""
    alice, bob = await people.friendship("Alice", "Bob")
    device = await bob.connect()
    for text in ("one", "two", "three"):
        await device.say(text)
    window = await show("friends.html")

    await window.log_in(alice)

    await expect(window.talk.locator("li p")).to_have_text(["one", "two", "three"])
    await window.sees(window.talk, "while you were away")


@pytest.mark.requirement("FRIENDS-EXAMPLE-001")
async def test_what_is_refused_is_said(people: People, show: Open):
    """A message that the server refuses is told of, with the server's words."""
    alice = await people.new("Alice")
    window = await show("friends.html")
    await window.log_in(alice)

    await window.write("To all your friends", "x" * 4097, submit=True)

    await window.sees(window.warning, "4096")
    await window.press("Dismiss")
    await expect(window.warning).to_be_hidden()
