"""The types of the fields that a client sends, each with the one sentence that says what it must be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema

from app.domain.errors import Invalid
from app.domain.passwords import MAX_PASSWORD_BYTES
from app.domain.rooms import MAX_NAME as MAX_ROOM_NAME
from app.domain.rooms import name_of

__all__ = [
    "AtMost",
    "Before",
    "Email",
    "Limit",
    "Name",
    "NewPassword",
    "Order",
    "Password",
    "RoomName",
    "Rule",
    "UserId",
    "read",
]

MIN_PASSWORD = 6
MAX_EMAIL = 254
MAX_NAME = 100
MAX_LIMIT = 1000

_ATOM = r"[^\s@\"(),:;<>\[\]\\.\x00-\x1f\x7f]+"
_LABEL = r"[^\W_](?:[^\W_]|-){0,62}"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}")
_DIGITS = re.compile(r"[0-9]{1,10}")

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field must be; the answer to a request that breaks it says `<field> must be <text>`."""

    text: str


def _text(value: str) -> str:
    value.encode()  # a lone surrogate, which no store can keep, is a ValueError
    return value


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError
    return value


def _password(value: str) -> str:
    if len(value.encode()) > MAX_PASSWORD_BYTES:
        raise ValueError
    return value


def _digits(value: object) -> object:
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError
    return value


Text = Annotated[str, AfterValidator(_text)]

Email = Annotated[
    Text,
    Field(max_length=MAX_EMAIL, json_schema_extra={"format": "email"}),
    AfterValidator(_email),
    Rule("an email"),
]
Password = Annotated[Text, Field(min_length=1), Rule("a string that is not empty")]
NewPassword = Annotated[
    Text,
    Field(min_length=MIN_PASSWORD, description=f"At most {MAX_PASSWORD_BYTES} bytes of UTF-8."),
    AfterValidator(_password),
    Rule(f"a string of at least {MIN_PASSWORD} characters and at most {MAX_PASSWORD_BYTES} bytes"),
]
Name = Annotated[Text, Field(max_length=MAX_NAME), Rule(f"a string of at most {MAX_NAME} characters")]
UserId = Annotated[Text, Rule("the id of a user")]
Before = Annotated[str | SkipJsonSchema[None], Field(pattern="^[0-9a-f]{24}$"), Rule("the id of a message")]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT), BeforeValidator(_digits), Rule(f"an integer from 1 to {MAX_LIMIT}")]
AtMost = Annotated[
    int | SkipJsonSchema[None],
    Field(ge=1, le=MAX_LIMIT),
    BeforeValidator(_digits),
    Rule(f"an integer from 1 to {MAX_LIMIT}"),
]
Order = Annotated[int | SkipJsonSchema[None], Field(ge=1), BeforeValidator(_digits), Rule("an integer from 1 on")]
RoomName = Annotated[
    str,
    BeforeValidator(name_of),
    Field(min_length=1, max_length=MAX_ROOM_NAME, validate_default=True),
]


def read(model: type[M], values: object) -> M:
    """Return the values as the model has them; keys that it does not know are dropped.

    Raise `Invalid`, naming each broken field once, joined by `, `.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)
    raise Invalid(broken=_sentences(model, {detail["loc"][0]: detail["msg"] for detail in details}))


def _sentences(model: type[BaseModel], broken: dict[int | str, str]) -> list[str]:
    """Return what is wrong with each broken field: that its rule is broken, or what its type says where it has none."""
    fields = {field.alias or name: field.metadata for name, field in model.model_fields.items()}
    rules = {name: [rule.text for rule in metadata if isinstance(rule, Rule)] for name, metadata in fields.items()}
    return [
        f"{name} must be {texts[0]}" if texts else f"{name} {broken[name].removeprefix('Value error, ')}"
        for name, texts in rules.items()
        if name in broken
    ]
