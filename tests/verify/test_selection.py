"""`e2e.verify.selection`: ids and patterns."""

import pytest

from e2e.verify.selection import SelectionError, selected

IDS = ["FRIENDS-AUTH-001", "FRIENDS-AUTH-002", "FRIENDS-OFFLINE-001"]


@pytest.mark.parametrize(
    ("patterns", "meant"),
    [
        ([], IDS),
        (["FRIENDS-AUTH-002"], ["FRIENDS-AUTH-002"]),
        (["friends-auth-*"], ["FRIENDS-AUTH-001", "FRIENDS-AUTH-002"]),
        (["*-001"], ["FRIENDS-AUTH-001", "FRIENDS-OFFLINE-001"]),
        (["*-OFFLINE-00?", "FRIENDS-AUTH-001"], ["FRIENDS-AUTH-001", "FRIENDS-OFFLINE-001"]),
    ],
)
def test_an_id_or_a_pattern_means_requirements(patterns: list[str], meant: list[str]):
    """Those of any of the patterns, each once and in their order; without a pattern all."""
    assert selected(patterns, IDS, where="-k") == meant


@pytest.mark.parametrize("pattern", ["FRIENDS-AUTH-999", "AUTH", "", "FRIENDS-AUTH"])
def test_a_pattern_that_means_nothing_is_refused(pattern: str):
    """Though another one means something: a typing error would be a requirement that is not judged."""
    with pytest.raises(SelectionError, match=r"-k: .* matches no requirement"):
        selected(["FRIENDS-AUTH-001", pattern], IDS, where="-k")


def test_what_is_like_it_is_named():
    """Whoever misspelt an id is shown the right one."""
    with pytest.raises(SelectionError, match="there is FRIENDS-OFFLINE-001"):
        selected(["FRIENDS-OFLINE-001"], IDS, where="-k")
