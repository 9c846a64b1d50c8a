"""`app.cluster.expiring`: what is kept, and for how long."""

from app.cluster.expiring import Expiring


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_kept_for_its_time():
    """And with it, how much of that is left; another of the name takes its place."""
    clock = Clock()
    values: Expiring[str] = Expiring(clock)
    values.put("name", "first", 5)
    clock.now += 4
    assert values.get("name") == ("first", 1)
    values.put("name", "second", 5)
    clock.now += 4.5
    assert values.get("name") == ("second", 0.5)
    clock.now += 0.5
    assert values.get("name") is None


def test_what_has_passed_takes_no_memory():
    """However many there were, about as many are held as live."""
    clock = Clock()
    values: Expiring[int] = Expiring(clock)
    for number in range(10_000):
        values.put(str(number), number, 10)
        clock.now += 1
    assert len(values) < 100
    assert values.get("9999") == (9999, 9)
