"""Servers that are wrong about the friends contract, or about what all contracts share: users, tokens, REST."""

from e2e.mutants.mutant import Change, Mutant

__all__ = ["MUTANTS"]

GATEWAY = "app/gateways/friends.py"
FOLLOWING = "app/gateways/following.py"
MAIL = "app/gateways/mail.py"

MUTANTS = (
    Mutant(
        "loses-the-second-message-of-a-millisecond",
        "unseen_messages has one message of each instant",
        "FRIENDS-OFFLINE-002",
        (
            Change(
                GATEWAY,
                "[payload(entry) for entry in pending]",
                "[payload(entry) for entry in {entry.created_at: entry for entry in pending}.values()]",
            ),
        ),
    ),
    Mutant(
        "lists-unseen-messages-by-sender",
        "unseen_messages has the messages of one sender after those of another",
        "FRIENDS-OFFLINE-003",
        (
            Change(
                GATEWAY,
                "[payload(entry) for entry in pending]",
                "[payload(entry) for entry in sorted(pending, key=lambda entry: entry.sender)]",
            ),
        ),
    ),
    Mutant(
        "delivers-to-friends-of-friends",
        "a message reaches the friends of the sender's friends too",
        "FRIENDS-MESSAGE-003",
        (
            Change(
                FOLLOWING,
                "await asyncio.gather(*self.update(connection, user.friends))",
                "known = (await self._users.many(user.friends)).values()\n"
                "            further = [one for friend in known for one in friend.friends if one != user.id]\n"
                "            await asyncio.gather(*self.update(connection, [*user.friends, *further]))",
            ),
        ),
    ),
    Mutant(
        "delivers-twice-to-who-has-two-devices",
        "a message comes on each device once for each device of the user",
        "FRIENDS-MESSAGE-002",
        (
            Change(
                MAIL,
                "                connection.send(packet)\n                self._gave(reader, given)",
                "                for _ in self._devices(reader.user):\n"
                "                    connection.send(packet)\n"
                "                self._gave(reader, given)",
            ),
        ),
    ),
    Mutant(
        "repeats-what-came-while-connecting",
        "a message that arrives amid a connect is in unseen_messages and comes live as well",
        "FRIENDS-OFFLINE-017",
        (
            Change(
                "app/domain/feed.py",
                "return [packet for message_id, packet, _ in held if self.offer(message_id, packet)]",
                "return [packet for _, packet, _ in held]",
            ),
        ),
    ),
    Mutant(
        "forgets-what-came-while-connecting",
        "a connect reads what is unseen before it listens, and misses what comes in between",
        "FRIENDS-OFFLINE-017",
        (
            Change(
                GATEWAY,
                "            await self._following.begin(connection)\n",
                "            early = await self._pending(session, self._settings.unseen_limit)\n"
                "            await asyncio.sleep(0.05)\n"
                "            await self._following.begin(connection)\n",
            ),
            Change(GATEWAY, "pending = await self._pending(session, self._settings.unseen_limit)", "pending = early"),
            Change(GATEWAY, "from dataclasses import dataclass", "import asyncio\nfrom dataclasses import dataclass"),
        ),
    ),
    Mutant(
        "answers-the-sender",
        "a message comes to the sender's own devices as well",
        "FRIENDS-MESSAGE-001",
        (
            Change(
                GATEWAY,
                "        self._publish(room_of_friends(self.contract, message.sender), Entry.of(message, name))",
                "        self._publish(room_of_friends(self.contract, message.sender), Entry.of(message, name))\n"
                "        self._publish(self.room_of_user(message.sender), Entry.of(message, name))",
            ),
        ),
    ),
    Mutant(
        "acknowledges-a-message",
        "a message is acknowledged where the client asks for it",
        "FRIENDS-MESSAGE-004",
        (
            Change(
                GATEWAY,
                "                self._tell(message, session.name)\n        return NO_ACK",
                "                self._tell(message, session.name)\n        return True",
            ),
        ),
    ),
    Mutant(
        "delivers-empty-messages",
        "an empty message is stored and delivered",
        "FRIENDS-MESSAGE-005",
        (Change(GATEWAY, 'if text not in (None, ""):', "if text is not None:"),),
    ),
    Mutant(
        "takes-numbers-for-messages",
        "a payload that is no string is made one and delivered",
        "FRIENDS-MESSAGE-007",
        (Change(GATEWAY, "            self._check(text)", "            self._check(text := str(text))"),),
    ),
    Mutant(
        "cuts-long-messages",
        "a message that is too long is cut and delivered",
        "FRIENDS-MESSAGE-008",
        (
            Change(
                GATEWAY,
                "            self._check(text)",
                "            text = text[: self._settings.max_message_length] if isinstance(text, str) else text\n"
                "            self._check(text)",
            ),
        ),
    ),
    Mutant(
        "trims-messages",
        "a message loses the blanks at its ends",
        "FRIENDS-MESSAGE-009",
        (Change(GATEWAY, "post(session.user, text)", "post(session.user, text.strip())"),),
    ),
    Mutant(
        "writes-instants-with-an-offset",
        "createdAt of a message ends with +00:00 and not with Z",
        "FRIENDS-MESSAGE-014",
        (
            Change(
                "app/gateways/friends_wire.py",
                '"createdAt": iso(entry.created_at),',
                '"createdAt": iso(entry.created_at).replace("Z", "+00:00"),',
            ),
        ),
    ),
    Mutant(
        "echoes-before-it-stores",
        "a message is delivered first and stored then, if that can be",
        "FRIENDS-OFFLINE-018",
        (
            Change(
                "app/domain/mailbox.py",
                "        try:\n            audience = await self._store.append(new)\n",
                "        try:\n"
                "            if self._doubts and recipients is None:\n"
                "                await self._doubts._found(new)\n"
                "            audience = await self._store.append(new)\n",
            ),
            Change(GATEWAY, "                self._tell(message, session.name)\n", "                pass\n"),
        ),
    ),
    Mutant(
        "forgets-confirmations-after-a-restart",
        "what was confirmed is known as long as the process lives, and unseen again after it",
        "FRIENDS-OFFLINE-016",
        (
            Change(
                "app/store/sqlite.py",
                "        await self._writes.submit(sqlite_queries.confirm, (user_id, tuple(message_ids)))",
                "        _CONFIRMED.setdefault(user_id, set()).update(message_ids)",
            ),
            Change(
                "app/store/sqlite.py",
                "        return await self._reads.submit(query, (mailbox, user_id, limit, room))",
                "        found = await self._reads.submit(query, (mailbox, user_id, limit, room))\n"
                "        return [one for one in found if one.id not in _CONFIRMED.get(user_id, ())]",
            ),
            Change("app/store/sqlite.py", "\n\nclass SQLiteStore:", "\n\n_CONFIRMED = {}\n\n\nclass SQLiteStore:"),
        ),
    ),
    Mutant(
        "confirms-what-it-has-sent",
        "a message counts as seen once it was written, and not once a PONG has come",
        "FRIENDS-OFFLINE-006",
        (
            Change(
                "app/gateways/confirmation.py",
                "        self._connection.probe(self._arrived)",
                "        self._arrived()",
            ),
        ),
    ),
    Mutant(
        "delivers-after-the-end-of-a-friendship",
        "who is a friend no more hears the other until the next connect",
        "FRIENDS-USER-009",
        (
            Change(
                FOLLOWING,
                '        change, friend = note.split(" ")\n',
                '        change, friend = note.split(" ")\n        if change == "ended":\n            return\n',
            ),
        ),
    ),
    Mutant(
        "new-friends-are-heard-after-a-reconnect",
        "a friendship takes effect with the next connect",
        "FRIENDS-USER-008",
        (
            Change(
                FOLLOWING,
                '        change, friend = note.split(" ")\n',
                '        change, friend = note.split(" ")\n        if change == "began":\n            return\n',
            ),
        ),
    ),
    Mutant(
        "announces-every-device",
        "a user is announced gone whenever one of several devices leaves",
        "FRIENDS-PRESENCE-004",
        (
            Change(
                "app/domain/roster.py",
                "        if await self._cluster.leave(self._roster, user, socket):\n            await self._gone(user)",
                "        await self._cluster.leave(self._roster, user, socket)\n        await self._gone(user)",
            ),
        ),
    ),
    Mutant(
        "announces-a-reload",
        "a connection that is lost has no grace to come back in",
        "FRIENDS-PRESENCE-005",
        (Change("app/domain/roster.py", "await self._sleep(self._grace)", "await self._sleep(0)"),),
    ),
    Mutant(
        "presence-is-stale",
        "who was online once stays so in the list of friends",
        "FRIENDS-PRESENCE-007",
        (
            Change(
                "app/web/users.py",
                "        present = await online([friend.id for friend in found])",
                "        present = _SEEN\n        present |= await online([friend.id for friend in found])",
            ),
            Change("app/web/users.py", "\n\ndef blueprint(", "\n\n_SEEN = set()\n\n\ndef blueprint("),
        ),
    ),
    Mutant(
        "announces-users-to-themselves",
        "a user's own devices are told that the user has come",
        "FRIENDS-PRESENCE-008",
        (
            Change(
                "app/gateways/announcing.py",
                "        self._cluster.publish(room_of_friends(self._contract, user), envelope.encode(), retry=True)",
                "        self._cluster.publish(room_of_friends(self._contract, user), envelope.encode(), retry=True)\n"
                '        self._cluster.publish(f"{self._contract}:user:{user}", envelope.encode(), retry=True)',
            ),
        ),
    ),
    Mutant(
        "accepts-expired-tokens",
        "a token is good for ever",
        "FRIENDS-AUTH-009",
        (Change("app/domain/tokens.py", '"verify_aud": False}', '"verify_aud": False, "verify_exp": False}'),),
    ),
    Mutant(
        "keeps-sockets-whose-token-expired",
        "a socket outlives its token",
        "FRIENDS-CONNECT-007",
        (
            Change(
                GATEWAY,
                "        self._open_first(connection, pending, len(unseen))\n        self._end_at_expiry(connection)",
                "        self._open_first(connection, pending, len(unseen))",
            ),
        ),
    ),
    Mutant(
        "shows-passwords",
        "a user is answered with the hash of the password in the surname's place",
        "FRIENDS-USER-010",
        (
            Change(
                "app/web/models.py",
                "            surname=user.surname,\n            friends=user.friends,",
                "            surname=user.password,\n            friends=user.friends,",
            ),
        ),
    ),
    Mutant(
        "shows-the-history-of-others",
        "a page of the history has what anybody said",
        "FRIENDS-HISTORY-003",
        (
            Change(
                "app/store/sqlite_queries.py",
                'HISTORY = _MAILBOX.format(index="", which="',
                'HISTORY = _MAILBOX.replace("AND e.user_id = ?2", "AND ?2 = ?2").format(index="", which="',
            ),
        ),
    ),
    Mutant(
        "errors-lack-cors",
        "an answer of 400 or more has no CORS headers",
        "FRIENDS-REST-004",
        (
            Change(
                "app/root.py",
                "await self._web({**scope, **seen}, receive, send)",
                "await self._web({**scope, **seen}, receive, _without_cors(send))",
            ),
            Change(
                "app/root.py",
                "\n\ndef _with_headers(",
                "\n\n"
                "def _without_cors(send):\n"
                "    async def without(message):\n"
                '        if message.get("status", 0) >= 400:\n'
                '            kept = [one for one in message["headers"] if not one[0].lower().startswith(b"access")]\n'
                '            message = message | {"headers": kept}\n'
                "        await send(message)\n\n"
                "    return without\n"
                "\n\ndef _with_headers(",
            ),
        ),
    ),
)
