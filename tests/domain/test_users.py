"""`app.domain.users`: who a user is, and who may change what."""

import time
from collections.abc import Iterator

import pytest

from app.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from app.domain.passwords import Passwords
from app.domain.tokens import Tokens
from app.domain.users import Users
from app.store.base import Store

SECRET = "a secret of at least thirty-two bytes"


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords(4)
    yield passwords
    passwords.close()


@pytest.fixture
def heard() -> list[tuple[str, str, bool]]:
    """Return the friendships that the service told of."""
    return []


@pytest.fixture
def users(store: Store, passwords: Passwords, heard: list[tuple[str, str, bool]]) -> Users:
    return Users(store, Tokens(SECRET, 60), passwords, on_friendship=lambda *told: heard.append(told))


async def test_a_registered_user_logs_in(users: Users):
    """E-mails are compared without regard to case, and the hash is not the password."""
    ann = await users.register("Ann@Mail.com", "123456", "Ann", "Lee")
    assert ann.email == "ann@mail.com"
    assert "123456" not in ann.password
    assert (await users.login("aNN@mail.com", "123456")).id == ann.id


async def test_an_email_is_taken_once(users: Users):
    """The second registration is a conflict, in whatever case."""
    await users.register("ann@mail.com", "123456")
    with pytest.raises(Conflict, match="Email already in use"):
        await users.register("ANN@mail.com", "654321")


@pytest.mark.parametrize(
    ("email", "text"), [("nobody@mail.com", "User not found!"), ("ann@mail.com", "Wrong password!")]
)
async def test_a_failed_login_says_why(users: Users, email: str, text: str):
    """An unknown e-mail and a wrong password have the contract's texts."""
    await users.register("ann@mail.com", "123456")
    with pytest.raises(Unauthorized, match=text):
        await users.login(email, "wrong")


@pytest.mark.parametrize("email", ["nobody@mail.com", "ann@mail.com"])
async def test_uniform_errors_tell_nobody_who_is_registered(store: Store, passwords: Passwords, email: str):
    """With `uniform_errors` both failures have one text."""
    users = Users(store, Tokens(SECRET, 60), passwords, uniform_errors=True)
    await users.register("ann@mail.com", "123456")
    with pytest.raises(Unauthorized, match="Invalid credentials"):
        await users.login(email, "wrong")


async def test_an_unknown_email_costs_a_password_check(store: Store):
    """A login for nobody does the work of a login: CPU time, which other processes do not disturb, shows it."""
    passwords = Passwords(9)
    users = Users(store, Tokens(SECRET, 60), passwords)
    await users.register("ann@mail.com", "123456")

    async def cost(email: str) -> float:
        spent: list[float] = []
        for _ in range(3):
            began = time.process_time()
            with pytest.raises(Unauthorized):
                await users.login(email, "wrong!")
            spent.append(time.process_time() - began)
        return min(spent)

    known, unknown = await cost("ann@mail.com"), await cost("nobody@mail.com")
    passwords.close()
    assert 0.5 < unknown / known < 2


async def test_a_token_proves_its_user(users: Users):
    """A credential is a token of ours, raw or after `Bearer `."""
    ann = await users.register("ann@mail.com", "123456")
    for credential in (users.token(ann), f"Bearer {users.token(ann)}"):
        user, claims = await users.authenticate(credential)
        assert user.id == claims.user_id == ann.id


@pytest.mark.parametrize("credential", [None, ""])
async def test_no_credential_is_unauthorized(users: Users, credential: str | None):
    """A missing credential is told apart from a bad one."""
    with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
        await users.authenticate(credential)


async def test_a_token_of_nobody_is_invalid(users: Users):
    """A token that was signed for a user who does not exist is as bad as a forged one."""
    with pytest.raises(Unauthorized, match="Invalid token"):
        await users.authenticate(Tokens(SECRET, 60).issue("624a1138cda69df1a7c29caf", "han@mail.com"))


async def test_a_friendship_is_told_of_whenever_it_is_asked_for(users: Users, heard: list[tuple[str, str, bool]]):
    """Making or ending it again changes nothing, and makes up for the news of the first time, if that was lost."""
    ann, bob = await users.register("ann@mail.com", "123456"), await users.register("bob@mail.com", "123456")
    for _ in range(2):
        one, other = await users.befriend(ann, ann.id, bob.id)
        assert (one.friends, other.friends) == ((bob.id,), (ann.id,))
    assert heard == [(ann.id, bob.id, True)] * 2
    await users.unfriend(one, ann.id, bob.id)
    with pytest.raises(NotFound):
        await users.unfriend(one, ann.id, bob.id)
    assert heard[2:] == [(ann.id, bob.id, False)] * 2
    assert (await users.get(bob.id)).friends == ()


async def test_nobody_makes_friends_for_another(users: Users, heard: list[tuple[str, str, bool]]):
    """Another's id, oneself and an unknown friend are refused, each with its own error."""
    ann, bob = await users.register("ann@mail.com", "123456"), await users.register("bob@mail.com", "123456")
    with pytest.raises(Forbidden):
        await users.befriend(ann, bob.id, ann.id)
    with pytest.raises(Forbidden):
        await users.unfriend(ann, bob.id, ann.id)
    with pytest.raises(Invalid):
        await users.befriend(ann, ann.id, ann.id)
    with pytest.raises(NotFound):
        await users.befriend(ann, ann.id, "624a1138cda69df1a7c29caf")
    with pytest.raises(NotFound):
        await users.unfriend(ann, ann.id, "nobody\nat all")
    assert heard == []


async def test_friends_are_listed_in_the_order_in_which_they_began(users: Users):
    """The list is that of the friendships."""
    ann = await users.register("ann@mail.com", "123456")
    others = [await users.register(f"{name}@mail.com", "123456", name) for name in ("zoe", "bob", "eve")]
    for other in others:
        ann, _ = await users.befriend(ann, ann.id, other.id)
    assert [friend.name for friend in await users.friends(ann)] == ["zoe", "bob", "eve"]


async def test_who_leaves_was_last_seen_then(users: Users, store: Store):
    """`left` records the present."""
    ann = await users.register("ann@mail.com", "123456")
    await users.left(ann.id)
    seen = await store.user(ann.id)
    assert seen
    assert seen.last_seen >= ann.last_seen
    assert abs(seen.last_seen / 1000 - time.time()) < 5
