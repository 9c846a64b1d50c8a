"""`app.domain.passwords`: hashes that hold nobody up."""

import asyncio
from collections.abc import Iterator

import pytest

from app.domain.errors import Unavailable
from app.domain.passwords import MAX_WAITING, Passwords


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords(4)
    yield passwords
    passwords.close()


async def test_a_password_is_checked_against_its_hash(passwords: Passwords):
    """The right one is right, any other is not, and two hashes of one password differ."""
    hashed = await passwords.hash("pässword")
    assert hashed.startswith("$2b$04$")
    assert await passwords.hash("pässword") != hashed
    assert await passwords.check("pässword", hashed) is True
    assert await passwords.check("password", hashed) is False


async def test_a_password_that_goes_on_behind_the_72nd_byte_is_another(passwords: Passwords):
    """Bcrypt reads 72 bytes; a longer password is never right."""
    hashed = await passwords.hash("x" * 72)
    assert await passwords.check("x" * 72, hashed) is True
    assert await passwords.check("x" * 73, hashed) is False


async def test_nobody_has_no_password(passwords: Passwords):
    """Without a hash every password is wrong, an empty one too, and one that is no text at all."""
    for password in ("123456", "", "\ud800"):
        assert await passwords.check(password, None) is False
        assert await passwords.check(password, "") is False


async def test_hashing_leaves_the_loop_free():
    """The loop goes round while a hash is made."""
    passwords = Passwords(10)
    hashing = asyncio.ensure_future(passwords.hash("123456"))
    rounds = 0
    while not hashing.done():
        await asyncio.sleep(0)
        rounds += 1
    passwords.close()
    assert rounds > 10


async def test_a_queue_that_is_full_refuses_at_once(passwords: Passwords):
    """Whoever comes when enough are waiting is told to try again; those who wait are served."""
    crowd = [asyncio.create_task(passwords.hash("123456")) for _ in range(MAX_WAITING + 2)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="Too many logins at once"):
        await passwords.check("123456", None)
    assert len(await asyncio.gather(*crowd)) == MAX_WAITING + 2
    assert await passwords.check("123456", None) is False
