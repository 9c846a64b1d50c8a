"""What an exception of a test says, taken apart for people who have never seen the suite.

The harness and pytest put what was expected and what came into one text each. `failure` reads them back: it is the
counterpart of `e2e.harness.expect`, `e2e.harness.match`, `e2e.harness.rest` and of pytest's comparisons, which it
gets whole with `-o verbosity_assertions=2` only.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Sequence

from e2e.verify.result import Failure

__all__ = ["RECORD", "failure"]

RECORD = re.compile(r"^\s*(?P<at>\d+\.\d{3})  (?P<who>\S.*?) +(?:<-|->|--) (?P<text>.*)$")
"""A record as `e2e.harness.transcript` prints it."""

_AWAITED = re.compile(
    r"(?P<who>[^:\n]+): expected (?P<label>[^\n]+?)(?P<next> next)?, but (?P<why>[^\n]+)\nrejected:\n"
)
_ANSWER = re.compile(r"want (?P<status>\d{3}), got (?P<answer>.*)", re.DOTALL)
_PROBLEM = re.compile(r"(?:(?P<subject>\S+ (?:is|are)) |got )?(?P<got>.*), want (?P<want>.*)", re.DOTALL)
_WHOLE = re.compile(r"(?P<problems>.*, want .*?)(?: in |: )(?P<whole>[\[{(].*|'.*'|[A-Z]+ /.*)", re.DOTALL)
_COMPARED = re.compile(r"(?P<said>.*?)(?:^|\n)assert (?P<got>[^\n]*?) == (?P<want>[^\n]*)(?P<diff>.*)", re.DOTALL)
_ASSERTED = re.compile(r"(?P<said>.*\n)?assert (?P<claim>[^\n]*)(?P<rest>.*)", re.DOTALL)
_UNPACKED = re.compile(r"(?:not enough|too many) values to unpack \(expected (?P<want>\d+)(?:, got (?P<got>\d+))?\)")
_DIFFERENCE = re.compile(r"At index (\d+) diff: (.*) != (.*)")


def failure(
    error: BaseException, where: str | None = None, at: float | None = None, check: str | None = None
) -> Failure:
    """Return what a test failed of.

    Args:
        error: what it raised.
        where: `file:line` of the test.
        at: when, on the clock of the transcript.
        check: the statement of the test.

    """
    details = str(error)
    if isinstance(error, AssertionError):
        text = details.split("\n\ntranscript (")[0].strip() or "a check of the test failed; it does not say why"
        message, expected, got, who = _understood(text)
    else:
        message, expected, got, who = *_broke(error), None
    return Failure(message, expected, got, where, at, who, details, check)


_Parts = tuple[str, str | None, str | None, str | None]
"""The message, what was expected, what was got, and who waited."""


def _understood(text: str) -> _Parts:
    if found := _AWAITED.match(text):
        return _awaited(found["who"], found["label"], bool(found["next"]), found["why"], text[found.end() :])
    if found := _ANSWER.fullmatch(text):
        answer = found["answer"]
        request, _, rest = answer.partition(" -> ")
        return f"{request} was answered {rest[:3]}, want {found['status']}", f"status {found['status']}", answer, None
    if found := _WHOLE.fullmatch(text):
        wanted, came = _problems(found["problems"].split("; "))
        whole = [] if came == [found["whole"]] else [f"in {found['whole']}"]
        return found["problems"], "\n".join(wanted), "\n".join([*came, *whole]), None
    if ", want " in text and "\n" not in text:
        wanted, came = _problems(text.split("; "))
        return text, "\n".join(wanted), "\n".join(came), None
    if found := _COMPARED.fullmatch(text):
        return _compared(found["said"].strip(), found["got"], found["want"], found["diff"])
    if found := _ASSERTED.fullmatch(text):
        said = (found["said"] or "").strip()
        return said or f"this does not hold: {found['claim']}", None if not said else found["claim"], None, None
    return text, None, None, None


def _awaited(who: str, label: str, is_next: bool, why: str, rejected: str) -> _Parts:
    """Read what `Inbox` says: one packet was awaited, others came."""
    lines = rejected.splitlines()
    whys = [
        lines[at + 1].strip()
        for at, line in enumerate(lines[:-1])
        if (record := RECORD.match(line)) and record["text"].split(" ")[0] in label.split(" or ")
    ]
    wanted, _ = _problems(whys[-1].split("; ")) if whys else ([], [])
    packet = f"“{label}”{', as the very next packet' if is_next else ''}"
    expected = "\n".join([f"{packet}, in which" if wanted else packet, *(f"  {it}" for it in wanted)])
    got = why if rejected.strip() == "(nothing)" else f"{why}\n{rejected}"
    return f"{who} was to receive {packet}, but {why}", expected, got, who


def _problems(problems: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what was wanted and what was got of some objections of matchers."""
    wanted: list[str] = []
    came: list[str] = []
    for problem in problems:
        if found := _PROBLEM.fullmatch(problem):
            subject = f"{found['subject']} " if found["subject"] else ""
            # where a packet is no object at all, that it should be is all that is said of it
            wanted.append(f"it is {found['want']}" if found["want"] == "an object" else f"{subject}{found['want']}")
            came.append(f"{subject}{found['got']}")
        else:
            came.append(problem)
    return wanted, came


def _compared(said: str, got: str, want: str, diff: str) -> _Parts:
    """Read what pytest says of two values that are not the same."""
    first = _DIFFERENCE.search(diff)
    if first:
        told = f"the first difference is at index {first[1]}: got {first[2]}, want {first[3]}"
        message = "; ".join([*_members(got, want), told])
    else:
        message = f"got {_short(got)}, want {_short(want)}"
    return f"{said}: {message}" if said else message, want, got, None


def _members(got: str, want: str) -> list[str]:
    """Return what is wrong with a list as a whole: its order, what is missing, what is too much."""
    try:
        lists = [ast.literal_eval(text) for text in (got, want)]
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return []
    if not all(isinstance(it, list | tuple) for it in lists):
        return []
    came, wanted = (Counter(map(repr, it)) for it in lists)
    if came == wanted:
        return ["the same values in another order"]
    told: list[str] = []
    if missing := wanted - came:
        told.append(f"{missing.total()} missing ({_short(', '.join(missing.elements()))})")
    if surplus := came - wanted:
        told.append(f"{surplus.total()} too many ({_short(', '.join(surplus.elements()))})")
    return told


def _broke(error: BaseException) -> tuple[str, str | None, str | None]:
    """Return what an error says that is no assertion, and what was expected and got, where it says that."""
    kind, text = type(error).__name__, str(error)
    if isinstance(error, TimeoutError):
        return "the server did not answer in time", None, None
    if isinstance(error, OSError):
        return f"the connection failed: {error or kind}", None, None
    if isinstance(error, KeyError):
        return f"what came has no key {text}", f"a key {text}", "none"
    if found := _UNPACKED.match(text):
        got = found["got"] or f"more than {found['want']}"
        return f"got {got}, want {found['want']} in a list", f"{found['want']} in the list", got
    return f"{kind}: {text}" if text else kind, None, None


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"
