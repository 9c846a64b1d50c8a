"""Payloads of events, read into models."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from app.domain.errors import Invalid

__all__ = ["Payload", "read", "stored"]


TOLD = 20
"""The most broken fields that are told one by one."""


class Payload(BaseModel):
    """An object that a client sends. Keys that the model does not know are dropped; nothing is converted."""

    model_config = ConfigDict(strict=True, frozen=True)


M = TypeVar("M", bound=BaseModel)


def read(model: type[M], payload: Any) -> M:
    """Return a payload as the model has it. Raise `Invalid`, with what is wrong about each broken field.

    Of more than `TOLD` of them, as a long list may have, it says how many there are.
    """
    if not isinstance(payload, dict):
        raise Invalid("payload must be an object")
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        if error.error_count() > TOLD:
            raise Invalid(f"payload has {error.error_count()} broken fields") from None
        told = error.errors(include_url=False, include_input=False, include_context=False)
    raise Invalid(", ".join(dict.fromkeys(map(_sentence, told))))


def stored(text: str) -> dict[str, Any]:
    """Return what was kept as the text of a JSON object, {} where another program left something else."""
    try:
        found = orjson.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _sentence(detail: Any) -> str:
    return f"{'.'.join(map(str, detail['loc']))} {_PROBLEMS.get(detail['type']) or _lower(detail['msg'])}"


_PROBLEMS = {
    "missing": "is required",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
}


def _lower(message: str) -> str:
    text = message.removeprefix("Value error, ").replace("Input should", "must").replace("String should", "must")
    return text[:1].lower() + text[1:]
