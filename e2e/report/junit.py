"""`junit.xml`: one test case for each requirement, so that CI keeps the history of each.

The elements are those that Jenkins, GitLab and the actions of GitHub read. They know no warning: a SHOULD that does
not count is skipped, and says so, as is what was expected to fail. A run that is wrong in another way than a failure,
as when nothing ran, has an error, so that nothing that reads this file takes it for a success.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from e2e.report.legible import legible, one_line
from e2e.report.matrix import MEANINGS, Status, status
from e2e.verify.result import Report, RequirementResult, TestResult

__all__ = ["junit"]

_FAILED: frozenset[Status] = frozenset({"FAIL", "XPASS"})
_SKIPPED: frozenset[Status] = frozenset({"WARN", "XFAIL", "NOT-RUN", "NOT-APPLICABLE"})
_NO_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """Return the document."""
    statuses: list[Status] = [status(report, it) for it in report.requirements]
    failures = sum(it in _FAILED for it in statuses)
    is_error = bool(report.exit) and not failures
    totals = {
        "name": f"{report.contract} {report.contracts}: {report.label}",
        "tests": str(len(statuses) + is_error),
        "failures": str(failures),
        "errors": str(int(is_error)),
        "time": f"{report.seconds:.3f}",
    }
    root = Element("testsuites", _attributes(totals))
    suite = SubElement(
        root,
        "testsuite",
        _attributes(
            totals
            | {
                "skipped": str(sum(it in _SKIPPED for it in statuses)),
                "timestamp": report.started.removesuffix("Z"),
                "hostname": report.targets[0] if report.targets else "",
            }
        ),
    )
    properties = SubElement(suite, "properties")
    for name, value in (("outcome", report.outcome), ("tool", f"{report.tool.name} {report.tool.version}")):
        SubElement(properties, "property", _attributes({"name": name, "value": value}))
    for requirement, found in zip(report.requirements, statuses, strict=True):
        _case(suite, report, requirement, found)
    if is_error:
        case = SubElement(suite, "testcase", _attributes({"name": "the run", "classname": report.contract}))
        SubElement(case, "error", _attributes({"message": report.outcome}))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _case(suite: Element, report: Report, requirement: RequirementResult, found: Status) -> None:
    seconds = sum(test.seconds for test in requirement.tests)
    name = f"{requirement.id} {one_line(requirement.text)}"
    classname = f"{report.contract}.{requirement.id.rsplit('-', 1)[0]}"
    case = SubElement(suite, "testcase", _attributes({"name": name, "classname": classname, "time": f"{seconds:.3f}"}))
    if found in _FAILED:
        failure = SubElement(case, "failure", _attributes({"type": found, "message": _message(requirement, found)}))
        failure.text = _clean(_account(requirement))
    elif found in _SKIPPED:
        SubElement(case, "skipped", _attributes({"message": f"{found}: {_message(requirement, found)}"}))


def _message(requirement: RequirementResult, found: Status) -> str:
    """Return on one line why a requirement is not simply met."""
    failure = next((test.failure for test in requirement.tests if test.failure), None)
    if found != "XFAIL" and failure:
        return one_line(failure.message)
    return one_line(requirement.reason or MEANINGS[found])


def _account(requirement: RequirementResult) -> str:
    """Return what a developer needs to see, of every test that failed."""
    head = f"{requirement.level} (source: {requirement.source}): {requirement.text}"
    return "\n\n".join([head, *(_failed(test) for test in requirement.tests if test.failure)])


def _failed(test: TestResult) -> str:
    assert test.failure is not None
    lines = [test.title, f"  {test.id}", *(["  at " + test.failure.where] if test.failure.where else [])]
    lines += ["", test.failure.message]
    if test.failure.expected is not None:
        lines += ["expected:", f"  {test.failure.expected}"]
    if test.failure.got is not None:
        lines += ["got:", f"  {test.failure.got}"]
    return "\n".join(lines)


def _attributes(values: dict[str, str]) -> dict[str, str]:
    return {key: _clean(value) for key, value in values.items()}


def _clean(text: str) -> str:
    """Return a text without what XML cannot have."""
    return _NO_XML.sub("?", legible(text))
