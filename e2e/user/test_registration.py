"""Registration: `POST /users`."""

import uuid
from typing import Any

import pytest

from e2e.harness.match import equals, has, instant, keys, lacks, must
from e2e.harness.people import People
from e2e.harness.rest import Rest
from e2e.harness.shapes import ENVELOPE, USER


def somebody(**other: Any) -> dict[str, Any]:
    """Return a body that registers a user whom no other test has."""
    return {
        "email": f"{uuid.uuid4().hex}@example.com",
        "password": "123456",
        "name": "Some",
        "surname": "Body",
        **other,
    }


@pytest.mark.requirement("FRIENDS-USER-001", "FRIENDS-USER-010")
async def test_a_user_is_created(rest: Rest):
    """A user is created and answered 201 with the user, who has no friends, and a token that works."""
    wanted = somebody()

    body = (await rest.post("/users", wanted)).must(201, keys("user", "token"))

    must(body["user"], keys(*USER), has(email=wanted["email"], name="Some", surname="Body", friends=[]))
    must(body["user"], instant("lastSeen"), lacks("password"))
    me = await rest.bearing(body["token"], "Some").get("/users/me")
    me.must(200, keys(*USER), has(_id=body["user"]["_id"]))


@pytest.mark.requirement("FRIENDS-USER-011")
async def test_a_created_user_can_log_in(rest: Rest):
    """A created user can log in with the password, however long or foreign it is."""
    for password in ("123456", "päßwörd 🔑", "x" * 72):
        wanted = somebody(password=password)
        (await rest.post("/users", wanted)).must(201)

        login = {"email": wanted["email"], "password": password}
        (await rest.post("/auth/login", login)).must(200)
        (await rest.post("/auth/login", {**login, "password": password[:-1]})).must(401)


@pytest.mark.requirement("FRIENDS-USER-001")
async def test_names_may_be_left_out(rest: Rest):
    """Name and surname need not be given."""
    wanted = somebody()
    del wanted["name"], wanted["surname"]

    body = (await rest.post("/users", wanted)).must(201)

    assert isinstance(body["user"]["name"], str)
    assert isinstance(body["user"]["surname"], str)


@pytest.mark.requirement("FRIENDS-USER-002")
async def test_an_email_can_be_used_once(rest: Rest):
    """A second user of an e-mail is answered 409 `Email already in use`, in whatever case it is written."""
    wanted = somebody()
    (await rest.post("/users", wanted)).must(201)

    for email in (wanted["email"], wanted["email"].upper()):
        answer = await rest.post("/users", {**wanted, "email": email})
        answer.must(409, keys(*ENVELOPE), has(httpStatus=409, message="Email already in use", path="/users"))


@pytest.mark.requirement("FRIENDS-USER-003")
@pytest.mark.parametrize(
    ("broken", "fields"),
    [
        ({"email": "no e-mail"}, ["email"]),
        ({"email": ""}, ["email"]),
        ({"email": 7}, ["email"]),
        ({"password": "12345"}, ["password"]),
        ({"password": "x" * 73}, ["password"]),
        ({"password": "🔑" * 19}, ["password"]),
        ({"password": 123456}, ["password"]),
        ({"name": "x" * 101}, ["name"]),
        ({"surname": "x" * 101}, ["surname"]),
        ({"surname": {}}, ["surname"]),
        ({"email": "no e-mail", "password": "1", "name": [], "surname": 5}, ["email", "password", "name", "surname"]),
    ],
)
async def test_a_broken_registration_names_each_field(rest: Rest, broken: dict[str, Any], fields: list[str]):
    """A registration that breaks a rule is answered 400 with one message for each broken field."""
    answer = await rest.post("/users", somebody(**broken))

    body = answer.must(400, keys(*ENVELOPE), has(httpStatus=400, errorName="BadRequestException"))
    messages = body["message"].split(", ")
    must(len(messages), equals(len(fields)))
    for field in fields:
        assert any(field in message for message in messages), body["message"]


@pytest.mark.requirement("FRIENDS-USER-003")
@pytest.mark.parametrize("name", ["Zoë", "🦊", "O'Brien", "<b>x</b>", "x" * 100, "李雷"])
async def test_a_name_may_be_any_text(rest: Rest, name: str):
    """A name of at most 100 characters is kept as it is written."""
    body = (await rest.post("/users", somebody(name=name))).must(201)

    must(body["user"], has(name=name))


@pytest.mark.requirement("FRIENDS-USER-004", "FRIENDS-REST-011")
@pytest.mark.parametrize("path", ["/users/me", "/users/me/friends", "/messages"])
async def test_what_is_personal_needs_a_token(people: People, path: str):
    """Without a token, what belongs to a user is answered 401 `Unauthorized`."""
    answer = await people.rest().get(path)

    answer.must(401, keys(*ENVELOPE), has(errorName="UnauthorizedException", message="Unauthorized", path=path))
