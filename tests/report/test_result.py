"""`e2e.verify.result`: what is written is read again, and nothing else is taken for a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.report.files import write
from e2e.verify.result import Entry, Failure, ReportError, dump, load
from tests.report.reports import HOSTILE, failed, report, requirement, with_every_verdict


def test_a_report_is_read_as_it_was_written(tmp_path: Path):
    """Every verdict, a failure and its transcript, none of it changed."""
    entry = Entry(0.0121, "Ann", "sent", "message", ({"to": "Bob", "n": [1, 2.5, None, True]},), ack=3)
    written = report(requirement("A-001", "FAIL", failed(None, entry)), *with_every_verdict().requirements)
    dump(written, tmp_path / "report.json")

    assert load(tmp_path / "report.json") == written
    assert next(iter(json.loads((tmp_path / "report.json").read_text()))) == "schema"


@pytest.mark.parametrize("value", [HOSTILE, "\ud800", b"\xff", float("nan"), {1: "\udfff"}, {"a"}], ids=repr)
def test_whatever_a_server_sent_can_be_written(tmp_path: Path, value: Any):
    """Lone surrogates, bytes, NaN and keys that are no strings become JSON in UTF-8."""
    entry = Entry(0.1, "Ann", "received", "message", (value,))
    dump(report(requirement("A-001", "FAIL", failed(None, entry), text=HOSTILE)), tmp_path / "report.json")

    assert json.loads((tmp_path / "report.json").read_bytes(), parse_constant=pytest.fail)
    assert load(tmp_path / "report.json").requirements[0].tests[0].transcript[0].args


def asking(credential: str) -> dict[str, Any]:
    """Return what a transcript has of a call with this credential."""
    return {"asked": {"Authorization": credential}, "body": None, "answered": {}}


def test_no_token_can_be_used_that_is_in_a_report(tmp_path: Path):
    """CI keeps reports for years, and a target's users may be real."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI2MjRhIn0.Q6w9eh95cjNAXlAVVoZn8Cgv8c9PC2ESEmJLgjjvPqY"
    entry = Entry(
        0.1, "Ann", "sent", "authenticate", ({"token": token}, [token], {"token": "opaque-and-of-some-length"})
    )
    call = Entry(0.2, "Ann", "noted", "GET /users/me -> 500 oops", (asking(f"Bearer {token}"),))
    other = Entry(0.3, "Ann", "noted", "GET /users/me -> 500 oops", (asking("Bearer opaque-and-of-some-length"),))
    failure = Failure(token, token, token, token, details=token)
    found = report(requirement("A-001", "FAIL", failed(failure, entry, call, other)))
    write(found, tmp_path)

    for name in ("report.json", "report.html", "junit.xml"):
        text = (tmp_path / name).read_text()
        assert "eyJzdWIiOiI2MjRhIn0.(signature)" in text, name
        assert "Q6w9eh95" not in text, name
        assert "opaque-and" not in text, name


def test_an_abyss_is_cut(tmp_path: Path):
    """What is nested a thousand deep neither ends the run nor is kept."""
    abyss: list[Any] = []
    for _ in range(5000):
        abyss = [abyss]
    entry = Entry(0.1, "Ann", "received", "message", (abyss,))
    dump(report(requirement("A-001", "FAIL", failed(None, entry))), tmp_path / "report.json")

    assert load(tmp_path / "report.json").requirements[0].tests[0].transcript[0].label == "message"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "schema is None, want 'parley-report/1'"),
        ('{"schema": "parley-report/2"}', "schema is 'parley-report/2', want 'parley-report/1'"),
        ('{"schema": "parley-report/1"}', "tool: Field required"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, complaint: str):
    """The error names the file and what is wrong with it."""
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ReportError) as refused:
        load(path)
    assert str(refused.value).startswith(f"{path}: {complaint}")


def test_the_wrong_key_is_named(tmp_path: Path):
    """A verdict that is none is found where it is."""
    dump(report(requirement()), tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text().replace('"verdict": "PASS"', '"verdict": "FINE"')
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(ReportError, match=r"requirements\.0\.verdict"):
        load(tmp_path / "report.json")


def test_a_missing_file_is_said(tmp_path: Path):
    """By its name, not by a traceback."""
    with pytest.raises(ReportError, match=r"nowhere\.json: No such file"):
        load(tmp_path / "nowhere.json")
