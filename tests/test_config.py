"""`app.config`: what the environment says, and what is refused."""

from typing import Any

import pytest
from pydantic import SecretStr

from app.config import DEVELOPMENT_SECRET, SettingsError, load


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("PORT", "HOST", "MODE", "JWT_SECRET", "DATA_DIR", "LOG_DIR", "PASSWORD_ROUNDS"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_needs_to_be_set():
    """Every option has a default, and the defaults are those of the contract."""
    settings = load()
    assert (settings.mode, settings.host, settings.port, settings.jwt_expiration) == ("dev", "127.0.0.1", 3000, 86400)
    assert (settings.max_message_length, settings.unseen_limit, settings.trusted_origins) == (4096, 1000, ("*",))


@pytest.mark.parametrize(
    ("name", "value", "option", "meaning"),
    [
        ("JWT_EXPIRATION", "3600", "jwt_expiration", 3600),
        ("JWT_EXPIRES_IN", "24h", "jwt_expiration", 86400),
        ("JWT_EXPIRATION", "1d", "jwt_expiration", 86400),
        ("JWT_EXPIRATION", "90s", "jwt_expiration", 90),
        ("CORS_ORIGIN", "http://a, http://b/", "trusted_origins", ("http://a", "http://b")),
        ("MODE", "production", "mode", "prod"),
        ("MODE", "PROD", "mode", "prod"),
        ("LOG_LEVEL", "WARNING", "log_level", "warning"),
        ("JWT_SECRET_KEY", "the documents' other name", "jwt_secret", SecretStr("the documents' other name")),
        ("PORT", "", "port", 3000),
    ],
)
def test_the_documents_names_and_forms_are_read(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, option: str, meaning: Any
):
    """Aliases, durations, lists and blank values mean what the documents say."""
    monkeypatch.setenv(name, value)
    assert getattr(load(), option) == meaning


def test_every_unusable_value_has_its_line(monkeypatch: pytest.MonkeyPatch):
    """All that is wrong is said at once, by the name that was set, with the value."""
    for name, value in {"PORT": "many", "JWT_EXPIRATION": "soon", "MODE": "test", "CONFIRM_INTERVAL": "0"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load()
    lines = sorted(raised.value.lines)
    assert [line.split(":")[0] for line in lines] == ["CONFIRM_INTERVAL", "JWT_EXPIRATION", "MODE", "PORT"]
    assert "'many'" in lines[3]


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch):
    """Neither the settings nor a refusal repeat a secret."""
    monkeypatch.setenv("JWT_SECRET", "hunter2")
    assert "hunter2" not in repr(load())
    assert "hunter2" not in str(load().model_dump(mode="json"))


def test_an_unknown_contract_is_refused():
    """The refusal names the contract and those there are."""
    with pytest.raises(SettingsError, match=r"no contract is called chess; there are: friends"):
        load(contracts=["friends", "chess"])


def test_what_is_unwise_is_a_warning(monkeypatch: pytest.MonkeyPatch):
    """A short secret warns, and so does the built-in one where others can reach the server."""
    assert load().warnings == []
    monkeypatch.setenv("JWT_SECRET", "x" * 31)
    assert "shorter than 32 bytes" in load().warnings[0]
    monkeypatch.setenv("JWT_SECRET", "x" * 32)
    assert load().warnings == []
    monkeypatch.setenv("JWT_SECRET", DEVELOPMENT_SECRET)
    assert "built-in" in load(host="0.0.0.0").warnings[0]
