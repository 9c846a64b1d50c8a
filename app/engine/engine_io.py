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
from typing import Any
from urllib.parse import parse_qsl

import orjson

from app.engine import polling
from app.engine.admission import Admission, TooManyError, client_address
from app.engine.base import Handshake, Options
from app.engine.handover import EXTENSION
from app.engine.heartbeat import Heartbeat
from app.engine.origins import Origins
from app.engine.refusal import FORBIDDEN, METHOD, REQUEST, SID, TRANSPORT, VERSION, RefusedRequestError
from app.engine.session import Carrier, Closing, Prepared, Session
from app.engine.upgrade import Probe
from app.engine.websocket import WebSocket
from app.engine.writes import Writes

__all__ = ["EngineIO"]

log = logging.getLogger("parley.engine")

_LAST_WORDS = (Closing.SERVER, Closing.CLIENT)
_AT_FAULT = (Closing.MALFORMED, Closing.SLOW, Closing.LIMIT)
_TEXT = (b"content-type", b"text/plain; charset=UTF-8")
_HTML = (b"content-type", b"text/html")
_JSON = (b"content-type", b"application/json")


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
        self._origins = Origins(options.origins, local=options.local)
        self.sessions: dict[str, Session] = {}
        self.admission = Admission(options.limits)
        self.endings: Counter[str] = Counter()
        self.draining = False

    # ASGI

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        query = _query(scope)
        if scope["type"] == "websocket":
            await self._websocket(scope, query, receive, send)
            return
        try:
            self._origins.check(scope)
            status, kind, body = 200, _TEXT, await self._request(scope, query, receive)
            if scope["method"] != "GET":
                kind = _HTML
            extra: list[tuple[bytes, bytes]] = []
        except RefusedRequestError as refused:
            status, kind, body, extra = refused.status, _JSON, refused.body, refused.headers
        headers = [kind, (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
        headers += [*self._origins.headers(scope), *extra]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _request(self, scope: Any, query: dict[str, str], receive: Any) -> bytes:
        method = scope["method"]
        if method == "OPTIONS":
            return b""
        self._check(query, ("polling",))
        if "sid" not in query:
            if method != "GET":
                raise RefusedRequestError(METHOD)
            return self._open(scope, ["websocket"])[1].payload
        session = self._session(query["sid"])
        if session.upgraded or method not in ("GET", "POST"):
            raise RefusedRequestError(REQUEST)
        if method == "POST":
            if session.closed:
                raise RefusedRequestError(SID)
            await polling.post(session, scope, receive, self._options.max_payload)
            return b"ok"
        body = await polling.get(session, receive)
        if session.closed:
            self.sessions.pop(session.id, None)
        return body

    def _check(self, query: dict[str, str], transports: tuple[str, ...]) -> None:
        if query.get("transport") not in transports:
            raise RefusedRequestError(TRANSPORT)
        if query.get("EIO") != "4":
            raise RefusedRequestError(VERSION)

    def _session(self, sid: str) -> Session:
        session = self.sessions.get(sid)
        if session is None:
            raise RefusedRequestError(SID)
        return session

    def _open(self, scope: Any, upgrades: list[str]) -> tuple[Session, Prepared]:
        if self.draining:
            raise RefusedRequestError(FORBIDDEN, 503, "Server is going away")
        options = self._options
        address = client_address(scope, options.trusted_proxies)
        try:
            self.admission.admit(address)
        except TooManyError as error:
            raise RefusedRequestError(FORBIDDEN, error.status, error.text) from None
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

    # websocket

    async def _websocket(self, scope: Any, query: dict[str, str], receive: Any, send: Any) -> None:
        await receive()  # websocket.connect
        opening: Prepared | None = None
        try:
            self._origins.check(scope)
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
        except RefusedRequestError as refused:
            await send(
                {
                    "type": "websocket.http.response.start",
                    "status": refused.status,
                    "headers": [_JSON, *refused.headers],
                }
            )
            await send({"type": "websocket.http.response.body", "body": refused.body})
            return
        try:
            await send({"type": "websocket.accept"})
            transport, early = scope["extensions"][EXTENSION]()
        except BaseException:
            self._give_up(session, opening)
            raise
        if transport.is_closing() or session.closed:  # its client has hung up already, or the server is going away
            transport.abort()
            self._give_up(session, opening)
            return
        if opening is None:
            receiver = Probe(session)
            websocket = receiver.websocket = self._make(transport, receiver, session)
        else:
            websocket = self._make(transport, session, session)
            session.attach(websocket)
            websocket.send(opening.frames)
        transport.set_protocol(websocket)
        if early:
            websocket.data_received(early)

    @staticmethod
    def _give_up(session: Session, opening: Prepared | None) -> None:
        """Forget a websocket that was not made: a session that began with it ends, another may try again."""
        session.upgrading = False
        if opening is not None:
            session.end(Closing.LOST)

    def _make(self, transport: asyncio.Transport, receiver: Any, session: Session) -> WebSocket:
        options = self._options
        slow = partial(session.end, Closing.SLOW)
        rate = options.limits.events_per_second
        return WebSocket(transport, receiver, self._writes, options.max_payload, options.max_buffer, slow, rate)

    def authenticated(self, session: Session) -> None:
        """Hear, once or more often, that a session has said who it is."""
        if not (session.authenticated or session.closed):
            session.authenticated = True
            self.admission.authenticated()

    # the end

    def closed(self, session: Session) -> None:
        """Forget a session that has ended, once a polling client had a chance to read its last words."""
        self.admission.release(session.handshake.address, authenticated=session.authenticated)
        if session.closed:
            self.endings[session.closed.name.lower()] += 1
        if session.closed in _AT_FAULT:
            log.info("a session of %s has ended: %s", session.handshake.address, session.closed.value)
        if session.upgraded or session.polling or session.closed not in _LAST_WORDS:
            self.sessions.pop(session.id, None)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(self._options.ping_timeout, self.sessions.pop, session.id, None)

    def stop(self) -> None:
        """Send no more heartbeats."""
        self._writes.flush()
        self._heartbeat.stop()


def _handshake(scope: Any, address: str) -> Handshake:
    """Return what a scope says about a client. Nothing else of the scope is kept: all of Hypercorn hangs on it."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Handshake(_query(scope), headers, {}, address)


def _query(scope: Any) -> dict[str, str]:
    """Return the parameters of a request's URL, the first value of each."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        query.setdefault(name, value)
    return query
