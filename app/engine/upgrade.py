"""The upgrade of a session from long polling to a websocket."""

from __future__ import annotations

import asyncio

from app.engine.frames import frame
from app.engine.session import Session
from app.engine.websocket import WebSocket

__all__ = ["UPGRADE_TIMEOUT", "Probe"]

UPGRADE_TIMEOUT = 10.0
"""Seconds that a websocket has to say `2probe` and `5`."""


class Probe:
    """The receiver of a websocket that a session is about to go over: `2probe`, then `5`.

    Attributes:
        websocket: whose receiver it is; set at once by whoever makes it.

    """

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

    def gone(self, fault: int | None = None) -> None:
        self._timer.cancel()
        if self._session.upgrading:
            self._session.upgrading = False
        else:
            self._session.gone(fault)

    def _give_up(self) -> None:
        self.websocket.close(1002)
