"""What REST answers, read from `contracts/openapi.yaml`, and what of an answer is not in it.

Looked at is what succeeds: an error has the envelope of its path and of the server's mode, which tests of their own
prove, and may be the answer of something in front of the application.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs

from e2e.harness.requirements import CONTRACTS
from e2e.harness.schemas import closed, cut, load, where

__all__ = ["RestSchemas", "rest_schemas"]

_PARAMETER = re.compile(r"\\{\w+\\}")
_JSON = "application/json"


ERRORS = 400
"""The first status that is of an error."""


@dataclass(frozen=True, slots=True)
class _Operation:
    method: str
    path: re.Pattern[str]
    answers: Mapping[int, jsonschema_rs.Validator | None]


class RestSchemas:
    """What the operations of a document of OpenAPI 3.1 may answer.

    Args:
        document: the document.
        exact: whether an undocumented key is objected to.

    """

    def __init__(self, document: Mapping[str, Any], *, exact: bool) -> None:
        schemas = document["components"]["schemas"]
        components = {"schemas": closed(schemas) if exact else schemas}
        self._operations = [
            _Operation(method.upper(), _pattern(path), _answers(operation, components))
            for path, methods in sorted(document["paths"].items(), key=lambda one: "{" in one[0])
            for method, operation in methods.items()
        ]

    def objection(self, method: str, path: str, status: int, body: Any) -> str | None:
        """Return what of an answer is not in the document, None for nothing, and for what it does not have at all."""
        asked = urlsplit(path).path
        fitting = (it for it in self._operations if it.method == method and it.path.fullmatch(asked))
        operation = next(fitting, None)
        if operation is None or status >= ERRORS:
            return None
        told = f"{method} {asked} -> {status}"
        if status not in operation.answers:
            return f"{told} is not documented"
        validator = operation.answers[status]
        errors = () if validator is None else validator.iter_errors(body)
        problems = [f"{where(error.instance_path)}{error.message}" for error in errors]
        return f"{told} is not as documented: {cut('; '.join(problems))}" if problems else None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_PARAMETER.sub("[^/]+", re.escape(path)))


def _answers(operation: Mapping[str, Any], components: Mapping[str, Any]) -> dict[int, jsonschema_rs.Validator | None]:
    """Return what validates the body of each answer, None for one that is no JSON."""
    found: dict[int, jsonschema_rs.Validator | None] = {}
    for status, answer in operation["responses"].items():
        schema = answer.get("content", {}).get(_JSON, {}).get("schema")
        whole = {"allOf": [schema], "components": components}
        found[int(status)] = None if schema is None else jsonschema_rs.Draft202012Validator(whole)
    return found


@cache
def rest_schemas(*, exact: bool) -> RestSchemas:
    """Return what REST may answer."""
    return RestSchemas(load(CONTRACTS / "openapi.yaml"), exact=exact)
