"""`app.config`: what the environment says, and what is refused."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.config import DEVELOPMENT_SECRET, Settings, SettingsError, load


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch):
    for option in Settings.model_fields.values():
        names: Any = option.validation_alias
        for name in names.choices:
            monkeypatch.delenv(name, raising=False)


CLUSTER = {"MONGO_URL": "mongodb://db", "REDIS_URL": "redis://cache", "JWT_SECRET": "a secret of the cluster" * 2}


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


def test_a_blank_variable_hides_no_other_name_of_its_option(monkeypatch: pytest.MonkeyPatch):
    """A container file that passes on what is not set, as nothing, leaves the documents' other name to be read."""
    setenv(monkeypatch, {"JWT_SECRET": "", "JWT_SECRET_KEY": "the documents' other name"})
    assert load().jwt_secret.get_secret_value() == "the documents' other name"


def test_one_server_logs_to_files_and_several_where_they_are_told(monkeypatch: pytest.MonkeyPatch):
    """Two that rotate one file would lose what it has; one that keeps nothing on disk keeps no log there either."""
    assert load().logs == Path("logs")
    assert load(memory=True).logs is None
    for name, value in CLUSTER.items():
        monkeypatch.setenv(name, value)
    assert load().logs is None
    assert load(log_dir=Path("here")).logs == Path("here")


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


def test_a_folder_without_the_client_is_refused(tmp_path: Path):
    """What is named for pages to load must be there; a package as npm installs it is."""
    with pytest.raises(SettingsError, match=r"SOCKET_IO_CLIENT: there is no dist/socket\.io\.js in it"):
        load(socket_io_client=tmp_path)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "socket.io.js").touch()
    assert load(socket_io_client=tmp_path).socket_io_client == tmp_path


def test_what_is_unwise_is_a_warning(monkeypatch: pytest.MonkeyPatch):
    """A short secret warns, and so does the built-in one where others can reach the server."""
    assert load().warnings == []
    monkeypatch.setenv("JWT_SECRET", "x" * 31)
    assert "shorter than 32 bytes" in load().warnings[0]
    monkeypatch.setenv("JWT_SECRET", "x" * 32)
    assert load().warnings == []
    monkeypatch.setenv("JWT_SECRET", DEVELOPMENT_SECRET)
    assert "built-in" in load(host="0.0.0.0").warnings[0]


def setenv(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_both_engines_make_a_cluster(monkeypatch: pytest.MonkeyPatch):
    """Without them the server is embedded."""
    assert not load().clustered
    setenv(monkeypatch, CLUSTER)
    settings = load()
    assert settings.clustered
    assert (settings.mongo_address, settings.redis_address) == ("mongodb://db", "redis://cache")


@pytest.mark.parametrize(
    ("variables", "mongo", "redis"),
    [
        (
            {"DATABASE_HOST": "db", "REDIS_HOST": "cache"},
            "mongodb://db:27017/",
            "redis://cache:6379/0",
        ),
        (
            {
                "DATABASE_TYPE": "mongodb",
                "DATABASE_HOST": "db",
                "DATABASE_PORT": "27018",
                "DATABASE_USER": "par:ley",
                "DATABASE_PASSWORD": "p@ss/word",
                "REDIS_HOST": "::1",
                "REDIS_PORT": "6380",
                "REDIS_PASSWORD": "scarfall@redis",
            },
            "mongodb://par%3Aley:p%40ss%2Fword@db:27018/",
            "redis://:scarfall%40redis@[::1]:6380/0",
        ),
        (
            {"MONGO_URL": "mongodb://one", "DATABASE_HOST": "other", "REDIS_URL": "redis://one", "REDIS_HOST": "other"},
            "mongodb://one",
            "redis://one",
        ),
    ],
)
def test_addresses_are_made_of_the_documents_names(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], mongo: str, redis: str
):
    """A user and a password may hold anything, and a URL goes before its parts."""
    setenv(monkeypatch, {"JWT_SECRET": CLUSTER["JWT_SECRET"], **variables})
    settings = load()
    assert (settings.mongo_address, settings.redis_address) == (mongo, redis)


@pytest.mark.parametrize(
    ("url", "name", "database"),
    [
        ("mongodb://db", "", "parley"),
        ("mongodb://db/", "chat", "chat"),
        ("mongodb://user:word@a,b,c/talks?replicaSet=rs", "chat", "talks"),
    ],
)
def test_the_database_is_in_the_path_of_the_url(monkeypatch: pytest.MonkeyPatch, url: str, name: str, database: str):
    """Else it is `DATABASE_DB`, else `parley`."""
    setenv(monkeypatch, CLUSTER | {"MONGO_URL": url, "DATABASE_DB": name})
    assert load().mongo_database == database


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"MONGO_URL": ""}, ["MONGO_URL or DATABASE_HOST"]),
        ({"REDIS_URL": ""}, ["REDIS_URL or REDIS_HOST"]),
        ({"JWT_SECRET": ""}, ["JWT_SECRET or JWT_SECRET_KEY"]),
        ({"MEMORY": "1"}, ["MEMORY"]),
        ({"DATABASE_TYPE": "postgres"}, ["DATABASE_TYPE"]),
        ({"DATABASE_TYPE": "postgres", "REDIS_URL": ""}, ["DATABASE_TYPE", "REDIS_URL or REDIS_HOST"]),
    ],
)
def test_half_a_cluster_is_refused(monkeypatch: pytest.MonkeyPatch, change: dict[str, str], names: list[str]):
    """What is missing, or does not go with a cluster, has a line each that says what and why."""
    setenv(monkeypatch, CLUSTER | change)
    with pytest.raises(SettingsError) as raised:
        load()
    assert [line.split(":")[0] for line in raised.value.lines] == names


