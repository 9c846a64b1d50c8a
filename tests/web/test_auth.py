"""`POST /auth/login`."""

from __future__ import annotations

import pytest

from tests.web.service import OBI, Service

LOGIN = "/auth/login"
RIGHT = {"email": "obi@mail.com", "password": "123456"}


async def test_login_answers_the_user_and_a_token(service: Service) -> None:
    """The right password answers 200, the user as documented and a token that is theirs."""
    response = await service.call("POST", LOGIN, json=RIGHT)
    body = await response.get_json()
    assert response.status_code == 200
    assert body["user"] == {
        "_id": OBI,
        "email": "obi@mail.com",
        "name": "Obivan",
        "surname": "Kenobi",
        "friends": body["user"]["friends"],
        "lastSeen": "2022-04-03T21:23:31.852Z",
    }
    assert list(body) == ["user", "token"]
    assert (await service.users.authenticate(body["token"]))[0].id == OBI


async def test_login_never_answers_a_password(service: Service) -> None:
    """Neither the password nor its hash is in the answer."""
    text = await (await service.call("POST", LOGIN, json=RIGHT)).get_data(as_text=True)
    assert "password" not in text
    assert "$2b$" not in text
    assert "123456" not in text


async def test_login_takes_a_form(service: Service) -> None:
    """A form does as well as JSON."""
    response = await service.call("POST", LOGIN, form=RIGHT)
    assert response.status_code == 200
    assert (await response.get_json())["user"]["_id"] == OBI


async def test_login_drops_extra_keys(service: Service) -> None:
    """Keys that the contract does not know are no error and have no effect."""
    response = await service.call("POST", LOGIN, json=RIGHT | {"_id": "x", "role": {"admin": True}})
    assert response.status_code == 200
    assert "role" not in (await response.get_json())["user"]


async def test_login_does_not_mind_the_case_of_the_email(service: Service) -> None:
    """An e-mail is the same in whatever case it is written."""
    response = await service.call("POST", LOGIN, json=RIGHT | {"email": "OBI@Mail.com"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        ({"email": "leia@mail.com", "password": "123456"}, "User not found!"),
        ({"email": "obi@mail.com", "password": "1234567"}, "Wrong password!"),
        ({"email": "obi@mail.com", "password": "1" * 73}, "Wrong password!"),
        ({"email": "obi@mail.com", "password": "123456\0"}, "Wrong password!"),
    ],
)
async def test_login_says_what_is_wrong(service: Service, credentials: dict[str, str], message: str) -> None:
    """An unknown e-mail and a wrong password answer 401, each with its text."""
    response = await service.call("POST", LOGIN, json=credentials)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    body = await response.get_json()
    assert (body["errorName"], body["message"]) == ("UnauthorizedException", message)


async def test_login_can_say_one_thing_for_both() -> None:
    """With uniform errors an unknown e-mail and a wrong password cannot be told apart."""
    service = await Service.start(uniform_auth_errors=True)
    for credentials in ({"email": "leia@mail.com", "password": "1"}, {"email": "obi@mail.com", "password": "1"}):
        response = await service.call("POST", LOGIN, json=credentials)
        assert (await response.get_json())["message"] == "Invalid credentials"
    await service.close()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "email must be an email, password must be a string that is not empty"),
        ({"email": "obi@mail.com"}, "password must be a string that is not empty"),
        ({"email": "obi@mail.com", "password": ""}, "password must be a string that is not empty"),
        ({"email": "obi@mail.com", "password": 123456}, "password must be a string that is not empty"),
        ({"email": "obi@mail.com", "password": None}, "password must be a string that is not empty"),
        ({"email": "obi@mail.com", "password": ["1"]}, "password must be a string that is not empty"),
        ({"email": "obi@mail.com", "password": {"$ne": ""}}, "password must be a string that is not empty"),
        ({"email": {"$gt": ""}, "password": "123456"}, "email must be an email"),
        ({"email": "obi", "password": "123456"}, "email must be an email"),
        ({"email": "", "password": ""}, "email must be an email, password must be a string that is not empty"),
    ],
)
async def test_login_names_each_broken_field(service: Service, body: object, message: str) -> None:
    """A body that breaks the contract answers 400, and one sentence for each broken field."""
    response = await service.call("POST", LOGIN, json=body)
    assert response.status_code == 400
    assert (await response.get_json())["message"] == message
