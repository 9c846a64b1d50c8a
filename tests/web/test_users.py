"""`/users`: registration and friendships."""

from __future__ import annotations

import pytest

from tests.web.service import ANAKIN, HAN, NOBODY, OBI, Service

LEIA = {"email": "Leia@mail.com", "password": "correct horse", "name": "Leia", "surname": "Organa"}


async def test_a_registration_answers_what_a_login_answers(service: Service) -> None:
    """Registering answers 201 with the user and a token, and the user can log in from then on."""
    response = await service.call("POST", "/users", json=LEIA)
    body = await response.get_json()
    assert response.status_code == 201
    assert body["user"] | {"_id": "", "lastSeen": ""} == {
        "_id": "",
        "email": "leia@mail.com",
        "name": "Leia",
        "surname": "Organa",
        "friends": [],
        "lastSeen": "",
    }
    again = await service.call("POST", "/auth/login", json=LEIA)
    assert (await again.get_json())["user"] == body["user"]
    assert (await service.users.authenticate(body["token"]))[0].id == body["user"]["_id"]


async def test_names_may_be_left_out(service: Service) -> None:
    """A user without names has empty ones."""
    response = await service.call("POST", "/users", json={"email": "r2@mail.com", "password": "beep-boop"})
    user = (await response.get_json())["user"]
    assert (user["name"], user["surname"]) == ("", "")


@pytest.mark.parametrize("email", ["obi@mail.com", "OBI@mail.com"])
async def test_an_email_is_registered_once(service: Service, email: str) -> None:
    """An e-mail that is taken, in whatever case, answers 409."""
    response = await service.call("POST", "/users", json=LEIA | {"email": email})
    body = await response.get_json()
    assert (response.status_code, body["errorName"]) == (409, "ConflictException")
    assert body["message"] == "Email already in use"


PASSWORD = "password must be a string of at least 6 characters and at most 72 bytes"
NAME = "name must be a string of at most 100 characters"
SURNAME = "surname must be a string of at most 100 characters"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"email": "x"}, "email must be an email"),
        ({"password": "12345"}, PASSWORD),
        ({"password": "x" * 73}, PASSWORD),
        ({"password": "\N{PILE OF POO}" * 19}, PASSWORD),
        ({"password": 1234567}, PASSWORD),
        ({"password": "123456\ud800"}, PASSWORD),
        ({"name": "x" * 101}, NAME),
        ({"name": 1}, NAME),
        ({"name": None}, NAME),
        ({"name": "\udfff"}, NAME),
        ({"surname": []}, SURNAME),
        (
            {"email": 1, "password": 1, "name": 1, "surname": 1},
            f"email must be an email, {PASSWORD}, {NAME}, {SURNAME}",
        ),
    ],
)
async def test_a_registration_names_each_broken_field(
    service: Service, change: dict[str, object], message: str
) -> None:
    """A field that breaks the contract, lone surrogates included, answers 400 and its sentence."""
    response = await service.call("POST", "/users", json=LEIA | change)
    assert response.status_code == 400
    assert (await response.get_json())["message"] == message


@pytest.mark.parametrize(
    "change",
    [
        {"password": "123456"},
        {"password": "x" * 72},
        {"password": "\N{PILE OF POO}" * 18},
        {"name": "\N{PILE OF POO}" * 100, "surname": "x" * 100},
        {"name": "nul\0inside"},
    ],
)
async def test_the_limits_themselves_are_allowed(service: Service, change: dict[str, str]) -> None:
    """What is as long as it may be is stored as it is."""
    response = await service.call("POST", "/users", json=LEIA | change)
    assert response.status_code == 201
    user = (await response.get_json())["user"]
    assert user["name"] == (LEIA | change)["name"]
    assert (await service.call("POST", "/auth/login", json=LEIA | change)).status_code == 200


async def test_me_is_the_user_of_the_token(service: Service) -> None:
    """`GET /users/me` answers the user that the token proves."""
    response = await service.call("GET", "/users/me", HAN)
    body = await response.get_json()
    assert (body["_id"], body["friends"], body["lastSeen"]) == (HAN, [OBI], "2022-04-03T21:23:31.964Z")


