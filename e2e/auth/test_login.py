"""Login: `POST /auth/login`."""

import statistics
import time

import pytest

from e2e.harness.deployment import Deployment, Fresh
from e2e.harness.match import equals, has, instant, keys, lacks, must, present
from e2e.harness.people import People, PeopleOf
from e2e.harness.rest import Rest
from e2e.harness.shapes import ENVELOPE, PRODUCTION_ENVELOPE, USER
from e2e.harness.tokens import Mint

HAN, OBI, ANAKIN = "han@mail.com", "obi@mail.com", "anakin@mail.com"
SEEDED = {
    HAN: ("Han", "Solo", {OBI}),
    OBI: ("Obivan", "Kenobi", {HAN, ANAKIN}),
    ANAKIN: ("Anakin", "Skywalker", {OBI}),
}
HEX = set("0123456789abcdef")


def refused(status: int, error_name: str, message: str):
    return has(httpStatus=status, path="/auth/login", method="POST", errorName=error_name, message=message)


@pytest.mark.requirement("FRIENDS-AUTH-001", "FRIENDS-USER-010")
async def test_login_answers_the_user_and_a_token(people: People):
    """A login with the right password answers 200 with the user, without any password, and a token."""
    alice, bob = await people.friendship("Alice", "Bob")

    answer = await people.rest().post("/auth/login", {"email": alice.email, "password": alice.password})

    body = answer.must(200, keys("user", "token"))
    must(body["user"], keys(*USER), has(_id=alice.id, email=alice.email, name="Alice", surname="Tester"))
    must(body["user"], has(friends=[bob.id]), instant("lastSeen"), lacks("password"))
    assert len(body["user"]["_id"]) == 24
    assert set(body["user"]["_id"]) <= HEX


@pytest.mark.requirement("FRIENDS-AUTH-013")
@pytest.mark.parametrize("email", SEEDED)
async def test_the_seeded_users_can_log_in(deployment: Deployment, rest: Rest, email: str):
    """The users of the seed exist from the first start on, with the documented password, names and friends."""
    deployment.require("seeds")
    name, surname, friends = SEEDED[email]
    logins = {it: await rest.post("/auth/login", {"email": it, "password": "123456"}) for it in SEEDED}
    users = {it: login.must(200)["user"] for it, login in logins.items()}

    must(users[email], has(email=email, name=name, surname=surname))
    assert {it for it in SEEDED if users[it]["_id"] in users[email]["friends"]} == friends


@pytest.mark.requirement("FRIENDS-AUTH-003")
async def test_login_takes_a_form(people: People):
    """A login may be sent as a form."""
    alice = await people.new("Alice")

    answer = await people.rest().post("/auth/login", form={"email": alice.email, "password": alice.password})

    assert answer.must(200)["user"]["_id"] == alice.id


@pytest.mark.requirement("FRIENDS-AUTH-003")
async def test_login_drops_extra_keys(people: People):
    """Keys that a login does not know are dropped."""
    alice = await people.new("Alice")
    body = {"email": alice.email, "password": alice.password, "name": "Mallory", "friends": [1], "$where": {}}

    answer = (await people.rest().post("/auth/login", body)).must(200)

    must(answer["user"], keys(*USER), has(name="Alice", friends=[]))


@pytest.mark.requirement("FRIENDS-AUTH-004")
async def test_an_unknown_email_is_refused(rest: Rest):
    """An unknown e-mail is answered 401 `User not found!` in the documented envelope."""
    answer = await rest.post("/auth/login", {"email": "nobody@example.com", "password": "123456"})

    answer.must(401, keys(*ENVELOPE), refused(401, "UnauthorizedException", "User not found!"), instant("timestamp"))


@pytest.mark.requirement("FRIENDS-AUTH-005")
async def test_a_wrong_password_is_refused(people: People):
    """A wrong password is answered 401 `Wrong password!` in the documented envelope."""
    alice = await people.new("Alice")

    answer = await people.rest().post("/auth/login", {"email": alice.email, "password": "not it"})

    answer.must(401, keys(*ENVELOPE), refused(401, "UnauthorizedException", "Wrong password!"), instant("timestamp"))


@pytest.mark.requirement("FRIENDS-AUTH-006")
@pytest.mark.parametrize(
    ("body", "broken"),
    [
        ({}, ["email", "password"]),
        ({"email": "alice@example.com"}, ["password"]),
        ({"password": "123456"}, ["email"]),
        ({"email": "alice@example.com", "password": 123456}, ["password"]),
        ({"email": "alice@example.com", "password": None}, ["password"]),
        ({"email": {"$gt": ""}, "password": {"$gt": ""}}, ["email", "password"]),
        ({"email": ["alice@example.com"], "password": ["123456"]}, ["email", "password"]),
    ],
)
async def test_a_login_of_a_wrong_shape_names_each_broken_field(rest: Rest, body: object, broken: list[str]):
    """A body that breaks the contract is answered 400, and the message names each broken field."""
    answer = (await rest.post("/auth/login", body)).must(
        400, keys(*ENVELOPE), has(httpStatus=400, errorName="BadRequestException"), instant("timestamp")
    )

    for field in broken:
        assert field in answer["message"]
    assert answer["message"].count(", ") >= len(broken) - 1


