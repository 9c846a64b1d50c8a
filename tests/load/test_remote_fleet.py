"""Servers of somebody else: what cannot be done to them is refused before anything is asked of them."""

import pytest

from e2e.verify.profile import Profile
from load.fleet import FleetError, RemoteFleet
from tests.load.conftest import plan_of


@pytest.mark.parametrize(
    ("action", "why"), [("expire", "wants users.secret in a profile"), ("kill", "without --target it starts its own")]
)
async def test_what_cannot_be_done_to_a_target_is_refused(action: str, why: str):
    """In a sentence; nobody listens at the address."""
    plan = plan_of("friends", {"name": "p", "seconds": 1, "action": action})
    with pytest.raises(FleetError, match=why):
        await RemoteFleet.look(plan, ["http://127.0.0.1:9"], Profile())