async def test_a_token_may_come_without_a_scheme(service: Service) -> None:
    """As at a gateway, the token may stand alone in `Authorization`."""
    token = service.users.token(await service.user(HAN))
    assert (await service.call("GET", "/users/me", headers={"Authorization": token})).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/me"),
        ("GET", "/users/me/friends"),
        ("POST", f"/users/{HAN}/friends"),
        ("DELETE", f"/users/{HAN}/friends/{OBI}"),
        ("GET", "/messages"),
    ],
)
@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Unauthorized"),
        ({"Authorization": ""}, "Unauthorized"),
        ({"Authorization": "Bearer"}, "Invalid token"),
        ({"Authorization": "Bearer x.y.z"}, "Invalid token"),
        ({"Authorization": "Basic aGFuOjEyMzQ1Ng=="}, "Invalid token"),
        ({"Authorization": "Bearer \xff\xfe"}, "Invalid token"),
    ],
)
async def test_who_has_no_good_token_is_refused(
    service: Service, method: str, path: str, headers: dict[str, str], message: str
) -> None:
    """Every route for users answers 401 without a token or with a bad one."""
    response = await service.call(method, path, headers=headers)
    assert response.status_code == 401
    assert (await response.get_json())["message"] == message


async def test_friends_are_listed_with_who_is_online(service: Service) -> None:
    """A friend with a socket is online, another is not."""
    await service.cluster.arrive("friends", ANAKIN, "socket")
    response = await service.call("GET", "/users/me/friends", OBI)
    friends = {friend["_id"]: friend for friend in await response.get_json()}
    assert friends.keys() == {HAN, ANAKIN}
    assert (friends[HAN]["online"], friends[ANAKIN]["online"]) == (False, True)
    assert friends[HAN] == {
        "_id": HAN,
        "email": "han@mail.com",
        "name": "Han",
        "surname": "Solo",
        "online": False,
        "lastSeen": "2022-04-03T21:23:31.964Z",
    }


async def test_a_friendship_is_mutual_and_idempotent(service: Service) -> None:
    """Both users have the other as a friend, and asking again changes nothing."""
    for _ in range(2):
        response = await service.call("POST", f"/users/{HAN}/friends", HAN, json={"friendId": ANAKIN})
        assert response.status_code == 200
        han, anakin = await response.get_json()
        assert (han["_id"], han["friends"]) == (HAN, [OBI, ANAKIN])
        assert (anakin["_id"], anakin["friends"]) == (ANAKIN, [OBI, HAN])


@pytest.mark.parametrize(
    ("owner", "body", "status", "message"),
    [
        (HAN, {"friendId": NOBODY}, 404, "User not found!"),
        (HAN, {"friendId": "nobody"}, 404, "User not found!"),
        (HAN, {"friendId": "nul\0"}, 404, "User not found!"),
        (HAN, {"friendId": HAN}, 400, "A user cannot be their own friend"),
        (HAN, {"friendId": 1}, 400, "friendId must be the id of a user"),
        (HAN, {"friendId": "\ud800"}, 400, "friendId must be the id of a user"),
        (HAN, {}, 400, "friendId must be the id of a user"),
        (OBI, {"friendId": ANAKIN}, 403, "Not allowed for another user"),
        ("anybody", {"friendId": ANAKIN}, 403, "Not allowed for another user"),
    ],
)
async def test_a_friendship_that_cannot_be_is_refused(
    service: Service, owner: str, body: dict[str, object], status: int, message: str
) -> None:
    """An unknown friend, oneself and another's friendships are refused, each with its status."""
    response = await service.call("POST", f"/users/{owner}/friends", HAN, json=body)
    assert response.status_code == status
    assert (await response.get_json())["message"] == message
    assert (await service.user(HAN)).friends == (OBI,)


async def test_a_friendship_ends_for_both(service: Service) -> None:
    """Ending a friendship answers 204 without a body, and neither has the other any more."""
    response = await service.call("DELETE", f"/users/{HAN}/friends/{OBI}", HAN)
    assert response.status_code == 204
    assert await response.get_data() == b""
    assert OBI not in (await service.user(HAN)).friends
    assert HAN not in (await service.user(OBI)).friends


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/users/{HAN}/friends/{ANAKIN}", 404),
        (f"/users/{HAN}/friends/{NOBODY}", 404),
        (f"/users/{HAN}/friends/x", 404),
        (f"/users/{HAN}/friends/\0", 404),
        (f"/users/{HAN}/friends/\N{REPLACEMENT CHARACTER}", 404),
        (f"/users/{OBI}/friends/{HAN}", 403),
        (f"/users/x/friends/{HAN}", 403),
    ],
)
async def test_a_friendship_that_is_not_there_cannot_end(service: Service, path: str, status: int) -> None:
    """Who is no friend, however the id looks, answers 404; another's friendship 403."""
    assert (await service.call("DELETE", path, HAN)).status_code == status
