"""The page of the notifications contract."""

import pytest
from playwright.async_api import expect

from e2e.examples.conftest import Open
from e2e.harness.browser import Window
from e2e.harness.people import People, Person

SESSION = "(user) => sessionStorage.getItem(`session of ${user}`)"


async def notify(window: Window, receiver: Person, text: str, by: str = "sendNotification (event)") -> None:
    await window.choose("To", "Another id…")
    await window.write("Id of the user", receiver.id)
    await window.choose("By", by)
    await window.write("Notification", text, submit=True)


@pytest.mark.requirement("NOTIFICATIONS-EXAMPLE-001")
async def test_two_windows_notify(people: People, show: Open):
    """Users see who is there, notify each other by event and by REST, and confirm, on different servers."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    first, second = await show("notifications.html", server=0), await show("notifications.html", server=1)
    await first.log_in(alice)
    await second.log_in(bob)
    await first.sees_event("received", "users", f'"userID": "{bob.id}"')
    await first.sees(first.people, "Bob")

    await notify(second, alice, "hello 😀")
    await first.sees(first.talk, "hello 😀")
    await first.press("Confirm")
    await first.sees(first.talk, "✓ confirmed")
    await notify(first, bob, "and hello", by="POST /notification/send (REST)")

    await second.sees(second.talk, "and hello")
    await second.sees_event("sent", "sendNotification", '"message": "hello 😀"')
    await second.sees_event("received", "ack of sendNotification", "Notification sent successfully")
    await first.sees_event("received", "newNotification", '"message": "hello 😀"')
    await first.sees_event("received", "201 POST /notification/send", "Notification sent successfully")
    await first.sees_event("received", "ack of confirmNotification", '"confirmed": true')


@pytest.mark.requirement("NOTIFICATIONS-EXAMPLE-001")
async def test_what_was_not_confirmed_comes_again_after_a_reload(people: People, show: Open):
    """A reload of the page keeps the session; what was confirmed in it does not come again, and the rest does."""
    alice = await people.new("Alice")
    window = await show("notifications.html")
    await window.log_in(alice)
    await window.sees_event("received", "session")
    kept = await window.page.evaluate(SESSION, alice.id)
    for text in ("one", "two"):
        await notify(window, alice, text)
        await window.sees(window.talk, text)
    await window.press("Confirm")
    await window.sees(window.talk, "✓ confirmed")

    await window.page.reload()
    await window.log_in(alice)

    await expect(window.talk.locator("li p")).to_have_text(["two"])
    await window.sees_event("received", "session")
    assert kept == await window.page.evaluate(SESSION, alice.id)
