"""The examples of the contracts are true: each is played against the server, and everything comes as it is written."""

from typing import Any

import pytest

from e2e.harness.examples import Example, load
from e2e.harness.people import People
from e2e.harness.replay import replay


def examples(contract: str) -> list[Any]:
    """Return the examples of a contract, each as a case of a test."""
    return [pytest.param(example, id=example.name) for example in load() if example.contract == contract]


@pytest.mark.requirement("FRIENDS-WIRE-001")
@pytest.mark.parametrize("example", examples("friends"))
async def test_an_example_of_friends_goes_as_it_is_written(people: People, example: Example):
    """What the clients of an example send is answered with what they receive there, and with nothing else."""
    await replay(example, people)


@pytest.mark.requirement("DIRECT-WIRE-001")
@pytest.mark.parametrize("example", examples("direct"))
async def test_an_example_of_direct_goes_as_it_is_written(people: People, example: Example):
    """What the clients of an example send is answered with what they receive there, and with nothing else."""
    await replay(example, people)


@pytest.mark.requirement("ROOMS-WIRE-001")
@pytest.mark.parametrize("example", examples("rooms"))
async def test_an_example_of_rooms_goes_as_it_is_written(people: People, example: Example):
    """What the clients of an example send is answered with what they receive there, and with nothing else."""
    await replay(example, people)


@pytest.mark.requirement("NOTIFICATIONS-WIRE-001")
@pytest.mark.parametrize("example", examples("notifications"))
async def test_an_example_of_notifications_goes_as_it_is_written(people: People, example: Example):
    """What the clients of an example send is answered with what they receive there, and with nothing else."""
    await replay(example, people)


@pytest.mark.requirement("PRESENCE-WIRE-001")
@pytest.mark.parametrize("example", examples("presence"))
async def test_an_example_of_presence_goes_as_it_is_written(people: People, example: Example):
    """What the clients of an example send is answered with what they receive there, and with nothing else."""
    await replay(example, people)
