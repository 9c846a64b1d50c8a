"""`e2e.report.junit`: what CI systems read."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from e2e.report.junit import junit
from e2e.verify.result import Failure
from tests.report.reports import HOSTILE, failed, report, requirement, with_every_verdict

_TOTALS = {"name", "tests", "failures", "errors", "time"}
GRAMMAR = {
    "testsuites": ({"testsuite"}, _TOTALS, set[str]()),
    "testsuite": ({"properties", "testcase"}, {*_TOTALS, "skipped", "timestamp", "hostname"}, _TOTALS - {"time"}),
    "properties": ({"property"}, set[str](), set[str]()),
    "property": (set[str](), {"name", "value"}, {"name", "value"}),
    "testcase": ({"skipped", "error", "failure"}, {"name", "classname", "time"}, {"name"}),
    "failure": (set[str](), {"type", "message"}, set[str]()),
    "skipped": (set[str](), {"type", "message"}, set[str]()),
    "error": (set[str](), {"type", "message"}, set[str]()),
}
"""What Jenkins' schema (junit-10) allows of what is written: children, attributes, and those that must be there."""


def check(element: Element) -> None:
    children, allowed, required = GRAMMAR[element.tag]
    assert {child.tag for child in element} <= children, element.tag
    assert required <= set(element.attrib) <= allowed, element.tag
    for child in element:
        check(child)


def cases(text: str) -> dict[str, Element]:
    return {case.attrib["name"].split()[0]: case for case in ElementTree.fromstring(text).iter("testcase")}


@pytest.mark.parametrize(
    "found",
    [with_every_verdict(), report(), report(outcome="nothing ran", exit=3)],
    ids=["every verdict", "no requirement", "nothing ran"],
)
def test_the_document_is_as_ci_systems_have_it(found):
    """Elements and attributes are those of the schema, and the totals are true."""
    root = ElementTree.fromstring(junit(found))
    check(root)

    (suite,) = root
    for total, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[total]) == len(list(suite.iter(tag))), total


def test_a_requirement_is_a_test_case():
    """Failed if it counts, skipped if it does not, and plain if it is met."""
    found = {name: [child.tag for child in case] for name, case in cases(junit(with_every_verdict())).items()}
    assert found == {
        "FRIENDS-PASS-001": [],
        "FRIENDS-FAIL-001": ["failure"],
        "FRIENDS-XFAIL-001": ["skipped"],
        "FRIENDS-XPASS-001": ["failure"],
        "FRIENDS-NOTAPPLICABLE-001": ["skipped"],
        "FRIENDS-NOTRUN-001": ["skipped"],
        "FRIENDS-WARN-001": ["skipped"],
    }


def test_a_failure_says_all_that_a_developer_needs():
    """The requirement, the test, where it failed, expected and got."""
    (case,) = cases(junit(report(requirement("A-001", "FAIL", failed(title="It stays."), text="It is so.")))).values()
    assert case[0].attrib == {"type": "FAIL", "message": "got 1, want 2"}
    for part in ("MUST", "It is so.", "It stays.", "e2e/gateway/test_it.py:7", "expected:\n  2", "got:\n  1"):
        assert part in (case[0].text or "")


def test_a_skip_says_why():
    """The reason of the profile, or what the verdict means."""
    found = cases(junit(with_every_verdict()))
    assert found["FRIENDS-XFAIL-001"][0].attrib["message"] == "XFAIL: known: issue 7"
    assert found["FRIENDS-WARN-001"][0].attrib["message"] == "WARN: got 1, want 2"
    assert found["FRIENDS-NOTAPPLICABLE-001"][0].attrib["message"] == "NOT-APPLICABLE: offers no REST"


def test_a_run_in_which_nothing_ran_is_no_success():
    """CI that reads this file alone turns red."""
    root = ElementTree.fromstring(junit(report(requirement("A-001", "NOT-RUN"), outcome="nothing ran", exit=3)))
    assert [error.attrib["message"] for error in root.iter("error")] == ["nothing ran"]


def test_what_no_xml_can_have_is_escaped():
    """Control characters, lone surrogates and markup that a server sent."""
    failure = Failure(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    text = junit(report(requirement("A-001", "FAIL", failed(failure), text=HOSTILE), label=HOSTILE))

    text.encode()
    (case,) = ElementTree.fromstring(text).iter("testcase")
    assert "\\u202e\\ud800\\x00" in case.attrib["name"]
    assert "</script>" in (case[0].text or "")
