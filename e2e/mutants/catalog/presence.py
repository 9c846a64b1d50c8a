"""Servers that are wrong about the presence contract, at the user's gateway."""

from e2e.mutants.mutant import Change, Mutant

__all__ = ["MUTANTS"]

GATEWAY = "app/gateways/presence.py"
WIRE = "app/gateways/presence_wire.py"
COURIER = "app/gateways/courier.py"

MUTANTS = (
    Mutant(
        "accepts-forged-tokens",
        "the signature of a token is not looked at",
        "PRESENCE-AUTH-003",
        (
            Change(
                "app/domain/tokens.py",
                '"verify_aud": False}',
                '"verify_aud": False, "verify_signature": False, "verify_exp": True}',
            ),
        ),
    ),
    Mutant(
        "waits-for-ever-for-a-token",
        "a socket may stay without authenticating",
        "PRESENCE-AUTH-004",
        (Change(GATEWAY, "call_later(self._settings.auth_timeout, end)", "call_later(86_400, end)"),),
    ),
    Mutant(
        "changes-whose-a-socket-is",
        "a socket that authenticates again as another user is the other's",
        "PRESENCE-AUTH-005",
        (
            Change(
                GATEWAY,
                "        if session.user != user.id:\n"
                '            raise Forbidden("Already authenticated as another user")\n',
                "        if session.user != user.id:\n            await self._enter(connection, user, claims)\n",
            ),
        ),
    ),
    Mutant(
        "outlives-its-token",
        "a session goes on after its token has expired",
        "PRESENCE-AUTH-006",
        (
            Change(
                GATEWAY,
                "        session.expires, session.expiry = claims.expires, None\n"
                "        self._end_at_expiry(connection)",
                "        session.expires, session.expiry = claims.expires, None",
            ),
        ),
    ),
    Mutant(
        "shows-strangers-who-is-online",
        "get_all_online_users needs no authentication",
        "PRESENCE-AUTH-007",
        (
            Change(
                GATEWAY,
                '        if session.record is None:\n            return EMPTY["get_all_online_users"]\n',
                "",
            ),
        ),
    ),
    Mutant(
        "lists-everybody-as-a-friend",
        "get_online_friends_only lists everybody who is online",
        "PRESENCE-ONLINE-001",
        (
            Change(
                GATEWAY,
                "        found = await self._online.among(user.friends)\n",
                "        found, _ = await self._online.all(user.id)\n",
            ),
        ),
    ),
    Mutant(
        "lists-who-has-left",
        "who was online once is listed for ever",
        "PRESENCE-ONLINE-006",
        (
            Change(
                "app/domain/roster.py",
                "        if await self._cluster.leave(self._roster, user, socket):\n            await self._gone(user)",
                "        if await self._cluster.leave(self._roster, user, socket):\n"
                '            if self._roster == "presence":\n'
                '                await self._cluster.arrive(self._roster, user, "ghost", _LAST.get(user, ""))\n'
                "            await self._gone(user)",
            ),
            Change(
                "app/domain/roster.py",
                "        return await self._cluster.arrive(self._roster, user, socket, data)",
                "        _LAST[user] = data\n"
                "        return await self._cluster.arrive(self._roster, user, socket, data)",
            ),
            Change("app/domain/roster.py", "\n\nclass Presence:", "\n\n_LAST = {}\n\n\nclass Presence:"),
        ),
    ),
    Mutant(
        "counts-users-and-not-sessions",
        "sessionCount is 1, however many sessions there are",
        "PRESENCE-ONLINE-003",
        (Change(WIRE, '"sessionCount": user.sessions,', '"sessionCount": 1,'),),
    ),
    Mutant(
        "counts-what-it-lists",
        "total is the length of the list",
        "PRESENCE-ONLINE-004",
        (
            Change(
                "app/domain/online.py",
                "        return await self._described(users), total",
                "        return await self._described(users), len(users)",
            ),
        ),
    ),
    Mutant(
        "says-sent-of-who-is-away",
        "every recipient counts as sent to, whoever is online",
        "PRESENCE-MESSAGE-008",
        (
            Change(
                WIRE,
                "await courier.hand(self.packets(sender, timestamp))",
                "(await courier.hand(self.packets(sender, timestamp))) | set(self.recipients)",
            ),
        ),
    ),
    Mutant(
        "delivers-to-the-first-session",
        "a message comes to one session of its recipient",
        "PRESENCE-MESSAGE-001",
        (
            Change(
                COURIER,
                "        for connection in members:\n            if connection.state.feed.listed:",
                "        for connection in list(members)[:1]:\n            if connection.state.feed.listed:",
            ),
        ),
    ),
    Mutant(
        "delivers-on-its-own-server",
        "a message reaches who is connected to the sender's server",
        "PRESENCE-MESSAGE-002",
        (
            Change(
                COURIER,
                "            await round_.wait(connected, self._timeout)\n",
                "            connected = round_.reached\n",
            ),
            Change(COURIER, "                if user in connected:\n", "                if not connected:\n"),
        ),
        deployment="cluster-2",
    ),
    Mutant(
        "delivers-once-for-each-name",
        "a recipient who is named twice, once with blanks, is two",
        "PRESENCE-MESSAGE-003",
        (
            Change(
                WIRE,
                "tuple(dict.fromkeys(one.strip() for one in ids))",
                "tuple(dict.fromkeys(ids))",
            ),
        ),
    ),
    Mutant(
        "invents-metadata",
        "a message that was sent without metadata has an empty one",
        "PRESENCE-MESSAGE-006",
        (
            Change(
                WIRE,
                'metadata = {} if self.metadata is None else {"metadata": self.metadata}',
                'metadata = {"metadata": self.metadata or {}}',
            ),
        ),
    ),
    Mutant(
        "takes-a-user-for-a-service",
        "metadata.source of a user is handed on",
        "PRESENCE-MESSAGE-007",
        (
            Change(
                GATEWAY, "Dispatch.read(payload, self._settings).of_user()", "Dispatch.read(payload, self._settings)"
            ),
        ),
    ),
    Mutant(
        "tells-strangers-of-status",
        "user_status_update goes to everybody",
        "PRESENCE-STATUS-003",
        (
            Change(
                "app/gateways/announcing.py",
                "        self._cluster.publish(room_of_friends(self._contract, user), envelope.encode(), retry=True)",
                '        self._cluster.publish(f"{self._contract}:everybody", envelope.encode(), retry=True)',
            ),
            Change(
                "app/gateways/following.py",
                "wanted = {room_of_user(self._contract, follower.user), ",
                'wanted = {f"{self._contract}:everybody", room_of_user(self._contract, follower.user), ',
            ),
            Change(
                "app/gateways/following.py",
                "        # read after joining: a friendship",
                '        await self._rooms.join(connection, f"{self._contract}:everybody")\n'
                "        # read after joining: a friendship",
            ),
        ),
    ),
    Mutant(
        "announces-each-session",
        "a second session of a user is announced as online again",
        "PRESENCE-STATUS-004",
        (
            Change(
                "app/gateways/announcing.py",
                "        if await self._presence.arrive(user, socket, data):\n"
                "            self._announce(user, title, True)",
                "        await self._presence.arrive(user, socket, data)\n        self._announce(user, title, True)",
            ),
        ),
    ),
    Mutant(
        "keeps-quiet-about-who-goes",
        "nobody hears that a user went offline",
        "PRESENCE-STATUS-002",
        (
            Change(
                "app/gateways/announcing.py",
                "        await self._tell(user, False)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "lacks-helmet",
        "answers lack the security headers",
        "PRESENCE-CONNECT-004",
        (
            Change(
                "app/web/security.py",
                "            response.headers.setdefault(name, value)\n",
                "            pass\n",
            ),
        ),
    ),
    Mutant(
        "does-not-say-when-to-come-back",
        "a 429 has no Retry-After",
        "PRESENCE-LIMIT-002",
        (
            Change(
                "app/web/errors.py",
                'headers = [("Retry-After", str(error.after))] if isinstance(error, TooMany) else []',
                "headers = []",
            ),
        ),
    ),
)
