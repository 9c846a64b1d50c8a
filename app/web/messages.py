"""`/messages`: the history of the friends contract."""

from __future__ import annotations

from quart import Blueprint, Response, request

from app.domain.mailbox import Mailbox
from app.domain.users import Users
from app.web.answers import shown
from app.web.credential import actor
from app.web.fields import read
from app.web.models import History, Message, Page
from app.web.schema import STORED, documented

__all__ = ["blueprint"]


def blueprint(users: Users, mailbox: Mailbox) -> Blueprint:
    """Return the routes of `/messages`."""
    messages = Blueprint("messages", __name__)

    @messages.get("/messages")
    @documented("Messages", History, query=Page, bearer=True, errors=STORED)
    async def history() -> Response:
        """Page the messages that the user of the token sent or was sent, newest first.

        For the next page, pass the last id of this one as `before`. An empty page is the end.
        """
        user = await actor(users)
        page = read(Page, request.args.to_dict())
        entries = await mailbox.history(user.id, page.before, page.limit)
        return shown(History([Message.of(entry) for entry in entries]))

    return messages
