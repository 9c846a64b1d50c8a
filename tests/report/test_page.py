"""`e2e.report.html`, as text: it needs nothing else, and a server under test cannot write into it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from e2e.report import html
from e2e.report.html import page
from e2e.verify.result import Entry, Failure
from tests.report.reports import HOSTILE, failed, passed, report, requirement, with_every_verdict

_PAGE = Path(html.__file__).parent / "page"


class Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.raw[self.cdata_elem].append(data)


def hostile():
    """Return a report in which every string is an attacker's."""
    failure = Failure(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 0.5, HOSTILE, HOSTILE)
    entry = Entry(0.1, HOSTILE, "received", HOSTILE, (HOSTILE, {HOSTILE: HOSTILE}))
    noted = Entry(0.2, HOSTILE, "noted", f"GET /{HOSTILE} -> 200 {HOSTILE}")
    calls = [
        replace(noted, args=({"asked": asked, "body": HOSTILE, "answered": {HOSTILE: HOSTILE}},))
        for asked in (HOSTILE, {"Authorization": [HOSTILE]}, None)
    ]
    tests = failed(failure, entry, noted, *calls, title=HOSTILE)
    found = requirement("A-001", "FAIL", tests, text=HOSTILE, source=HOSTILE)
    unmet = requirement("A-002", "NOT-RUN", reason=HOSTILE, since=HOSTILE)
    return report(found, unmet, label=HOSTILE, contract=HOSTILE, targets=(HOSTILE,), started=HOSTILE)


def test_the_command_that_runs_one_requirement_again_can_be_pasted():
    """With the profile of the run; and a path, or a target of somebody else's report, cannot be a second command."""
    failing = report(requirement("A-001", "FAIL", failed()), profile={"file": "my; profile.toml"})
    told = "parley verify --contract friends --target http://127.0.0.1:3000 --profile {} -k FRIENDS-A-001"

    assert told.format("&#39;my; profile.toml&#39;") in page([failing])
    assert ", with the profile that you use, if any" in page([report(requirement("A-001", "FAIL", failed()))])


def test_that_something_came_too_early_is_said_only_where_something_came():
    """Where nothing came at all, the hint would send a reader to look for it."""
    message = "Bob was to receive “x”, as the very next packet, but something else came first"
    packet = "something else came first\n   0.200  Bob          <- y\n            is y, want x"
    silent, early = (
        page([report(requirement("A-001", "FAIL", failed(Failure(message, "x", got))))]) for got in ("", packet)
    )

    assert "or came too early" not in silent
    assert "or came too early" in early


@pytest.mark.parametrize(
    "reports",
    [[report(requirement())], [with_every_verdict()], [hostile()], [hostile(), with_every_verdict()]],
    ids=["all is well", "every verdict", "hostile", "two"],
)
def test_the_page_has_one_style_and_one_script_whatever_a_server_said(reports):
    """Both are the files of this package; the policy allows these two, by their hashes, and nothing from anywhere."""
    read = Reader(page(reports))
    policy = next(attrs["content"] for tag, attrs in read.tags if attrs.get("http-equiv") == "Content-Security-Policy")

    for kind in ("script", "style"):
        (text,) = read.raw[kind]
        files = {"script": ["report.js"], "style": ["base.css", "report.css"]}[kind]
        assert text == "\n".join((_PAGE / file).read_text() for file in files)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in (policy or "")
    assert (policy or "").startswith("default-src 'none'; ")


@pytest.mark.parametrize(
    "reports", [[with_every_verdict()], [hostile()], [hostile(), report()]], ids=["one", "hostile", "two"]
)
def test_the_page_asks_nobody_for_anything(reports):
    """No address but fragments of itself, no handler and no style in an attribute, no image, no form."""
    for tag, attrs in Reader(page(reports)).tags:
        assert tag not in ("img", "iframe", "object", "embed", "form", "base")
        assert not [name for name in attrs if name.startswith("on") or name in ("style", "src", "srcset", "action")]
        assert (attrs.get("href") or "#").startswith(("#", "data:,"))


def test_what_a_server_said_is_there_as_text():
    """Escaped, and with everything visible that it would hide."""
    text = page([hostile()])

    assert "&lt;/script&gt;&lt;script&gt;document.title" in text
    assert "\\x1b[2J\\u202e\\ud800\\x00" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    text.encode()


def test_the_policy_s_style_and_script_cannot_end_their_elements():
    """A template that puts them in as they are needs that."""
    read = Reader(page([report()]))
    assert "</" not in "".join(read.raw["script"] + read.raw["style"])


def test_very_many_failures_leave_diagrams_out(monkeypatch: pytest.MonkeyPatch):
    """And say so, rather than become a page that no browser opens."""
    monkeypatch.setattr(html, "MOST_STEPS", 3)
    entry = Entry(0.1, "Ann", "sent", "message")
    found = page([report(*(requirement(f"A-00{n}", "FAIL", failed(None, entry, entry)) for n in range(3)))])

    assert found.count('class="diagram') == 1
    assert found.count("Its diagram is left out") == 2


def test_every_verdict_is_explained():
    """Those that are on the page, in a sentence each."""
    found = page([with_every_verdict()])
    for word in ("as the profile said it would", "take it off that list", "does not offer", "--strict"):
        assert word in found


def test_parameters_of_one_test_are_one_line():
    """With how many there are."""
    found = page([report(requirement("A-001", "PASS", *(passed("It does.", kind) for kind in ("ws", "polling"))))])
    assert found.count("It does. ") == 1
    assert "test_it_does[ws | polling]" in found


def test_a_test_that_fails_with_every_parameter_is_shown_twice():
    """The others are named: twenty diagrams of one fault help nobody."""
    entry = Entry(0.1, "Ann", "sent", "message")
    tests = [replace(failed(None, entry), id=f"e2e/test_it.py::test_it[{n}]") for n in range(20)]
    found = page([report(requirement("A-001", "FAIL", *tests))])

    assert found.count('class="diagram') == 2
    assert "This test failed with 18 more parameters" in found
    assert "test_it[2 | 3 | 4 | " in found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "soft", "good", "bad", "busy", "accent", "sent"])
def test_text_stands_out_from_its_ground(scheme: str, ink: str):
    """By 4.5 to 1, as WCAG has it, on every ground that it is put on."""
    parts = [(_PAGE / file).read_text().split("@media", 2)[scheme == "dark"] for file in ("base.css", "report.css")]
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", "".join(parts)))
    grounds = ["ground", "raised", "code", *([f"{ink}-ground"] if f"{ink}-ground" in colours else [])]
    grounds += ["good-ground", "bad-ground"] if ink in ("ink", "soft") else []
    for ground in grounds:
        assert contrast(colours[ink], colours[ground]) >= 4.5, ground


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2 defines it."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
