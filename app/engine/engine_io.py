"""An Engine.IO server: who may open a session, and the requests and websockets that carry one.

Every rule is the same on both transports: what a request may not do is answered 400 with Engine.IO's own codes, a
malformed packet ends its session, a body is checked against its limit before it is read.

Source: Engine.IO protocol, revision 4; error codes as Node's server has them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from app.engine.admission import Admission, TooManyError, client_address
from app.engine.base import Handshake, Options
from app.engine.handover import EXTENSION
from app.engine.heartbeat import Heartbeat
from app.engine.packets import MalformedError
from app.engine.session import SEPARATOR, Carrier, Closing, Prepared, Session
from app.engine.websocket import WebSocket, Writes, frame

__all__ = ["EngineIO"]

log = logging.getLogger("parley.engine")

BODY_TIMEOUT: Final = 10.0
UPGRADE_TIMEOUT: Final = 10.0
UPGRADE_PATIENCE: Final = 0.05
"""Seconds that a poll waits for the upgrade that it may have overtaken."""

TRANSPORT, SID, METHOD, REQUEST, FORBIDDEN, VERSION = range(6)
_TEXTS = (
    "Transport unknown",
    "Session ID unknown",
    "Bad handshake method",
    "Bad request",
    "Forbidden",
    "Unsupported protocol version",
)
_AT_FAULT = (Closing.MALFORMED, Closing.SLOW, Closing.LIMIT)
_TEXT = (b"content-type", b"text/plain; charset=UTF-8")
_HTML = (b"content-type", b"text/html")
_JSON = (b"content-type", b"application/json")


class _RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, code: int, status: int = 400, text: str = "", close: bool = False) -> None:
        super().__init__(code)
        self.status = status
        self.headers = [(b"retry-after", b"1")] if status in (429, 503) else []
        if close:
            self.headers.append((b"connection", b"close"))
        self.body = orjson.dumps({"code": code, "message": text or _TEXTS[code]})


class EngineIO:
    """Sessions over long polling and websockets.

    Args:
        carrier: of the sessions' messages.
        options: what can be set.

    Attributes:
        sessions: by id.
        admission: which refuses those that are too many.
        endings: how often sessions have ended, by the name of the `Closing` in lower case.
        draining: whether new sessions are refused, as the server is going away.

    """

    def __init__(self, carrier: Carrier, options: Options) -> None:
        self._carrier = carrier
        self._options = options
        self._heartbeat = Heartbeat(options.ping_interval, options.ping_timeout)
        self._writes = Writes()
        self.sessions: dict[str, Session] = {}
        self.admission = Admission(options.limits)
        self.endings: Counter[str] = Counter()
        self.draining = False

    # ASGI

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        if scope["type"] == "websocket":
            await self._websocket(scope, query, receive, send)
            return
        try:
            origin = self._origin(scope)
            status, kind, body = 200, _TEXT, await self._request(scope, query, receive)
            if scope["method"] != "GET":
                kind = _HTML
        except _RefusedError as refused:
            status, kind, body = refused.status, _JSON, refused.body
            origin = [*self._cors(scope), *refused.headers]
        headers = [kind, (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store"), *origin]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _request(self, scope: Any, query: dict[str, str], receive: Any) -> bytes:
        method = scope["method"]
        if method == "OPTIONS":
            return b""
        self._check(query, ("polling",))
        if "sid" not in query:
            if method != "GET":
                raise _RefusedError(METHOD)
            return self._open(scope, ["websocket"])[1].payload
        session = self._session(query["sid"])
        if session.upgraded or method not in ("GET", "POST"):
            raise _RefusedError(REQUEST)
        if method == "GET":
            return await self._get(session, receive)
        await self._post(session, scope, receive)
        return b"ok"

    def _check(self, query: dict[str, str], transports: tuple[str, ...]) -> None:
        if query.get("transport") not in transports:
            raise _RefusedError(TRANSPORT)
        if query.get("EIO") != "4":
            raise _RefusedError(VERSION)

    def _session(self, sid: str) -> Session:
        session = self.sessions.get(sid)
        if session is None:
            raise _RefusedError(SID)
        return session

    def _open(self, scope: Any, upgrades: list[str]) -> tuple[Session, Prepared]:
        if self.draining:
            raise _RefusedError(FORBIDDEN, 503, "Server is going away")
        options = self._options
        address = client_address(scope, options.trusted_proxies)
        try:
            self.admission.admit(address)
        except TooManyError as error:
            raise _RefusedError(FORBIDDEN, error.status, error.text) from None
        sid = secrets.token_urlsafe(15)
        session = Session(sid, self._carrier, _handshake(scope, address), options.max_packets, options.max_buffer)
        self.sessions[sid] = session
        self._heartbeat.start(session)
        self._carrier.opened(session)
        opening = {
            "sid": sid,
            "upgrades": upgrades,
            "pingInterval": round(options.ping_interval * 1000),
            "pingTimeout": round(options.ping_timeout * 1000),
            "maxPayload": options.max_payload,
        }
        return session, Prepared(b"0" + orjson.dumps(opening))

    # long polling

    async def _get(self, session: Session, receive: Any) -> bytes:
        if session.polling:
            session.end(Closing.MALFORMED)
            raise _RefusedError(REQUEST)
        if session.upgrading and not session.waiting:
            await asyncio.sleep(UPGRADE_PATIENCE)
            if session.upgraded:
                raise _RefusedError(REQUEST)
            return b"6"
        body = session.take()
        if body is None:
            body = await self._wait(session, receive)
        if session.closed:
            self.sessions.pop(session.id, None)
        return body

    async def _wait(self, session: Session, receive: Any) -> bytes:
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
        return session.take() or b"6"

    async def _post(self, session: Session, scope: Any, receive: Any) -> None:
        if session.posting:
            session.end(Closing.MALFORMED)
            raise _RefusedError(REQUEST)
        session.posting = True
        try:
            for packet in (await self._body(session, scope, receive)).split(SEPARATOR):
                await session.resumed()
                if session.closed:
                    break
                session.receive(packet)
            await session.resumed()
            if session.closed is Closing.LIMIT:
                raise _RefusedError(FORBIDDEN, 429, "Too many events")
        except MalformedError:
            session.end(Closing.MALFORMED)
            raise _RefusedError(REQUEST) from None
        finally:
            session.posting = False

    async def _body(self, session: Session, scope: Any, receive: Any) -> bytes:
        limit = self._options.max_payload
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > limit:
            session.end(Closing.LIMIT)
            raise _RefusedError(REQUEST, 413, "Payload too large", close=True)
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                while True:
                    event = await receive()
                    if event["type"] == "http.disconnect":
                        session.end(Closing.LOST)  # half a request, and nobody to tell
                        raise _RefusedError(REQUEST)
                    body += event.get("body", b"")
                    if len(body) > limit:
                        session.end(Closing.LIMIT)
                        raise _RefusedError(REQUEST, 413, "Payload too large", close=True)
                    if not event.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            session.end(Closing.LIMIT)
            raise _RefusedError(REQUEST, 408, "Request timeout", close=True) from None

    # websocket

    async def _websocket(self, scope: Any, query: dict[str, str], receive: Any, send: Any) -> None:
        await receive()  # websocket.connect
        opening: Prepared | None = None
        try:
            self._origin(scope)
            self._check(query, ("websocket",))
            if "sid" in query:
                session = self._session(query["sid"])
                if session.upgraded or session.upgrading:
                    await send({"type": "websocket.accept"})  # as Node's server does
                    await send({"type": "websocket.close"})
                    return
                session.upgrading = True
            else:
                session, opening = self._open(scope, [])
        except _RefusedError as refused:
            await send(
                {
                    "type": "websocket.http.response.start",
                    "status": refused.status,
                    "headers": [_JSON, *refused.headers],
                }
            )
            await send({"type": "websocket.http.response.body", "body": refused.body})
            return
        await send({"type": "websocket.accept"})
        transport, early = scope["extensions"][EXTENSION]()
        if opening is None:
            receiver = _Probe(session)
            websocket = receiver.websocket = self._make(transport, receiver, session)
        else:
            websocket = self._make(transport, session, session)
            session.attach(websocket)
            websocket.send(opening.frames)
        transport.set_protocol(websocket)
        if early:
            websocket.data_received(early)
        if transport.is_closing():
            websocket.connection_lost(None)

    def _make(self, transport: asyncio.Transport, receiver: Any, session: Session) -> WebSocket:
        options = self._options
        slow = partial(session.end, Closing.SLOW)
        return WebSocket(transport, receiver, self._writes, options.max_payload, options.max_buffer, slow)

    # the end

    def closed(self, session: Session) -> None:
        """Forget a session that has ended, once a polling client had a chance to read its last words."""
        self.admission.release(session.handshake.address, authenticated=session.authenticated)
        if session.closed:
            self.endings[session.closed.name.lower()] += 1
        if session.closed in _AT_FAULT:
            log.info("session %s of %s has ended: %s", session.id, session.handshake.address, session.closed.value)
        if session.upgraded or session.polling or session.closed is not Closing.SERVER:
            self.sessions.pop(session.id, None)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(self._options.ping_timeout, self.sessions.pop, session.id, None)

    def stop(self) -> None:
        """Send no more heartbeats."""
        self._writes.flush()
        self._heartbeat.stop()

    # origins

    def _origin(self, scope: Any) -> list[tuple[bytes, bytes]]:
        """Return the CORS headers of an answer. Raise if the origin may not use this server."""
        origin = dict(scope["headers"]).get(b"origin")
        allowed = self._options.origins
        if origin is not None and "*" not in allowed and origin.decode("latin-1") not in allowed:
            raise _RefusedError(FORBIDDEN, 403, "Origin not allowed")
        return self._cors(scope)

    def _cors(self, scope: Any) -> list[tuple[bytes, bytes]]:
        headers = dict(scope["headers"])
        origin, allowed = headers.get(b"origin"), self._options.origins
        if "*" in allowed:
            cors = [(b"access-control-allow-origin", b"*")]
        elif origin is not None and origin.decode("latin-1") in allowed:
            cors = [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
        else:
            return [(b"vary", b"Origin")]
        if scope.get("method") == "OPTIONS":
            cors.append((b"access-control-allow-methods", b"GET, POST, OPTIONS"))
            if asked := headers.get(b"access-control-request-headers"):
                cors.append((b"access-control-allow-headers", asked))
        return cors


class _Probe:
    """The websocket of a session that is about to be upgraded: `2probe`, then `5`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._probed = False
        self._timer = asyncio.get_running_loop().call_later(UPGRADE_TIMEOUT, self._give_up)
        self.websocket: WebSocket

    def text(self, message: bytes) -> None:
        session = self._session
        if not session.upgrading:
            session.text(message)
        elif session.closed:
            self.websocket.close()
        elif message == b"2probe" and not self._probed:
            self._probed = True
            self.websocket.send(frame(b"3probe"))
            session.release()
        elif message == b"5" and self._probed:
            self._timer.cancel()
            session.attach(self.websocket)
        else:
            self._give_up()

    def binary(self, message: bytes) -> None:
        if self._session.upgrading:
            self._give_up()
        else:
            self._session.binary(message)

    def gone(self) -> None:
        self._timer.cancel()
        if self._session.upgrading:
            self._session.upgrading = False
        else:
            self._session.gone()

    def _give_up(self) -> None:
        self.websocket.close(1002)


def _handshake(scope: Any, address: str) -> Handshake:
    """Return what a scope says about a client. Nothing else of the scope is kept: all of Hypercorn hangs on it."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(scope["query_string"].decode("latin-1")):
        query.setdefault(name, value)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Handshake(query, headers, {}, address)


async def _hang_up(receive: Any) -> None:
    """Return when the client of a request has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
