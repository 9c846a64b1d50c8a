"""The pages of the presence contract and of its gateway for services."""

import pytest

from e2e.examples.conftest import Open
from e2e.harness.people import People


@pytest.mark.requirement("PRESENCE-EXAMPLE-001")
async def test_two_windows_talk(people: People, show: Open):
    """Friends see each other come and go, and who writes learns whom it reached, on different servers."""
    alice, bob = await people.friendship("Alice", "Bob")
    first, second = await show("user.html", server=0), await show("user.html", server=1)
    await first.log_in(alice)
    await first.sees_event("received", "connected", alice.id)
    await second.log_in(bob)
    await first.sees_event("received", "user_status_update", '"status": "online"')
    await first.sees(first.people, bob.email)
    await second.sees(second.people, alice.email)

    await second.write("Other ids, separated by commas", f"{alice.id}, nobody")
    await second.write("Message", "hello 😀", submit=True)

    await first.sees(first.talk, "hello 😀")
    await second.sees(second.talk, f"sent to {alice.id}, failed: nobody")
    await second.sees_event("sent", "send_message", '"message": "hello 😀"')
    await second.sees_event("received", "ack of send_message", '"status": "sent"')
    await first.sees_event("received", "message", f'"senderId": "{bob.id}"')
    await second.press("Disconnect")
    await first.sees(first.talk, "is offline")


@pytest.mark.requirement("PRESENCE-EXAMPLE-001")
@pytest.mark.parametrize(
    "query", ["get_online_users", "get_online_friends_only", "get_all_online_users", "get_detailed_online_users"]
)
async def test_who_is_online_is_asked_for(people: People, show: Open, query: str):
    """Each of the four questions is asked and its answer shown."""
    alice, bob = await people.friendship("Alice", "Bob")
    first, second = await show("user.html"), await show("user.html")
    await first.log_in(alice)
    await second.log_in(bob)
    await first.sees(first.talk, "is online")

    await first.choose("Ask for", query)
    await first.press("Ask")

    await first.sees_event("received", f"ack of {query}", f'"userId": "{bob.id}"')
    await first.sees(first.people, "online")
    await first.press("Ping")
    await first.sees_event("received", "ack of ping", "timestamp")


@pytest.mark.requirement("PRESENCE-EXAMPLE-002")
async def test_a_service_writes_to_users(people: People, show: Open):
    """A service's page reaches a user's, on the port of services, and learns whom it did not reach."""
    alice = await people.new("Alice")
    user, service = await show("user.html"), await show("internal.html")
    await user.log_in(alice)
    await user.sees_event("received", "connected", alice.id)

    await service.write("Name", "billing")
    await service.press("Connect")
    await service.sees(service.state, "Connected as billing")
    await service.sees_event("received", "connected", "Connected to internal WebSocket service")
    await service.write("Other ids, separated by commas", f"{alice.id}, nobody")
    await service.write("Message", "noon", submit=True)

    await user.sees(user.talk, "noon")
    await user.sees_event("received", "message", '"source": "internal_service", "serviceName": "billing"')
    await service.sees(service.talk, f"sent to {alice.id}, failed: nobody")
    await service.press("Ping")
    await service.sees_event("received", "ack of ping", "internal_websocket")

    await user.press("Clear")
    await service.write("Metadata, a JSON object", "")
    await service.write("Message", "one", submit=True)
    await user.sees(user.talk, "one")
    await user.sees_event("received", "message", '"source": "internal_service", "serviceName": "billing"')


@pytest.mark.requirement("PRESENCE-EXAMPLE-001")
async def test_metadata_that_is_no_json_is_told(people: People, show: Open):
    """Nothing is sent, and the page says why."""
    alice = await people.new("Alice")
    window = await show("user.html")
    await window.log_in(alice)

    await window.write("Metadata, a JSON object", "{")
    await window.write("Message", "hello", submit=True)

    await window.sees(window.warning, "The metadata is no JSON")