@pytest.mark.parametrize("host", ["mongodb://u:hunter2@db", "hunter2@db", "db/hunter2", "redis://:hunter2"])
@pytest.mark.parametrize("variable", ["DATABASE_HOST", "REDIS_HOST"])
def test_a_host_that_is_more_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, variable: str, host: str):
    """A URL in the wrong place has a password in it."""
    setenv(monkeypatch, {"JWT_SECRET": CLUSTER["JWT_SECRET"], "DATABASE_HOST": "db", "REDIS_HOST": "cache"})
    setenv(monkeypatch, {variable: host})
    with pytest.raises(SettingsError) as raised:
        load()
    assert [line.split(":")[0] for line in raised.value.lines] == [variable]
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("url", ["mongodb://u:12/hunter2@db/chat", "mongodb://[hunter2", "mongodb://u:1?hunter2@db"])
def test_no_part_of_a_password_is_the_name_of_a_database(monkeypatch: pytest.MonkeyPatch, url: str):
    """The store refuses such a URL; what was made of it is shown nowhere before."""
    setenv(monkeypatch, CLUSTER | {"MONGO_URL": url})
    assert load().mongo_database == "parley"


def test_the_secrets_of_the_engines_are_never_shown(monkeypatch: pytest.MonkeyPatch):
    """Neither in an address nor by themselves."""
    setenv(monkeypatch, CLUSTER | {"MONGO_URL": "mongodb://u:hunter2@db", "REDIS_URL": "redis://:hunter2@cache"})
    setenv(monkeypatch, {"DATABASE_PASSWORD": "hunter2", "REDIS_PASSWORD": "hunter2"})
    assert "hunter2" not in repr(load())
    assert "hunter2" not in str(load().model_dump(mode="json"))


@pytest.mark.parametrize("name", ["RATE_LIMIT_REST", "RATE_LIMIT_EVENTS"])
@pytest.mark.parametrize("value", ["100", "0/60s", "100/0s", "many/60s", "100/soon", "-1/60s", "[100, 60]"])
def test_a_rate_is_a_count_and_a_duration(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    """What is not is refused, with an example of one."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=rf"^{name}: should .* such as "):
        load()


def test_services_have_a_key_each(monkeypatch: pytest.MonkeyPatch):
    """Which may have a `=` in it, and is shown nowhere."""
    assert load().service_keys == {}
    monkeypatch.setenv("INTERNAL_SERVICE_KEYS", "billing=sesame, mail = open=sesame ,")
    settings = load()
    assert settings.service_keys == {"billing": ("sesame",), "mail": ("open=sesame",)}
    assert "sesame" not in f"{settings!r} {settings.model_dump(mode='json')}"


def test_a_service_may_have_several_keys(monkeypatch: pytest.MonkeyPatch):
    """So that it can be given another while the first is in use; no key is dropped in silence."""
    monkeypatch.setenv("INTERNAL_SERVICE_KEYS", "billing=old,mail=open,billing=new")
    assert load().service_keys == {"billing": ("old", "new"), "mail": ("open",)}


@pytest.mark.parametrize("value", ["sesame", "billing=", "=sesame", "billing=sesame,mail", ","])
def test_keys_that_cannot_be_read_leave_nothing_open(monkeypatch: pytest.MonkeyPatch, value: str):
    """They are refused, and not shown."""
    monkeypatch.setenv("INTERNAL_SERVICE_KEYS", value)
    with pytest.raises(SettingsError, match=r"^INTERNAL_SERVICE_KEYS: should be name=key,name=key$"):
        load()


OPEN = {
    "NOTIFICATIONS_AUTH": "token",
    "NOTIFICATIONS_API_KEY": "the key of all services",
    "RATE_LIMIT_REST": "100/60s",
    "RATE_LIMIT_EVENTS": "100/60s",
}
"""What stands open by default, and a value that closes it."""


@pytest.mark.parametrize("name", OPEN)
def test_what_stands_open_to_others_is_a_warning(monkeypatch: pytest.MonkeyPatch, name: str):
    """A sentence each, as long as it is not closed; to nobody else, where nobody else reaches the server."""
    setenv(monkeypatch, OPEN | {name: "", "JWT_SECRET": CLUSTER["JWT_SECRET"]})
    assert load().warnings == []
    [warning] = load(host="0.0.0.0").warnings
    assert re.match(rf"{name} is (not set|open), and 0\.0\.0\.0 can be reached by others: they may ", warning)
    monkeypatch.setenv(name, OPEN[name])
    assert load(host="0.0.0.0").warnings == []


def test_what_is_not_served_does_not_stand_open(monkeypatch: pytest.MonkeyPatch):
    """The settings of the notifications contract matter where that is."""
    setenv(monkeypatch, {name: OPEN[name] for name in ("RATE_LIMIT_REST", "RATE_LIMIT_EVENTS")})
    monkeypatch.setenv("JWT_SECRET", CLUSTER["JWT_SECRET"])
    assert load(host="0.0.0.0", contracts=("friends", "rooms")).warnings == []


def test_an_internal_gateway_that_others_reach_without_a_key_is_unwise():
    """Unless there is none."""
    [warning] = load(internal_host="0.0.0.0").warnings
    assert warning.startswith("INTERNAL_SERVICE_KEYS is not set, and 0.0.0.0 can be reached")
    assert load(internal_host="0.0.0.0", internal_service_keys=SecretStr("billing=sesame")).warnings == []
    assert load(internal_host="0.0.0.0", contracts=("friends",)).warnings == []
