"""What a result says of where it was got."""

import pytest

from load.setting import public


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://me:p@ss@chat.example/path", "https://chat.example/path"),
        ("http://me@[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_a_url_is_told_without_its_user(url: str, shown: str):
    """Reports are shown to others."""
    assert public(url) == shown
