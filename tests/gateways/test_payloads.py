"""`app.gateways.payloads`: what a client sends becomes a model, or a sentence that says what is wrong."""

from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, Field

from app.domain.errors import Invalid
from app.gateways.payloads import Payload, read


def _even(number: int) -> int:
    if number % 2:
        raise ValueError("must be even")
    return number


class Order(Payload):
    """What a client may order."""

    dish: Annotated[str, Field(min_length=1, max_length=5)]
    pieces: Annotated[int, Field(ge=1), AfterValidator(_even)] = 2
    sauces: list[str] = Field(default_factory=list[str])


@pytest.mark.parametrize("payload", [None, "text", 7, True, [], [{"dish": "rice"}]], ids=repr)
def test_a_payload_that_is_no_object_is_refused(payload: Any):
    """Whatever it is, it has no fields to name."""
    with pytest.raises(Invalid, match=r"^payload must be an object$"):
        read(Order, payload)


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({}, "dish is required"),
        ({"dish": None}, "dish must be a string"),
        ({"dish": 7}, "dish must be a string"),
        ({"dish": ""}, "dish must not be empty"),
        ({"dish": "x" * 6}, "dish must have at most 5 characters"),
        ({"dish": "rice", "pieces": 0}, "pieces must be greater than or equal to 1"),
        ({"dish": "rice", "pieces": 3}, "pieces must be even"),
        ({"dish": "rice", "pieces": "2"}, "pieces must be a valid integer"),
        ({"dish": "rice", "pieces": True}, "pieces must be a valid integer"),
        ({"dish": "rice", "pieces": 2.0}, "pieces must be a valid integer"),
        ({"dish": "rice", "sauces": ["soy", 7]}, "sauces.1 must be a string"),
        ({"dish": 7, "pieces": 0}, "dish must be a string, pieces must be greater than or equal to 1"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_each_broken_field_is_named_with_what_is_wrong(payload: Any, problem: str):
    """Nothing is converted: a number in a string is no number, and true is none either."""
    with pytest.raises(Invalid) as refused:
        read(Order, payload)
    assert refused.value.text == problem


def test_keys_that_are_not_known_are_dropped():
    """Also those that Python or JavaScript have a meaning for."""
    order = read(Order, {"dish": "rice", "__class__": "x", "__proto__": {}, "model_config": 7, "more": [[[]]]})
    assert order == Order(dish="rice")
    assert not hasattr(order, "more")


def test_a_list_of_broken_values_is_told_shortly():
    """However long it is, the answer is not."""
    with pytest.raises(Invalid, match=r"^payload has 100001 broken fields$"):
        read(Order, {"sauces": [7] * 100_000})


def test_what_was_sent_is_not_in_what_is_told():
    """A client's secrets stay its own, and nobody has us send back a text of theirs."""
    with pytest.raises(Invalid) as refused:
        read(Order, {"dish": "secret" * 10, "pieces": "secret", "sauces": [{"secret": 1}]})
    assert "secret" not in refused.value.text
    assert refused.value.__cause__ is refused.value.__context__ is None
