"""`app.cli`: what the commands print and what they exit with. `serve` is proven by the e2e suites."""

import socket
import sqlite3
from pathlib import Path

import pytest

from app.cli import main


@pytest.fixture(autouse=True)
def _own_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("PORT", "0")
    monkeypatch.delenv("JWT_SECRET", raising=False)


def test_seeding_twice_changes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """The first run adds the three users with their friendships, the second none."""
    assert main(["seed"]) == 0
    assert "added obi@mail.com (624a113c721753da2f9e2567)" in capsys.readouterr().out
    rows = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM friendships)"

    def counts() -> tuple[int, int]:
        database = sqlite3.connect(tmp_path / "var" / "parley.db")
        try:
            return database.execute(rows).fetchone()
        finally:
            database.close()

    assert counts() == (3, 4)
    assert main(["seed"]) == 0
    assert capsys.readouterr().out.startswith("0 of 3 seeded users added")
    assert counts() == (3, 4)


def test_the_doctor_shows_the_settings_in_force(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Every option with its meaning, secrets masked; a healthy set-up exits with 0."""
    monkeypatch.setenv("JWT_SECRET", "a secret of at least thirty-two bytes")
    monkeypatch.setenv("UNSEEN_LIMIT", "77")
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "thirty-two" not in shown
    assert "UNSEEN_LIMIT                 77                           messages in one unseen_messages" in shown
    assert "CORS_ORIGIN" in shown
    assert "Nothing is wrong." in shown


def test_the_doctor_names_what_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """A short secret, a port in use and a database that is none are found in one visit; the exit code is 1."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "parley.db").write_text("this is not a database, it is a text of some length")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        monkeypatch.setenv("JWT_SECRET", "short")
        monkeypatch.setenv("LOG_DIR", str(tmp_path / "var" / "parley.db" / "logs"))
        assert main(["doctor"]) == 1
    wrong = capsys.readouterr().out.partition("Wrong:")[2].strip().splitlines()
    assert len(wrong) == 4
    assert "shorter than 32 bytes" in wrong[0]
    assert "cannot listen on 127.0.0.1" in wrong[1]
    assert "LOG_DIR" in wrong[2]
    assert "parley.db is not an SQLite database" in wrong[3]


@pytest.mark.parametrize("command", ["serve", "seed", "doctor"])
def test_unusable_settings_end_every_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
):
    """Exit code 2 and a line for each, on standard error."""
    monkeypatch.setenv("PORT", "many")
    monkeypatch.setenv("MODE", "test")
    assert main([command]) == 2
    assert [line.split(":")[1] for line in capsys.readouterr().err.splitlines()] == [" MODE", " PORT"]


def test_seeding_memory_is_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """What ends with the command is not worth a success."""
    monkeypatch.setenv("MEMORY", "1")
    assert main(["seed"]) == 2
    assert "MEMORY" in capsys.readouterr().err


def test_a_log_directory_that_cannot_be_made_ends_the_start(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Exit code 2 and a line, before anything listens."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOG_DIR", str(tmp_path / "file" / "logs"))
    assert main(["serve"]) == 2
    assert capsys.readouterr().err.startswith("parley: LOG_DIR: ")


def test_seeding_what_is_no_database_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Exit code 2, with the path."""
    (tmp_path / "var").write_text("a file where a directory should be")
    assert main(["seed"]) == 2
    assert str(tmp_path / "var") in capsys.readouterr().err
