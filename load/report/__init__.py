"""What a run leaves behind for people: `write`."""

from load.report.files import write

__all__ = ["write"]
