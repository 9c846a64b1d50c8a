"""What a terminal is: how wide, and whether it has colours and lines that can be written again."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TextIO

from e2e.report.matrix import Status

__all__ = ["Terminal"]

_CODES: dict[Status, str] = {
    "PASS": "32",
    "FAIL": "1;31",
    "XPASS": "1;31",
    "WARN": "33",
    "XFAIL": "33",
    "NOT-RUN": "2",
    "NOT-APPLICABLE": "2",
    "UNKNOWN": "2",
}


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where lines go.

    Attributes:
        width: in characters.
        colours: whether escape sequences are understood.
        live: whether a line can be written again.

    """

    stream: TextIO
    width: int = 100
    colours: bool = False
    live: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> Terminal:
        """Return what a stream is. `NO_COLOR` and `FORCE_COLOR` are heeded."""
        live = stream.isatty() and os.environ.get("TERM") != "dumb"
        colours = (live or bool(os.environ.get("FORCE_COLOR"))) and not os.environ.get("NO_COLOR")
        return cls(stream, shutil.get_terminal_size((100, 24)).columns if live else 100, colours, live)

    def say(self, *lines: str) -> None:
        """Write lines."""
        print(*lines, sep="\n", file=self.stream, flush=True)

    def rewrite(self, line: str) -> None:
        """Write a line in place of the one that was written so before; the terminal must be `live`."""
        self.stream.write(f"\r\x1b[2K{line}")
        self.stream.flush()

    def wipe(self) -> None:
        """Clear a line that can be written again, if there is one, for what is printed next."""
        if self.live:
            self.rewrite("")

    def coloured(self, text: str, status: Status) -> str:
        """Return a text in the colour of a status."""
        return self.styled(text, _CODES[status])

    def faint(self, text: str) -> str:
        """Return a text that stands back."""
        return self.styled(text, "2")

    def bold(self, text: str) -> str:
        """Return a text that stands out."""
        return self.styled(text, "1")

    def styled(self, text: str, code: str) -> str:
        """Return a text with a graphic rendition."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours else text
