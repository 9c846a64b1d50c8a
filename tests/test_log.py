"""`app.log`: what a line of the log looks like, and where it goes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import logging, pathlib, structlog, sys
from app import log
log.configure("info", pathlib.Path(sys.argv[1]))
structlog.get_logger("parley.web").debug("not this")
structlog.contextvars.bind_contextvars(request_id="r1")
structlog.get_logger("parley.web").info("request", status=200)
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("parley.engine").exception("it %s", "failed")
"""


STAND_IN = {
    "rich/__init__.py": "",
    "rich/console.py": """
class Console:
    def __init__(self, file, **options):
        self.print = file.write
""",
    "rich/traceback.py": """
class Traceback:
    @staticmethod
    def from_exception(kind, error, trace, show_locals, **options):
        return f"{kind.__name__} {trace.tb_frame.f_locals if show_locals else ''}"
""",
}
"""What structlog takes of the package rich, by file: a traceback that shows local variables."""

LEAK = """
import logging, pathlib, sys
from app import log
log.configure("info", pathlib.Path(sys.argv[1]))
def log_in(password):
    raise ValueError("no such user")
try:
    secret = "hunter" + str(2)
    log_in(secret)
except ValueError:
    logging.getLogger("parley.web").exception("it failed")
"""


@pytest.mark.parametrize("rich", [False, True])
def test_a_traceback_shows_no_variables(tmp_path: Path, rich: bool):
    """There may be a password or a token in one; neither way, whatever else is installed."""
    for name, text in STAND_IN.items() if rich else ():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LEAK, tmp_path / "logs"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parent.parent}"},
        capture_output=True,
        text=True,
        check=True,
    )
    for text in (done.stderr, (tmp_path / "logs" / "parley.log").read_text()):
        assert "it failed" in text
        assert "ValueError: no such user" in text
        assert "hunter2" not in text


def test_a_line_goes_to_standard_error_and_to_the_file(tmp_path: Path):
    """People read the one, programs the other; both have level, logger, context and traceback."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, tmp_path / "logs"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    request, failure = map(json.loads, (tmp_path / "logs" / "parley.log").read_text().splitlines())
    assert request["event"] == "request"
    assert (request["level"], request["logger"]) == ("info", "parley.web")
    assert (request["request_id"], request["status"]) == ("r1", 200)
    assert failure["event"] == "it failed"
    assert "ZeroDivisionError" in failure["exception"]
    assert "not this" not in done.stderr
    assert "request_id=r1" in done.stderr
    assert "ZeroDivisionError" in done.stderr
