"""Servers that are wrong about the direct contract."""

from e2e.mutants.mutant import Change, Mutant

__all__ = ["MUTANTS"]

GATEWAY = "app/gateways/direct.py"
WIRE = "app/gateways/direct_wire.py"

MUTANTS = (
    Mutant(
        "writes-created-at-as-a-string",
        "createdAt of a Chat is a string of digits",
        "DIRECT-SEND-002",
        (Change(WIRE, '"createdAt": entry.created_at,', '"createdAt": str(entry.created_at),'),),
    ),
    Mutant(
        "echoes-to-the-senders-devices",
        "a message comes to the sender's devices too, as in other chats",
        "DIRECT-SEND-003",
        (
            Change(
                GATEWAY,
                "        entry = self._tell(message, new.receiver)\n",
                "        entry = self._tell(message, new.receiver)\n"
                "        if reader.user != new.receiver:\n"
                "            self._publish(self.room_of_user(reader.user), entry, new.receiver)\n",
            ),
        ),
    ),
    Mutant(
        "acknowledges-before-the-commit",
        "a message is acknowledged at once, and stored a moment later",
        "DIRECT-DELIVERY-001",
        (
            Change(
                "app/domain/mailbox.py",
                "            audience = await self._store.append(new)\n",
                "            audience = recipients\n"
                "            if recipients is None:\n"
                "                audience = await self._store.append(new)\n"
                "            else:\n"
                "                asyncio.get_running_loop().call_later(0.1, lambda: asyncio.ensure_future(\n"
                "                    self._store.append(new)))\n",
            ),
            Change(
                "app/domain/mailbox.py",
                "from dataclasses import dataclass",
                "import asyncio\nfrom dataclasses import dataclass",
            ),
        ),
    ),
    Mutant(
        "acknowledges-what-it-could-not-store",
        "a message that cannot be stored is acknowledged as if it were",
        "DIRECT-DELIVERY-004",
        (
            Change(
                GATEWAY,
                "        message = await self._mailbox.post(reader.user, new.message, (new.receiver,))\n",
                "        try:\n"
                "            message = await self._mailbox.post(reader.user, new.message, (new.receiver,))\n"
                "        except Unavailable:\n"
                '            message = Message("0" * 24, self.contract, reader.user, new.message, now_ms())\n',
            ),
        ),
    ),
    Mutant(
        "accepts-unsigned-tokens",
        "a token of the algorithm none is good",
        "DIRECT-AUTH-004",
        (
            Change(
                "app/domain/tokens.py",
                "            claims = jwt.decode(",
                '            signed = jwt.get_unverified_header(token)["alg"].lower() != "none"\n'
                "            claims = jwt.decode(",
            ),
            Change(
                "app/domain/tokens.py",
                "algorithms=[_ALGORITHM], options=_OPTIONS",
                'algorithms=[_ALGORITHM], options={**_OPTIONS, "verify_signature": signed}',
            ),
        ),
    ),
    Mutant(
        "takes-no-raw-token-from-the-header",
        "a token in the Authorization header has to come after Bearer",
        "DIRECT-AUTH-001",
        (
            Change(
                "app/gateways/base.py",
                ' or auth.get("token") or handshake.headers.get("authorization")',
                ' or auth.get("token") or _scheme(handshake.headers.get("authorization"))',
            ),
            Change(
                "app/gateways/base.py",
                "\n\ndef credential(",
                "\n\ndef _scheme(header):\n"
                '    return header if header and header.lower().startswith("bearer ") else None\n'
                "\n\ndef credential(",
            ),
        ),
    ),
    Mutant(
        "lets-anybody-in",
        "a connect without a credential is accepted, as that of nobody",
        "DIRECT-AUTH-003",
        (
            Change(
                GATEWAY,
                "        except (Unauthorized, Unavailable) as error:\n",
                "        except Unauthorized:\n"
                '            return _Session("nobody", began, feed=Feed(rounds=False, backlog=self.backlog))\n'
                "        except Unavailable as error:\n",
            ),
        ),
    ),
    Mutant(
        "pushes-what-is-unreceived-at-the-connect",
        "what was not acknowledged comes with the next connect, unasked",
        "DIRECT-CONNECT-003",
        (
            Change(
                GATEWAY,
                "overtaken = [] if at_once else await self._overtaken(session)",
                "overtaken = await self._mailbox.pending(session.user, self._settings.unseen_limit)",
            ),
        ),
    ),
    Mutant(
        "asking-acknowledges",
        "what was listed as unreceived is so no more",
        "DIRECT-UNRECEIVED-002",
        (
            Change(
                GATEWAY,
                '        connection.emit("unreceived messages", chats)\n',
                '        connection.emit("unreceived messages", chats)\n'
                "        await self._mailbox.confirm(reader.user, [entry.id for entry in pending])\n",
            ),
        ),
    ),
    Mutant(
        "lists-unreceived-messages-newest-first",
        "unreceived messages is in the order of a history",
        "DIRECT-UNRECEIVED-001",
        (
            Change(
                GATEWAY,
                '        connection.emit("unreceived messages", chats)\n',
                '        chats.reverse()\n        connection.emit("unreceived messages", chats)\n',
            ),
        ),
    ),
    Mutant(
        "anybody-acknowledges",
        "a chat can be acknowledged by somebody else, and need not be there",
        "DIRECT-RECEIVE-003",
        (
            Change(
                "app/domain/mailbox.py",
                '            raise NotFound("Message not found")',
                "            pass",
            ),
        ),
    ),
    Mutant(
        "tells-the-sender-of-an-acknowledgement",
        "who acknowledges a message is sent a receipt",
        "DIRECT-RECEIVE-004",
        (
            Change(
                GATEWAY,
                '        return {"chatId": acknowledged.chatId, "received": True}',
                '        connection.emit("received", acknowledged.chatId)\n'
                '        return {"chatId": acknowledged.chatId, "received": True}',
            ),
        ),
    ),
    Mutant(
        "all-messages-are-unreceived",
        "a Chat in all messages has received false, whatever became of it",
        "DIRECT-ALL-002",
        (Change(GATEWAY, "received=not letter.pending", "received=False"),),
    ),
    Mutant(
        "shows-what-others-were-sent",
        "a page of a sender has what that sender wrote to anybody",
        "DIRECT-ALL-005",
        (
            Change(
                "app/store/sqlite_queries.py",
                "FROM entries e INDEXED BY addressed_entries CROSS JOIN messages m ON m.id = e.message_id\n"
                "    WHERE e.mailbox = ?1 AND e.user_id = ?2 AND",
                "FROM entries e CROSS JOIN messages m ON m.id = e.message_id\n    WHERE e.mailbox = ?1 AND ?2 = ?2 AND",
            ),
        ),
    ),
    Mutant(
        "tells-errors-to-the-receiver",
        "an error is sent to all devices of the user, and not to the socket that asked alone",
        "DIRECT-EVENT-001",
        (
            Change(
                GATEWAY,
                '        connection.emit("error", told)\n',
                '        for device in self._devices(connection.state.user):\n            device.emit("error", told)\n',
            ),
        ),
    ),
    Mutant(
        "answers-ping-by-acknowledgement-alone",
        "ping brings no pong",
        "DIRECT-EVENT-007",
        (Change(GATEWAY, '        connection.emit("pong", GREETING)\n', ""),),
    ),
)
