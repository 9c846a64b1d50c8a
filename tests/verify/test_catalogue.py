"""`e2e.verify.catalogue`: what is known of tests from their source."""

from pathlib import Path

import pytest

from e2e.verify.catalogue import Test, read

SHARED = """
import pytest
import pytest_asyncio

@pytest.fixture
def deployment(): ...

@pytest_asyncio.fixture
async def fresh_deployment(deployment): ...
"""


def catalogued(directory: Path, source: str) -> list[Test]:
    suites = directory / "e2e"
    (suites / "gateway").mkdir(parents=True)
    (suites / "conftest.py").write_text(SHARED)
    (suites / "gateway" / "test_it.py").write_text(source)
    return list(read(suites))


def hindrance_of(directory: Path, source: str) -> str | None:
    (test,) = catalogued(directory, source)
    return test.hindrance


def test_a_test_has_an_id_a_title_and_claims(tmp_path: Path):
    """The title is the first sentence of its docstring, on one line; what is no test is passed over."""
    source = '''
@pytest.mark.parametrize("transport", ["websocket"])
@pytest.mark.requirement("A-001", "A-002")
async def test_it(people, transport):
    """A message arrives,
    whole. Nothing else does.

    It is sent twice.
    """

def helper(): ...
'''

    (test,) = catalogued(tmp_path, source)

    assert test.id == "e2e/gateway/test_it.py::test_it"
    assert test.title == "A message arrives, whole."
    assert test.claims == ("A-001", "A-002")
    assert test.hindrance is None


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def test_it(people): ...", None),
        ("def test_it(fresh_deployment): ...", "needs a server of its own"),
        (
            "async def test_it(fresh_deployment):\n    await fresh_deployment('--memory', MODE='prod', N=str(1))",
            "needs a server of its own with MODE=prod, N=...",
        ),
        (
            "async def test_it(fresh_deployment):\n    await server.kill()\n    await server.restart()",
            "needs a server of its own, and kills it and restarts it",
        ),
        ("def test_it(refused_start): ...", "starts a server that is to refuse its settings"),
        ("@pytest.fixture\ndef far(near): ...\n@pytest.fixture\ndef near(fresh_deployment): ...\ndef test_it(far): ...",
         "needs a server of its own"),
    ],
)  # fmt: skip
def test_a_test_that_a_target_cannot_be_put_through_says_why(tmp_path: Path, source: str, told: str | None):
    """What it wants of a server of its own is in the words; fixtures of fixtures count."""
    assert hindrance_of(tmp_path, source) == told


def test_what_is_asked_for_is_no_hindrance(tmp_path: Path):
    """The JavaScript client joins in where the profile has it."""
    source = "def test_it(node): ..."

    assert "JavaScript" in str(hindrance_of(tmp_path, source))
    assert next(iter(read(tmp_path / "e2e", allowed=frozenset({"node"})))).hindrance is None


@pytest.mark.parametrize(
    ("expression", "looks_back"),
    [
        ("await bob.history()", True),
        ("await device.all()", True),
        ('device.inbox.all("message")', False),
        ("all([])", False),
    ],
)
def test_a_test_may_look_at_all_that_was_ever_written(tmp_path: Path, expression: str, looks_back: bool):
    """That cannot be judged of users who have been there before."""
    (test,) = catalogued(tmp_path, f"async def test_it(people):\n    {expression}")

    assert test.looks_back is looks_back


def test_every_test_of_the_suites_is_in_the_catalogue():
    """Each with a title and a requirement, and most of them for any server."""
    tests = read()

    assert len({test.id for test in tests}) == len(tests) > 400
    assert all(test.claims and test.title.endswith(".") for test in tests)
    assert sum(test.hindrance is None for test in tests) > 300
