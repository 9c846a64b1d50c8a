"""Plans of few users, and fleets to load by them."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from e2e.harness.engines import NoEngineError
from load.fleet import FleetError
from load.own_fleet import OwnFleet, Wanted
from load.plan import Plan

STAND_IN = [sys.executable, str(Path(__file__).with_name("stand_in.py"))]
"""The command of a generator that loads nobody; its words may follow."""

StartFleet = Callable[..., Awaitable[OwnFleet]]


def plan_of(contract: str = "friends", *phases: dict[str, Any], **population: Any) -> Plan:
    """Return a plan for a contract, with these phases or a short one, and a population other than eight users."""
    return Plan.parse(
        {
            "name": "tried",
            "title": "Tried",
            "about": "It is tried.",
            "contract": contract,
            "population": {"users": 8, "friends": 2, "members": 4, **population},
            "phases": list(phases) or [{"name": "hold", "seconds": 0.2, "rate": 1.0, "measured": True}],
            "drain": 1.0,
        }
    )


@pytest.fixture
async def start_fleet(tmp_path: Path) -> AsyncIterator[StartFleet]:
    """Return what starts a fleet for a plan, which ends with the test."""
    started: list[OwnFleet] = []

    async def start(plan: Plan, **wanted: Any) -> OwnFleet:
        try:
            fleet = await OwnFleet.start(tmp_path / f"fleet-{len(started)}", plan, replace(Wanted(), **wanted))
        except FleetError as error:
            if isinstance(error.__cause__, NoEngineError) and os.environ.get("E2E_NO_SKIP") != "1":
                pytest.skip(str(error))
            raise
        started.append(fleet)
        return fleet

    yield start
    for fleet in started:
        await fleet.close()
