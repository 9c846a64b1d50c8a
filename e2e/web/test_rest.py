"""What all of REST has in common: errors, CORS, security headers, request ids, health, documents."""

import re

import pytest

from e2e.harness.deployment import Fresh
from e2e.harness.match import equals, has, instant, keys
from e2e.harness.people import People, PeopleOf
from e2e.harness.rest import Answer, Rest
from e2e.harness.shapes import ENVELOPE

EVIL = "https://evil.example.com"
ORIGIN = "https://front.example.com"
LOGIN = "/auth/login"

REQUESTS = {
    200: ("GET", "/", None),
    400: ("POST", LOGIN, {}),
    401: ("GET", "/users/me", None),
    404: ("GET", "/nope", None),
    405: ("PUT", LOGIN, {}),
}

every_status = pytest.mark.parametrize("status", REQUESTS)


async def answer_of(rest: Rest, status: int, **headers: str) -> Answer:
    """Return an answer of this status."""
    method, path, body = REQUESTS[status]
    answer = await rest.call(method, path, body, headers=headers)
    answer.must(status)
    return answer


@pytest.mark.requirement("FRIENDS-REST-001")
async def test_the_root_says_hello(rest: Rest):
    """`GET /` is answered `Hello World!`."""
    answer = await rest.get("/")

    assert (answer.status, answer.text) == (200, "Hello World!")


@pytest.mark.requirement("FRIENDS-REST-002")
@pytest.mark.parametrize(("method", "path"), [("GET", "/nope"), ("POST", "/nope/deeper"), ("GET", "/nope?x=1")])
async def test_what_is_unknown_is_not_found(rest: Rest, method: str, path: str):
    """An unknown path is answered 404 `Cannot <method> <path>` in the documented envelope."""
    answer = await rest.call(method, path)

    answer.must(404, keys(*ENVELOPE), instant("timestamp"))
    answer.must(404, has(httpStatus=404, errorName="NotFoundException", method=method))
    assert answer.json["message"].startswith(f"Cannot {method} /nope")
    assert answer.json["path"].startswith("/nope")


@pytest.mark.requirement("FRIENDS-REST-003")
async def test_a_method_that_a_path_does_not_have_is_refused(rest: Rest):
    """A method that a path does not have is answered 405 with the methods that it has."""
    answer = await answer_of(rest, 405)

    answer.must(405, keys(*ENVELOPE), has(httpStatus=405, path=LOGIN, method="PUT"))
    assert "POST" in answer.headers.get("Allow", "")


