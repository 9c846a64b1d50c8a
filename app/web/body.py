"""The body of a request: JSON or a form, read into a model."""

from __future__ import annotations

import json
import math
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel
from quart import request
from werkzeug.exceptions import UnsupportedMediaType

from app.domain.errors import Invalid
from app.web.fields import read

__all__ = ["FORM", "JSON", "body", "fields", "json_body"]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 100

M = TypeVar("M", bound=BaseModel)


async def body(model: type[M]) -> M:
    """Return the request's body as the model has it; keys that it does not know are dropped.

    Raise `Invalid` if it breaks the model, and what `fields` does.
    """
    return read(model, await fields())


async def json_body(model: type[M]) -> M:
    """Return the request's body as the model has it, read as JSON whatever type it is said to have.

    Raise `Invalid` as `body` does, `UnsupportedMediaType` if it is compressed, `RequestEntityTooLarge`.
    """
    data = await _data()
    return read(model, _json(data) if data else {})


async def fields() -> dict[str, Any]:
    """Return the request's body, an object, with all its keys.

    An empty body is an object without keys. Raise `Invalid` if it is malformed or no object;
    `UnsupportedMediaType` (415) if it is neither JSON nor a form, or compressed; `RequestEntityTooLarge` (413).
    """
    data = await _data()
    return _parsed(data) if data else {}


async def _data() -> bytes:
    data = await request.get_data(cache=True, as_text=False, parse_form_data=False)
    if data and request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType
    return data


def _parsed(data: bytes) -> dict[str, Any]:
    kind = request.mimetype
    if kind == FORM:
        return _form(data)
    if kind == JSON or (kind.startswith("application/") and kind.endswith("+json")):
        return _json(data)
    raise UnsupportedMediaType


def _form(data: bytes) -> dict[str, Any]:
    try:
        return dict(parse_qsl(data.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS))
    except ValueError:
        raise Invalid("body must be a well-formed form") from None


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data.decode(), parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Invalid("body must be well-formed JSON") from None
    if not isinstance(value, dict):
        raise Invalid("body must be a JSON object")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number)  # nobody could be told of it
    return value
