"""`e2e.report.legible`: what a stranger wrote can be looked at."""

import pytest

from e2e.report.legible import compact, indented, legible, one_line, shortened


@pytest.mark.parametrize(
    "text", ["plain", "déjà vu", "日本語", "👩\u200d👩\u200d👧 ❤\ufe0f", "two\nlines\tand a tab", ""]
)
def test_what_can_be_seen_stays(text: str):
    """Languages, emoji and lines are no danger."""
    assert legible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\r\b\0\x7f\x9b", "\\x0d\\x08\\x00\\x7f\\x9b"),
        ("\u202e\u2066\u200b\ufeff\u2028", "\\u202e\\u2066\\u200b\\ufeff\\u2028"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_gives_orders_or_hides_is_shown(text: str, shown: str):
    """Terminals, and the direction and the presence of text."""
    assert legible(text) == shown


def test_a_line_is_one_line():
    """Whatever breaks it."""
    assert one_line(" a\n\n b\tc\u2028d ") == "a b c\\u2028d"


def test_what_is_too_long_says_so():
    """By an ellipsis, within the length."""
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"


def test_json_is_shown_in_the_letters_of_its_language():
    """But for what cannot be seen, and whatever is no JSON."""
    assert compact({"a": "é\u202e", "b": b"x"}) == '{"a": "é\\u202e", "b": "b\'x\'"}'
    assert indented([1]) == "[\n  1\n]"


def test_a_token_loses_its_signature():
    """Who it is of can still be read; what has none stays as it is."""
    claims = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI2MjRhIn0"
    assert legible(f"Bearer {claims}.Q6w9eh95cjNAXlAVVoZn8Cgv8c9PC2ESEmJLgjjvPqY!") == f"Bearer {claims}.(signature)!"
    assert legible(f"{claims}.") == f"{claims}."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"token": "8f14e45fceea167a5a36"}', '{"token": "8f14…(masked)"}'),
        ("{'authorization': '8f14e45fceea167a5a36'}", "{'authorization': '8f14…(masked)'}"),
        (
            'POST /login -> 200 {"user":1,"token":"8f14e45fceea167a5a36"}',
            'POST /login -> 200 {"user":1,"token":"8f14…(masked)"}',
        ),
        ('{"token": "garbage"}', '{"token": "garbage"}'),
        ('{"message": "8f14e45fceea167a5a36"}', '{"message": "8f14e45fceea167a5a36"}'),
    ],
)
def test_a_credential_of_another_kind_is_cut(text: str, shown: str):
    """Where a key says that it is one; what a test sends to be refused stays."""
    assert legible(text) == shown
