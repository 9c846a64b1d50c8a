"""`e2e.report.panels`: expected beside got."""

import pytest

from e2e.report.panels import Line, panels


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("['two', None, True]", '["two", null, true]'),
        ("createdAt is 'now'", 'createdAt is "now"'),
        ("keys are ['a', 'b']", 'keys are ["a", "b"]'),
        ("in {'n': 1}", 'in {"n": 1}'),
        ("  message is 'back'", '  message is "back"'),
        ("status 201", "status 201"),
        ("“message”, as the very next packet", "“message”, as the very next packet"),
        ("['cut off...", "['cut off..."),
        ("b'bytes'", "b'bytes'"),
        ("__import__('os')", "__import__('os')"),
    ],
)
def test_values_are_shown_as_they_go_over_the_wire(said: str, shown: str):
    """Python's notation becomes JSON; words stay, and nothing is run."""
    assert panels(said, None) == ([Line(shown)], [])


def test_long_values_have_a_line_for_each_part():
    """So that they can be read against each other, with what differs marked."""
    expected, got = panels(
        str([f"number {n}" for n in (1, 2, 3, 4, 5, 6, 7)]), str([f"number {n}" for n in (1, 3, 4, 5, 6, 7, 7)])
    )

    assert expected[0] == Line("[")
    assert [line.text for line in expected if line.differs] == ['  "number 2",']
    assert [line.text for line in got if line.differs] == ['  "number 7",']


def test_what_fits_on_a_line_stays_on_it():
    """A list of people is read person by person."""
    expected, _ = panels(str([("Alice", n) for n in range(9)]), None)
    assert [line.text for line in expected[:2]] == ["[", '  ["Alice", 0],']


def test_a_long_object_has_a_line_for_each_key():
    """And what is in it is further in."""
    expected, _ = panels(f"in { ({'a': 'x' * 60, 'b': ['y' * 75, 1]}) }", None)
    assert [line.text.replace("x", "").replace("y", "") for line in expected] == [
        "in {", '  "a": "",', '  "b": [', '    "",', "    1", "  ]", "}"
    ]  # fmt: skip


def test_one_value_against_another_is_not_marked():
    """All of it would be."""
    assert panels("'a'", "'b'") == ([Line('"a"')], [Line('"b"')])


def test_what_is_very_long_is_cut():
    """And says how long it is."""
    expected, _ = panels(str(list(range(5000))), None)
    assert expected[-1] == Line("… (5002 lines)")
    assert len(expected) == 201


@pytest.mark.parametrize("text", ["(" * 10_000, "[" * 300 + "]" * 300, "-" * 5000 + "1"])
def test_an_abyss_stays_text(text: str):
    """It neither ends the run nor takes long."""
    assert panels(text, None)[0]
