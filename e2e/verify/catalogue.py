"""Which tests the suites have, which requirements each proves, and what keeps it from a server of somebody else.

It is read from the source, without importing it: so it is known of every test before any runs, also of those that this
machine lacks the packages for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SUITES", "Test", "read"]

SUITES = Path(__file__).resolve().parents[1]

_REASONS = {
    "refused_start": "starts a server that is to refuse its settings",
    "own_engines": "cuts networks and kills servers and engines",
    "mongo_url": "starts servers of its own",
    "browser": "is about the example pages that come with Parley",
    "node": "is about the JavaScript client, which is not asked for: [clients] of the profile",
}
"""What a test does that has such a fixture, and that is not done to, or not asked of, a target."""

_FRESH = "fresh_deployment"

_VERBS = {
    "kill": "kills it",
    "stop": "stops it",
    "restart": "restarts it",
    "pause": "freezes it",
    "allow_growth": "fills its disk",
    "log_tail": "reads its log",
}


@dataclass(frozen=True, slots=True)
class Test:
    """One test, with all its parameters.

    Attributes:
        id: pytest's node id, without parameters.
        title: the first sentence of its docstring.
        claims: the ids of the requirements that it proves.
        fixtures: all that it has, also by way of others.
        hindrance: why it cannot be run against a server of somebody else, None if it can.
        looks_back: whether it is about all that was ever written to a user.

    """

    __test__ = False

    id: str
    title: str
    claims: tuple[str, ...]
    fixtures: frozenset[str]
    hindrance: str | None
    looks_back: bool = False


def read(suites: Path = SUITES, *, allowed: frozenset[str] = frozenset()) -> tuple[Test, ...]:
    """Return every test of the suites, by file and line.

    Args:
        suites: the folder `e2e`.
        allowed: fixtures that are no hindrance here, though they usually are.

    """
    shared = _fixtures(suites / "conftest.py")
    found: list[Test] = []
    for path in sorted(suites.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = {**shared, **_fixtures(path.parent / "conftest.py"), **_fixtures_of(tree)}
        found += (_test(path.relative_to(suites.parent), node, known, allowed) for node in _functions(tree, "test_"))
    return tuple(found)


def _test(path: Path, node: _Function, known: Mapping[str, Sequence[str]], allowed: frozenset[str]) -> Test:
    fixtures = frozenset(_closure(_arguments(node), known))
    return Test(
        f"{path.as_posix()}::{node.name}",
        _sentence(ast.get_docstring(node) or node.name),
        tuple(_claims(node)),
        fixtures,
        _hindrance(node, fixtures - allowed),
        any(isinstance(it, ast.Call) and _looks_back(it) for it in ast.walk(node)),
    )


def _hindrance(node: _Function, fixtures: frozenset[str]) -> str | None:
    for fixture, reason in _REASONS.items():
        if fixture in fixtures:
            return reason
    return _of_its_own(node) if _FRESH in fixtures else None


def _of_its_own(node: _Function) -> str:
    """Return what a test wants a server of its own for: its settings, and what it does to it."""
    settings: list[str] = []
    verbs: list[str] = []
    for call in (it for it in ast.walk(node) if isinstance(it, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name == _FRESH:
            settings += (f"{it.arg}={_value(it.value)}" for it in call.keywords if it.arg)
        elif name in _VERBS and _VERBS[name] not in verbs:
            verbs.append(_VERBS[name])
    told = f"needs a server of its own with {', '.join(settings)}" if settings else "needs a server of its own"
    return f"{told}, and {' and '.join(verbs)}" if verbs else told


def _looks_back(call: ast.Call) -> bool:
    """Whether a call asks for everything of a user: `device.all()`, and not `device.inbox.all("message")`."""
    function = call.func
    if not isinstance(function, ast.Attribute):
        return False
    of_an_inbox = isinstance(function.value, ast.Attribute) and function.value.attr == "inbox"
    return function.attr in ("history", "whole_history") or (function.attr == "all" and not of_an_inbox)


def _value(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else "..."


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(tree: ast.Module, prefix: str = "") -> Iterator[_Function]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(prefix):
            yield node


def _fixtures(path: Path) -> dict[str, list[str]]:
    return _fixtures_of(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _fixtures_of(tree: ast.Module) -> dict[str, list[str]]:
    """Return the fixtures of a module, with those that each has itself."""
    return {
        node.name: _arguments(node)
        for node in _functions(tree)
        if any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
    }


def _arguments(node: _Function) -> list[str]:
    return [argument.arg for argument in node.args.args]


def _closure(names: Sequence[str], known: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += known.get(name, ())
    return found


def _claims(node: _Function) -> Iterator[str]:
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr == "requirement":
            yield from (it.value for it in mark.args if isinstance(it, ast.Constant) and isinstance(it.value, str))


def _sentence(docstring: str) -> str:
    """Return the first sentence, which ends with its first paragraph at the latest."""
    paragraph = " ".join(docstring.split("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".") + "."
