"""The page of the rooms contract."""

import uuid

import pytest
from playwright.async_api import expect

from e2e.examples.conftest import Open
from e2e.harness.browser import Window
from e2e.harness.people import People


def some_room() -> str:
    return f"room-{uuid.uuid4().hex}"


async def act(window: Window, button: str, room_id: str) -> None:
    await window.write("Room", room_id)
    await window.press(button)


async def say(window: Window, text: str) -> None:
    await window.write("To the room", text, submit=True)


@pytest.mark.requirement("ROOMS-EXAMPLE-001")
async def test_two_windows_talk(people: People, show: Open):
    """One opens a room, both are in it, talk, read what was said, leave and close it, on different servers."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    first, second = await show("rooms.html", server=0), await show("rooms.html", server=1)
    await first.log_in(alice)
    await second.log_in(bob)
    room_id = some_room()

    await act(first, "Create", room_id)
    await first.sees(first.people, "Aliceonline")
    await act(second, "Join", room_id)
    await first.sees(first.people, "Bobonline")
    await second.sees(second.people, "Aliceonline")
    await say(first, "hello 😀")
    await second.sees(second.talk, "hello 😀")
    await say(second, "and hello")
    await first.sees(first.talk, "and hello")
    await first.press("Clear")
    await first.press("History")
    await first.sees_event("received", f"200 GET /api/v1/rooms/{room_id}/messages", '"content": "and hello"')
    await expect(first.talk.locator("li p")).to_have_text(["hello 😀", "and hello"])
    await second.press("Leave")
    await second.sees(second.people, "You left the room.")
    await first.sees(first.people, "Boboffline")
    await second.press("Join")
    await first.sees(first.people, "Bobonline")
    await first.press("Close")

    for window in (first, second):
        await window.sees_event("received", "room_closed", room_id)
        await window.sees(window.people, f"{room_id} was closed.")
    await second.sees_event("sent", "exchanges", '"content": "and hello"')
    await second.sees_event("received", "ack of exchanges", '"order": 2')
    await second.sees_event("received", "exchanges", '"content": "hello 😀"')
    await second.sees_event("sent", "leave", room_id)
    await first.sees_event("received", f"204 DELETE /api/v1/rooms/{room_id}")


@pytest.mark.requirement("ROOMS-EXAMPLE-001")
async def test_a_connection_that_was_lost_is_in_its_rooms_again(people: People, show: Open):
    """The page joins again by itself, and hears what is said from then on."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    first, second = await show("rooms.html"), await show("rooms.html")
    await first.page.get_by_text("Where and how").click()
    await first.choose("Transports", "polling only")
    await first.log_in(alice)
    await second.log_in(bob)
    room_id = some_room()
    await act(first, "Create", room_id)
    await first.sees(first.people, "Aliceonline")
    await act(second, "Join", room_id)
    await second.sees(second.people, "Aliceonline")

    first.expects_failures()
    await first.page.context.set_offline(True)
    await first.sees(first.state, "trying again")
    await first.press("Clear")
    await first.page.context.set_offline(False)

    await first.sees(first.state, "Connected as Alice")
    await first.sees_event("received", "ack of participants", room_id)
    await say(second, "hello 😀")
    await first.sees(first.talk, "hello 😀")


@pytest.mark.requirement("ROOMS-EXAMPLE-001")
async def test_who_is_in_a_room_is_shown_whatever_becomes_of_another(people: People, show: Open):
    """The list is that of the room in the form: of one that is not shown nothing is seen in it."""
    alice = await people.new("Alice")
    window = await show("rooms.html")
    await window.log_in(alice)
    other, shown = some_room(), some_room()
    for room_id in (other, shown):
        await act(window, "Create", room_id)
        await window.sees(window.people, "Aliceonline")

    (await people.rest().delete(f"/api/v1/rooms/{other}")).must(204)
    await window.sees_event("received", "room_closed", other)
    await window.sees(window.people, "Aliceonline")

    await window.write("Room", other)
    await window.sees(window.people, "You are not in the room.")
    await window.write("Room", shown)
    await window.sees(window.people, "Aliceonline")


@pytest.mark.requirement("ROOMS-EXAMPLE-001")
async def test_another_user_is_in_no_room_of_the_one_before(people: People, show: Open):
    """Who logs in next in the same window is shown nothing of what was, and hears nothing of it."""
    alice, bob = await people.new("Alice"), await people.new("Bob")
    window = await show("rooms.html")
    await window.log_in(alice)
    room_id = some_room()
    await act(window, "Create", room_id)
    await window.sees(window.people, "Aliceonline")
    await say(window, "mine")
    await window.sees(window.talk, "mine")

    await window.log_in(bob)

    await expect(window.talk.locator("li")).to_have_count(0)
    await window.sees(window.people, "Join a room to see who is there.")
    await act(window, "Join", room_id)
    await window.sees(window.people, "Bobonline")
    await expect(window.page.locator("#log li.sent .name").get_by_text("participants")).to_have_count(1)