@pytest.mark.requirement("FRIENDS-REST-004")
@every_status
async def test_every_origin_is_allowed(rest: Rest, status: int):
    """Every answer may be read from every origin, and none with credentials."""
    answer = await answer_of(rest, status, Origin=ORIGIN)

    assert answer.headers.getall("Access-Control-Allow-Origin", []) == ["*"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.requirement("FRIENDS-REST-004")
@pytest.mark.parametrize("path", [LOGIN, "/users", "/users/me", "/messages"])
async def test_a_preflight_is_answered(rest: Rest, path: str):
    """A preflight allows every origin, the method, and the headers that the contract needs."""
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET" if path.startswith(("/users/me", "/messages")) else "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }

    answer = await rest.call("OPTIONS", path, headers=asked)

    assert answer.status in (200, 204), answer
    assert answer.headers.getall("Access-Control-Allow-Origin") == ["*"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert asked["Access-Control-Request-Method"] in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert allowed == "*" or all(name in allowed for name in ("authorization", "content-type"))


@pytest.mark.requirement("FRIENDS-REST-004")
async def test_socket_io_is_open_to_every_origin(rest: Rest):
    """Long polling may be read from every origin."""
    answer = await rest.get("/socket.io/?EIO=4&transport=polling", headers={"Origin": ORIGIN})

    assert answer.status == 200, answer
    (allowed,) = answer.headers.getall("Access-Control-Allow-Origin")
    assert allowed in ("*", ORIGIN)
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.requirement("FRIENDS-REST-005")
async def test_only_listed_origins_are_allowed(fresh_deployment: Fresh, people_of: PeopleOf):
    """With `CORS_ORIGIN` set a listed origin is allowed by name, and no other is, over REST and Socket.IO."""
    listed = f"{ORIGIN},https://other.example.com"
    rest = people_of(await fresh_deployment("--memory", CORS_ORIGIN=listed)).rest()

    for path in ("/", "/nope", "/socket.io/?EIO=4&transport=polling"):
        for origin in listed.split(","):
            answer = await rest.get(path, headers={"Origin": origin})
            assert answer.headers.getall("Access-Control-Allow-Origin") == [origin], path
        answer = await rest.get(path, headers={"Origin": EVIL})
        assert "Access-Control-Allow-Origin" not in answer.headers, path


@pytest.mark.requirement("FRIENDS-REST-005")
async def test_a_form_of_an_origin_that_is_not_listed_is_refused(fresh_deployment: Fresh, people_of: PeopleOf):
    """A browser sends it without asking, so the server has to refuse it; one of a listed origin is taken."""
    rest = people_of(await fresh_deployment("--memory", CORS_ORIGIN=ORIGIN)).rest()
    form = {"email": "leia@mail.com", "password": "123456"}

    (await rest.post("/users", form=form, headers={"Origin": EVIL})).must(403)
    (await rest.post("/users", form=form, headers={"Origin": ORIGIN})).must(201)


@pytest.mark.requirement("FRIENDS-REST-006")
@every_status
async def test_security_headers_are_on_every_answer(rest: Rest, status: int):
    """Every answer, of whatever status, carries the security headers."""
    answer = await answer_of(rest, status)

    assert answer.headers.get("X-Content-Type-Options") == "nosniff"
    assert answer.headers.get("X-Frame-Options", "").upper() in ("SAMEORIGIN", "DENY")
    for name in ("Content-Security-Policy", "Referrer-Policy", "Strict-Transport-Security"):
        assert answer.headers.get(name), name
    assert "X-Powered-By" not in answer.headers


@pytest.mark.requirement("FRIENDS-REST-007")
@every_status
async def test_every_answer_has_a_request_id(rest: Rest, status: int):
    """Every answer has a request id of its own; one that the request brings is kept."""
    first, second = await answer_of(rest, status), await answer_of(rest, status)
    assert first.headers.get("X-Request-ID", "none") != second.headers.get("X-Request-ID", "none")

    kept = await answer_of(rest, status, **{"X-Request-ID": "from-a-proxy.42"})
    assert kept.headers.getall("X-Request-ID") == ["from-a-proxy.42"]


@pytest.mark.requirement("FRIENDS-REST-007")
@pytest.mark.parametrize("odd", ["x" * 5000, "a b; c=d <script>"])
async def test_an_odd_request_id_is_not_repeated(rest: Rest, odd: str):
    """A request id that no proxy would make is replaced."""
    answer = await answer_of(rest, 200, **{"X-Request-ID": odd})

    assert answer.headers.get("X-Request-ID", odd) != odd


@pytest.mark.requirement("FRIENDS-REST-008")
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_told(rest: Rest, path: str):
    """A server that runs and reaches its stores says so with 200."""
    assert (await rest.get(path)).status == 200


@pytest.mark.requirement("FRIENDS-REST-008")
async def test_metrics_are_told(rest: Rest):
    """Metrics are in the text format of Prometheus."""
    answer = await rest.get("/metrics")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert re.search(r"^# TYPE \w+ (counter|gauge|histogram)$", answer.text, re.MULTILINE)


@pytest.mark.requirement("FRIENDS-REST-009")
async def test_the_interface_is_described(rest: Rest):
    """The description is OpenAPI 3.1 and has every documented path."""
    document = (await rest.get("/openapi.json")).must(200)

    assert document["openapi"].startswith("3.1")
    documented = {
        (path.replace("<", "{").replace(">", "}"), method)
        for path in document["paths"]
        for method in document["paths"][path]
    }
    for path, method in [
        ("/auth/login", "post"),
        ("/users", "post"),
        ("/users/me", "get"),
        ("/users/me/friends", "get"),
        ("/messages", "get"),
    ]:
        assert (path, method) in documented
    templates = {re.sub(r"\{\w+\}", "{}", path): method for path, method in documented}
    assert "/users/{}/friends" in templates
    assert "/users/{}/friends/{}" in templates


@pytest.mark.requirement("FRIENDS-REST-009")
async def test_the_docs_load_nothing_from_elsewhere(rest: Rest):
    """The docs are a page of HTML that no browser needs another host for, nor inline scripts its policy forbids."""
    answer = await rest.get("/docs")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    loads = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)\s*=\s*[\"']?([^\"'\s>]+)", answer.text)
    loads += re.findall(r"(?:@import|url\()\s*[\"']?([^\"')\s]+)", answer.text)
    assert [address for address in loads if re.match(r"(?:\w+:)?//", address)] == []
    for address in loads:
        if not address.startswith(("data:", "#")):
            assert (await rest.get(address if address.startswith("/") else f"/{address}")).status == 200, address
    assert "/auth/login" in answer.text


@pytest.mark.requirement("FRIENDS-REST-010")
@pytest.mark.parametrize("path", [LOGIN, "/users"])
async def test_an_oversized_body_is_refused(rest: Rest, path: str):
    """A body of megabytes is answered 413 or 400, and the server goes on."""
    body = b'{"email":"a@example.com","password":"' + b"x" * 3_000_000 + b'"}'

    answer = await rest.post(path, raw=body, headers={"Content-Type": "application/json"})

    assert answer.status in (400, 413), answer
    answer.must(answer.status, keys(*ENVELOPE))
    assert (await rest.get("/healthz")).status == 200


@pytest.mark.requirement("FRIENDS-REST-010")
@pytest.mark.parametrize("body", [b"[" * 10_000, b'{"a":' * 10_000, b'{"email":"\\ud800","password":"\\ud800xxxxx"}'])
async def test_a_malicious_body_is_refused(rest: Rest, body: bytes):
    """A body that is nested without end, or is no Unicode text, is answered 400 or 401, never with a failure."""
    for path in (LOGIN, "/users"):
        answer = await rest.post(path, raw=body, headers={"Content-Type": "application/json"})
        assert answer.status in (400, 401), answer
        answer.must(answer.status, keys(*ENVELOPE))


@pytest.mark.requirement("FRIENDS-REST-010")
async def test_a_body_of_another_kind_is_refused(people: People):
    """A body that says to be neither JSON nor a form is answered with a 4xx in the documented envelope."""
    answer = await people.rest().post(LOGIN, raw=b"<xml/>", headers={"Content-Type": "application/xml"})

    assert answer.status in (400, 415), answer
    answer.must(answer.status, keys(*ENVELOPE))


@pytest.mark.requirement("FRIENDS-REST-011")
async def test_a_token_is_needed_in_the_header(people: People):
    """REST takes a token after `Bearer ` in the Authorization header."""
    alice = await people.new("Alice")

    answer = await people.rest().get("/users/me", headers={"Authorization": f"Bearer {alice.token}"})
    answer.must(200, has(_id=alice.id))
    basic = await people.rest().get("/users/me", headers={"Authorization": "Basic YWxpY2U6MTIzNDU2"})
    assert basic.json["message"] in ("Unauthorized", "Invalid token")
    assert equals(401)(basic.status) is None
