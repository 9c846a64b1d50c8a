"""Run a module without what only the harness needs: `python -m e2e.harness.as_installed app serve`.

A backend that is installed by itself has none of that. Here it could import it without anybody noticing, and
python-socketio does where it can, which takes a fifth of the time of a start, and memory.
"""

import runpy
import sys

ABSENT = ("aiohttp", "requests", "websocket")
"""What the harness stands on, and python-socketio's own clients, which no server uses."""


def main() -> None:
    """Run the module that is named first, with the arguments that follow."""
    for name in ABSENT:
        sys.modules[name] = None  # pyright: ignore[reportArgumentType]  (as the language has it: an import fails)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
