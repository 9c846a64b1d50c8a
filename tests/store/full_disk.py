"""A process that runs out of room and gets it back: `python -m tests.store.full_disk <path>`.

It prints, as JSON, the ids of the messages that were stored, of those that were refused, the types of the errors and
of their causes, and what was logged.
"""

import asyncio
import json
import logging
import resource
import sys
from pathlib import Path

from app.store.base import NewMessage
from app.store.sqlite import SQLiteStore
from tests.store.records import HAN, OBI, message


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


async def main(path: Path) -> None:
    logged = Lines()
    logging.getLogger("parley.store").addHandler(logged)
    stored: list[str] = []
    refused: list[str] = []
    errors: set[tuple[str, str]] = set()
    store = SQLiteStore(path)

    async def send(new: NewMessage) -> None:
        try:
            await store.append(new)
        except Exception as error:
            refused.append(new.id)
            errors.add((type(error).__name__, type(error.__cause__).__name__))
        else:
            stored.append(new.id)

    await store.open()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    while not refused:
        await asyncio.gather(*(send(message(HAN, OBI, text="x" * 5_000)) for _ in range(20)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await send(message(HAN, OBI, text="there is room again"))
    await store.close()
    print(json.dumps({"stored": stored, "refused": refused, "errors": sorted(errors), "logged": logged.lines}))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
