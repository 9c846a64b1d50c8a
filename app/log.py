"""Logs: one structured line an event, on standard error and, where a directory is given, in rotated files.

Lines are written by a thread, so that a slow terminal or disk holds nobody up.
"""

from __future__ import annotations

import atexit
import logging
import logging.handlers
import queue
import sys
from pathlib import Path

import structlog

__all__ = ["configure"]

_FILE_BYTES = 10_000_000
_FILES = 5


def configure(level: str, directory: Path | None) -> None:
    """Send every log of the process to standard error and to `directory`/parley.log. Call it once."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )

    def formatter(*render: structlog.typing.Processor) -> logging.Formatter:
        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )

    console = logging.StreamHandler(sys.stderr)
    # where the package rich is installed the default shows every local variable, and with them tokens and passwords
    plain = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    console.setFormatter(formatter(plain))
    sinks: list[logging.Handler] = [console]
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            directory / "parley.log", maxBytes=_FILE_BYTES, backupCount=_FILES, encoding="utf-8"
        )
        file.setFormatter(formatter(structlog.processors.format_exc_info, structlog.processors.JSONRenderer()))
        sinks.append(file)

    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(lines, *sinks)
    listener.start()
    atexit.register(listener.stop)
    root = logging.getLogger()
    root.handlers = [_RawQueueHandler(lines)]
    root.setLevel(level.upper())
    logging.getLogger("hypercorn").setLevel(max(logging.WARNING, root.level))


class _RawQueueHandler(logging.handlers.QueueHandler):
    """Hands records over as they are: the formatter on the other side wants their exception and arguments."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record
