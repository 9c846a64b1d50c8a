"""The examples of the contracts are true: each is played against the server, and everything comes as it is written."""

from typing import Any

import pytest

from e2e.harness.examples import Example, load
from e2e.harness.people import People
from e2e.harness.replay import replay


def examples(contract: str, requirement: pytest.MarkDecorator) -> list[Any]:
    """Return the examples of a contract, each as a case that proves a requirement."""
    found = [example for example in load() if example.contract == contract]
    return [pytest.param(example, id=f"{contract}-{example.name}", marks=requirement) for example in found]


@pytest.mark.parametrize(
    "example",
    [
        *examples("friends", pytest.mark.requirement("FRIENDS-WIRE-001")),
        *examples("direct", pytest.mark.requirement("DIRECT-WIRE-001")),
        *examples("rooms", pytest.mark.requirement("ROOMS-WIRE-001")),
        *examples("notifications", pytest.mark.requirement("NOTIFICATIONS-WIRE-001")),
        *examples("presence", pytest.mark.requirement("PRESENCE-WIRE-001")),
    ],
)
async def test_an_example_goes_as_it_is_written(people: People, example: Example):
    """What its clients send is answered with what they receive there, and with nothing else."""
    await replay(example, people)
