"""`load.terminal`: what one sees at the end of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from load.report.__main__ import main
from load.result import Verdict, dump
from load.terminal import table
from load.thresholds import judge
from tests.load.results import flat, generator, phase, plan, result
from tests.load.simulated import simulated


def test_the_first_word_is_the_verdict():
    """Whatever came out."""
    assert table(judge(result(), plan())).startswith("PASSED  made: Made\n")
    assert table(judge(result(), plan(reach=2))).startswith("FAILED  ")
    assert table(judge(result(connects=flat(1.0, 0)), plan())).startswith("NOT VALID  ")


def test_what_failed_is_told_before_the_figures():
    """With its value, what was demanded, and the first examples."""
    run = judge(
        result(verdict=Verdict(sent=9, stored=9, lost=9, examples=[f"lost: it {at}" for at in range(9)])), plan()
    )
    lines = table(run).splitlines()

    assert lines[2] == "  lost is 9, demanded is at most 0: messages owed to somebody and not delivered"
    assert lines[3:9] == [*(f"    lost: it {at}" for at in range(5)), "    and more, in the report"]
    assert lines.index(lines[2]) < next(at for at, it in enumerate(lines) if it.startswith("  figure"))
    assert [it.split() for it in lines if it.endswith("NOT MET")] == [["lost", "9", "at", "most", "0,", "NOT", "MET"]]


def test_a_run_that_is_not_valid_says_why():
    """Nobody shall take its figures for some."""
    assert "nothing may be concluded: the generator was the bottleneck" in table(
        judge(result(processes=[generator(0.95)]), plan())
    )


def test_each_phase_has_a_line():
    """A star where it is measured; what is intended beside what is actual."""
    phases = [
        phase("ramp", measured=False, intended=flat(0, 0)),
        phase("storm", action="drop", ready=4.5, intended=flat(9.0)),
    ]
    lines = [line.split() for line in table(judge(result(phases=phases), plan())).splitlines()]

    assert ["ramp", "10", "s", "10", "5", "-", "-", "-", "1"] in lines
    assert ["storm*", "drop", "10", "s", "10", "5", "9", "9", "9", "1", "4.5", "s"] in lines


def test_a_baseline_stands_beside_the_figures():
    """With the ratio."""
    before = judge(result(phases=[phase(intended=flat(4.0))]), plan())
    lines = table(judge(result(phases=[phase(intended=flat(6.0))]), plan()), before).splitlines()

    assert ["p99_ms", "6", "ms", "4", "ms", "1.50"] in [line.split() for line in lines]


def test_colours_are_for_terminals():
    """A log has none, and nobody else's orders either."""
    run = judge(result(verdict=Verdict(lost=1, examples=["lost: \x1b[2J"])), plan())

    assert "\x1b" not in table(run)
    assert table(run, colours=True).count("\x1b") == 2
    assert max(len(line) for line in table(simulated()).splitlines()) < 200


def test_a_result_can_be_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Beside an earlier one, and as a page; what is no result is refused."""
    now, before = tmp_path / "now.json", tmp_path / "before.json"
    dump(judge(result(phases=[phase(intended=flat(6.0))]), plan()), now)
    dump(judge(result(phases=[phase(intended=flat(4.0))]), plan()), before)

    assert main([str(now), "--baseline", str(before), "--html", str(tmp_path / "page.html")]) == 0
    assert ["p99_ms", "6", "ms", "4", "ms", "1.50"] in [line.split() for line in capsys.readouterr().out.splitlines()]
    assert "1.50 worse" in (tmp_path / "page.html").read_text(encoding="utf-8")
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    assert main([str(tmp_path / "other.json")]) == 2
    assert "no result of parley-load/1" in capsys.readouterr().err
