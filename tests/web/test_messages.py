"""`GET /messages`."""

from __future__ import annotations

import pytest

from app.domain.clock import iso
from tests.web.service import HAN, OBI, Service


async def _said(service: Service, count: int) -> list[str]:
    """Have obi say `count` things and return the ids, newest first."""
    posted = [await service.mailbox.post(OBI, f"message {n}") for n in range(count)]
    return [message.id for message in reversed(posted) if message]


async def _ids(service: Service, query: str = "", actor: str = HAN) -> list[str]:
    response = await service.call("GET", f"/messages{query}", actor)
    assert response.status_code == 200
    return [message["id"] for message in await response.get_json()]


async def test_a_message_is_shown_as_the_gateway_sends_it(service: Service) -> None:
    """A message has its id, text, sender's first name and id, and its instant with three fractional digits."""
    message = await service.mailbox.post(OBI, "Hello there! \N{WAVING HAND SIGN}")
    assert message
    for actor in (HAN, OBI):
        response = await service.call("GET", "/messages", actor)
        assert await response.get_json() == [
            {
                "id": message.id,
                "message": "Hello there! \N{WAVING HAND SIGN}",
                "username": "Obivan",
                "createdAt": iso(message.created_at),
                "senderId": OBI,
            }
        ]


async def test_who_has_no_messages_gets_an_empty_array(service: Service) -> None:
    """An empty history is an empty array."""
    assert await _ids(service) == []


async def test_history_is_newest_first_and_fifty_unless_told(service: Service) -> None:
    """A page holds the newest 50, newest first."""
    said = await _said(service, 51)
    assert await _ids(service) == said[:50]


async def test_pages_join_without_gap_or_repeat(service: Service) -> None:
    """`before` and `limit` page the whole history, and an empty page is the end."""
    said = await _said(service, 7)
    found: list[str] = []
    while page := await _ids(service, f"?limit=3&before={found[-1]}" if found else "?limit=3"):
        found += page
    assert found == said


@pytest.mark.parametrize("limit", ["1", "1000", "0001"])
async def test_limits_in_range_are_taken(service: Service, limit: str) -> None:
    """1 to 1000 are limits."""
    assert await _ids(service, f"?limit={limit}") == []


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "1.5", "1e2", "%201", "+1", "1_0", "%D9%A1", "9" * 5000])
async def test_a_limit_that_is_none_is_refused(service: Service, limit: str) -> None:
    """Anything but an integer from 1 to 1000 answers 400."""
    response = await service.call("GET", f"/messages?limit={limit}", HAN)
    assert response.status_code == 400
    assert (await response.get_json())["message"] == "limit must be an integer from 1 to 1000"


@pytest.mark.parametrize("before", ["", "x", "0" * 23, "0" * 25, "G" * 24, "0" * 24 + "%0A", "%00", "%ff"])
async def test_a_before_that_is_no_id_is_refused(service: Service, before: str) -> None:
    """Anything but 24 hex digits answers 400, and both broken parameters are named."""
    response = await service.call("GET", f"/messages?before={before}&limit=0", HAN)
    assert response.status_code == 400
    message = "before must be the id of a message, limit must be an integer from 1 to 1000"
    assert (await response.get_json())["message"] == message
