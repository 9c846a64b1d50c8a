"""`e2e.verify.runner`: what no process shows every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from e2e.verify.collector import Collector
from e2e.verify.profile import Profile
from e2e.verify.runner import Request, run


def test_an_interrupted_run_is_no_verdict_whatever_its_teardown_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A test that Ctrl-C ended while it connected cannot say goodbye: its error must not be told as the server's."""

    def interrupted(arguments: list[str], plugins: list[Any]) -> int:
        (collector,) = [it for it in plugins if isinstance(it, Collector)]
        collector.pytest_keyboard_interrupt()
        raise AssertionError("the websocket was not opened")

    monkeypatch.setattr("e2e.verify.preflight.look", _looks_well)
    monkeypatch.setattr("pytest.main", interrupted)

    with pytest.raises(KeyboardInterrupt):
        run(Request("friends", ("http://127.0.0.1:1",), Profile(), directory=tmp_path / "report"))
    assert not (tmp_path / "report").exists()


async def _looks_well(*_: object) -> None:
    """Find nothing that is in the way."""


def test_ctrl_c_while_the_suites_are_read_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """That takes seconds on a busy machine, in which nobody wants a traceback."""

    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("importlib.import_module", interrupted)

    assert main(["verify"]) == 2
    assert capsys.readouterr().err == "parley: interrupted\n"
