"""The servers that are loaded, whoever started them, and those of somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from e2e.harness.deployment import RemoteDeployment
from e2e.verify import preflight
from e2e.verify.profile import Profile, ProfileError, Users
from e2e.verify.target import target_of
from load.plan import SERVER_ACTIONS, Plan

__all__ = ["Fleet", "FleetError", "Member", "RemoteFleet", "Target"]


class FleetError(Exception):
    """The servers of a run cannot be had, or not be loaded so; the text says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where clients of the contract connect.

    Attributes:
        url: without a path.
        path: of Socket.IO.

    """

    url: str
    path: str


@dataclass(frozen=True, slots=True)
class Member:
    """A process of a fleet.

    Attributes:
        name: that reports show.
        kind: `server`, `engine` or `proxy`.
        pids: of its processes on this machine, none while it does not run.
        metrics: the base URL of `/metrics`, of a server.

    """

    name: str
    kind: str
    pids: Sequence[int] = ()
    metrics: str | None = None


class Fleet(Protocol):
    """Servers that can be loaded.

    Attributes:
        targets: where clients connect: user i at number i modulo how many there are.
        rest: base URLs at which REST is asked.
        users: how users and their tokens are had.

    """

    targets: Sequence[Target]
    rest: Sequence[str]
    users: Users

    def members(self) -> list[Member]:
        """Return what can be watched."""
        ...

    def casualties(self) -> list[str]:
        """Return what has ever ended though nobody asked it to, a sentence each."""
        ...

    def setting(self) -> dict[str, str | int | float]:
        """Return what is to be known of it to read a result."""
        ...

    async def close(self) -> None:
        """End everything that was started for it."""
        ...


@dataclass(eq=False)
class RemoteFleet:
    """Servers that somebody else has started, and goes on running."""

    targets: Sequence[Target]
    rest: Sequence[str]
    users: Users
    name: str = field(default="")

    @classmethod
    async def look(cls, plan: Plan, urls: Sequence[str], profile: Profile) -> RemoteFleet:
        """Return the servers at these URLs.

        Raises:
            FleetError: they cannot be loaded by this plan, nothing of the contract is there, or no user can be had.

        """
        for phase in plan.phases:
            if phase.action in SERVER_ACTIONS:
                raise FleetError(
                    f"{plan.name} does to the servers what is not done to those of others ({phase.action}, in its "
                    f"phase {phase.name}); without --target it starts its own"
                )
            if phase.action == "expire" and profile.users.secret is None:
                raise FleetError(f"{plan.name} signs tokens that expire, and for that wants users.secret in a profile")
        usual = "/socket.io" if plan.contract == "friends" else f"/{plan.contract}/socket.io"
        try:
            deployment = RemoteDeployment(target_of(profile, urls, plan.contract))
            await preflight.look(plan.contract, deployment, profile)
            targets = [Target(*deployment.place(plan.contract, usual, server)) for server in deployment.servers]
        except (preflight.SetUpError, ProfileError, pytest.skip.Exception) as error:
            raise FleetError(str(error)) from None
        return cls(targets, [server.url for server in deployment.servers], profile.users, profile.name or "")

    def members(self) -> list[Member]:
        return [Member(f"server {number}", "server", metrics=url) for number, url in enumerate(self.rest, 1)]

    def casualties(self) -> list[str]:
        return []

    def setting(self) -> dict[str, str | int | float]:
        return {"servers": len(self.targets), "deployment": f"target {self.name}".rstrip()}

    async def close(self) -> None:
        """Do nothing."""
