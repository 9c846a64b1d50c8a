"""How tests ended over a mutant, and what that says of the suites."""

from __future__ import annotations

import enum
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["Ended", "Outcome", "Verdict", "failed", "judge", "read", "worst"]

Ended = Literal["passed", "skipped", "failed", "error"]
"""A test that did not get to say anything of the server, because one did not start or did not stop, has an error."""

_ORDER: tuple[Ended, ...] = ("passed", "skipped", "failed", "error")
_NOT_STARTED = "ServerDidNotStartError"
_SHOWN = 600


class Verdict(enum.Enum):
    """What became of a mutant. Only one that is caught is as it should be."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    BROKEN = "broken"
    NOT_RUN = "not run"
    DOES_NOT_FIT = "does not fit"


@dataclass(slots=True)
class Outcome:
    """How a test ended.

    Attributes:
        test: its node id.
        ids: the requirements that it proves.
        ended: "" as long as it has not.
        text: the failure.

    """

    test: str
    ids: tuple[str, ...]
    ended: Ended | Literal[""] = ""
    text: str = ""

    def note(self, ended: Ended, text: str) -> None:
        """Take the end of a phase of the test: what was worst counts."""
        if not self.ended or _ORDER.index(ended) > _ORDER.index(self.ended):
            self.ended, self.text = ended, text[-_SHOWN:]

    def shown(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"test": self.test, "ids": list(self.ids), "ended": self.ended, "text": self.text}


def worst(phase: str, outcome: str, text: str) -> Ended:
    """Return how a test ended that had this outcome in a phase (`setup`, `call`, `teardown`)."""
    if outcome == "failed" and (phase != "call" or _NOT_STARTED in text):
        return "error"
    return "failed" if outcome == "failed" else "skipped" if outcome == "skipped" else "passed"


def read(file: Path) -> list[Outcome]:
    """Return the outcomes that the plugin wrote down, none if it did not get so far."""
    if not file.exists():
        return []
    told: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return [Outcome(one["test"], tuple(one["ids"]), one["ended"], one["text"]) for one in told]


def failed(outcomes: Iterable[Outcome]) -> set[str]:
    """Return the requirements of which a test failed."""
    return {one for outcome in outcomes if outcome.ended == "failed" for one in outcome.ids}


def judge(caught_by: str, outcomes: Collection[Outcome]) -> Verdict:
    """Return what became of a mutant that the tests of a requirement must fail over."""
    of_the_id = [outcome.ended for outcome in outcomes if caught_by in outcome.ids]
    if "failed" in of_the_id:
        return Verdict.CAUGHT
    if "error" in of_the_id or not of_the_id:
        return Verdict.BROKEN
    return Verdict.SURVIVED if "passed" in of_the_id else Verdict.NOT_RUN
