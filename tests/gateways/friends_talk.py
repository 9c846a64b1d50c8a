"""What friends say to each other in a house, heard or not."""

import asyncio

from app.domain.clock import Sequence
from app.engine.base import encode
from app.gateways.base import Envelope
from app.store.base import NewMessage, User
from tests.engine.served import received
from tests.gateways.house import Device, House
from tests.waiting import DEADLINE, until

__all__ = ["confirm", "say", "store", "tell", "texts"]

_sequence = Sequence()


async def say(house: House, device: Device, text: str) -> None:
    """Send a message and return when it is stored."""
    stored = house.count("parley_messages_total")
    await device.says(text)
    await until(lambda: house.count("parley_messages_total") == stored + 1)


async def texts(device: Device, count: int) -> list[str]:
    """Return the next so many messages."""
    return [(await device.hears("message"))["message"] for _ in range(count)]


async def store(house: House, sender: User, recipient: User, *said: str) -> None:
    """Store messages that nobody has heard of."""
    for text in said:
        message_id, instant = _sequence.next()
        await house.store.append(NewMessage(message_id, "friends", sender.id, text, instant, (recipient.id,)))


async def tell(house: House, sender: User, recipient: User, text: str) -> None:
    """Store a message and publish it."""
    await store(house, sender, recipient, text)
    packet = encode("message", {"message": text})
    [newest] = await house.store.pending("friends", recipient.id, 1)
    house.cluster.publish(f"friends:of:{sender.id}", Envelope(packet, newest.id).encode())


async def confirm(house: House, device: Device, user: User) -> None:
    """Answer the PING that follows a message, and return when nothing is pending for the user."""
    assert await received(device.websocket) == "2"
    await device.websocket.send("3")
    async with asyncio.timeout(DEADLINE):
        while await house.store.pending("friends", user.id, 1):  # noqa: ASYNC110  (the store sets no event)
            await asyncio.sleep(0.001)