@pytest.mark.requirement("FRIENDS-AUTH-006", "FRIENDS-REST-010")
@pytest.mark.parametrize("raw", [b'{"email":', b"[]", b'"text"', b"null", b"\xff\xfe", b"", b'{"email":NaN}'])
async def test_a_login_that_is_no_json_object_is_refused(rest: Rest, raw: bytes):
    """A body that is no JSON object is answered 400 in the documented envelope."""
    answer = await rest.post("/auth/login", raw=raw, headers={"Content-Type": "application/json"})

    answer.must(400, keys(*ENVELOPE), has(httpStatus=400, errorName="BadRequestException"))


@pytest.mark.requirement("FRIENDS-AUTH-007")
async def test_production_mode_has_its_own_envelope(fresh_deployment: Fresh, people_of: PeopleOf):
    """With `MODE=prod` an error has `statusCode`, `timestamp`, `message` and `path`, but not what was raised."""
    people = people_of(await fresh_deployment(MODE="prod"))

    answer = await people.rest().post("/auth/login", {"email": "nobody@example.com", "password": "123456"})

    answer.must(401, keys(*PRODUCTION_ENVELOPE), lacks("errorName", "method"), instant("timestamp"))
    answer.must(401, has(statusCode=401, message="User not found!", path="/auth/login"))
    nowhere = await people.rest().get("/nope")
    nowhere.must(404, keys(*PRODUCTION_ENVELOPE), has(message="Cannot GET /nope"))


@pytest.mark.requirement("FRIENDS-AUTH-008")
async def test_errors_can_be_uniform(fresh_deployment: Fresh, people_of: PeopleOf):
    """With `AUTH_UNIFORM_ERRORS=1` an unknown e-mail and a wrong password have the same message."""
    people = people_of(await fresh_deployment(AUTH_UNIFORM_ERRORS="1"))
    alice = await people.new("Alice")

    unknown = await people.rest().post("/auth/login", {"email": "nobody@example.com", "password": "123456"})
    wrong = await people.rest().post("/auth/login", {"email": alice.email, "password": "not it"})

    unknown.must(401, has(message="Invalid credentials"))
    wrong.must(401, has(message="Invalid credentials"))


@pytest.mark.requirement("FRIENDS-AUTH-014")
async def test_an_unknown_email_takes_as_long_as_a_wrong_password(fresh_deployment: Fresh, people_of: PeopleOf):
    """How long a refusal takes does not tell whether the e-mail is known."""
    people = people_of(await fresh_deployment(PASSWORD_ROUNDS="10"))
    alice = await people.new("Alice")
    took: dict[str, list[float]] = {alice.email: [], "nobody@example.com": []}

    for _ in range(7):
        for email, durations in took.items():
            began = time.perf_counter()
            (await people.rest().post("/auth/login", {"email": email, "password": "not it"})).must(401)
            durations.append(time.perf_counter() - began)

    known, unknown = (statistics.median(durations) for durations in took.values())
    assert 0.5 < unknown / known < 2, f"wrong password {known:.4f} s, unknown e-mail {unknown:.4f} s"


@pytest.mark.requirement("FRIENDS-AUTH-002")
async def test_a_token_is_signed_and_says_who_and_until_when(people: People, mint: Mint):
    """A token is signed with HS256 under the secret and carries `sub`, `_id`, `email`, `iat` and `exp`."""
    alice = await people.new("Alice")

    claims = mint.verified(alice.token)

    must(claims, has(sub=alice.id, _id=alice.id, email=alice.email), present("iat", "exp"))


@pytest.mark.requirement("FRIENDS-AUTH-012")
@pytest.mark.parametrize(("setting", "seconds"), [("3600", 3600), ("24h", 86400), ("1d", 86400)])
async def test_the_lifetime_of_a_token_can_be_set(
    fresh_deployment: Fresh, people_of: PeopleOf, setting: str, seconds: int
):
    """`JWT_EXPIRATION` sets the lifetime, in seconds or with a unit."""
    people = people_of(await fresh_deployment("--memory", JWT_EXPIRATION=setting))
    alice = await people.new("Alice")

    claims = Mint.claims(alice.token)

    must(claims["exp"] - claims["iat"], equals(seconds))
