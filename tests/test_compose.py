"""Dockerfile, docker-compose.yml and nginx.conf agree with each other and with the server's settings."""

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import DEVELOPMENT_SECRET, Settings, load

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
NGINX = (ROOT / "nginx" / "nginx.conf").read_text()


def _defaults(node: Any) -> Any:
    """Return a part of docker-compose.yml as it is where nothing is set: `${NAME:-default}` is its default."""
    if isinstance(node, dict):
        return {key: _defaults(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_defaults(value) for value in node]
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", node) if isinstance(node, str) else node


COMPOSE: dict[str, Any] = _defaults(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
SERVICES = COMPOSE["services"]
SERVERS = {name: service for name, service in SERVICES.items() if name.startswith("server-")}
SETTINGS = SERVICES["server-1"]["environment"]


def _address(service: str) -> str:
    return SERVICES[service]["networks"]["front"]["ipv4_address"]


def test_every_variable_is_a_setting():
    """A misspelt name would be ignored in silence."""
    fields = Settings.model_fields.values()
    known = {str(name) for field in fields for name in getattr(field.validation_alias, "choices", ())}
    assert set(SETTINGS) <= known
    assert set(re.findall(r"\b(HOST|PORT|DATA_DIR)=", DOCKERFILE)) <= known


def test_the_servers_start_with_these_settings(monkeypatch: pytest.MonkeyPatch):
    """They make a cluster; the secret is not the built-in one, and long enough."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    settings = load(host="0.0.0.0")
    assert settings.clustered
    assert not [warning for warning in settings.warnings if "JWT" in warning or "INTERNAL" in warning]
    assert settings.jwt_secret.get_secret_value() != DEVELOPMENT_SECRET
    assert SETTINGS["MONGO_URL"].startswith("mongodb://mongo:")
    assert SETTINGS["REDIS_URL"].startswith("redis://redis:")


def test_what_stands_open_is_closed_in_the_environment(monkeypatch: pytest.MonkeyPatch):
    """Every warning of a start names a variable that compose passes on, and its page tells of."""
    page = (ROOT / "docs" / "deploy.md").read_text()
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    named = {warning.split()[0] for warning in load(host="0.0.0.0").warnings}
    assert named == {"NOTIFICATIONS_AUTH", "NOTIFICATIONS_API_KEY", "RATE_LIMIT_REST", "RATE_LIMIT_EVENTS"}
    given = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["x-settings"]
    for name in named:
        assert given[name] == f"${{{name}:-}}"
        assert f"`{name}`" in page


def test_all_servers_and_the_seed_have_the_same_settings():
    """A secret of one's own would refuse the others' tokens."""
    assert len(SERVERS) >= 2
    for service in (*SERVERS.values(), SERVICES["seed"]):
        assert service["environment"] == SETTINGS
        assert service["image"] == SERVICES["seed"]["image"]


def test_nginx_has_every_server_at_its_address():
    """Each upstream has all servers, at addresses that last, and never counts one as failed."""
    upstreams = re.findall(r"upstream \w+ \{(.*?)\}", NGINX, re.DOTALL)
    assert upstreams
    for upstream in upstreams:
        assert re.findall(r"server (\S+?):\d+ max_fails=0;", upstream) == list(SERVERS)
    assert SERVICES["nginx"]["extra_hosts"] == [f"{name}:{_address(name)}" for name in SERVERS]
    network = COMPOSE["networks"]["front"]["ipam"]["config"][0]
    addresses = [ipaddress.ip_address(_address(name)) for name in ("nginx", *SERVERS)]
    assert len(set(addresses)) == len(addresses)
    for address in addresses:
        assert address in ipaddress.ip_network(network["subnet"])
        assert address not in ipaddress.ip_network(network["ip_range"])


def test_the_servers_believe_nginx_alone():
    """Nobody else can say where a request came from, and nginx does not pass on what a client says."""
    assert SETTINGS["TRUSTED_PROXIES"] == f"{_address('nginx')}/32"
    proxy = (ROOT / "nginx" / "proxy.conf").read_text()
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in proxy
    assert "$proxy_add_x_forwarded_for" not in proxy + NGINX


def test_a_published_port_is_one_that_nginx_and_the_servers_listen_on():
    """A port names a contract, so it is the same number all the way."""
    published = {str(port).rpartition(":")[2] for port in SERVICES["nginx"]["ports"]}
    assert published == set(re.findall(r"listen (\d+);", NGINX))
    assert published == set(re.findall(r"server server-1:(\d+) ", NGINX))
    assert published == set(re.findall(r"^EXPOSE (\d+)", DOCKERFILE, re.MULTILINE))
    assert published == {str(port) for _, port in load().addresses.values()}
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]


def test_nginx_logs_no_request():
    """A token may be in its query, and below `crit` an error says which request it was about."""
    assert re.findall(r"access_log (\S+);", NGINX) == ["off"]
    assert re.findall(r"error_log stderr (\w+);", NGINX) == ["crit"]


def test_nginx_keeps_no_bodies():
    """What it buffers it keeps in memory, for anybody who sends slowly."""
    assert "proxy_request_buffering off;" in NGINX
    assert SERVICES["nginx"]["tmpfs"] == ["/tmp:size=64m"]


def test_the_gateway_for_services_is_published_to_this_machine_alone():
    """It asks nobody who they are unless it is told to, so it is not for everybody who reaches the machine."""
    (port,) = [port for port in SERVICES["nginx"]["ports"] if port.endswith(":4000")]
    assert port.startswith("127.0.0.1:")


def test_mongodb_and_redis_are_on_no_network_with_a_way_out():
    """Only the servers reach them."""
    assert COMPOSE["networks"]["back"]["internal"] is True
    for name in ("mongo", "redis"):
        assert SERVICES[name]["networks"] == ["back"]
    assert "back" not in SERVICES["nginx"]["networks"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"seed"}))
def test_a_service_comes_back_and_has_bounds(name: str):
    """It is restarted, its health is known, and neither its memory nor its log grows without end."""
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["logging"]["options"]["max-size"]


def test_the_image_needs_nothing_that_a_plain_builder_lacks():
    """No syntax line, which pulls an image, and no mount or here-document, which are BuildKit's."""
    assert "syntax=" not in DOCKERFILE
    assert "--mount" not in DOCKERFILE
    assert "<<" not in DOCKERFILE


def test_the_server_is_not_root():
    """A number, so that an orchestrator can tell that it is not root's."""
    user = re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)
    assert user
    assert int(user[-1]) >= 1000


def test_every_image_can_be_had_by_the_script_of_ci():
    """`.ci/images.sh` without arguments gets what the Dockerfile and docker-compose.yml name."""
    named = {service["image"] for service in SERVICES.values() if ":" in service["image"]}
    named |= set(re.findall(r"^ARG PYTHON_IMAGE=(\S+)", DOCKERFILE, re.MULTILINE))
    known = re.search(r"\|\| set -- (.+)$", (ROOT / ".ci" / "images.sh").read_text(), re.MULTILINE)
    assert known
    assert set(known[1].split()) == named
