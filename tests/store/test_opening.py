"""What every adapter of `app.store.base.Store` guarantees of its opening and closing."""

import asyncio
import inspect

import pytest

from app.domain.errors import Unavailable
from app.store.base import Store
from tests.store.records import HAN, OBI, calls, message

ASKING = {name for name, it in vars(Store).items() if inspect.iscoroutinefunction(it)} - {"open", "close"}


async def test_an_open_store_answers(store: Store):
    """`ping` returns from a store that works."""
    await store.ping()


async def test_a_store_may_be_closed_twice(store: Store):
    """`close` of a closed store, and two at once, do nothing more."""
    await asyncio.gather(store.close(), store.close())
    await store.close()


async def test_close_finishes_what_was_begun(store: Store):
    """Calls made before `close` are answered as if it had not been called."""
    news = [message(HAN, OBI) for _ in range(50)]
    appends = [asyncio.create_task(store.append(new)) for new in news]
    await asyncio.sleep(0)  # each task runs up to its call
    await store.close()
    assert await asyncio.gather(*appends) == [(OBI,)] * 50


async def test_every_call_after_close_is_unavailable(store: Store):
    """A closed store raises `Unavailable`, whatever it is asked."""
    await store.close()
    every = calls(store)
    assert {call.__name__ for call in every} == ASKING
    for call in (*every, store.users([]), store.confirm(HAN, [])):
        with pytest.raises(Unavailable):
            await call


async def test_a_store_that_is_not_open_is_unavailable(adapter: Store):
    """Before `open` a call raises `Unavailable`, and `close` does nothing."""
    with pytest.raises(Unavailable):
        await adapter.ping()
    await adapter.close()
