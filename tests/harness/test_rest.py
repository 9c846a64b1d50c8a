"""`e2e.harness.rest`: a call over HTTP, and what the transcript has of it."""

from __future__ import annotations

from itertools import repeat

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from e2e.harness.rest import Rest
from e2e.harness.transcript import Transcript


async def test_the_transcript_has_what_was_asked_and_all_of_the_answer():
    """A report shows it to people who have not the test: a wrong answer is to a body, or has a header that lacks."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"n": 1}, headers={"X-Request-ID": "1"})

    app = web.Application()
    app.router.add_post("/nowhere", answer)
    transcript = Transcript()
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        rest = Rest(http, repeat(str(server.make_url("")).rstrip("/")), transcript, token="a token")

        await rest.post("/nowhere", {"email": 7}, headers={"Origin": "http://elsewhere"})
        await rest.post("/nowhere", raw=b"\xff" * 5000)

    first, second = (record for record in transcript.records if " -> 200 " in record.label)
    asked = {"Authorization": "Bearer a token", "Origin": "http://elsewhere", "Content-Type": "application/json"}
    answered = {"X-Request-ID": "1", "Content-Type": "application/json; charset=utf-8"}
    assert first.label == 'POST /nowhere -> 200 {"n": 1}'
    assert first.payload == {"asked": asked, "body": {"email": 7}, "answered": answered}
    assert second.payload["body"].startswith("\\xff\\xff")
    assert len(second.payload["body"]) < 2100
