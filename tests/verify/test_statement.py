"""`e2e.verify.statement`: what a test checked, for who has not its file."""

from __future__ import annotations

import pytest

from e2e.verify.statement import statement

SOURCE = """
async def test_it():
    first = 1
    assert first == must(
        2,
    )
    async with people.faulty() as alice:
        await alice.connect()
"""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (3, "first = 1"),
        (5, "assert first == must( 2, )"),
        (7, "async with people.faulty() as alice:"),
        (8, "await alice.connect()"),
        (99, None),
    ],
)
def test_the_statement_that_a_line_is_part_of_is_told(line: int, found: str | None):
    """Whole, on one line; of one with a body the head alone."""
    assert statement(SOURCE, line) == found
