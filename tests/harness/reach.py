"""What a test can be seen to say and hear, from its source: which events it names, itself or through what it calls.

That is less than a transcript shows, and holds without a server: a test that names no `send message` anywhere on its
way sends none. It is followed by name into its own module, and into the harness's clients of the contract.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

__all__ = ["events"]

ROOT = Path(__file__).resolve().parents[2]
HARNESS = ROOT / "e2e" / "harness"

_CLIENTS = {"internal": "presence"}
"""The module of the harness that has the client of a gateway, where it is not called as the gateway is."""
_CONNECTING = {"CONNECT", "connect", "dial", "join", "service", "upgrade"}
_OF_PAYLOADS = {"has", "keys", "present", "lacks", "names", "says", "get", "pop", "requirement", "equals"}
"""Calls whose strings are what a packet carries, and not what it is."""


def events(test: str, gateway: str) -> set[str]:
    """Return what a test names in the calls that it makes: events, kinds of packets, and other words."""
    path, _, name = test.partition("::")
    own = _definitions((ROOT / path).read_text(encoding="utf-8"))
    client = HARNESS / f"{_CLIENTS.get(gateway, gateway)}.py"
    known = [own, *(_definitions(it.read_text(encoding="utf-8")) for it in (client, HARNESS / "people.py"))]
    seen: set[str] = set()
    waiting, found = [name], set[str]()
    while waiting:
        if (name := waiting.pop()) in seen:
            continue
        seen.add(name)
        if name in _CONNECTING:
            found.add("CONNECT")
        for node in (node for names in known for node in names.get(name, ())):
            waiting += _names(node)
            found.update(_words(node))
    return found


@cache
def _definitions(source: str) -> dict[str, list[ast.AST]]:
    """Return functions, methods and constants by name."""
    found: dict[str, list[ast.AST]] = {}
    for node in _bodies(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for it in (it for it in targets if isinstance(it, ast.Name)):
                found.setdefault(it.id, []).append(node.value)
    return found


def _bodies(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield from _bodies(node.body) if isinstance(node, ast.ClassDef) else [node]


def _names(node: ast.AST) -> Iterator[str]:
    for it in ast.walk(node):
        if isinstance(it, ast.Attribute):
            yield it.attr
        elif isinstance(it, ast.Name):
            yield it.id


def _words(node: ast.AST) -> Iterator[str]:
    """Yield the strings of calls, of loops and of tables of cases; of a raw packet its event, too."""
    for call in (it for it in ast.walk(node) if isinstance(it, ast.Call)):
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if called not in _OF_PAYLOADS:
            yield from (word for argument in call.args for word in _strings(argument))
    for loop in (it for it in ast.walk(node) if isinstance(it, ast.For | ast.AsyncFor | ast.comprehension)):
        yield from _strings(loop.iter)
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _strings(node)


def _strings(node: ast.expr | ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from (node.value, *node.value.split('"')[1:2])
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(it.value) if isinstance(it, ast.Constant) else "{}" for it in node.values)
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        yield from (word for it in node.elts for word in _strings(it))
    elif isinstance(node, ast.Dict):
        yield from (word for it in (*node.keys, *node.values) if it is not None for word in _strings(it))
