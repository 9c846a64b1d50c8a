"""The page of the direct contract."""

import pytest
from playwright.async_api import expect

from e2e.examples.conftest import Open
from e2e.harness.browser import Window
from e2e.harness.people import People, Person


async def write(window: Window, receiver: Person, text: str) -> None:
    await window.choose("To", "Another id…")
    await window.write("Id of the user", receiver.id)
    await window.write("Message", text, submit=True)
    await window.sees(window.talk, text)


@pytest.mark.requirement("DIRECT-EXAMPLE-001")
async def test_two_windows_talk(people: People, show: Open):
    """What one writes the other reads and acknowledges, and answers, on different servers."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    first, second = await show("direct.html", server=0), await show("direct.html", server=1)
    await first.log_in(alice)
    await second.log_in(bob)

    await write(first, bob, "hello 😀")
    await second.sees(second.talk, "hello 😀")
    await second.press("Acknowledge")
    await second.sees(second.talk, "✓ acknowledged")
    await write(second, alice, "and hello")

    await first.sees(first.talk, "and hello")
    await first.sees_event("sent", "send message", '"message": "hello 😀"')
    await first.sees_event("received", "ack of send message", '"received": false')
    await second.sees_event("received", "message", '"message": "hello 😀"')
    await second.sees_event("received", "ack of receive message", '"received": true')


@pytest.mark.requirement("DIRECT-EXAMPLE-001")
async def test_another_user_is_shown_nothing_of_the_one_before(people: People, show: Open):
    """Who logs in next in the same window begins anew, and is shown what is theirs though it was shown before."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    window = await show("direct.html")
    await window.log_in(alice)
    await write(window, alice, "to myself")
    await write(window, bob, "to Bob")

    await window.log_in(bob)
    await expect(window.talk.locator("li")).to_have_count(0)
    await window.press("Unreceived messages")
    await expect(window.talk.locator("li p")).to_have_text(["to Bob"])
    await window.log_in(alice)
    await window.press("Unreceived messages")

    await expect(window.talk.locator("li p")).to_have_text(["to myself"])


@pytest.mark.requirement("DIRECT-EXAMPLE-001")
async def test_what_was_not_acknowledged_can_be_asked_for(people: People, show: Open):
    """Who comes back asks for what they did not acknowledge, and for everything."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    sender = await show("direct.html")
    await sender.log_in(alice)
    await write(sender, bob, "one")
    await write(sender, bob, "two")
    receiver = await show("direct.html")
    await receiver.log_in(bob)

    await receiver.press("Unreceived messages")
    await expect(receiver.talk.locator("li p")).to_have_text(["one", "two"])
    await receiver.press("Acknowledge")
    await receiver.sees(receiver.talk, "✓ acknowledged")
    await receiver.press("All messages")
    await receiver.sees_event("received", "all messages", '"received": true')
    await receiver.press("Ping")

    await receiver.sees_event("received", "pong", '"Hello World!"')
