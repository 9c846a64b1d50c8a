"""What has to hold before tests are run: something speaks Socket.IO at the target, and users can be had.

Otherwise every test would fail for one and the same reason, which is no fault of the contract.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import aiohttp
import pytest
from pymongo.errors import PyMongoError

from e2e.harness.client import Client
from e2e.harness.deadline import DEADLINE
from e2e.harness.deployment import Deployment, Server
from e2e.harness.direct import DirectClient
from e2e.harness.friends import FriendsClient
from e2e.harness.notifications import NotificationsClient
from e2e.harness.people import PASSWORD, People, Person
from e2e.harness.presence import PresenceClient
from e2e.harness.rooms import RoomsClient
from e2e.harness.transcript import Transcript
from e2e.harness.transport import TransportRefusedError
from e2e.harness.users import Users
from e2e.verify.profile import Profile
from e2e.verify.target import users_of

__all__ = ["SetUpError", "look"]

_KINDS: dict[str, type[Client]] = {
    it.CONTRACT: it for it in (FriendsClient, DirectClient, RoomsClient, NotificationsClient, PresenceClient)
}
_WITH_USERS = ("friends", "direct", "presence")
_TROUBLES = (AssertionError, aiohttp.ClientError, OSError, PyMongoError, KeyError, TypeError)


class SetUpError(Exception):
    """The target cannot be judged; the text says in a sentence what is in the way."""


async def look(contract: str, deployment: Deployment, profile: Profile) -> None:
    """Look whether a contract can be judged. Raise `SetUpError` if it cannot."""
    async with aiohttp.ClientSession() as http:
        for server in deployment.servers:
            await _must_speak(http, contract, *_place(deployment, contract, server))
        if contract in _WITH_USERS:
            users = users_of(profile)
            people = People(deployment, Transcript(), http, users)
            try:
                person, *_ = await _must_have_users(people, users, profile)
                await _must_let_in(contract, person, profile)
            finally:
                await people.release()
                await users.close()


def _place(deployment: Deployment, contract: str, server: Server) -> tuple[str, str]:
    try:
        return deployment.place(contract, _KINDS[contract].PATH, server)
    except pytest.skip.Exception as lack:
        raise SetUpError(f"{lack}; url and path of [contracts.{contract}] in the profile say where it is") from None


async def _must_speak(http: aiohttp.ClientSession, contract: str, base: str, path: str) -> None:
    # without EIO=4 nothing is opened that somebody would have to close: every Engine.IO server answers 400
    url = f"{base}{path}/?transport=polling"
    if urlsplit(base).scheme not in ("http", "https"):
        raise SetUpError(f"{base} is no URL such as http://localhost:3000")
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=DEADLINE), allow_redirects=False) as answer:
            status = answer.status
    except aiohttp.InvalidURL:
        raise SetUpError(f"{base} is no URL such as http://localhost:3000") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise SetUpError(f"{base}: nothing answers there ({str(error) or type(error).__name__})") from None
    if status in (404, 405) or 300 <= status < 400:
        raise SetUpError(
            f"{base}: nothing speaks Socket.IO at {path}/ (HTTP status {status}); where the {contract} contract is, "
            f"url and path of [contracts.{contract}] in a profile say"
        )


async def _must_have_users(people: People, users: Users, profile: Profile) -> list[Person]:
    """Return two friends that were made, or one user who was lent."""
    names = ["Alice", "Bob"] if profile.users.source != "fixed" else [profile.users.fixed[0].name]
    try:
        # not by way of `people`, which has a lent user be given first what waits for them, as the contract has it
        return [people.of(account) for account in await users.group(people.rest(), names, PASSWORD)]
    except _TROUBLES as error:
        raise SetUpError(
            f"no users can be had ({_line(error)}); how else they are had, source of [users] in a profile says"
        ) from None
    except pytest.skip.Exception as lack:
        raise SetUpError(f"no users can be had: {lack}") from None


async def _must_let_in(contract: str, person: Person, profile: Profile) -> None:
    """Have somebody connect whose token the profile answers for."""
    if profile.users.source == "rest" or contract == "presence":
        return
    try:
        device = await person.dial(_KINDS[contract], transport=profile.transports[0])
        answer = await device.expect(("CONNECT", "CONNECT_ERROR", "CLOSED", "DISCONNECT"))
    except (*_TROUBLES, TransportRefusedError) as error:
        raise SetUpError(f"{person.name} cannot connect: {_line(error)}") from None
    if answer.label != "CONNECT":
        raise SetUpError(
            f"the target answers {answer.label} {answer.payload!r} to the token of {person.name}: "
            f"{'the token' if profile.users.source == 'fixed' else 'secret or claims'} in the profile may be wrong"
        )


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
