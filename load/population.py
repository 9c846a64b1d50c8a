"""Who speaks."""

from __future__ import annotations

from load.plan import Population

__all__ = ["senders"]


def senders(population: Population) -> list[int]:
    """Return the numbers of those who send, spread evenly over all users."""
    count = population.senders or population.users
    return [index * population.users // count for index in range(count)]
