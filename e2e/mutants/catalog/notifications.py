"""Servers that are wrong about the notifications contract."""

from e2e.mutants.mutant import Change, Mutant

__all__ = ["MUTANTS"]

GATEWAY = "app/gateways/notifications.py"
WIRE = "app/gateways/notifications_wire.py"

MUTANTS = (
    Mutant(
        "delivers-to-the-id-of-a-socket",
        "a userId that is the id of somebody's socket reaches that socket, as in the original",
        "NOTIFICATIONS-SEND-009",
        (
            Change(
                GATEWAY,
                "        self._publish(self.room_of_user(addressee), Entry.of(message), addressee)",
                "        self._publish(self.room_of_user(addressee), Entry.of(message), addressee)\n"
                "        for connection in self._engine.members(self._everybody):\n"
                "            if connection.id == addressee:\n"
                '                connection.emit("newNotification", notification(Entry.of(message)))',
            ),
        ),
    ),
    Mutant(
        "knows-sessions-where-they-began",
        "a session is known to the process that it was begun on alone, as in the original",
        "NOTIFICATIONS-CONNECT-005",
        (
            Change(
                "app/domain/sessions.py",
                "        found = await self._cluster.recall(self._name(session))\n",
                "        found = _SESSIONS.get(self._name(session))\n",
            ),
            Change(
                "app/domain/sessions.py",
                "        kept = await self._cluster.remember(self._name(session), value, self._seconds)\n",
                "        kept = _SESSIONS.setdefault(self._name(session), value)\n",
            ),
            Change("app/domain/sessions.py", "\n\nclass Sessions:", "\n\n_SESSIONS = {}\n\n\nclass Sessions:"),
        ),
        deployment="cluster-2",
    ),
    Mutant(
        "believes-the-handshake-and-not-the-session",
        "who brings somebody's session and another userID is the other",
        "NOTIFICATIONS-CONNECT-004",
        (
            Change(
                GATEWAY,
                "            identity = await self._sessions.keep(session, said)\n",
                "            identity = await self._sessions.keep(session, said)\n"
                '            if auth.get("userID") and auth.get("username"):\n'
                "                said = identity = _introduced(auth)\n",
            ),
        ),
    ),
    Mutant(
        "accepts-anothers-token",
        "with NOTIFICATIONS_AUTH=token the token of any user is good for every userID",
        "NOTIFICATIONS-CONNECT-007",
        (Change(GATEWAY, "        if proven.id != identity.user:\n", "        if not proven.id:\n"),),
    ),
    Mutant(
        "a-session-has-no-id",
        "a client that brings no session is not told which one it has",
        "NOTIFICATIONS-CONNECT-003",
        (
            Change(
                GATEWAY,
                '        connection.emit("session", named)\n',
                '        if connection.handshake.auth.get("sessionID"):\n'
                '            connection.emit("session", named)\n',
            ),
        ),
    ),
    Mutant(
        "forgets-what-was-delivered",
        "a notification counts as confirmed once it was sent to somebody",
        "NOTIFICATIONS-OFFLINE-002",
        (
            Change(
                GATEWAY,
                '            connection.emit("newNotification", one)\n',
                '            connection.emit("newNotification", one)\n'
                "        await self._mailbox.confirm(session.user, [entry.id for entry in pending])\n",
            ),
        ),
    ),
    Mutant(
        "sends-what-is-pending-newest-first",
        "what was sent to somebody away comes with the newest first",
        "NOTIFICATIONS-OFFLINE-001",
        (Change(GATEWAY, "        for one in reversed(fitting):\n", "        for one in fitting:\n"),),
    ),
    Mutant(
        "anybody-confirms",
        "a notification can be confirmed in the name of its user by anybody",
        "NOTIFICATIONS-CONFIRM-002",
        (
            Change(GATEWAY, '            if named["userId"] != session.user:\n', "            if False:\n"),
            Change(
                GATEWAY,
                'await self._mailbox.acknowledge(session.user, named["notificationId"])',
                'await self._mailbox.acknowledge(named["userId"], named["notificationId"])',
            ),
        ),
    ),
    Mutant(
        "a-second-confirmation-is-an-error",
        "who confirms what is confirmed is told that there is no such notification",
        "NOTIFICATIONS-CONFIRM-001",
        (
            Change(
                GATEWAY,
                '            await self._mailbox.acknowledge(session.user, named["notificationId"])\n',
                '            await self._mailbox.acknowledge(session.user, named["notificationId"])\n'
                '            if named["notificationId"] in _CONFIRMED:\n'
                '                raise NotFound("confirmed")\n'
                '            _CONFIRMED.add(named["notificationId"])\n',
            ),
            Change(GATEWAY, "\n\n@dataclass(slots=True)", "\n\n_CONFIRMED = set()\n\n\n@dataclass(slots=True)"),
        ),
    ),
    Mutant(
        "presence-in-the-list-is-stale",
        "nobody is told when a user has left",
        "NOTIFICATIONS-USERS-002",
        (
            Change(
                GATEWAY,
                "    async def _gone(self, _: str) -> None:\n        self._changed()",
                "    async def _gone(self, _: str) -> None:\n        pass",
            ),
        ),
    ),
    Mutant(
        "lists-every-socket",
        "a user with two devices is in the list twice",
        "NOTIFICATIONS-USERS-001",
        (
            Change(
                GATEWAY,
                "[user(one) for one in await self._roll.users()]",
                "[user(one) for one in await self._roll.users() for _ in range(max(1, len(self._devices(one.user))))]",
            ),
        ),
    ),
    Mutant(
        "floods-with-lists",
        "a list of users is sent whenever somebody comes or goes, however often that is",
        "NOTIFICATIONS-USERS-004",
        (Change(GATEWAY, "PACE = 0.5\n", "PACE = 0.0\n"),),
    ),
    Mutant(
        "tells-one-broken-rule",
        "a 400 has the first broken rule alone",
        "NOTIFICATIONS-SEND-002",
        (Change(WIRE, "        raise Invalid(broken=broken)", "        raise Invalid(broken=broken[:1])"),),
    ),
    Mutant(
        "drops-further-keys",
        "keys beside message and userId are dropped",
        "NOTIFICATIONS-SEND-003",
        (
            Change(
                WIRE,
                '        return cls(read["userId"], text.decode())',
                '        return cls(read["userId"], orjson.dumps(read).decode())',
            ),
        ),
    ),
    Mutant(
        "asks-for-no-key",
        "NOTIFICATIONS_API_KEY is not asked for",
        "NOTIFICATIONS-SEND-004",
        (Change("app/web/notifications.py", "    if key and not hmac", "    if not key and not hmac"),),
    ),
    Mutant(
        "delivers-to-one-device",
        "a notification comes to the device that was connected last, and to no other",
        "NOTIFICATIONS-SEND-005",
        (
            Change(
                "app/gateways/mail.py",
                "        for connection in self._engine.members(room):\n"
                "            reader: Reader = connection.state\n"
                "            given",
                "        for connection in list(self._engine.members(room))[-1:]:\n"
                "            reader: Reader = connection.state\n"
                "            given",
            ),
        ),
    ),
    Mutant(
        "logs-sessions",
        "the id of a session is in the log",
        "NOTIFICATIONS-LOG-001",
        (
            Change(
                GATEWAY,
                '        connection.emit("session", named)\n',
                '        connection.emit("session", named)\n'
                '        logging.getLogger("parley.gateway").warning("session %s", session.id)\n',
            ),
            Change(GATEWAY, "import contextlib\n", "import contextlib\nimport logging\n"),
        ),
    ),
)
