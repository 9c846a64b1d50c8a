"""The examples of the contracts, `contracts/<name>/examples/*.json`, as a person reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from app import resources

__all__ = ["Exchange", "exchanges"]

_ARROWS = {"sent": "->", "received": "<-"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A whole exchange.

    Attributes:
        name: of its file.
        requirements: what it shows.
        lines: who sent or received what, a line each.

    """

    name: str
    title: str
    requirements: tuple[str, ...]
    lines: tuple[str, ...]


def exchanges(folder: str) -> list[Exchange]:
    """Return the examples of a contract, those that are refused last."""
    paths = sorted((resources.path("contracts") / folder / "examples").glob("*.json"))
    found = [(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    found.sort(key=lambda one: one[0] in ("errors", "unauthorised", "broken-message"))
    return [_exchange(name, example) for name, example in found]


def _exchange(name: str, example: dict[str, Any]) -> Exchange:
    width = max(len(step["who"]) for step in example["exchange"])
    lines = tuple(_line(step, width) for step in example["exchange"])
    return Exchange(name, example["title"], tuple(example["requirements"]), lines)


def _line(step: dict[str, Any], width: int) -> str:
    """Return a step: who, the direction, the packet, with which number an acknowledgement goes, and what is in it."""
    given = [f"{name} {json.dumps(step[name])}" for name in ("query", "headers") if name in step]
    ack = [f"ack={step['ack']}"] if "ack" in step else []
    args = [json.dumps(argument, ensure_ascii=False) for argument in step.get("args", ())]
    return " ".join([f"{step['who']:<{width}}", _ARROWS[step["way"]], step["label"], *ack, *given, *args])
