"""`app.log`: what a line of the log looks like, and where it goes."""

import json
import os
import subprocess
import sys
from pathlib import Path

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
