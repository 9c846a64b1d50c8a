"""`e2e.report.table` and `e2e.report.progress`: what a terminal, or the log of a CI, is told."""

from __future__ import annotations

import io
import re

from e2e.report.html import page
from e2e.report.progress import Progress
from e2e.report.table import show, show_beside
from e2e.report.terminal import Terminal
from e2e.verify.result import UNSELECTED, Entry, Failure, Report
from tests.report.reports import HOSTILE, failed, report, requirement, with_every_verdict

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def shown(*reports: Report, colours: bool = False, everything: bool = False) -> str:
    stream = io.StringIO()
    terminal = Terminal(stream, 100, colours)
    first, *others = reports
    if others:
        show_beside(reports, terminal, everything=everything)
    else:
        show(first, terminal, everything=everything)
    return stream.getvalue()


def test_the_table_counts_verdicts_by_area():
    """A column for each status that there is, a line for each area."""
    found = shown(report(requirement("A-001"), requirement("A-002", "FAIL", failed()), requirement("B-001")))
    lines = [line.split() for line in found.splitlines()]

    assert ["FAIL", "PASS"] in lines
    assert ["A", "1", "1"] in lines
    assert ["B", ".", "1"] in lines


def test_what_is_not_met_is_told_in_words():
    """The sentence, why, and where; what is met is not listed unless it is asked for."""
    run = report(requirement("A-001", "FAIL", failed(), text="It is so."), requirement("B-001", text="And so."))

    for part in ("FRIENDS-A-001  MUST", "It is so.", "- got 1, want 2", "e2e/gateway/test_it.py:7"):
        assert part in shown(run)
    assert "And so." not in shown(run)
    assert "And so." in shown(run, everything=True)


def test_the_last_line_is_the_outcome():
    """In a sentence, with the counts."""
    last = shown(with_every_verdict()).splitlines()[-1]
    assert last.startswith("A server does not conform to the friends contract, version 1.0: 1 PASS, ")
    assert last.endswith("1 WARN, 1 XPASS, 1 FAIL in 41.2 s")


def test_a_part_is_not_told_as_the_whole():
    """Of a run with -k only what was selected is known, and areas that nobody asked for are no lines of the table."""
    run = report(requirement("A-001"), requirement("B-001", "NOT-RUN", reason=UNSELECTED))
    *table, last = shown(run).splitlines()

    assert "version 1.0, as far as was selected: 1 of 2 requirements: 1 PASS" in last
    assert [line.split() for line in table if line] == [["PASS"], ["A", "1"]]
    assert "Only 1 of 2 were selected." in page([run])
    assert "were selected" not in page([report(requirement("A-001"))])


def test_what_seems_not_to_be_offered_is_said():
    """With what to write in a profile."""
    calls = [Entry(0.1, "rest", "noted", "GET /messages -> 404 {}")] * 3
    told = " ".join(shown(report(requirement("A-001", "FAIL", failed(None, *calls)))).split())
    assert "Every call of GET /messages, in tests that failed, was answered 404." in told
    assert "history = false under [features]" in told


def test_colours_add_nothing_but_colour():
    """The same text is there without them."""
    assert _STYLE.search(shown(with_every_verdict(), colours=True))
    assert _STYLE.sub("", shown(with_every_verdict(), colours=True)) == shown(with_every_verdict())


def test_implementations_stand_side_by_side():
    """What differs, in the words of the contract; the rest is counted, or listed if it is asked for."""
    one = report(requirement("A-001"), requirement("A-002", text="Same."), label="Ours")
    other = report(requirement("A-001", "FAIL", text="Other."), requirement("A-002", text="Same."), label="Theirs")
    found = shown(one, other)

    assert re.search(r"Ours +Theirs\nFRIENDS-A-001 +PASS +FAIL\n +A server does it\.\n", found)
    assert "1 of 2 requirements differ, 1 are the same." in found
    assert "Same." not in found
    assert "Same." in shown(one, other, everything=True)


def test_runs_that_do_not_differ_are_said_to_be_the_same():
    """Rather than nothing."""
    assert "No requirement came out differently." in shown(report(requirement()), report(requirement()))


def test_a_server_cannot_write_on_the_terminal():
    """Neither by what it is called nor by what it sent."""
    run = report(requirement("A-001", "FAIL", failed(Failure(HOSTILE, where=HOSTILE)), text=HOSTILE), label=HOSTILE)
    for text in (shown(run), shown(run, report(requirement("A-001")))):
        assert "\x1b" not in text
        assert "\u202e" not in text
        text.encode()


def test_a_log_is_told_now_and_then():
    """Ten lines for any number of tests, and one for each failure."""
    stream = io.StringIO()
    progress = Progress(200, Terminal(stream), clock=lambda: 0.0)
    for number in range(200):
        progress.advance(f"Number {number}.", "failed" if number == 7 else "passed")
    progress.end()
    lines = stream.getvalue().splitlines()

    assert lines[0] == "failed  Number 7."
    assert lines[1] == "20 of 200 tests, 1 failed, 0 s"
    assert lines[-1] == "200 of 200 tests, 1 failed, 0 s"
    assert len(lines) == 11


def test_a_test_that_fails_with_many_parameters_is_named_once():
    """The same sentence thirteen times tells nothing; how many failed is counted."""
    stream = io.StringIO()
    progress = Progress(10, Terminal(stream), clock=lambda: 0.0)
    for _ in range(10):
        progress.advance("A body is refused.", "failed")

    assert stream.getvalue().count("A body is refused.") == 1
    assert stream.getvalue().endswith("10 of 10 tests, 10 failed, 0 s\n")


def test_a_terminal_has_one_line_that_moves():
    """A failure stays above it, and nothing of it is left at the end."""
    stream = io.StringIO()
    progress = Progress(2, Terminal(stream, live=True), clock=lambda: 0.0)
    progress.advance("One.", "passed")
    progress.advance("Two\x1b[2J.", "error")
    progress.end()

    assert stream.getvalue().count("\n") == 1
    assert "failed  Two\\x1b[2J.\n" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[2K")


def test_more_tests_than_were_said_do_no_harm():
    """The number may have been an estimate, or 0."""
    progress = Progress(0, Terminal(io.StringIO(), live=True), clock=lambda: 0.0)
    progress.advance("One.", "passed")


def test_a_stream_that_is_no_terminal_gets_no_escape(monkeypatch):
    """Unless it is asked for."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    found = Terminal.of(io.StringIO())
    assert (found.width, found.colours, found.live) == (100, False, False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Terminal.of(io.StringIO()).colours
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Terminal.of(io.StringIO()).colours
