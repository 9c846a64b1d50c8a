"""Who speaks, who is whose friend, and who is in which room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.plan import PlanError, Population
from load.population import friends, rooms, senders


@st.composite
def populations(draw: st.DrawFn) -> tuple[Population, int]:
    users = draw(st.integers(1, 120))
    population = Population(
        users=users,
        friends=draw(st.integers(0, 40)),
        senders=draw(st.integers(0, users)),
        members=draw(st.integers(1, 20)),
        spread=draw(st.sampled_from(["even", "across"])),
    )
    return population, draw(st.integers(1, 4))


@given(populations())
def test_friendship_is_mutual_exact_and_never_with_oneself(drawn: tuple[Population, int]):
    """Every sender has just so many friends, all different, each of whom has it too; across, none on its server."""
    population, servers = drawn
    try:
        found = friends(population, servers)
    except PlanError:
        return
    assert len(found) == population.users
    for user, those in enumerate(found):
        assert those == sorted(set(those) - {user})
        assert all(user in found[it] for it in those)
        if population.spread == "across" and servers > 1:
            assert all(it % servers != user % servers for it in those)
    assert all(len(found[it]) == population.friends for it in senders(population))


@given(populations())
def test_who_does_not_speak_has_only_senders_for_friends(drawn: tuple[Population, int]):
    """They are dealt to the senders evenly: none has many while another has few."""
    population, _ = drawn
    speaking = set(senders(population))
    try:
        found = friends(population)
    except PlanError:
        return
    others = [those for user, those in enumerate(found) if user not in speaking]
    assert all(speaking.issuperset(those) for those in others)
    counts = [len(those) for those in others]
    mean = sum(counts) / len(counts) if counts else 0
    assert all(abs(count - mean) <= 2 for count in counts)


@given(populations())
def test_what_is_possible_is_not_refused(drawn: tuple[Population, int]):
    """Without servers to regard, an even number of others that exist can always be had."""
    population, _ = drawn
    speaking = senders(population)
    ring = len(speaking) == population.users
    there = population.users - 1 if ring else population.users - len(speaking)
    if population.friends <= there and not (ring and population.friends % 2):
        assert len(friends(population)[speaking[0]]) == population.friends
    else:
        with pytest.raises(PlanError):
            friends(population)


def test_a_ring_is_of_the_nearest():
    """As many before as after, and the ring closes."""
    assert friends(Population(users=6, friends=2)) == [[1, 5], [0, 2], [1, 3], [2, 4], [3, 5], [0, 4]]
    assert friends(Population(users=8, friends=4, spread="across"), 2)[0] == [1, 3, 5, 7]


@pytest.mark.parametrize(
    ("population", "servers", "why"),
    [
        (Population(users=10, friends=3), 1, "want an even number"),
        (Population(users=10, friends=10), 1, "of 10 users nobody has so many others to be friends with"),
        (Population(users=10, friends=8, senders=4), 1, "nobody has so many others"),
        (Population(users=11, friends=2, spread="across"), 2, "want a multiple of 2"),
        (Population(users=8, friends=6, spread="across"), 2, "on the 1 other of 2 servers"),
    ],
)
def test_what_is_impossible_is_refused_with_a_sentence(population: Population, servers: int, why: str):
    """Nobody gets fewer friends than the plan has."""
    with pytest.raises(PlanError, match=why):
        friends(population, servers)


@given(populations())
def test_senders_are_spread_over_users_and_remainders(drawn: tuple[Population, int]):
    """One in each part of the users; with room between them, half are even and half odd."""
    population, _ = drawn
    found = senders(population)
    count = population.senders or population.users
    assert found == sorted(set(found))
    assert len(found) == count
    edges = [part * population.users // count for part in range(count + 1)]
    assert all(edges[part] <= it < edges[part + 1] for part, it in enumerate(found))
    if population.users % (2 * count) == 0:
        odd = sum(it % 2 for it in found)
        assert abs(2 * odd - count) <= 1


@given(populations())
def test_everybody_is_in_a_room(drawn: tuple[Population, int]):
    """And no room is empty."""
    population, _ = drawn
    assert {user // population.members for user in range(population.users)} == set(range(rooms(population)))
