"""Who there is: who speaks, who is whose friend, and who is in which room. Users are numbers from 0.

With spread `across`, user i being on server i modulo their number, nobody has a friend on the own server.
"""

from __future__ import annotations

from collections.abc import Sequence

from load.plan import PlanError, Population

__all__ = ["friends", "rooms", "senders"]


def senders(population: Population) -> list[int]:
    """Return the numbers of those who send, in their order, spread evenly over all users.

    Where not all do, they are not all of one remainder: servers and processes have users by that.
    """
    count = population.senders or population.users
    gap = population.users // count
    return [index * population.users // count + index % gap for index in range(count)]


def rooms(population: Population) -> int:
    """Return how many rooms there are: user i is in room i // members, and the last may have fewer."""
    return -(-population.users // population.members)


def friends(population: Population, servers: int = 1) -> list[list[int]]:
    """Return the numbers of each user's friends, in their order. A friend of somebody has them for a friend.

    Where all send, each has the nearest in a ring, as many before as after. Where some do, each of those has as many of
    the others, who are dealt to them in turn; the others have no friends but senders.

    Args:
        population: of whom; each sender gets exactly `population.friends`.
        servers: on how many they are; for spread `across` alone.

    Raises:
        PlanError: there are not so many others, or not on other servers; a ring of an odd number of friends, or one
            that is broken as the servers do not all have as many users.

    """
    apart = servers if population.spread == "across" else 1
    speaking = senders(population)
    if len(speaking) == population.users:
        return _ring(population.users, population.friends, apart)
    return _dealt(population, speaking, apart)


def _ring(users: int, wanted: int, servers: int) -> list[list[int]]:
    if wanted % 2:
        raise PlanError(f"population.friends is {wanted}, want an even number: as many before each user as after")
    if servers > 1 and users % servers:
        raise PlanError(f"population.users is {users}, want a multiple of {servers}, as many as there are servers")
    # half of the ring and its opposite are one person, not two
    steps = [step for step in range(1, (users + 1) // 2) if servers == 1 or step % servers][: wanted // 2]
    if len(steps) < wanted // 2:
        raise PlanError(_too_few(users, wanted, servers))
    return [sorted((user + way) % users for step in steps for way in (step, -step)) for user in range(users)]


def _dealt(population: Population, speaking: Sequence[int], servers: int) -> list[list[int]]:
    others = sorted(set(range(population.users)).difference(speaking))
    found: list[list[int]] = [[] for _ in range(population.users)]
    for index, sender in enumerate(speaking):
        there = others if servers == 1 else [it for it in others if it % servers != sender % servers]
        if len(there) < population.friends:
            raise PlanError(_too_few(population.users, population.friends, servers))
        first = index * len(there) // len(speaking)
        found[sender] = sorted(there[(first + it) % len(there)] for it in range(population.friends))
        for other in found[sender]:
            found[other].append(sender)
    return found


def _too_few(users: int, wanted: int, servers: int) -> str:
    where = f" on the {servers - 1} other of {servers} servers" if servers > 1 else ""
    return f"population.friends is {wanted}, and of {users} users nobody has so many others{where} to be friends with"
