"""The examples of the contracts are true: each is played against the server, and everything comes as it is written."""

import pytest

from e2e.harness.examples import Example, load
from e2e.harness.people import People
from e2e.harness.replay import INTERNAL, replay

EXAMPLES = [
    pytest.param(example, id=f"{example.contract}-{example.name}", marks=pytest.mark.requirement(*example.requirements))
    for example in load()
]


@pytest.mark.parametrize("example", EXAMPLES)
async def test_an_example_goes_as_it_is_written(people: People, example: Example):
    """What its clients send is answered with what they receive there, and with nothing else."""
    internal = any(step.gateway == INTERNAL for step in example.exchange)
    if internal and INTERNAL not in people.deployment.servers[0].urls:
        pytest.skip("the address of the internal gateway of a target is not known")

    await replay(example, people)
