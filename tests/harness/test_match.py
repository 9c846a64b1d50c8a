"""Matchers: they return what is wrong, and fail nothing."""

import pytest

from e2e.harness.match import Check, equals, has, instant, keys, lacks, must, names, present, says


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (equals([]), [], {}),
        (equals(1), 1, True),
        (equals({"message": "x"}), {"message": "x"}, {"message": "x", "more": 1}),
        (has(a=1), {"a": 1, "b": 2}, {"b": 2}),
        (has(a=None), {"a": None}, {}),
        (says("x"), {"message": "x"}, "x"),
        (keys("a", "b"), {"b": 1, "a": 2}, {"a": 1}),
        (keys("a"), {"a": 1, "b": 2}, {}),
        (keys("a"), {"a": None}, ["a"]),
        (lacks("a", "b"), {"c": 1}, {"c": 1, "b": None}),
        (lacks("a"), {}, None),
        (names("a"), {"message": "a is missing"}, {"message": "ab is missing"}),
        (names("a", "b"), {"message": ["b!", "a!"]}, {"message": "a!"}),
        (names(), {"message": "no"}, {"message": ""}),
        (names(), {"message": ["no"]}, {"message": []}),
        (names(), {"message": ["no"]}, "no"),
        (names("a", under="error"), {"error": "a!"}, {"message": "a!"}),
        (present("a"), {"a": 0}, {"a": None}),
        (instant("at"), {"at": "2022-04-03T21:23:31.964Z"}, {"at": "2022-04-03T21:23:31Z"}),
        (instant("at"), {"at": "2022-04-03T21:23:31.964Z"}, {"at": "2022-04-03T21:23:31.964+00:00"}),
        (instant("at"), {"at": "2022-04-03T21:23:31.964Z"}, {"at": 1649021011964}),
    ],
)
def test_a_check_has_no_objection_to_what_is_right(check: Check, right: object, wrong: object):
    """A check returns None for a right payload and a sentence for a wrong one."""
    assert check(right) is None
    assert isinstance(check(wrong), str)


def test_must_names_every_objection():
    """`must` fails with all objections and the value."""
    with pytest.raises(AssertionError, match=r"a is missing, want 1; keys are \['b'\], want \['a'\] in \{'b': 2\}"):
        must({"b": 2}, has(a=1), keys("a"))
