"""Servers that are wrong about the rooms contract."""

from e2e.mutants.mutant import Change, Mutant

__all__ = ["MUTANTS"]

GATEWAY = "app/gateways/rooms.py"
WIRE = "app/gateways/rooms_wire.py"
DOMAIN = "app/domain/rooms.py"
ATTENDANCE = "app/gateways/attendance.py"
CONVERSATIONS = "app/gateways/conversations.py"

_EVERYBODY = Change(
    GATEWAY,
    "    async def connected(self, connection: Connection) -> None:\n",
    "    async def connected(self, connection: Connection) -> None:\n"
    '        self._engine.join(connection, "everybody")\n',
)
"""Puts every connection in one room, whatever rooms it joins."""

MUTANTS = (
    Mutant(
        "tells-everybody-what-is-said",
        "what is said in a room is heard by every client, as in the original",
        "ROOMS-EXCHANGE-006",
        (
            _EVERYBODY,
            Change(
                CONVERSATIONS,
                "        members = self._engine.members(room_of(conversation.room))\n",
                '        members = self._engine.members("everybody")\n',
            ),
        ),
    ),
    Mutant(
        "tells-everybody-who-is-there",
        "the list of a room is sent to every client",
        "ROOMS-LIST-004",
        (
            _EVERYBODY,
            Change(
                ATTENDANCE,
                "        members = self._engine.members(room_of(room))\n",
                '        members = self._engine.members("everybody")\n',
            ),
        ),
    ),
    Mutant(
        "rooms-differ-in-more-than-case",
        "two rooms whose ids differ in case alone are one",
        "ROOMS-REST-006",
        (Change(DOMAIN, "        value.encode()\n", "        value.encode()\n        value = value.lower()\n"),),
    ),
    Mutant(
        "wrong-order-across-servers",
        "members hear what is said as it comes, and not in its order",
        "ROOMS-ORDER-002",
        (
            Change(
                "app/domain/sequencer.py",
                "        if len(self._held) < HELD or order == self._next:\n",
                "        if self.last is not None:\n"
                "            self.last = order\n"
                "            return [packet]\n"
                "        if len(self._held) < HELD or order == self._next:\n",
            ),
        ),
        deployment="cluster-2",
    ),
    Mutant(
        "counts-on-each-server",
        "every process counts what is said in a room by itself, from one",
        "ROOMS-ORDER-005",
        (
            Change(
                DOMAIN,
                "            return saying.ordered(await self._store.say(room, saying.new))\n",
                "            await self._store.say(room, saying.new)\n"
                "            _COUNTS[room.epoch] = _COUNTS.get(room.epoch, 0) + 1\n"
                "            return saying.ordered(_COUNTS[room.epoch])\n",
            ),
            Change(DOMAIN, "\n\nclass Rooms:", "\n\n_COUNTS = {}\n\n\nclass Rooms:"),
        ),
    ),
    Mutant(
        "begins-at-nought",
        "the first order of a room is 0",
        "ROOMS-ORDER-001",
        (Change(WIRE, '"order": exchange.order,', '"order": exchange.order - 1,'),),
    ),
    Mutant(
        "echoes-to-a-closed-room",
        "what is said is sent to the speaker before it is known whether the room is open",
        "ROOMS-EXCHANGE-003",
        (
            Change(
                GATEWAY,
                "        more = more_of(new, connection.id)\n",
                "        more = more_of(new, connection.id)\n"
                "        if new.roomId not in connection.state.rooms:\n"
                '            connection.emit("exchanges", {**payload, "socketId": connection.id, "order": 1})\n',
            ),
        ),
    ),
    Mutant(
        "acknowledges-without-the-order",
        "the acknowledgement of a message is what was sent",
        "ROOMS-EXCHANGE-002",
        (
            Change(
                GATEWAY,
                "        self._publish(room, exchange)\n        return exchanged(room, exchange)",
                "        self._publish(room, exchange)\n        return payload",
            ),
        ),
    ),
    Mutant(
        "believes-who-a-message-is-from",
        "socketId is the sender's to say",
        "ROOMS-EXCHANGE-008",
        (
            Change(WIRE, 'if key not in ("order", "socketId")', 'if key != "order"'),
            Change(WIRE, 'return {**more, "socketId": socket}', 'return {"socketId": socket, **more}'),
        ),
    ),
    Mutant(
        "overwrites-instants",
        "createdAt is the server's, whatever the client gives",
        "ROOMS-EXCHANGE-007",
        (Change(DOMAIN, "instant if created_at is None else created_at", "instant"),),
    ),
    Mutant(
        "disconnects-who-knocks-at-no-room",
        "who joins a room that is not open is disconnected, as in the original",
        "ROOMS-JOIN-002",
        (
            Change(
                GATEWAY,
                '        connection.emit("exception", told)\n        return told',
                '        connection.emit("exception", told)\n'
                '        if error.code == "access-forbidden":\n'
                "            connection.disconnect()\n"
                "        return told",
            ),
        ),
    ),
    Mutant(
        "goes-on-telling-who-has-left",
        "leave takes a socket off the list, and not out of the room",
        "ROOMS-JOIN-005",
        (
            Change(
                GATEWAY,
                "            self._take_out(connection, room)\n            await self._attendance.leave(",
                "            guest.rooms.pop(room_id)\n            await self._attendance.leave(",
            ),
        ),
    ),
    Mutant(
        "forgets-who-has-left",
        "who has left is not in the list, instead of being there as not connected",
        "ROOMS-LIST-003",
        (Change(WIRE, "for one in participants]", "for one in participants if one.connected]"),),
    ),
    Mutant(
        "tells-lists-as-participants-alone",
        "a list does not come as exchanges when somebody joins",
        "ROOMS-LIST-002",
        (Change(ATTENDANCE, '*(["exchanges"] if came else [])', ""),),
    ),
    Mutant(
        "presence-in-rooms-is-stale",
        "who disconnects stays in the list as connected",
        "ROOMS-LIST-001",
        (
            Change(
                GATEWAY,
                "        else:\n            await self._leave(rooms, connection.id)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "closes-in-silence",
        "members of a room that is closed are not told",
        "ROOMS-CLOSE-001",
        (Change(GATEWAY, '            member.emit("room_closed", {"roomId": room.id})\n', ""),),
    ),
    Mutant(
        "keeps-the-history-of-closed-rooms",
        "a room that is opened anew has what was said before it was closed",
        "ROOMS-REST-012",
        (
            Change(
                DOMAIN,
                "        epoch, instant = self._ids.next()\n        room = Room(",
                "        epoch, instant = self._ids.next()\n"
                "        epoch = hashlib.sha256(room_id.encode()).hexdigest()[:24]\n"
                "        room = Room(",
            ),
            Change(DOMAIN, "import json\n", "import hashlib\nimport json\n"),
        ),
    ),
    Mutant(
        "answers-404-as-403",
        "closing a room that is not open is answered 403",
        "ROOMS-REST-011",
        (
            Change(
                DOMAIN,
                "            raise RoomNotFound(f\"Room with '{room_id}' not found\")",
                "            raise RoomForbidden",
            ),
        ),
    ),
    Mutant(
        "answers-in-another-contracts-envelope",
        "an error of REST looks like one of the friends contract",
        "ROOMS-REST-014",
        (Change("app/web/envelopes.py", '    "/api/v1/rooms": ROOMS,\n', ""),),
    ),
)
