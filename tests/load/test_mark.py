"""What a message says of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.mark import Mark, read, write

NUMBER = st.integers(0, 2**40)


@given(st.builds(Mark, NUMBER, NUMBER, st.integers(-1, 20), NUMBER, NUMBER), st.integers(0, 500))
def test_what_is_written_is_read(mark: Mark, length: int):
    """Whatever the length, which is a least one."""
    text = write("abc12345", mark, length)
    assert read("abc12345", text) == mark
    assert len(text) >= length


@pytest.mark.parametrize(
    "text", [None, 7, {}, "", "abc12345", "abc12345.1.2", "abc12345.a.b.c.d.e.", "other.1.2.3.4.5."]
)
def test_what_is_not_of_this_run_is_none(text: object):
    """Whatever a server sends."""
    assert read("abc12345", text) is None
