"""The requests of a long-polling session: a GET takes what is to be sent, a POST brings packets.

A body is checked against its limit before it is read, and has a deadline. One GET and one POST at a time: a client
that overlaps them has lost count, and its session is closed.
"""

from __future__ import annotations

import asyncio
from typing import Any

from app.engine.packets import MalformedError
from app.engine.refusal import FORBIDDEN, REQUEST, RefusedRequestError
from app.engine.session import NOOP, SEPARATOR, Closing, Session

__all__ = ["BODY_TIMEOUT", "get", "post"]

BODY_TIMEOUT = 10.0
"""Seconds in which the body of a POST must be there."""

LINGER = 1.0
LINGER_BYTES = 8_000_000
"""Seconds and bytes for which a body that is too large is read, and thrown away, before it is refused."""

UPGRADE_PATIENCE = 0.05
"""Seconds that a GET waits for the upgrade that it may have overtaken."""


async def get(session: Session, receive: Any) -> bytes:
    """Return what is to be sent, waiting for it if need be. Raise `RefusedRequestError`."""
    if session.polling:
        session.end(Closing.MALFORMED)
        raise RefusedRequestError(REQUEST)
    if session.upgrading and not session.waiting:
        await asyncio.sleep(UPGRADE_PATIENCE)
        if session.upgraded:
            raise RefusedRequestError(REQUEST)
        return session.take() or NOOP
    body = session.take()
    return await _wait(session, receive) if body is None else body


async def _wait(session: Session, receive: Any) -> bytes:
    """Wait for something to send; forget the request if its client hangs up meanwhile."""
    waiting = session.poll()
    hang_up = asyncio.ensure_future(_hang_up(receive))
    hang_up.add_done_callback(lambda _: waiting.cancel())
    try:
        await waiting
    except asyncio.CancelledError:
        if not hang_up.done():
            raise
        return b""
    finally:
        session.polled()
        hang_up.cancel()
    return session.take() or NOOP


async def _hang_up(receive: Any) -> None:
    """Return when the client of a request has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def post(session: Session, scope: Any, receive: Any, limit: int) -> None:
    """Take the packets of a body of at most `limit` bytes. Raise `RefusedRequestError`."""
    if session.posting:
        session.end(Closing.MALFORMED)
        raise RefusedRequestError(REQUEST)
    session.posting = True
    try:
        for packet in (await _body(session, scope, receive, limit)).split(SEPARATOR):
            await session.resumed()
            if session.closed is Closing.CLIENT:
                break
            if session.closed:
                raise _refusal(session.closed)
            session.receive(packet)
        else:
            await session.resumed()
        if session.closed is Closing.LIMIT:
            raise _refusal(session.closed)
    except MalformedError:
        session.end(Closing.MALFORMED)
        raise RefusedRequestError(REQUEST) from None
    finally:
        session.posting = False


def _refusal(closing: Closing) -> RefusedRequestError:
    """Return the answer to a request of which not all was taken."""
    if closing is Closing.LIMIT:
        return RefusedRequestError(FORBIDDEN, 429, "Too many events")
    return RefusedRequestError(REQUEST)


async def _body(session: Session, scope: Any, receive: Any, limit: int) -> bytes:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if not length.isdigit() or int(length) > limit:
        raise await _too_large(session, receive)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            while True:
                event = await receive()
                if event["type"] == "http.disconnect":
                    session.end(Closing.LOST)  # half a request, and nobody to tell
                    raise RefusedRequestError(REQUEST)
                body += event.get("body", b"")
                if len(body) > limit:
                    raise await _too_large(session, receive)
                if not event.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        session.end(Closing.LIMIT)
        raise RefusedRequestError(REQUEST, 408, "Request timeout", close=True) from None


async def _too_large(session: Session, receive: Any) -> RefusedRequestError:
    """End the session and return its answer, once what is under way was read and thrown away.

    A connection that is closed on unread bytes is reset, and its client may never see the answer.
    """
    session.end(Closing.LIMIT)
    left = LINGER_BYTES
    try:
        async with asyncio.timeout(LINGER):
            while left > 0:
                event = await receive()
                left -= len(event.get("body", b""))
                if not event.get("more_body"):
                    break
    except TimeoutError:
        pass
    return RefusedRequestError(REQUEST, 413, "Payload too large", close=True)
