"""`e2e.verify.profile_file`: what a profile may say, and what it may not."""

from pathlib import Path

import pytest

from e2e.harness.features import FEATURES
from e2e.verify.profile import Profile, ProfileError
from e2e.verify.profile_file import load

FIXED = """
[users]
source = "fixed"
[[users.fixed]]
id = "1"
name = "Alice"
token = "a token"
friends = ["2"]
[[users.fixed]]
id = "2"
name = "Bob"
token = "another token"
friends = ["1"]
"""

WHOLE = """
name = "chat-nest"
transports = ["websocket"]

[contracts.friends]
url = "http://localhost:3000/"
[contracts.presence]
url = ["http://localhost:3001", "http://localhost:3011"]
path = "/presence/"
internal = [4000, 4010]

[users]
source = "jwt"
secret = "the secret"
claims = { sub = "id", user = "name" }
mongo = { url = "mongodb://somebody:password@localhost", database = "chat" }

[clients]
javascript = true

[timing]
factor = 2

[limits]
message_length = 1000

[features]
rest = false

[[expected_failures]]
id = "FRIENDS-OFFLINE-*"
reason = "nothing is kept yet"
"""


def read(directory: Path, text: str) -> Profile:
    (directory / "profile.toml").write_text(text)
    return load(directory / "profile.toml")


def test_everything_has_a_default(tmp_path: Path):
    """An empty profile is that of Parley."""
    assert read(tmp_path, "") == Profile()


def test_everything_can_be_said(tmp_path: Path):
    """Each key is where it belongs, and a slash at an end does not matter."""
    profile = read(tmp_path, WHOLE)

    assert profile.name == "chat-nest"
    assert profile.transports == ("websocket",)
    assert profile.contracts["friends"].urls == ("http://localhost:3000",)
    assert profile.contracts["friends"].path == "/socket.io"
    assert profile.contracts["presence"].path == "/presence"
    assert profile.contracts["presence"].internal == (4000, 4010)
    assert profile.users.source == "jwt"
    assert profile.users.claims == {"sub": "id", "user": "name"}
    assert profile.users.mongo is not None
    assert profile.users.mongo.collection == "users"
    assert profile.clients.javascript
    assert profile.factor == 2.0
    assert profile.message_length == 1000
    assert profile.lacks == {"rest"}
    assert [(it.id, it.reason) for it in profile.expected] == [("FRIENDS-OFFLINE-*", "nothing is kept yet")]


def test_users_can_be_a_list(tmp_path: Path):
    """With their tokens and friendships."""
    alice, bob = read(tmp_path, FIXED).users.fixed

    assert (alice.name, alice.token, alice.friends) == ("Alice", "a token", ("2",))
    assert (bob.name, bob.token, bob.friends) == ("Bob", "another token", ("1",))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nmae = 'x'", "nmae is not known; there is name, contracts"),
        ("name = 7", "name is 7, want a string"),
        ("[timing]\nfactor = 0", "timing.factor is 0, want a number from 0.1 to 100"),
        ("[timing]\nfactor = true", "timing.factor is true, want a number"),
        ("[timing]\nfaktor = 1", "timing.faktor is not known; there is factor"),
        ("[contracts.friend]\n", "contracts.friend is not known; there is friends, direct"),
        (
            "[contracts.friends]\npath = 'socket.io'",
            "contracts.friends.path is 'socket.io', want a string that begins with '/'",
        ),
        ("[contracts.friends]\nurl = [1]", "contracts.friends: url is [1], want a string, or a list of them"),
        ("transports = ['smoke']", "transports is"),
        ("[features]\nteleport = false", "features.teleport is not known; there is rest"),
        ("[features]\nrest = 'no'", "features.rest is 'no', want true or false"),
        ("[users]\nsource = 'magic'", "users.source is 'magic', want rest, jwt or fixed"),
        ("[users]\nsource = 'jwt'", "users: source is 'jwt', which needs secret and mongo"),
        ("[users]\nsource = 'fixed'", "users: source is 'fixed', which needs a list"),
        ("[users]\nclaims = { sub = 'age' }", "users: claims is"),
        ("[users]\nsource = 'jwt'\nsecret = 's'\nmongo = { url = 'x' }", "users.mongo.database is missing"),
        (FIXED.replace('friends = ["1"]', ""), "2 is a friend of 1, and 1 none of 2"),
        (FIXED.replace('id = "2"', 'id = "1"'), "the same id"),
        (FIXED.replace('["2"]', '["3"]'), "the friend 3 of 1 is not in the list"),
        ("[[expected_failures]]\nid = 'A-1'", "expected_failures[0].reason is missing"),
        ("[[expected_failures]]\nid = 'A-1'\nreason = ' '", "no reason says why"),
        ("expected_failures = ['A-1']", "expected_failures is ['A-1'], want tables, each headed by [[...]]"),
        ("name = ", "is no TOML"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, problem: str):
    """The sentence begins with the file, and names the key and what is wrong with it."""
    with pytest.raises(ProfileError) as refused:
        read(tmp_path, text)

    assert str(refused.value).startswith(f"{tmp_path / 'profile.toml'}: ")
    assert problem in str(refused.value)


def test_a_profile_that_is_not_there_is_refused(tmp_path: Path):
    """With the path."""
    with pytest.raises(ProfileError, match=r"nowhere\.toml: No such file"):
        load(tmp_path / "nowhere.toml")


def test_every_feature_is_documented():
    """`docs/verify.md` tells each of them, as it does every key of a profile."""
    text = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")

    assert not [name for name in FEATURES if f"`{name}`" not in text]
