"""REST: one call, and an answer whose assertions say what was asked and what came."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy

from e2e.harness.deadline import DEADLINE
from e2e.harness.features import feature_of
from e2e.harness.match import Check
from e2e.harness.rest_schemas import rest_schemas
from e2e.harness.transcript import Transcript

__all__ = ["Answer", "Rest"]

_USUAL = frozenset(
    {"host", "accept", "accept-encoding", "user-agent", "content-length", "date", "server", "connection"}
)
_LONGEST = 2000
"""So many characters of a body are kept in the transcript."""


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What a server answered.

    Attributes:
        request: method and path.
        text: the body as it came.

    """

    request: str
    status: int
    headers: CIMultiDictProxy[str]
    text: str

    @property
    def json(self) -> Any:
        """The body, which must be JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            raise AssertionError(f"{self} is no JSON") from None

    def must(self, status: int, *checks: Check) -> Any:
        """Return the body as JSON (None if empty). Raise `AssertionError` unless the status and all checks hold."""
        __tracebackhide__ = True
        assert self.status == status, f"want {status}, got {self}"
        body = self.json if self.text and checks else _lenient(self.text)
        problems = [problem for check in checks if (problem := check(body)) is not None]
        assert not problems, f"{'; '.join(problems)}: {self}"
        return body

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        body = self.text if len(self.text) <= 500 else f"{self.text[:500]}..."
        return f"{self.request} -> {self.status} {body}"


class Rest:
    """Calls the servers of a deployment in turn, with the credential of one user or with none.

    Args:
        bases: yields the base URL of the server that is called next, for ever.
        token: sent as `Authorization: Bearer <token>`.
        require: skips the test unless the servers offer a feature.
        exact: whether an answer may have no key that is not documented.

    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        bases: Iterator[str],
        transcript: Transcript,
        *,
        who: str = "rest",
        token: str | None = None,
        require: Callable[[str], None] = lambda feature: None,
        exact: bool = True,
    ) -> None:
        self._http = http
        self._bases = bases
        self._transcript = transcript
        self._who = who
        self._require = require
        self._exact = exact
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def bearing(self, token: str, who: str) -> Rest:
        """Return the same with another user's token."""
        return Rest(
            self._http, self._bases, self._transcript, who=who, token=token, require=self._require, exact=self._exact
        )

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        form: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        within: float = DEADLINE,
    ) -> Answer:
        """Send a request with a JSON body, a form, raw bytes or nothing, and return the answer, whatever it is.

        The test is skipped where the servers do not offer what is asked for.
        """
        self._require(feature_of(path))
        async with self._http.request(
            method,
            f"{next(self._bases)}{path}",
            json=body,
            data=form if raw is None else io.BytesIO(raw),
            headers={**self._headers, **(headers or {})},
            timeout=aiohttp.ClientTimeout(total=within),
            allow_redirects=False,
        ) as response:
            text = (await response.read()).decode(errors="replace")
            answer = Answer(f"{method} {path}", response.status, response.headers, text)
            asked = _told(response.request_info.headers)
        given = body if raw is None else raw.decode(errors="backslashreplace")
        exchange = {"asked": asked, "body": _short(form if given is None else given), "answered": _told(answer.headers)}
        self._transcript.add(self._who, "noted", str(answer), exchange)
        schemas = rest_schemas(exact=self._exact)
        if objection := schemas.objection(method, path, answer.status, _lenient(text)):
            self._transcript.breach(self._who, objection)
        return answer

    async def get(self, path: str, **options: Any) -> Answer:
        """GET."""
        return await self.call("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        """POST."""
        return await self.call("POST", path, body, **options)

    async def delete(self, path: str, **options: Any) -> Answer:
        """DELETE."""
        return await self.call("DELETE", path, **options)


def _told(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Return the headers that say something of this call, and not of every one."""
    return {name: ", ".join(headers.getall(name)) for name in dict.fromkeys(headers) if name.lower() not in _USUAL}


def _short(body: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body, default=repr)
    return body if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


def _lenient(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text or None
